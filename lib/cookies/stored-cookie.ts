import type { Cookie } from 'tough-cookie'
import { ArgumentError } from '../core/errors.ts'
import { expiryOf } from './cookie-store.ts'
import { ownText } from './own-text.ts'
import { characterProblem, pairProblem, type SameSite } from './set-cookie.ts'
import { registrableDomain } from './site.ts'
import { toughCookie } from './tough-cookie.ts'

/** A cookie as a jar holds it: what is listed, and what stands in a JSON file. */
export interface StoredCookie {
  /** '' for a cookie without a name, which is sent as its value alone. */
  name: string
  /** Latin-1: a character for each byte on the wire. */
  value: string
  /** Host or domain, lower case, without leading dot; IPv6 without brackets. */
  domain: string
  /** Sent to `domain` alone, not to the hosts below it. */
  hostOnly: boolean
  path: string
  secure: boolean
  httpOnly: boolean
  /** Kept, never looked at: a scraper has no site that it asks from. */
  sameSite: SameSite | null
  /** Kept, never looked at. */
  partitioned: boolean
  /** Milliseconds since 1970; null for a cookie of the session. */
  expires: number | null
  /** Milliseconds since 1970; of two cookies with paths of one length the older is sent first. */
  created: number
}

/** The JSON form of a cookie that tough-cookie holds. */
export function describeCookie(cookie: Cookie): StoredCookie {
  const expires = expiryOf(cookie)
  return {
    name: cookie.key,
    value: cookie.value,
    domain: cookie.domain ?? '',
    hostOnly: cookie.hostOnly ?? true,
    path: cookie.path ?? '/',
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    sameSite: (cookie.sameSite as SameSite | undefined) ?? null,
    partitioned: cookie.extensions?.some((one) => /^partitioned$/i.test(one)) ?? false,
    expires: expires === Infinity ? null : expires,
    created: cookie.creation instanceof Date ? cookie.creation.getTime() : 0,
  }
}

/**
 * A cookie of a file, ready to be stored. It is narrowed to what a server could have set: a domain cookie
 * of a public suffix or an address is for that host alone, a prefix brings what it promises.
 */
export function restoreCookie(stored: StoredCookie, now: number): Cookie {
  const prefix = /^__(host|secure)-/i.exec(stored.name)?.[1]?.toLowerCase()
  const hostOnly = stored.hostOnly || prefix === 'host' || registrableDomain(stored.domain) === ''
  return new (toughCookie().Cookie)({
    key: ownText(stored.name),
    value: ownText(stored.value),
    domain: ownText(stored.domain),
    hostOnly,
    path: ownText(stored.path),
    secure: stored.secure || prefix !== undefined,
    httpOnly: stored.httpOnly,
    sameSite: stored.sameSite ?? undefined,
    extensions: stored.partitioned ? ['Partitioned'] : null,
    expires: stored.expires === null ? 'Infinity' : new Date(stored.expires),
    creation: new Date(stored.created),
    lastAccessed: new Date(now),
  })
}

const DOMAIN = /^[a-z0-9_.:-]+$/

/** Why a cookie cannot be stored; '' when it can. Names no value: cookies are secrets. */
export function cookieProblem({ name, value, domain, path }: StoredCookie): string {
  const pair = characterProblem(name) || characterProblem(value) || pairProblem(name, value)
  if (pair !== '') return pair
  if (name.includes(';') || value.includes(';') || name.includes('=')) {
    return 'its name has ";" or "=" in it, or its value ";": encode it, as encodeURIComponent() does'
  }
  if (!DOMAIN.test(domain) || domain.startsWith('.')) {
    return 'its domain is no host name in lower case without leading dot (non-ASCII ones as xn--)'
  }
  if (!path.startsWith('/')) return 'its path does not begin with "/"'
  if (characterProblem(path) !== '' || /[;\t]/.test(path))
    return 'its path has a character that cannot be sent'
  return ''
}

const SHAPE: { readonly [K in keyof StoredCookie]: (value: unknown) => boolean } = {
  name: isString,
  value: isString,
  domain: isString,
  hostOnly: isBoolean,
  path: isString,
  secure: isBoolean,
  httpOnly: isBoolean,
  sameSite: (value) => value === null || value === 'strict' || value === 'lax' || value === 'none',
  partitioned: isBoolean,
  expires: (value) => value === null || isTime(value),
  created: isTime,
}

/** Checks what JSON gave. `at` says where it stands, for the message. */
export function readStoredCookie(value: unknown, at: string): StoredCookie {
  if (typeof value !== 'object' || value === null) {
    throw new ArgumentError(`${at} is no cookie: it must be an object, as toJSON() gives it`)
  }
  const given = value as Record<string, unknown>
  const cookie: Record<string, unknown> = {}
  for (const [key, fits] of Object.entries(SHAPE)) {
    // What is on a prototype was not in the file.
    const field = Object.hasOwn(given, key) ? given[key] : undefined
    if (!fits(field)) {
      throw new ArgumentError(`${at}.${key} is missing or of the wrong type: give it as toJSON() does`)
    }
    cookie[key] = field
  }
  const stored = cookie as unknown as StoredCookie
  const problem = cookieProblem(stored)
  if (problem !== '') throw new ArgumentError(`${at} cannot be kept: ${problem}; correct it or leave it out`)
  return stored
}

function isString(value: unknown): boolean {
  return typeof value === 'string'
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

/** What a Date can hold. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15
}
