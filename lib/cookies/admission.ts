import type { Cookie } from 'tough-cookie'
import { LIMITS } from '../core/limits.ts'
import { expiryOf } from './cookie-store.ts'
import { ownText } from './own-text.ts'
import type { ParsedCookie } from './set-cookie.ts'
import { domainMatches } from './site.ts'
import type { TargetView } from './target-view.ts'
import { toughCookie } from './tough-cookie.ts'

/**
 * The domain that a cookie is for: '' for the host alone, null when it may not be set from this host. A
 * domain must lie between the host and its registrable domain, both included, which is Chrome's rule: the
 * RFC's, which looks at the domain alone, lets a.s3.amazonaws.com set cookies for all of amazonaws.com.
 */
export function domainFor(view: TargetView, { domain }: ParsedCookie): string | null {
  if (domain === '') return ''
  const { host, registrable } = view
  if (registrable === '') return domain === host ? '' : null
  if (!domainMatches(host, domain)) return null
  return domain === registrable || domain.endsWith(`.${registrable}`) ? domain : null
}

/** RFC 6265bis section 5.7: prefixes hold in any case of letters. */
export function prefixProblem({ name, secure, path }: ParsedCookie, domain: string): string {
  if (!name.startsWith('__')) return ''
  const prefix = /^__(?:host|secure)-/i.exec(name)?.[0].toLowerCase()
  if (prefix !== undefined && !secure) return `its prefix ${prefix} asks for Secure`
  if (prefix === '__host-' && (domain !== '' || path !== '/'))
    return 'its prefix __Host- asks for Path=/ and no Domain'
  return ''
}

/** RFC 6265bis section 5.7: http must not push a cookie before, or in place of, one that https has set. */
export function hidesSecure(
  site: Iterable<Cookie>,
  own: string,
  path: string,
  name: string,
  now: number,
): boolean {
  for (const one of site) {
    if (!one.secure || one.key !== name || !toughCookie().pathMatch(path, one.path!) || expiryOf(one) <= now)
      continue
    if (domainMatches(own, one.domain!) || domainMatches(one.domain!, own)) return true
  }
  return false
}

/** Whether tough-cookie has judged it: only value and expiry differ from the cookie that is there. */
export function isSameButForValue(cookie: Cookie, parsed: ParsedCookie): boolean {
  return (
    cookie.secure === parsed.secure &&
    cookie.httpOnly === parsed.httpOnly &&
    (cookie.sameSite ?? null) === parsed.sameSite &&
    (cookie.extensions !== null) === parsed.partitioned
  )
}

/** Milliseconds; at most 400 days (RFC 6265bis section 5.5). */
export function lifetime(maxAge: number): number {
  return Math.min(maxAge, LIMITS.maxCookieAge) * 1_000
}

export function expiryFor({ maxAge, expires }: ParsedCookie, now: number): number {
  if (maxAge !== null) return maxAge <= 0 ? -Infinity : now + lifetime(maxAge)
  return expires === null ? Infinity : Math.min(expires, now + lifetime(Infinity))
}

/** Max-Age has become a date: tough-cookie counts it from the last use, so that it would never end. */
export function newCookie(parsed: ParsedCookie, domain: string, path: string, expiry: number): Cookie {
  return new (toughCookie().Cookie)({
    key: ownText(parsed.name),
    value: ownText(parsed.value),
    domain: domain === '' ? null : ownText(domain),
    path: ownText(path),
    secure: parsed.secure,
    httpOnly: parsed.httpOnly,
    sameSite: parsed.sameSite ?? undefined,
    extensions: parsed.partitioned ? ['Partitioned'] : null,
    expires: expiry === Infinity ? 'Infinity' : new Date(expiry),
  })
}
