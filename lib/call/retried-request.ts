import { ownOptions } from '../core/own-options.ts'
import type { CallContext } from './call-context.ts'
import type { CallHistory } from './history.ts'
import { fieldOf } from './request/hop-fields.ts'
import {
  withoutKeys,
  type BuiltRequest,
  type PreparedRequest,
  type RequestBuilder,
} from './request/request.ts'
import { readFields, type FieldValue, type HeadersInit } from './request/request-fields.ts'
import type { RequestOptions } from './request/request-options.ts'
import type { ModifyRequest, RetriedRequest } from './rules.ts'
import { isThenable } from './thenable.ts'

type Headers = Record<string, string | string[] | null>

/** The next try of a call. Throws what the user's functions do. */
export function nextTry(
  same: BuiltRequest,
  history: CallHistory,
  { builder, movesAfterRefusal }: CallContext,
): BuiltRequest | Promise<BuiltRequest | Error> {
  const { modifyRequest } = same.request.rules
  const why = history.why!
  const isRefused = why.kind === 'status' && (why.status === 429 || why.status === 403)
  const again = (isRefused && movesAfterRefusal ? history.move(same, builder, true) : null) ?? same
  return modifyRequest === null ? again : modified(again, modifyRequest, history, builder)
}

/**
 * The next try of a call, as `modifyRequest` wants it; a promise where that gives one. What goes wrong
 * later is a value: an error of the user's own is none of this call's, to be tried again for.
 */
function modified(
  from: BuiltRequest,
  modifyRequest: ModifyRequest,
  { retries, why }: CallHistory,
  builder: RequestBuilder,
): BuiltRequest | Promise<BuiltRequest | Error> {
  const { request, path } = from
  const given = retriedRequest(request, request.target.origin + path, builder)
  const rebuild = (changed: RetriedRequest | void): BuiltRequest =>
    rebuilt(request, changed ?? given, from.fragment, builder)
  const changed = modifyRequest(given, retries + 1, why!)
  return isThenable(changed) ? Promise.resolve(changed).then(rebuild).catch(toError) : rebuild(changed)
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`modifyRequest threw ${String(thrown)}`, { cause: thrown })
}

/** A request as its caller could have written it now, after redirects. */
function retriedRequest(request: PreparedRequest, url: string, builder: RequestBuilder): RetriedRequest {
  const { signal: _signal, query: _query, baseUrl: _base, ...options } = request.options
  if (request.body === null) {
    delete options.body
    delete options.json
  }
  return { ...options, url, method: request.method, headers: givenHeaders(request, builder) }
}

/**
 * What users have given, as it is now. Not what is made with each request, as a form's boundary. null:
 * what was not to be sent, and what the client has and a redirect has dropped.
 */
function givenHeaders({ fields, options, target }: PreparedRequest, builder: RequestBuilder): Headers {
  const [own, defaults] = [readFields(options.headers), builder.defaultFields]
  const names = new Set([...defaults.fields, ...own.fields].map(([name]) => name.toLowerCase()))
  // That of a URL's user and password.
  names.add('authorization')
  // Without a prototype: "constructor" and "__proto__" are names like all others.
  const headers = Object.create(null) as Headers
  for (const line of fields.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const key = name.toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (colon === -1 || !names.has(key) || (key === 'host' && value === target.authority)) continue
    const before = headers[name]
    headers[name] = before === undefined || before === null ? value : [before, value].flat()
  }
  for (const name of own.leftOut) headers[name] ??= null
  for (const [name] of defaults.fields) if (fieldOf(fields, name.toLowerCase()) === null) headers[name] = null
  return headers
}

function rebuilt(
  request: PreparedRequest,
  changed: RetriedRequest,
  fragment: string,
  builder: RequestBuilder,
): BuiltRequest {
  const { url, ...rest } = ownOptions(changed)
  const given: RequestOptions = ownOptions(rest)
  const { clientIp } = request.target
  const isElsewhere = builder.originOf(url, given) !== request.target.origin
  const options = isElsewhere ? withoutSecrets(request, given) : given
  const kept = options.session === request.options.session ? clientIp : ''
  const built = builder.build(url, options, request.streamed, kept)
  const again = built.fragment === '' && !isElsewhere ? { ...built, fragment } : built
  if (options.auth !== request.options.auth) return again
  // For the origins that they were given for, which a redirect or another URL does not change.
  const isGiven = fieldOf(built.request.fields, 'authorization') !== null
  return { ...again, request: { ...built.request, credentials: isGiven ? null : request.credentials } }
}

/** For another origin: as after a redirect, secrets stay behind, but for those that were given just now. */
function withoutSecrets(request: PreparedRequest, given: RequestOptions): RequestOptions {
  const { fields, leftOut } = readFields(given.headers)
  const before = new Set(request.fields.split('\r\n'))
  const isOld = (name: string, value: FieldValue): boolean => before.has(`${name}: ${String(value)}`)
  const stays = (name: string): boolean => name === 'host' || request.rules.secretFields.has(name)
  const headers: [string, FieldValue | null][] = []
  for (const [name, value] of fields) {
    if (!stays(name.toLowerCase()) || ![value].flat().every((one) => isOld(name, one)))
      headers.push([name, value])
    else headers.push([name, null])
  }
  for (const name of leftOut) headers.push([name, null])
  const options = given.tlsOptions === request.options.tlsOptions ? withoutKeys(given) : given
  return ownOptions({ ...options, headers: headers as HeadersInit })
}
