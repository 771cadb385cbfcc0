import type { CallHistory } from './history.ts'
import type { BuiltRequest, PreparedRequest, RequestBuilder } from './request.ts'
import type { ModifyRequest, RetriedRequest } from './rules.ts'

/** Fields that are made anew with the request. */
const MADE = new Set(['host', 'content-length', 'transfer-encoding'])

/** The next try of a call, as `modifyRequest` wants it; a promise where that gives one. */
export function modified(
  from: BuiltRequest,
  modifyRequest: ModifyRequest,
  { retries, why }: CallHistory,
  builder: RequestBuilder,
): BuiltRequest | Promise<BuiltRequest> {
  const { request, path } = from
  const given = retriedRequest(request, request.target.origin + path)
  const rebuild = (changed: RetriedRequest | void): BuiltRequest => {
    const { url, ...options } = changed ?? given
    return builder.build(url, options, request.streamed)
  }
  const changed = modifyRequest(given, retries + 1, why!)
  return changed instanceof Promise ? changed.then(rebuild) : rebuild(changed)
}

/** A request as its caller could have written it now, after redirects. */
function retriedRequest(request: PreparedRequest, url: string): RetriedRequest {
  const { signal: _signal, query: _query, baseUrl: _base, ...options } = request.options
  const headers: Record<string, string | string[]> = {}
  for (const line of request.fields.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (colon === -1 || MADE.has(name.toLowerCase())) continue
    const value = line.slice(colon + 1).trim()
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  if (request.body === null) {
    delete options.body
    delete options.json
  }
  return { ...options, url, method: request.method, headers }
}
