import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ArgumentError } from '../core/errors.ts'
import { ownOptions } from '../core/own-options.ts'
import type { Headers } from '../core/headers.ts'
import type { TransferProgress } from '../core/progress-meter.ts'
import { shownUrl } from '../core/shown-url.ts'
import type { RequestOptions } from '../index.ts'
import { parseChecksum, type Checksum } from './checksum.ts'
import { DownloadRun } from './download-run.ts'
import type { DownloadEngine } from './engine.ts'
import { fileError, FileError, systemCode } from './file-error.ts'
import { existsError, PartFile } from './part-file.ts'
import { withoutSecrets } from './part-record.ts'

export interface DownloadOptions extends RequestOptions {
  /** When a file stands at the path: replace it when the new one is whole (default), leave it, or reject. */
  exists?: 'overwrite' | 'skip' | 'fail' | undefined
  /** Have the bytes on the disk, and the name too, before it resolves; default false. */
  fsync?: boolean | undefined
  /**
   * Told how many bytes of the file are there, those of an earlier call included: at most ten times a second,
   * and at the end. What it throws ends the download.
   */
  onProgress?: ((progress: TransferProgress) => void) | undefined
  /** What the file must have: `sha-256=` and hex or base64 digits; also sha-512, sha-384, sha-224, sha-1 and md5. */
  checksum?: string | undefined
  /** Tries in a row that bring nothing new before it gives up; default 3. One that brings some starts the count again. */
  maxRetries?: number | undefined
}

export interface DownloadResult {
  /** The file, as an absolute path. */
  readonly path: string
  /** Bytes of the file. */
  readonly size: number
  /** The file stood there already, and `exists` was 'skip': nothing was asked for. */
  readonly skipped: boolean
  /** Bytes of it that an earlier call had brought. */
  readonly resumedFrom: number
  /** Of the last answer: 200, or 206 for the rest of a file; 0 when skipped. */
  readonly status: number
  /** The URL that answered last, after redirects. */
  readonly url: string
  /** Of the last answer; null when skipped. */
  readonly headers: Headers | null
  /** What names this version of the file: a strong entity-tag or date; null: the server gave none. */
  readonly validator: string | null
  /** Times it was asked for again. */
  readonly retries: number
  /** Bytes of all bodies, as they came. */
  readonly bytesOnWire: number
  /** Of the connection that brought the last answer; '' when skipped, or not known. */
  readonly clientIp: string
  readonly remoteAddress: string
}

/**
 * Fetches `url` into the file `path`. The bytes go to `<path>.trawl-part`, which gets the name when all are
 * there: nobody ever sees half a file under it, and what stood there stays until then.
 *
 * What breaks off is asked for again from where it broke off, in this call and in a later one, even when
 * the process was killed: by Range and If-Range, where the server names the file's version with a strong validator.
 * Where it does not, or another version is there by now, it starts over.
 *
 * A `checksum`, and the Repr-Digest or Digest of the last answer, are checked before the file gets its name.
 *
 * Rejects with a StatusError for any status but 200 and 203, a FileError when the disk refuses, a ChecksumError when the
 * file is not what it should be, else as `stream`.
 */
export async function download(
  engine: DownloadEngine,
  url: string | URL,
  path: string,
  given: DownloadOptions = {},
): Promise<DownloadResult> {
  const options = ownOptions(given)
  const { exists = 'overwrite', fsync = false, onProgress, checksum, ...request } = options
  checkArguments(url, path, options)
  const part = new PartFile(path)
  try {
    if ((await occupant(part.path)) === 'file') {
      if (exists === 'fail') throw existsError(part.path)
      if (exists === 'skip') return skippedResult(part.path, url, await sizeOf(part.path))
    }
    const run = new DownloadRun(engine, part, url, ownOptions<RequestOptions>(request), {
      replace: exists === 'overwrite',
      fsync,
      onProgress: onProgress ?? null,
      checksum: checksum === undefined ? null : (parseChecksum(checksum) as Checksum),
    })
    try {
      return await run.result()
    } catch (error) {
      await part.leave()
      throw error
    }
  } finally {
    part.release()
  }
}

function skippedResult(path: string, url: string | URL, size: number): DownloadResult {
  return {
    path,
    size,
    skipped: true,
    resumedFrom: 0,
    status: 0,
    url: withoutSecrets(url),
    headers: null,
    validator: null,
    retries: 0,
    bytesOnWire: 0,
    clientIp: '',
    remoteAddress: '',
  }
}

/** Asked before anything is fetched: a path that cannot be written must not cost a download. */
async function occupant(path: string): Promise<'none' | 'file'> {
  try {
    if (!(await stat(path)).isDirectory()) return 'file'
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError('write', path, error)
    const folder = await stat(dirname(path)).catch((cause: unknown) => {
      throw fileError('write', path, cause)
    })
    if (folder.isDirectory()) return 'none'
  }
  throw new FileError('ERR_FILE', path, `cannot write ${path}: it is a folder; give the path of a file`)
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size
}

/** Fields that a download sets for itself, in lower case. */
const OWN_FIELDS = new Set(['range', 'if-range'])

function checkArguments(url: unknown, path: unknown, options: DownloadOptions): void {
  if (!(url instanceof URL) && (typeof url !== 'string' || !URL.canParse(url))) {
    const shown = typeof url === 'string' ? JSON.stringify(shownUrl(url)) : describe(url)
    throw new ArgumentError(`the URL of a download is ${shown}; give an absolute http or https URL`)
  }
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new ArgumentError(`the path of a download is ${describe(path)}; give the path of a file`)
  }
  const { exists, fsync, onProgress, maxRetries, checksum, method, body, json, headers } = options
  if (exists !== undefined && !['overwrite', 'skip', 'fail'].includes(exists)) {
    throw new ArgumentError(`option exists is ${describe(exists)}; it must be "overwrite", "skip" or "fail"`)
  }
  if (fsync !== undefined && typeof fsync !== 'boolean') {
    throw new ArgumentError(`option fsync is ${describe(fsync)}; it must be true or false`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new ArgumentError(`option onProgress is ${describe(onProgress)}; it must be a function`)
  }
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    throw new ArgumentError(`option maxRetries is ${describe(maxRetries)}; it must be a whole number from 0`)
  }
  if (checksum !== undefined) {
    const read = typeof checksum === 'string' ? parseChecksum(checksum) : 'it is no text; write sha-256=...'
    if (typeof read === 'string') throw new ArgumentError(`option checksum: ${read}`)
  }
  if ((method ?? 'GET').toUpperCase() !== 'GET' || (body ?? json) !== undefined) {
    throw new ArgumentError('a download is a GET without a body; read the body of client.stream for others')
  }
  const names = headers === undefined || headers === null ? [] : namesOf(headers)
  const own = names.find((name) => OWN_FIELDS.has(name.toLowerCase()))
  if (own === undefined) return
  throw new ArgumentError(`option headers has ${own}, which a download sets for itself; leave it out`)
}

function namesOf(headers: NonNullable<RequestOptions['headers']>): string[] {
  if (!(Symbol.iterator in headers)) return Object.keys(headers)
  // What is no pair, the request's own check tells of.
  return [...headers].map((pair: unknown) => String(Array.isArray(pair) ? pair[0] : ''))
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
