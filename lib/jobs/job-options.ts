import type { Client, Response } from '../index.ts'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { nearestName } from '../core/nearest-name.ts'
import { ownOptions } from '../core/own-options.ts'
import { checkInput, type JobInput } from './job-entries.ts'
import type { JobItem } from './job-item.ts'

export interface JobOptions<R> {
  /** The folder of its journal; it is made where it is missing. One job works in a folder at a time. */
  dir: string
  /** What fetches the items. The job does not close it. */
  client: Client
  /** URLs, items, or what `readInput` gives; read as far as there is something to start, and never held whole. */
  input: JobInput
  /**
   * Makes of a response what the caller wants of it. The item is finished when it has resolved, and has failed when it
   * throws; a process that is killed before that does the item again. `signal` aborts with the job.
   */
  handle?: ((response: Response, item: JobItem, signal: AbortSignal) => R | Promise<R>) | undefined
  /** Does the whole item, instead of `handle`: to download it, for instance. */
  work?: ((item: JobItem, signal: AbortSignal) => R | Promise<R>) | undefined
  /** Items that the servers are asked for at once; default: as many as the client may have in flight. */
  concurrency?: number | undefined
  /** Drop items that came before in the input; default true. */
  dedupe?: boolean | undefined
  /** Have the journal on the disk once a second; default true. Without, a loss of power may lose any of it. */
  fsync?: boolean | undefined
  /** The job stops after so many failed items; default Infinity. */
  maxFailures?: number | undefined
  /** Told in words what was found damaged in the journal; default: nobody is. */
  note?: ((text: string) => void) | undefined
}

/** What became of an item. */
export type JobResult<R> =
  | { readonly ok: true; readonly item: JobItem; readonly value: R; readonly error: undefined }
  | { readonly ok: false; readonly item: JobItem; readonly value: undefined; readonly error: Error }

/** How far a job is. */
export interface JobProgress {
  /** Finished items, those of earlier runs included. */
  readonly ok: number
  readonly failed: number
  /** Finished in this run. */
  readonly okNow: number
  readonly failedNow: number
  /** Entries of the input that were read, and those of them that came twice. */
  readonly read: number
  readonly duplicates: number
  /** Items there are in all; null until the input was read to its end. */
  readonly total: number | null
  readonly waiting: number
  readonly underWay: number
  /** Servers that are left alone for a while, because they refused (429, 503). */
  readonly pausedOrigins: number
}

const CHECKS: Readonly<Record<keyof JobOptions<unknown>, (value: unknown) => string>> = {
  dir: (value) => (typeof value === 'string' && value !== '' ? '' : 'the path of a folder'),
  client: (value) => (typeof (value as Partial<Client> | null)?.request === 'function' ? '' : 'a Client'),
  input: () => '',
  handle: (value) => (value === undefined || typeof value === 'function' ? '' : 'a function'),
  work: (value) => (value === undefined || typeof value === 'function' ? '' : 'a function'),
  concurrency: (value) =>
    value === undefined || isWhole(value, LIMITS.maxJobUnderWay)
      ? ''
      : `a whole number from 1 to ${LIMITS.maxJobUnderWay}`,
  dedupe: (value) => (value === undefined || typeof value === 'boolean' ? '' : 'true or false'),
  fsync: (value) => (value === undefined || typeof value === 'boolean' ? '' : 'true or false'),
  maxFailures: (value) =>
    value === undefined || value === Infinity || isWhole(value, Number.MAX_SAFE_INTEGER)
      ? ''
      : 'a whole number from 1, or Infinity',
  note: (value) => (value === undefined || typeof value === 'function' ? '' : 'a function'),
}

/** Throws ArgumentError. */
export function readJobOptions<R>(given: JobOptions<R>): JobOptions<R> {
  if (typeof given !== 'object' || given === null) {
    throw new ArgumentError('the options of Job are no object; give dir, client, input and handle')
  }
  const options = ownOptions(given)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(CHECKS, name)) continue
    const nearest = nearestName(name.slice(0, 64), Object.keys(CHECKS))
    throw new ArgumentError(
      `unknown option ${JSON.stringify(name.slice(0, 64))} of Job; did you mean ${nearest}?`,
    )
  }
  for (const [name, check] of Object.entries(CHECKS)) {
    const rule = check(options[name as keyof JobOptions<R>])
    if (rule !== '') throw new ArgumentError(`option ${name} of Job must be ${rule}`)
  }
  checkInput(options.input)
  if ((options.handle === undefined) === (options.work === undefined)) {
    throw new ArgumentError(
      'Job needs handle or work, and not both: handle gets a response, work does the whole item',
    )
  }
  return options
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}
