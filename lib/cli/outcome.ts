import type { CacheStatus } from '../index.ts'
import type { ExitCode } from './exit-codes.ts'

/** What became of one item. Times are ms, sizes bytes; -1, also of counts: not known. */
export interface Outcome {
  /** As it was sent, or as it was given where it is no URL. */
  readonly url: string
  /** The one that answered last, after redirects; '' when none did. */
  readonly finalUrl: string
  /** Redirects that were followed. */
  readonly redirects: number
  /** Times it was asked for again. */
  readonly retries: number
  /** What the cache did; '': it had no part in it. */
  readonly cache: CacheStatus | ''
  /** The line of the input; 0 for an argument. */
  readonly line: number
  /** `host[:port]`; '' where it is no URL. */
  readonly host: string
  /** 0: no answer. */
  readonly status: number
  /** An `ERR_` code; '' when the item was fetched, and for an error status. */
  readonly error: string
  /** What went wrong, in words; '' when nothing did. */
  readonly message: string
  readonly exitCode: ExitCode
  readonly bytesOnWire: number
  readonly bytesDecoded: number
  readonly headMs: number
  readonly totalMs: number
  readonly clientIp: string
  readonly remoteAddress: string
  /** Its body's file, the output folder's path included; '' where there is none. */
  readonly file: string
  readonly attempt: number
  /** Bytes of the file that an earlier try had brought. */
  readonly resumedFrom: number
  /** The file was there before, and nothing was asked for. */
  readonly skipped: boolean
  /** Of the item; '' for none. */
  readonly session: string
  /** What the item has for whoever reads the report; undefined for nothing. */
  readonly meta: unknown
  /** Nothing after this one can be stored. */
  readonly fatal: boolean
  /** It was not brought to an end, and belongs into no journal. */
  readonly unfinished: boolean
}
