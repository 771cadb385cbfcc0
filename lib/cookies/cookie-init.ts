import { ArgumentError } from '../core/errors.ts'
import { ownOptions } from '../core/own-options.ts'
import { Target } from '../core/target.ts'
import { trimmed, type ParsedCookie, type SameSite } from './set-cookie.ts'
import { cookieProblem } from './stored-cookie.ts'

/** A cookie to set by hand. */
export interface CookieInit {
  name: string
  value: string
  /** For this domain and the hosts below it; default: for the URL's host alone. */
  domain?: string | undefined
  /** Default "/". */
  path?: string | undefined
  secure?: boolean | undefined
  httpOnly?: boolean | undefined
  sameSite?: SameSite | null | undefined
  partitioned?: boolean | undefined
  /** Milliseconds since 1970, or a Date; default null: until the program ends. */
  expires?: number | Date | null | undefined
}

export function parseInit(given: CookieInit, target: Target): ParsedCookie | string {
  const init = ownOptions(given)
  if (typeof init.name !== 'string' || typeof init.value !== 'string') return 'its name or value is no string'
  const domain = (init.domain ?? '').replace(/^\./, '').toLowerCase()
  const expires = init.expires instanceof Date ? init.expires.getTime() : (init.expires ?? null)
  const parsed: ParsedCookie = {
    name: trimmed(init.name),
    value: trimmed(init.value),
    domain,
    path: init.path ?? '/',
    secure: init.secure ?? false,
    httpOnly: init.httpOnly ?? false,
    sameSite: init.sameSite ?? null,
    partitioned: init.partitioned ?? false,
    maxAge: null,
    expires,
  }
  if (expires !== null && !(Math.abs(expires) <= 8.64e15))
    return 'its expires is no time: give milliseconds or a Date'
  const problem = cookieProblem({
    ...parsed,
    domain: domain || target.host,
    hostOnly: domain === '',
    created: 0,
  })
  return problem === '' ? parsed : problem
}

export function placeOf(url: string | URL): { target: Target; path: string } {
  const parsed = URL.parse(String(url))
  const scheme = parsed?.protocol.slice(0, -1)
  if (parsed === null || (scheme !== 'http' && scheme !== 'https')) {
    throw new ArgumentError('the URL of a cookie is none of http or https: give an absolute one')
  }
  const host = parsed.hostname.startsWith('[') ? parsed.hostname.slice(1, -1) : parsed.hostname
  const port = parsed.port === '' ? (scheme === 'https' ? 443 : 80) : Number(parsed.port)
  return {
    target: new Target({ scheme, host, port, clientIp: '', proxy: '', tlsIdentity: '' }),
    path: parsed.pathname,
  }
}
