import { NO_DIRECTIVES, parseCacheControl, type CacheControl } from './cache-control.ts'

/**
 * How a request wants to be answered, as in fetch, and `replay`: keep everything, and answer from the
 * store for ever.
 */
export type CacheMode =
  | 'default'
  | 'no-store'
  | 'reload'
  | 'no-cache'
  | 'force-cache'
  | 'only-if-cached'
  | 'replay'

/** What the cache had to do with an answer. */
export type CacheStatus = 'hit' | 'miss' | 'revalidated' | 'stale'

/** What the cache must know of a request. */
export interface CacheRequest {
  readonly method: string
  /** `scheme://host[:port]/path?query`, no fragment. */
  readonly url: string
  /** Whose answers may be shared: jar or credentials, hashed where secret. Equal strings share. */
  readonly partition: string
  readonly mode: CacheMode
  /** A field's value as it would be sent, or null; names in lower case. Cheap to call. */
  field(name: string): string | null
}

const NO_CACHE: CacheControl = { ...NO_DIRECTIVES, noCache: true }

/** Where the answers to `request` are kept. */
export function keyOf(request: CacheRequest): string {
  return `${request.partition}\n${request.url}`
}

/** The request's own Cache-Control; in its absence `Pragma: no-cache` counts (RFC 9111 section 5.4). */
export function directivesOf(request: CacheRequest): CacheControl {
  const text = request.field('cache-control')
  if (text !== null) return parseCacheControl(text)
  const pragma = request.field('pragma')
  return pragma !== null && /\bno-cache\b/i.test(pragma) ? NO_CACHE : NO_DIRECTIVES
}

/** Only these are answered from the store, and only their answers are kept. */
export function isCacheable(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Methods that change nothing (RFC 9110 section 9.2.1): they invalidate nothing either. */
export function isSafe(method: string): boolean {
  return /^(GET|HEAD|OPTIONS|TRACE|QUERY|PROPFIND|REPORT|SEARCH)$/.test(method)
}

/** Conditions that ask about the server's present state, and so go to the server. */
export function asksServer(request: CacheRequest): boolean {
  return request.field('if-match') !== null || request.field('if-unmodified-since') !== null
}

/** Conditions of the user's own. */
export function isConditional(request: CacheRequest): boolean {
  return (
    request.field('if-none-match') !== null ||
    request.field('if-modified-since') !== null ||
    asksServer(request)
  )
}

/** The fields that fetch sends with a mode, so that caches on the way know: lines, '' for none. */
export function modeFields(request: CacheRequest): string {
  const { mode } = request
  if (mode !== 'reload' && mode !== 'no-cache') return ''
  if (request.field('cache-control') !== null) return ''
  if (mode === 'no-cache') return 'Cache-Control: max-age=0\r\n'
  const pragma = request.field('pragma') === null ? 'Pragma: no-cache\r\n' : ''
  return `${pragma}Cache-Control: no-cache\r\n`
}
