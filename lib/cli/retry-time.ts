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

/** What is tried: it began at `started`, on `performance.now()`, and its retries are counted. */
interface Tried {
  readonly started: number
  retries: number
}

/** Lets no retry begin later than `limit` ms after it was started. */
export function untilRetryTime(tried: Tried, limit: number): ModifyRequest {
  return (_request, _attempt, why) => {
    if (!isRetryTimeOver(tried.started, limit)) return
    // It was counted when it was planned.
    tried.retries--
    throw why.kind === 'error' ? why.error : new RetryTimeError(why.status, limit)
  }
}

export function isRetryTimeOver(started: number, limit: number): boolean {
  return performance.now() - started >= limit
}
