import { ArgumentError } from '../core/errors.ts'
import { trimmed } from './set-cookie.ts'
import { cookieProblem, type StoredCookie } from './stored-cookie.ts'
import { toughCookie } from './tough-cookie.ts'

/**
 * The cookies.txt of Netscape, which curl, wget, yt-dlp and browser extensions read and write: lines of
 * seven fields between tabs. Its text is Latin-1 here, a character for each byte of the file.
 */

const FIRST_LINE = '# Netscape HTTP Cookie File'
/** curl's way to say HttpOnly; to others such a line is a comment. */
const HTTP_ONLY = '#HttpOnly_'

export function writeNetscape(cookies: Iterable<StoredCookie>): string {
  const lines = [FIRST_LINE, '']
  for (const cookie of cookies) lines.push(writeLine(cookie))
  return `${lines.join('\n')}\n`
}

function writeLine(cookie: StoredCookie): string {
  const { domain, hostOnly, path, secure, httpOnly, expires, name, value } = cookie
  // 0 is the session. A date in the first second of 1970 has passed as well as one in the second.
  const seconds = expires === null ? 0 : Math.max(1, Math.floor(expires / 1_000))
  const prefix = httpOnly ? HTTP_ONLY : ''
  const scope = `${prefix}${hostOnly ? '' : '.'}${domain}`
  return [scope, yesNo(!hostOnly), path, yesNo(secure), String(seconds), name, value].join('\t')
}

/**
 * Reads it; `now` becomes the cookies' age, in milliseconds since 1970. `source` names the text in errors.
 * @throws ArgumentError naming the line, the rule and the remedy; never what stands there, which is secret
 */
export function readNetscape(text: string, source: string, now: number): StoredCookie[] {
  const cookies: StoredCookie[] = []
  const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n')
  for (const [index, whole] of lines.entries()) {
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole
    const httpOnly = line.startsWith(HTTP_ONLY)
    if (line.trim() === '' || (line.startsWith('#') && !httpOnly)) continue
    const cookie = readLine(httpOnly ? line.slice(HTTP_ONLY.length) : line, httpOnly, now)
    const problem = typeof cookie === 'string' ? cookie : cookieProblem(cookie)
    if (problem !== '') throw new ArgumentError(`${source}, line ${index + 1}: ${problem}`)
    cookies.push(cookie as StoredCookie)
  }
  return cookies
}

function readLine(line: string, httpOnly: boolean, now: number): StoredCookie | string {
  const fields = line.split('\t')
  // Without a value, some leave out the last tab.
  if (fields.length === 6) fields.push('')
  if (fields.length !== 7) {
    return (
      `it has ${fields.length} field(s), and a cookie has 7 between tabs: export the file anew, for text ` +
      'that was copied from a page has blanks for tabs, or put # before a comment'
    )
  }
  const [host = '', below = '', path = '', secure = '', expires = '', name = '', value = ''] = fields
  const withHosts = readFlag(below)
  const isSecure = readFlag(secure)
  if (withHosts === null) return 'its second field (for subdomains) is neither TRUE nor FALSE: correct it'
  if (isSecure === null) return 'its fourth field (Secure) is neither TRUE nor FALSE: correct it'
  const seconds = expires === '' ? 0 : Number(expires)
  if (!Number.isFinite(seconds) || seconds > 8.64e12) {
    return 'its fifth field (expiry) is no number of seconds since 1970: correct it, 0 is for the session'
  }
  return {
    name: trimmed(name),
    value: trimmed(value),
    domain: readDomain(host),
    // The flag alone says it, as for curl and wget: of the two readings of ".a.b FALSE" it is the narrower.
    hostOnly: !withHosts,
    path: path === '' ? '/' : path,
    secure: isSecure,
    httpOnly,
    sameSite: null,
    partitioned: false,
    // Some write -1 for the session.
    expires: seconds <= 0 ? null : Math.floor(seconds * 1_000),
    created: now,
  }
}

/** Lower case, in punycode, without leading dot, and without the port that wget writes after it. */
function readDomain(field: string): string {
  const host = field.replace(/^\./, '').replace(/^(\[.*\]|[^:]*):\d+$/, '$1')
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  try {
    return toughCookie().canonicalDomain(Buffer.from(bare, 'latin1').toString()) ?? ''
  } catch {
    // Refused as a domain, with the other rules.
    return ''
  }
}

function yesNo(value: boolean): string {
  return value ? 'TRUE' : 'FALSE'
}

function readFlag(field: string): boolean | null {
  const upper = field.toUpperCase()
  return upper === 'TRUE' || upper === 'FALSE' ? upper === 'TRUE' : null
}
