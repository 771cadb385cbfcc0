import type { Cookie, Store } from 'tough-cookie'
import { LIMITS } from '../core/limits.ts'
import { SiteCookies } from './site-cookies.ts'
import { siteOf } from './site.ts'

/** The shape of tough-cookie's callbacks. */
interface Done<T> {
  (error: Error, result?: never): void
  (error: null, result: T): void
}
type FindArguments = [
  domain: string | null,
  path: string | null,
  name: string | null,
  done?: Done<Cookie | undefined>,
]

/**
 * Where tough-cookie's jar puts what it has judged. By site, each with a version, so that what is
 * remembered for one site outlives a change of another; and bounded, which its own store is not.
 */
export class CookieStore implements Pick<Store, 'synchronous' | 'findCookie' | 'putCookie'> {
  synchronous = true
  /** Changes with every change of a cookie. */
  version = 0
  size = 0
  readonly #maxCookies: number
  readonly #sites = new Map<string, SiteCookies>()
  #uses = 0

  constructor(maxCookies: number) {
    this.#maxCookies = maxCookies
  }

  site(key: string): SiteCookies | undefined {
    return this.#sites.get(key)
  }

  sites(): Iterable<SiteCookies> {
    return this.#sites.values()
  }

  touch(site: SiteCookies): void {
    site.lastUse = ++this.#uses
  }

  put(cookie: Cookie, now: number): void {
    const key = siteOf(cookie.domain!)
    let site = this.#sites.get(key)
    if (site === undefined) {
      site = new SiteCookies(key)
      this.#sites.set(key, site)
    }
    this.touch(site)
    this.version++
    if (!site.put(cookie)) return
    this.size++
    if (site.size > Math.min(LIMITS.maxCookiesPerSite, this.#maxCookies)) this.#thinOut(site, now)
    if (this.size > this.#maxCookies) this.#makeRoom(site, now)
  }

  delete(site: SiteCookies, cookie: Cookie): void {
    if (!site.delete(cookie)) return
    this.version++
    this.size--
    if (site.size === 0) this.#sites.delete(site.key)
  }

  /** The value or the expiry of a cookie in it has been changed. */
  changed(site: SiteCookies, affectsHeader: boolean): void {
    this.version++
    if (affectsHeader) site.version++
  }

  deleteExpired(site: SiteCookies, now: number): void {
    for (const cookie of site) if (expiryOf(cookie) <= now) this.delete(site, cookie)
  }

  /** The site has one cookie too many. */
  #thinOut(site: SiteCookies, now: number): void {
    const before = site.size
    this.deleteExpired(site, now)
    if (site.size === before) this.delete(site, site.firstToGo()!)
  }

  /** The jar has one too many: a tenth goes at once, so that the next ones need not look at all sites. */
  #makeRoom(newest: SiteCookies, now: number): void {
    for (const site of this.#sites.values()) this.deleteExpired(site, now)
    if (this.size <= this.#maxCookies) return
    const goal = Math.ceil(this.#maxCookies * 0.9)
    const byUse = [...this.#sites.values()].toSorted((a, b) => a.lastUse - b.lastUse)
    for (const site of byUse) {
      if (site === newest) continue
      for (const cookie of site) {
        this.delete(site, cookie)
        if (this.size <= goal) return
      }
    }
  }

  // --- what tough-cookie calls on storing a cookie: by callback, at once ---------------------------

  /** Never any: it would look for one by name, and take that of the host for that of the domain. */
  findCookie(...given: FindArguments): Promise<Cookie | undefined> {
    given[3]?.(null, undefined)
    return Promise.resolve(undefined)
  }

  putCookie(cookie: Cookie, done?: Done<void>): Promise<void> {
    const { lastAccessed } = cookie
    this.put(cookie, lastAccessed instanceof Date ? lastAccessed.getTime() : 0)
    done?.(null, undefined)
    return Promise.resolve()
  }
}

/** Milliseconds since 1970; Infinity for a cookie of the session. A Max-Age has become a date when stored. */
export function expiryOf(cookie: Cookie): number {
  return cookie.expires instanceof Date ? cookie.expires.getTime() : Infinity
}
