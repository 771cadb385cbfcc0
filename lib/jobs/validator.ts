import type { Headers } from '../core/headers.ts'
import { parseHttpDate } from '../core/http-date.ts'
import { LIMITS } from '../core/limits.ts'

/** An entity-tag that is not weak (RFC 9110 section 8.8.3). */
const STRONG_TAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/

/**
 * What tells this version of a file from all others, as If-Range takes it: its strong entity-tag, or its
 * Last-Modified where that is strong; null where there is nothing of the kind, and two answers cannot be
 * joined. `now` is the clock's `date()`.
 */
export function strongValidator(headers: Headers, now: number): string | null {
  const tag = headers.get('etag')
  // A weak tag rules the date out as well (RFC 9110 section 13.1.5): the server itself says that versions
  // it calls equal may differ in bytes.
  if (tag !== null) return STRONG_TAG.test(tag) ? tag : null
  const modified = headers.get('last-modified')
  const date = headers.get('date')
  if (modified === null || date === null) return null
  // A file may change twice in a second, and the clocks of server and origin may differ (section 8.8.2.2).
  const age = parseHttpDate(date, now) - parseHttpDate(modified, now)
  return age >= LIMITS.strongDateAge ? modified : null
}

/** Whether an answer says that it is of the version that `validator` names. Silence is no yes. */
export function isOfVersion(headers: Headers, validator: string): boolean {
  return headers.get(validator.startsWith('"') ? 'etag' : 'last-modified') === validator
}
