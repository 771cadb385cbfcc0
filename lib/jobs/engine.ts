import type { RequestOptions, Response, StreamResponse } from '../index.ts'
import type { Clock } from '../core/clock.ts'

/** What `map` needs of a client. */
export interface MapEngine {
  request(url: string | URL, options: RequestOptions): Promise<Response>
}

/** What decides whether, and when, something is asked for again: the same that the client's own calls use. */
export interface RetryRules {
  /** ms until attempt number `attempt`, from 1, is made again: exponential, full jitter. `random` is in [0, 1). */
  backoffDelay(attempt: number, random: number): number
  /**
   * ms that a Retry-After field asks for, a date in it read against the answer's own Date; null: it says
   * nothing that can be used. `now` is the clock's `date()`.
   */
  retryAfterMs(value: string | null, dateHeader: string | null, now: number): number | null
  isRetryableStatus(status: number): boolean
  isRetryableError(error: unknown): boolean
}

/** What `download` needs of a client. */
export interface DownloadEngine {
  readonly clock: Clock
  readonly retry: RetryRules
  /** The client's own settings, for what is counted over all requests of a download. */
  readonly maxRetries: number
  /** ms; 0: none. */
  readonly totalTimeout: number
  /** Bytes; Infinity: none. */
  readonly maxBodySize: number
  /**
   * One try: follows redirects and resolves at the head. It must not retry by itself, because a download
   * asks for the rest, and never for the same bytes twice.
   */
  stream(url: string | URL, options: RequestOptions): Promise<StreamResponse>
}
