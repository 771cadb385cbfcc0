import type { Cookie, CookieJar, Store } from 'tough-cookie'
import { systemClock, type Clock } from '../core/clock.ts'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import type { Target } from '../core/target.ts'
import {
  domainFor,
  expiryFor,
  hidesSecure,
  isSameButForValue,
  lifetime,
  newCookie,
  prefixProblem,
} from './admission.ts'
import { fitsFilter, type CookieFilter } from './cookie-filter.ts'
import { parseInit, placeOf, type CookieInit } from './cookie-init.ts'
import { CookieStore, expiryOf } from './cookie-store.ts'
import { countOption } from './count-option.ts'
import { ownText } from './own-text.ts'
import { readNetscape, writeNetscape } from './netscape.ts'
import { RecentMap } from './recent-map.ts'
import { parseSetCookie, type ParsedCookie } from './set-cookie.ts'
import type { SiteCookies } from './site-cookies.ts'
import {
  cookieProblem,
  describeCookie,
  readStoredCookie,
  restoreCookie,
  type StoredCookie,
} from './stored-cookie.ts'
import { pathOf, TargetView } from './target-view.ts'
import { toughCookie } from './tough-cookie.ts'

export interface JarOptions {
  /** Where expiry takes the time from; default the machine's clock. */
  clock?: Pick<Clock, 'date'> | undefined
  /** Most cookies in the jar; default 3,000. Expired ones go first, then those of sites not used for longest. */
  maxCookies?: number | undefined
}

/**
 * The cookies of one client IP or session: what servers set, by RFC 6265bis, and what goes back to them.
 *
 * Cookies ignore ports (RFC 6265 section 8.5) and, in a jar that has no site to ask from, SameSite.
 * Secure ones go over https only, and to the machine itself (localhost, 127.0.0.0/8, ::1) over http too.
 */
export class Jar {
  readonly #clock: Pick<Clock, 'date'>
  readonly #store: CookieStore
  /** Decides whether, and as what, a cookie is stored. */
  readonly #judge: CookieJar
  readonly #views: RecentMap<Target, TargetView>

  /** Throws ArgumentError for a limit that is none. */
  constructor(given: JarOptions = {}) {
    const options = ownOptions(given)
    this.#clock = options.clock ?? systemClock
    this.#store = new CookieStore(countOption('maxCookies', options.maxCookies, LIMITS.maxCookies))
    this.#judge = new (toughCookie().CookieJar)(this.#store as unknown as Store)
    this.#views = new RecentMap(LIMITS.maxCookieTargets)
  }

  /** How many cookies it holds, expired ones that nobody has met since included. */
  get size(): number {
    return this.#store.size
  }

  /** Changes with every change of its cookies. */
  get version(): number {
    return this.#store.version
  }

  /** The value of the Cookie field for a request to this target and path; '' for none. Never throws. */
  header(target: Target, path: string): string {
    return this.#store.size === 0 ? '' : this.#view(target).header(path, this.#store, this.#clock)
  }

