import type { ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import type { CacheControl } from './cache-control.ts'
import { parseHttpDate } from '../core/http-date.ts'

/** What a response says about its own use, read once when it is stored. Times are ms; -1: not said. */
export interface Terms {
  /** When its age was 0, ms since 1970 (RFC 9111 section 4.2.3). */
  readonly birth: number
  /** How old it may be and still be fresh (section 4.2.1). */
  readonly lifetime: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  /** Never to be used stale (section 5.2.2.2). */
  readonly mustRevalidate: boolean
  /** Never to be used unvalidated (section 5.2.2.4). */
  readonly noCache: boolean
  /** Fields that must not be used unvalidated, lower case. */
  readonly noCacheFields: readonly string[]
  /** '' where there is none. */
  readonly etag: string
  readonly lastModified: string
  /** Kept for `replay` against the server's word: no other mode may see it. */
  readonly replayOnly: boolean
}

/** Statuses whose meaning this cache knows, which `must-understand` asks for (section 5.2.2.3). */
const UNDERSTOOD = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411,
  412, 413, 414, 415, 416, 417, 421, 422, 425, 426, 429, 451, 500, 501, 502, 503, 504, 505,
])
/** RFC 9110 section 15.1, without 206, which is never stored. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
/** "A typical setting of this fraction might be 10%" (section 4.2.2). */
const HEURISTIC_FRACTION = 0.1

/**
 * Answers that say "not now" or "who are you": kept by nobody, since a run that is replayed would get
 * them for ever, and an answered challenge would get the same challenge again.
 */
const TRANSIENT = new Set([401, 407, 408, 425, 429])

/** Whether RFC 9111 section 3 lets a private cache store this answer to a GET. */
export function mayStore(head: ResponseHead, control: CacheControl): boolean {
  const { status, headers } = head
  if (status < 200 || status === 206 || status === 304 || !control.valid) return false
  if (control.mustUnderstand ? !UNDERSTOOD.has(status) : control.noStore) return false
  if (control.isPublic || control.isPrivate || control.maxAge !== -1 || headers.has('expires')) return true
  return HEURISTIC.has(status)
}

/** Whether `replay` keeps it: whatever would be the same answer next time. */
export function mayReplay(status: number): boolean {
  return status >= 200 && status < 500 && status !== 206 && status !== 304 && !TRANSIENT.has(status)
}

/** Whether the kept answer could ever be used: fresh, validated, or stale by the server's leave. */
export function isUseful(head: ResponseHead, control: CacheControl, responseTime: number): boolean {
  const { headers } = head
  if (control.maxAge > 0 || headers.has('etag') || headers.has('last-modified')) return true
  if (control.staleWhileRevalidate > 0 || control.staleIfError > 0) return true
  return lifetimeOf(head, control, dateOf(head, responseTime)) > 0
}

export function termsOf(
  head: ResponseHead,
  control: CacheControl,
  requestTime: number,
  responseTime: number,
  replayOnly: boolean,
): Terms {
  const { headers } = head
  const date = dateOf(head, responseTime)
  return {
    birth: responseTime - initialAge(head, date, requestTime, responseTime),
    lifetime: lifetimeOf(head, control, date),
    staleWhileRevalidate: milliseconds(control.staleWhileRevalidate),
    staleIfError: milliseconds(control.staleIfError),
    mustRevalidate: control.mustRevalidate,
    noCache: control.noCache,
    noCacheFields: control.noCacheFields,
    etag: headers.get('etag') ?? '',
    lastModified: headers.get('last-modified') ?? '',
    replayOnly,
  }
}

/** When the server made it; where it does not say, when it came (RFC 9110 section 6.6.1). */
function dateOf(head: ResponseHead, responseTime: number): number {
  const told = head.headers.get('date')
  const date = told === null ? NaN : parseHttpDate(told, responseTime)
  return Number.isNaN(date) ? responseTime : date
}

/** corrected_initial_age of RFC 9111 section 4.2.3, ms. */
function initialAge(head: ResponseHead, date: number, requestTime: number, responseTime: number): number {
  const apparent = Math.max(0, responseTime - date)
  const delay = Math.max(0, responseTime - requestTime)
  return Math.max(apparent, toldAge(head.headers.get('age')) + delay)
}

/** The first member of Age; what is no number is ignored (RFC 9111 section 5.1). */
function toldAge(text: string | null): number {
  const first = text === null ? null : /^\s*(\d+)\s*(?:,|$)/.exec(text)
  return first === null ? 0 : Math.min(Number(first[1]) * 1_000, LIMITS.maxFreshness)
}

function lifetimeOf(head: ResponseHead, control: CacheControl, date: number): number {
  if (control.maxAge !== -1) return control.maxAge * 1_000
  const { headers, status } = head
  // Of several, the first (section 4.2.1).
  const expires = headers.getAll('expires')[0]
  if (expires !== undefined) {
    const time = parseHttpDate(expires, date)
    return Number.isNaN(time) ? 0 : Math.min(Math.max(0, time - date), LIMITS.maxFreshness)
  }
  if (!HEURISTIC.has(status) && !control.isPublic) return 0
  const modified = headers.get('last-modified')
  const age = modified === null ? NaN : date - parseHttpDate(modified, date)
  return age > 0 ? Math.min(Math.floor(age * HEURISTIC_FRACTION), LIMITS.maxHeuristicFreshness) : 0
}

function milliseconds(seconds: number): number {
  return seconds === -1 ? -1 : seconds * 1_000
}
