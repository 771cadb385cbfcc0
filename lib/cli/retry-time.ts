import type { ModifyRequest } from '../index.ts'

/** An answer that is not asked for again, because the time for retries is over. */
export class RetryTimeError extends Error {
  readonly status: number

  constructor(status: number, limit: number) {
    super(`answered ${status}, and --retry-max-time (${limit / 1000} s) is over`)
    this.name = 'RetryTimeError'
    this.status = status
  }
}

/** Lets no retry begin later than `limit` ms after `started`, which is on `performance.now()`. */
export function untilRetryTime(started: number, limit: number): ModifyRequest {
  return (_request, _attempt, why) => {
    if (!isRetryTimeOver(started, limit)) return
    throw why.kind === 'error' ? why.error : new RetryTimeError(why.status, limit)
  }
}

export function isRetryTimeOver(started: number, limit: number): boolean {
  return performance.now() - started >= limit
}
