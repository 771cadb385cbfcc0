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

/** Fields that the client sends with every request, but not to where a redirect leads. */
const SECRETS = ['Authorization', 'Cookie', 'Proxy-Authorization']

/** Lets no retry of this URL begin later than `limit` ms after `started`, which is on `performance.now()`. */
export function untilRetryTime(url: URL, started: number, limit: number): ModifyRequest {
  return (request, _attempt, why) => {
    if (isRetryTimeOver(started, limit)) {
      throw why.kind === 'error' ? why.error : new RetryTimeError(why.status, limit)
    }
    if (new URL(request.url).origin === url.origin) return
    // The request is made anew, with all that the client would send there had it been asked for first.
    request.auth = null
    const none = SECRETS.map((name) => [name, null] as const)
    request.headers = Object.fromEntries([...Object.entries(request.headers ?? {}), ...none])
  }
}

export function isRetryTimeOver(started: number, limit: number): boolean {
  return performance.now() - started >= limit
}
