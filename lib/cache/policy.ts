import type { ResponseHead } from '../core/exchange.ts'
import type { CacheControl } from './cache-control.ts'
import type { CacheMode, CacheRequest } from './cache-request.ts'
import { parseHttpDate } from '../core/http-date.ts'
import type { StoredResponse } from './store.ts'
import type { Terms } from './terms.ts'
import { variantOf } from './vary.ts'

/** What may be done with a stored response (RFC 9111 section 4, RFC 5861). */
export type Verdict = 'fresh' | 'stale' | 'stale-while-revalidate' | 'revalidate'

/** Pure: all that decides is given. `age` is ms. */
export function judge(terms: Terms, age: number, mode: CacheMode, control: CacheControl): Verdict {
  const { lifetime } = terms
  const isFresh = lifetime > age
  if (mode === 'replay') return 'fresh'
  // The user has said that any age will do; the server's wishes come after that, as in fetch.
  if (mode === 'force-cache' || mode === 'only-if-cached') {
    return isFresh && !terms.noCache ? 'fresh' : 'stale'
  }
  if (mode === 'no-cache' || control.noCache || terms.noCache) return 'revalidate'
  const { maxAge, minFresh, maxStale } = control
  const isTooOld = maxAge !== -1 && age > maxAge * 1_000
  const isTooNearlyStale = minFresh !== -1 && lifetime - age < minFresh * 1_000
  if (isFresh && !isTooOld && !isTooNearlyStale) return 'fresh'
  if (isTooNearlyStale || (!isFresh && terms.mustRevalidate)) return 'revalidate'
  const staleness = Math.max(age - lifetime, isTooOld ? age - maxAge * 1_000 : 0)
  if (maxStale !== -1 && staleness <= maxStale * 1_000) return isFresh ? 'fresh' : 'stale'
  if (!isTooOld && staleness <= terms.staleWhileRevalidate) return 'stale-while-revalidate'
  return 'revalidate'
}

/** After a failed revalidation: whether the stale one may be given (RFC 5861 section 4). */
export function mayServeStale(terms: Terms, age: number, mode: CacheMode, control: CacheControl): boolean {
  if (mode === 'no-cache' || mode === 'reload' || control.noCache) return false
  if (terms.noCache || terms.mustRevalidate) return false
  const allowed = Math.max(terms.staleIfError, control.staleIfError * 1_000)
  return allowed >= 0 && age - terms.lifetime <= allowed
}

/** The stored response that answers `request`: of those that match, the most recent (section 4.1). */
export function select(responses: readonly StoredResponse[], request: CacheRequest): StoredResponse | null {
  const isReplay = request.mode === 'replay'
  let found: StoredResponse | null = null
  let other: StoredResponse | null = null
  let vary = ''
  let variant = ''
  for (const stored of responses) {
    if (stored.method === 'HEAD' && request.method !== 'HEAD') continue
    if (stored.terms.replayOnly && !isReplay) continue
    if (stored.vary !== vary) {
      vary = stored.vary
      variant = variantOf(vary, (name) => request.field(name))
    }
    if (stored.variant === variant) found = newer(found, stored)
    else other = newer(other, stored)
  }
  // A scraper in the making changes what it sends, and still is to see the page that it saw.
  return found ?? (isReplay ? other : null)
}

function newer(a: StoredResponse | null, b: StoredResponse): StoredResponse {
  return a === null || b.responseTime > a.responseTime ? b : a
}

/** Field lines that ask whether `terms` still hold (RFC 9111 section 4.3.1); '' where nothing can be asked. */
export function conditionsOf({ etag, lastModified }: Terms): string {
  const byTag = isSendable(etag) ? `If-None-Match: ${etag}\r\n` : ''
  return isSendable(lastModified) ? `${byTag}If-Modified-Since: ${lastModified}\r\n` : byTag
}

/** Fields that arrive may have control characters in them, and a store of the user's own may give anything. */
function isSendable(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]+$/.test(value)
}

/** Whether a 304 is about `terms` (RFC 9111 section 4.3.4). What it does not name, it cannot deny. */
export function fits(terms: Terms, head: ResponseHead): boolean {
  const etag = head.headers.get('etag')
  // Compared weakly: nginx weakens the tag of what it compresses, and not that of its 304.
  if (etag !== null && terms.etag !== '') return opaque(etag) === opaque(terms.etag)
  const modified = head.headers.get('last-modified')
  if (modified !== null && terms.lastModified !== '' && terms.etag === '')
    return modified === terms.lastModified
  return terms.etag !== '' || terms.lastModified !== ''
}

/**
 * Whether the user's own condition holds for a fresh stored response, so that a 304 is the answer
 * (RFC 9111 section 4.3.2). If-None-Match comes before If-Modified-Since.
 */
export function isUnchanged(request: CacheRequest, { terms, responseTime }: StoredResponse): boolean {
  const tags = request.field('if-none-match')
  if (tags !== null) return tags.trim() === '*' || (terms.etag !== '' && hasTag(tags, terms.etag))
  const since = request.field('if-modified-since')
  if (since === null) return false
  // Without a Last-Modified, what was here when the response came has not changed since.
  const modified = terms.lastModified === '' ? terms.birth : parseHttpDate(terms.lastModified, responseTime)
  return modified <= parseHttpDate(since, responseTime)
}

/** Tags that break the grammar are compared as they stand: nobody else can have meant them. */
function hasTag(tags: string, etag: string): boolean {
  if (tags.trim() === etag) return true
  return (tags.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? []).some((tag) => opaque(tag) === opaque(etag))
}

/** A tag without its weakness, and without the quotes that some servers and users forget. */
function opaque(tag: string): string {
  return tag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1')
}

/** Whether If-Range, if given, still names the stored response (RFC 9110 section 13.1.5): strongly. */
export function isRangeValid(request: CacheRequest, { terms }: StoredResponse): boolean {
  const condition = request.field('if-range')
  if (condition === null) return true
  if (condition.startsWith('"')) return condition === terms.etag
  return condition === terms.lastModified
}
