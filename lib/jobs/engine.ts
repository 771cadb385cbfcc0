import type { RequestError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { RequestOptions, Response, StreamResponse } from '../index.ts'

/** What `map` needs of a client. */
export interface MapEngine {
  request(url: string | URL, options: RequestOptions): Promise<Response>
}

/** What a call with these options goes by; a client's own loops ask the same questions. */
export interface DownloadRules {
  readonly maxRetries: number
  /** ms; 0: none. */
  readonly totalTimeout: number
  /** Bytes; Infinity: none. */
  readonly maxBodySize: number
  isRetryableStatus(status: number): boolean
  isRetryableError(error: RequestError): boolean
  /** ms to wait after `retries` of them in vain, from 0; `random` is in [0, 1). */
  backoffDelay(retries: number, random: number): number
  /** ms that a Retry-After field asks for, -1 where it asks for nothing; `now` is the clock's `date()`. */
  retryAfterOf(retryAfter: string | null, serverDate: string | null, now: number): number
}

/** What `download` needs of a client. */
export interface DownloadEngine {
  readonly clock: Clock
  /** The rules of a request with these options, the client's own where they say nothing. */
  rulesOf(options: RequestOptions): DownloadRules
  /**
   * One try: it may follow redirects and resolves at the head, whatever the status. It must neither retry
   * by itself, because a download asks for the rest only, nor answer from a cache.
   */
  stream(url: string | URL, options: RequestOptions): Promise<StreamResponse>
}
