import type { RequestOptions } from './request-options.ts'
import type { Response } from './response.ts'
import type { StreamResponse } from './stream-response.ts'

/** One call, as middleware sees it: what the caller gave. */
export type CallRequest = RequestOptions & {
  url: string | URL
  /** By `stream` or `fetch`: the response resolves at its head. */
  readonly streamed: boolean
}

/** Goes on with the call. */
export type Next = (request: CallRequest) => Promise<Response | StreamResponse>

/**
 * Wrapped around a whole call, redirects and retries included. It may change the request, answer by
 * itself, call `next` again, look at the response or give another.
 */
export type Middleware = (request: CallRequest, next: Next) => Promise<Response | StreamResponse>

/** The chain, composed once. */
export function compose(use: readonly Middleware[], last: Next): Next {
  return use.reduceRight<Next>((next, middleware) => async (request) => middleware(request, next), last)
}