  /**
   * Stores what a response set, and returns how many cookies that were. What is malformed or refused is
   * skipped. Never throws. `setCookies` are the values of the Set-Cookie fields.
   */
  learn(target: Target, path: string, setCookies: readonly string[]): number {
    if (setCookies.length === 0) return 0
    const view = this.#view(target)
    const now = this.#clock.date()
    const count = Math.min(setCookies.length, LIMITS.maxSetCookies)
    let stored = 0
    for (let i = 0; i < count; i++) {
      if (this.#isKnown(view, path, setCookies[i]!, now) || this.#learn(view, path, setCookies[i]!, now))
        stored++
    }
    return stored
  }

  /**
   * Sets a cookie as if a response from `url` had: the text of a Set-Cookie field, or its parts.
   * @throws ArgumentError saying why it is refused
   */
  set(cookie: string | CookieInit, url: string | URL): void {
    const { target, path } = placeOf(url)
    const parsed = typeof cookie === 'string' ? parseSetCookie(cookie) : parseInit(cookie, target)
    const problem =
      typeof parsed === 'string'
        ? parsed
        : this.#keep(new TargetView(target), path, parsed, this.#clock.date())
    if (problem !== '') throw new ArgumentError(`the cookie for ${target.origin} is refused: ${problem}`)
  }

  /** The value of the cookie of that name that `url` would be sent; undefined for none. */
  get(name: string, url: string | URL): string | undefined {
    return this.cookies(url).find((cookie) => cookie.name === name)?.value
  }

  /** The cookies that `url` would be sent, in that order; without a URL all, the oldest first. */
  cookies(url?: string | URL): StoredCookie[] {
    const now = this.#clock.date()
    if (url !== undefined) {
      const { target, path } = placeOf(url)
      return new TargetView(target).cookies(path, this.#store, now).map((cookie) => describeCookie(cookie))
    }
    const all: Cookie[] = []
    for (const site of this.#store.sites())
      for (const cookie of site) if (expiryOf(cookie) > now) all.push(cookie)
    all.sort((a, b) => (a.creationIndex ?? 0) - (b.creationIndex ?? 0))
    return all.map((cookie) => describeCookie(cookie))
  }

  /** Removes the cookies that fit, and returns how many: `{ domain: 'example.com', name: 'id' }`. */
  remove(filter: CookieFilter): number {
    let removed = 0
    for (const site of this.#store.sites()) {
      for (const cookie of site) {
        if (!fitsFilter(filter, cookie.key, cookie.domain!, cookie.path!)) continue
        this.#store.delete(site, cookie)
        removed++
      }
    }
    return removed
  }

  /** Removes all cookies. */
  clear(): void {
    this.remove({})
  }

  /**
   * Stores a cookie as a file has it. One that has expired is left out: false.
   * @throws ArgumentError saying what cannot be kept
   */
  add(cookie: StoredCookie): boolean {
    const problem = cookieProblem(cookie)
    if (problem !== '') throw new ArgumentError(`a cookie for "${cookie.domain}" cannot be kept: ${problem}`)
    const now = this.#clock.date()
    if (cookie.expires !== null && cookie.expires <= now) return false
    this.#store.put(restoreCookie(cookie, now), now)
    return true
  }

  /** All cookies, for JSON. */
  toJSON(): StoredCookie[] {
    return this.cookies()
  }

  /**
   * Adds what `toJSON` gave, and returns how many cookies that were. All or none.
   * @throws ArgumentError naming the place and the remedy
   */
  fromJSON(value: unknown): number {
    if (!Array.isArray(value))
      throw new ArgumentError('the cookies of a jar are an array, as toJSON() gives it')
    return this.#addAll(value.map((one, i) => readStoredCookie(one, `cookie ${i + 1}`)))
  }

  /** All cookies in the form of a Netscape cookies.txt, each character a byte. */
  toNetscape(): string {
    return writeNetscape(this.cookies())
  }

  /**
   * Adds the cookies of a Netscape cookies.txt, read as Latin-1, and returns how many that were. All or none.
   * @throws ArgumentError naming the line and the remedy
   */
  fromNetscape(text: string, name = 'the text'): number {
    return this.#addAll(readNetscape(text, name, this.#clock.date()))
  }

  #addAll(cookies: readonly StoredCookie[]): number {
    let added = 0
    for (const cookie of cookies) if (this.add(cookie)) added++
    return added
  }

  #view(target: Target): TargetView {
    let view = this.#views.get(target)
    if (view === undefined) {
      view = new TargetView(target)
      this.#views.set(target, view)
    }
    return view
  }

  /** Whether the field says just what it said last time, and no cookie of the site has changed since. */
  #isKnown(view: TargetView, path: string, text: string, now: number): boolean {
    const known = view.known?.get(text)
    if (known === undefined || known.version !== this.#store.site(view.siteKey)?.version) return false
    if (known.defaultPath !== '' && known.defaultPath !== toughCookie().defaultPath(pathOf(path)))
      return false
    const expiry = expiryOf(known.cookie)
    if (expiry <= now) return false
    if (known.maxAge === null || now + known.maxAge === expiry) return true
    // A clock that was set back: what is remembered must not outlive the cookie.
    if (now + known.maxAge < expiry) return false
    known.cookie.expires = new Date(now + known.maxAge)
    this.#store.changed(this.#store.site(view.siteKey)!, false)
    return true
  }

  #learn(view: TargetView, path: string, text: string, now: number): boolean {
    const parsed = parseSetCookie(text)
    if (typeof parsed === 'string') return false
    const { version } = this.#store
    if (this.#keep(view, path, parsed, now) !== '') return false
    // A date in the past is how servers remove cookies: nothing was stored.
    if (expiryFor(parsed, now) <= now) return false
    const said = this.#store.version === version || parsed.maxAge !== null
    if (said && text.length <= LIMITS.maxKnownSetCookieSize) this.#remember(view, path, text, parsed)
    return true
  }

  /** It said nothing new, and may well come again. */
  #remember(view: TargetView, path: string, text: string, parsed: ParsedCookie): void {
    const site = this.#store.site(view.siteKey)
    const plain = parsed.path || toughCookie().defaultPath(pathOf(path))
    const cookie = site?.get(domainFor(view, parsed) ?? '', view.host, plain, parsed.name)
    if (site === undefined || cookie === undefined) return
    view.known ??= new Map()
    if (view.known.size >= LIMITS.maxKnownSetCookies && !view.known.has(text)) view.known.clear()
    view.known.set(ownText(text), {
      cookie,
      defaultPath: parsed.path === '' ? plain : '',
      maxAge: parsed.maxAge === null ? null : lifetime(parsed.maxAge),
      version: site.version,
    })
  }

