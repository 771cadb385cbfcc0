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
   * throws; a process that is killed before that does the item again. `signal` aborts with the job, which waits for it all
   * the same.
   */
  handle?: ((response: Response, item: JobItem, signal: AbortSignal) => R | Promise<R>) | undefined
  /** Does the whole item, instead of `handle`: to download it, for instance. */
  work?: ((item: JobItem, signal: AbortSignal) => R | Promise<R>) | undefined
  /**
   * Items under way at once, 1 to 10,000, those included whose results the loop has not taken; default: as many as the
   * client may have in flight.
   */
  concurrency?: number | undefined
  /** Drop items that came before in the input; default true. */
  dedupe?: boolean | undefined
  /** Have the journal on the disk once a second; default true. Without, a loss of power may lose any of it. */
  fsync?: boolean | undefined
  /** The job stops after so many items that failed in this run; default Infinity. */
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

type Check = (value: unknown) => boolean

const isFunction: Check = (value) => value === undefined || typeof value === 'function'
const isFlag: Check = (value) => value === undefined || typeof value === 'boolean'

/** What each option must be, in words. */
const CHECKS: Readonly<Record<keyof JobOptions<unknown>, readonly [Check, string]>> = {
  dir: [(value) => typeof value === 'string' && value !== '', 'it must be the path of a folder'],
  client: [isClient, 'it must be a Client'],
  // See checkInput.
  input: [() => true, ''],
  handle: [isFunction, 'it must be a function (response, item, signal) => value'],
  work: [isFunction, 'it must be a function (item, signal) => value'],
  concurrency: [
    (value) => value === undefined || isWhole(value, LIMITS.maxJobUnderWay),
    `it must be a whole number from 1 to ${LIMITS.maxJobUnderWay}`,
  ],
  dedupe: [isFlag, 'it must be true or false'],
  fsync: [isFlag, 'it must be true or false'],
  maxFailures: [
    (value) => value === undefined || value === Infinity || isWhole(value, Number.MAX_SAFE_INTEGER),
    'it must be a whole number from 1, or Infinity',
  ],
  note: [isFunction, 'it must be a function (text) => void'],
}

/** Throws ArgumentError. */
export function readJobOptions<R>(given: JobOptions<R>): JobOptions<R> {
  if (typeof given !== 'object' || given === null) {
    throw new ArgumentError(
      `the options of Job are ${shown(given)}; give an object with dir, client, input and handle`,
    )
  }
  const options = ownOptions(given)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(CHECKS, name)) continue
    const nearest = nearestName(name.slice(0, 64), Object.keys(CHECKS))
    throw new ArgumentError(
      `unknown option ${JSON.stringify(name.slice(0, 64))} of Job; did you mean ${nearest}?`,
    )
  }
  for (const [name, [isRight, rule]] of Object.entries(CHECKS)) {
    const value: unknown = options[name as keyof JobOptions<R>]
    if (!isRight(value)) throw new ArgumentError(`option ${name} of Job is ${shown(value)}; ${rule}`)
  }
  checkInput(options.input)
  const { handle, work } = options
  if (handle === undefined && work === undefined) {
    throw new ArgumentError('Job has neither handle nor work; give handle, which gets each response')
  }
  if (handle !== undefined && work !== undefined) {
    throw new ArgumentError(
      'Job has handle and work; give handle, which gets a response, or work, which does the whole item',
    )
  }
  return options
}

function isClient(value: unknown): boolean {
  const { request, limits } = (value ?? {}) as Partial<Client>
  return typeof request === 'function' && typeof limits?.of === 'function'
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64))
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
