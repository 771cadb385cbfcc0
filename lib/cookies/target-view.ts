import type { Cookie } from 'tough-cookie'
import { LIMITS } from '../core/limits.ts'
import type { Target } from '../core/target.ts'
import { expiryOf, type CookieStore } from './cookie-store.ts'
import type { SiteCookies } from './site-cookies.ts'
import { domainMatches, isSecureContext, registrableDomain } from './site.ts'
import { toughCookie } from './tough-cookie.ts'

/** A Set-Cookie field that changed nothing when it came last. */
export interface KnownSetCookie {
  readonly cookie: Cookie
  /** The path that it holds for when it names none; '' when it names one. */
  readonly defaultPath: string
  /** Milliseconds from its arrival; null without Max-Age. */
  readonly maxAge: number | null
  /** The site's version at that time. */
  version: number
}

/**
 * What one target sees of a jar, remembered until a cookie of its site changes or one expires. The path
 * matters only where cookies have one: all others share one Cookie field.
 */
export class TargetView {
  readonly host: string
  readonly secure: boolean
  /** '' for an address, a public suffix, a single label: then there are no cookies for domains. */
  readonly registrable: string
  readonly siteKey: string
  /** Set-Cookie fields by their text; null until there is one. */
  known: Map<string, KnownSetCookie> | null = null
  #site: SiteCookies | null = null
  #version = -1
  #validUntil = Infinity
  /** What the target may see, in the order of sending. */
  #cookies: readonly Cookie[] = []
  /** Paths of these cookies other than "/", the longest first. */
  #paths: readonly string[] = []
  /** The Cookie field for each of `#paths`, and at the end for all other paths; null: not yet asked for. */
  #headers: (string | null)[] = []

  constructor(target: Target) {
    this.host = target.host.toLowerCase()
    this.secure = isSecureContext(target.scheme, this.host)
    this.registrable = registrableDomain(this.host)
    this.siteKey = this.registrable || this.host
  }

  header(path: string, store: CookieStore, clock: { date(): number }): string {
    let site = this.#site
    if (site === null || site.version !== this.#version) {
      site = store.site(this.siteKey) ?? null
      if (site === null) {
        this.#site = null
        return ''
      }
      this.#look(site, store, clock.date())
    } else if (this.#validUntil !== Infinity) {
      const now = clock.date()
      if (now >= this.#validUntil) this.#look(site, store, now)
    }
    store.touch(site)
    if (this.#cookies.length === 0) return ''
    const at = this.#paths.length === 0 ? 0 : this.#classOf(path)
    return this.#headers[at] ?? this.#make(at, path)
  }

  /** What the target sees of the site for a path, expired ones left out. */
  cookies(path: string, store: CookieStore, now: number): Cookie[] {
    const plain = pathOf(path)
    const site = store.site(this.siteKey)
    if (site === undefined) return []
    return site.sorted(
      (one) => this.#sees(one) && expiryOf(one) > now && toughCookie().pathMatch(plain, one.path!),
    )
  }

  #sees({ domain, hostOnly, secure }: Cookie): boolean {
    if (secure && !this.secure) return false
    return hostOnly === true ? domain === this.host : domainMatches(this.host, domain!)
  }

  #look(site: SiteCookies, store: CookieStore, now: number): void {
    store.deleteExpired(site, now)
    this.#cookies = site.sorted((cookie) => this.#sees(cookie))
    this.#validUntil = Infinity
    const used = new Date(now)
    const paths: string[] = []
    for (const cookie of this.#cookies) {
      cookie.lastAccessed = used
      this.#validUntil = Math.min(this.#validUntil, expiryOf(cookie))
      // The cookies come with the longest path first, those with the root last.
      if (cookie.path !== '/' && !paths.includes(cookie.path!)) paths.push(cookie.path!)
    }
    this.#paths = paths
    this.#headers = paths.length === 0 ? [null] : Array.from({ length: paths.length + 1 }, () => null)
    this.#site = site
    this.#version = site.version
  }

  /**
   * The index of the longest cookie path that matches. It says all: the others that match are prefixes of
   * it, and match it as well. So a site has as many Cookie fields as it has paths, and one more.
   */
  #classOf(path: string): number {
    const plain = pathOf(path)
    for (let i = 0; i < this.#paths.length; i++) if (toughCookie().pathMatch(plain, this.#paths[i]!)) return i
    return this.#paths.length
  }

  #make(at: number, path: string): string {
    const plain = pathOf(path)
    let header = ''
    for (const cookie of this.#cookies) {
      if (cookie.path === '/' || toughCookie().pathMatch(plain, cookie.path!))
        header = withCookie(header, cookie.cookieString())
    }
    // Each may have 8 KB, and a site may have 180: what is rare is made anew each time, in some 5 us.
    if (this.#headers.length <= LIMITS.maxCookieFields) this.#headers[at] = header
    return header
  }
}

/** With one cookie more, if there is room: servers answer 400 to a field that is too long. */
export function withCookie(header: string, cookie: string): string {
  const longer = header === '' ? cookie : `${header}; ${cookie}`
  return longer.length > LIMITS.maxCookieHeader ? header : longer
}

/** Without the query; "/" for what is no path, as the "*" of OPTIONS. */
export function pathOf(path: string): string {
  if (!path.startsWith('/')) return '/'
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}
