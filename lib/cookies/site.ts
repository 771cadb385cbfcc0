import { ipFamily } from '../core/ip-address.ts'
import type { Scheme } from '../core/target.ts'
import { toughCookie } from './tough-cookie.ts'

/**
 * The registrable domain of a host, such as example.co.uk for www.example.co.uk; '' for addresses, public
 * suffixes (private ones as github.io among them) and single labels.
 */
export function registrableDomain(host: string): string {
  return toughCookie().getPublicSuffix(host, { allowSpecialUseDomain: true, ignoreError: true }) ?? ''
}

/** What cookies are kept by: a cookie that a host may see always has the host's own site. */
export function siteOf(host: string): string {
  return registrableDomain(host) || host
}

/** Whether cookies for `domain`, and not for one host alone, may be seen by `host` (RFC 6265 section 5.1.3). */
export function domainMatches(host: string, domain: string): boolean {
  if (host === domain) return true
  if (!host.endsWith(domain) || host.charCodeAt(host.length - domain.length - 1) !== 46 /* . */) return false
  return ipFamily(host) === 0
}

/**
 * Whether Secure cookies may go to and come from there: https, and the machine itself, as browsers
 * (*.localhost, 127.0.0.0/8, ::1) and curl (localhost, 127.0.0.1, ::1) have it.
 */
export function isSecureContext(scheme: Scheme, host: string): boolean {
  if (scheme === 'https') return true
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true
  return host.startsWith('127.') && ipFamily(host) === 4
}
