import { LIMITS } from '../core/limits.ts'
import { toughCookie } from './tough-cookie.ts'

export type SameSite = 'strict' | 'lax' | 'none'

/** A Set-Cookie field, as RFC 6265bis section 5.6 takes it apart. */
export interface ParsedCookie {
  readonly name: string
  readonly value: string
  /** Without its leading dot, in lower case; '' for none. */
  readonly domain: string
  /** '' for none, or for one that does not begin with a slash: the default path holds. */
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: SameSite | null
  readonly partitioned: boolean
  /** Seconds; null for none. It goes before `expires`. */
  readonly maxAge: number | null
  /** Milliseconds since 1970; null for none. */
  readonly expires: number | null
}

/**
 * Reads a Set-Cookie field, or says why it is none. Not by tough-cookie's parser, which trims bytes that are
 * blanks only to JavaScript (0xA0 ends many a UTF-8 letter), has no size limits and reads `=a=b` as `a=b`.
 */
export function parseSetCookie(text: string): ParsedCookie | string {
  const bad = characterProblem(text)
  if (bad !== '') return bad
  const semicolon = text.indexOf(';')
  const pairEnd = semicolon === -1 ? text.length : semicolon
  const equals = text.indexOf('=')
  const hasName = equals !== -1 && equals < pairEnd
  const name = hasName ? trimmed(text, 0, equals) : ''
  const value = trimmed(text, hasName ? equals + 1 : 0, pairEnd)
  const problem = pairProblem(name, value)
  if (problem !== '') return problem
  const cookie: Writable<ParsedCookie> = {
    name,
    value,
    domain: '',
    path: '',
    secure: false,
    httpOnly: false,
    sameSite: null,
    partitioned: false,
    maxAge: null,
    expires: null,
  }
  for (let start = pairEnd + 1; start <= text.length;) {
    let end = text.indexOf(';', start)
    if (end === -1) end = text.length
    // Cut out first: a search for "=" in all that follows would make a field of semicolons cost a second.
    readAttribute(cookie, text.slice(start, end))
    start = end + 1
  }
  // A tab separates the columns of a cookies.txt; curl refuses it, too.
  return cookie.path.includes('\t') ? 'its path has a tab in it' : cookie
}

/** Why name and value cannot be a cookie's; '' when they can. */
export function pairProblem(name: string, value: string): string {
  if (name === '' && value === '') return 'it has neither name nor value'
  if (name.length + value.length > LIMITS.maxCookieSize) {
    return `its name and value have more than ${LIMITS.maxCookieSize} bytes (limit maxCookieSize)`
  }
  if (name.includes('\t') || value.includes('\t')) return 'it has a tab in it'
  // Sent, it would look like a cookie of that name (RFC 6265bis section 5.7).
  if (name === '' && /^__(?:host|secure)-/i.test(value)) return 'it has no name, and a value like __Host-'
  return ''
}

/** Why a text cannot be sent or stored, by its characters; '' when it can. Latin-1: a character a byte. */
export function characterProblem(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 32 && code !== 9) || code === 127) return 'it has a control character in it'
    if (code > 255)
      return 'it has a character in it that is not Latin-1: encode it, as encodeURIComponent() does'
  }
  return ''
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function readAttribute(cookie: Writable<ParsedCookie>, text: string): void {
  const equals = text.indexOf('=')
  const value = equals === -1 ? '' : trimmed(text, equals + 1)
  if (value.length > LIMITS.maxCookieAttribute) return
  switch (trimmed(text, 0, equals === -1 ? text.length : equals).toLowerCase()) {
    case 'expires':
      cookie.expires = dateOf(value) ?? cookie.expires
      break
    case 'max-age':
      if (/^-?[0-9]+$/.test(value)) cookie.maxAge = Number(value)
      break
    case 'domain':
      cookie.domain = (value.startsWith('.') ? value.slice(1) : value).toLowerCase()
      break
    case 'path':
      cookie.path = value.startsWith('/') ? value : ''
      break
    case 'secure':
      cookie.secure = true
      break
    case 'httponly':
      cookie.httpOnly = true
      break
    case 'samesite':
      cookie.sameSite = sameSiteOf(value)
      break
    case 'partitioned':
      cookie.partitioned = true
      break
    default:
  }
}

/** The usual form, on a day that each month has: there the engine agrees, in a tenth of the time. */
const USUAL_DATE =
  /^[A-Z][a-z]{2}, (?:0[1-9]|1\d|2[0-8]) [A-Z][a-z]{2} (?:19|20)\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d GMT$/

/** Any date as RFC 6265 section 5.1.1 reads it, which is nearly anything; null for none. */
function dateOf(value: string): number | null {
  const time = USUAL_DATE.test(value) ? Date.parse(value) : NaN
  return Number.isNaN(time) ? (toughCookie().parseDate(value)?.getTime() ?? null) : time
}

function sameSiteOf(value: string): SameSite | null {
  const lower = value.toLowerCase()
  return lower === 'strict' || lower === 'lax' || lower === 'none' ? lower : null
}

/** Without the blanks around it: SP and HTAB, nothing else. */
export function trimmed(text: string, start = 0, end: number = text.length): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