  /** Stores a cookie by RFC 6265bis section 5.7. Returns why not, or ''. */
  #keep(view: TargetView, path: string, parsed: ParsedCookie, now: number): string {
    const domain = domainFor(view, parsed)
    if (domain === null) return 'its domain is not the host, and not above it within its registrable domain'
    if (parsed.secure && !view.secure) return 'it is Secure, and the connection is not'
    const plain = parsed.path || toughCookie().defaultPath(pathOf(path))
    const problem = prefixProblem(parsed, domain)
    if (problem !== '') return problem
    const site = this.#store.site(view.siteKey)
    const own = domain || view.host
    if (!view.secure && site !== undefined && hidesSecure(site, own, plain, parsed.name, now)) {
      return 'a Secure cookie of that name is there, which only a secure connection may replace'
    }
    const expiry = expiryFor(parsed, now)
    const existing = site?.get(domain, view.host, plain, parsed.name)
    if (expiry <= now) {
      if (existing !== undefined) this.#store.delete(site!, existing)
      return ''
    }
    if (existing !== undefined && isSameButForValue(existing, parsed)) {
      this.#update(site!, existing, parsed.value, expiry, now)
      return ''
    }
    return this.#judgeNew(view, path, newCookie(parsed, domain, plain, expiry), now)
  }

  /** tough-cookie's part: it has the last word on each cookie that is new, or has changed its attributes. */
  #judgeNew(view: TargetView, path: string, cookie: Cookie, now: number): string {
    const url = { protocol: view.secure ? 'https:' : 'http:', hostname: view.host, pathname: pathOf(path) }
    const { version } = this.#store
    try {
      this.#judge.setCookieSync(cookie, url as URL, { now: new Date(now) })
    } catch (error) {
      // Its messages hold domains, never values.
      return (error as Error).message
    }
    return this.#store.version === version ? 'its prefix asks for attributes that it does not have' : ''
  }

  /** Its Cookie field stays remembered when only the expiry moves, and moves on. */
  #update(site: SiteCookies, cookie: Cookie, value: string, expiry: number, now: number): void {
    const old = expiryOf(cookie)
    if (cookie.value === value && old === expiry) return
    const affectsHeader = cookie.value !== value || expiry < old
    if (cookie.value !== value) cookie.value = ownText(value)
    cookie.expires = expiry === Infinity ? 'Infinity' : new Date(expiry)
    cookie.lastAccessed = new Date(now)
    this.#store.changed(site, affectsHeader)
  }
}
