import { ArgumentError } from '../core/errors.ts'
import { ownOptions } from '../core/own-options.ts'
import { headersRecord } from './request/request-fields.ts'
import type { RequestOptions } from './request/request-options.ts'
import { ResponseBase, type Response } from './response/response.ts'
import type { StreamResponse } from './response/stream-response.ts'

/** One call, as middleware sees it: what the caller gave. */
export type CallRequest = Omit<RequestOptions, 'headers'> & {
  url: string | URL
  /** The caller's, whatever form it gave them in; null leaves out what the client has by default. */
  headers?: Readonly<Record<string, string | number | readonly string[] | null | undefined>> | undefined
  /** By `stream` or `fetch`: the response resolves at its head. */
  readonly streamed: boolean
}

/** Goes on with the call. */
export type Next = (request: CallRequest) => Promise<Response | StreamResponse>

/**
 * Wrapped around a whole call, redirects and retries included. It may change the request, call `next`
 * again, look at the response or reject. What it resolves with is a response that `next` gave.
 */
export type Middleware = (request: CallRequest, next: Next) => Promise<Response | StreamResponse>

/** The chain, composed once. */
export function compose(use: readonly Middleware[], last: Next): Next {
  const chain = use.reduceRight<Next>(
    (next, middleware) => async (request) => middleware(request, next),
    last,
  )
  return async (request) => checked(await chain(request))
}

/** What middleware gets for a call with these options. */
export function callRequest(
  url: string | URL,
  options: RequestOptions | undefined,
  streamed: boolean,
): CallRequest {
  const { headers, ...rest } = ownOptions(options ?? {})
  return { ...rest, ...(headers === undefined ? {} : { headers: headersRecord(headers) }), url, streamed }
}

function checked(response: unknown): Response | StreamResponse {
  if (response instanceof ResponseBase) return response as Response | StreamResponse
  const what =
    response === null || typeof response !== 'object' ? String(response) : response.constructor?.name
  throw new ArgumentError(`middleware resolved with ${what}; it must give a response that next() gave`)
}
