import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Target } from '../core/target.ts'
import { placeOf, parseInit, type CookieInit } from './cookie-init.ts'
import { fitsFilter, type CookieFilter } from './cookie-filter.ts'
import { Jar } from './jar.ts'
import { characterProblem, parseSetCookie, type ParsedCookie, type SameSite } from './set-cookie.ts'
import { cookieProblem, type StoredCookie } from './stored-cookie.ts'
import { pathOf, withCookie } from './target-view.ts'

/** What is needed of a `CookieJar` of tough-cookie 4 to 6. */
export interface ToughCookieJar {
  readonly store: {
    synchronous?: boolean
    removeCookie(domain: string, path: string, name: string, done: (error: Error | null) => void): unknown
  }
  setCookieSync(cookie: string, url: string, options?: { ignoreError?: boolean; loose?: boolean }): unknown
  getCookiesSync(url: string): readonly ToughCookie[]
  serializeSync(): { readonly cookies?: readonly object[] } | null | undefined
}

/** What is needed of its cookies. */
export interface ToughCookie {
  readonly key: string
  readonly value: string
}

/** The user's own jar of tough-cookie. Nothing is remembered of it: who else changes it cannot be seen. */
export class AdoptedJar extends Jar {
  readonly #tough: ToughCookieJar
  #version = 0

  /** @throws ArgumentError for what is no such jar, or one whose store answers later */
  constructor(tough: ToughCookieJar) {
    super()
    if (typeof tough?.setCookieSync !== 'function' || typeof tough.getCookiesSync !== 'function') {
      throw new ArgumentError('this is no cookie jar of tough-cookie: give its CookieJar')
    }
    if (tough.store?.synchronous !== true) {
      throw new ArgumentError(
        'the store of this cookie jar answers later, and a request cannot wait for it: give a jar with a ' +
          'MemoryCookieStore, and load and save its cookies yourself',
      )
    }
    this.#tough = tough
  }

  override get size(): number {
    return this.#tough.serializeSync()?.cookies?.length ?? 0
  }

  /** Changes with every answer that set cookies; what others change cannot be seen. */
  override get version(): number {
    return this.#version
  }

  override header(target: Target, path: string): string {
    let header = ''
    try {
      for (const { key, value } of this.#tough.getCookiesSync(target.origin + pathOf(path))) {
        const text = key === '' ? value : `${key}=${value}`
        // The jar is not ours: what would break the request must not get out.
        if (characterProblem(text) === '' && !text.includes('\t')) header = withCookie(header, text)
      }
    } catch {
      // A jar that fails fails no request.
    }
    return header
  }

  override learn(target: Target, path: string, setCookies: readonly string[]): number {
    let stored = 0
    for (const text of setCookies.slice(0, LIMITS.maxSetCookies)) {
      if (typeof parseSetCookie(text) !== 'string' && this.#put(text, target.origin + pathOf(path)) === '')
        stored++
    }
    return stored
  }

  override set(cookie: string | CookieInit, url: string | URL): void {
    const { target, path } = placeOf(url)
    const parsed = typeof cookie === 'string' ? parseSetCookie(cookie) : parseInit(cookie, target)
    const problem =
      typeof parsed === 'string'
        ? parsed
        : this.#put(typeof cookie === 'string' ? cookie : textOf(parsed), target.origin + path)
    if (problem !== '') throw new ArgumentError(`the cookie for ${target.origin} is refused: ${problem}`)
  }

  override cookies(url?: string | URL): StoredCookie[] {
    if (url === undefined) return (this.#tough.serializeSync()?.cookies ?? []).map((one) => describeAny(one))
    return this.#tough.getCookiesSync(String(url)).map((one) => describeAny(one))
  }

  override remove(filter: CookieFilter): number {
    const fitting = this.cookies().filter((one) => fitsFilter(filter, one.name, one.domain, one.path))
    for (const one of fitting) this.#tough.store.removeCookie(one.domain, one.path, one.name, () => {})
    if (fitting.length > 0) this.#version++
    return fitting.length
  }

  override add(cookie: StoredCookie): boolean {
    const problem = cookieProblem(cookie)
    if (problem !== '') throw new ArgumentError(`a cookie for "${cookie.domain}" cannot be kept: ${problem}`)
    const { domain, hostOnly } = cookie
    const host = domain.includes(':') ? `[${domain}]` : domain
    const text = textOf({ ...cookie, domain: hostOnly ? '' : domain, maxAge: null })
    return this.#put(text, `https://${host}${pathOf(cookie.path)}`) === ''
  }

  #put(text: string, url: string): string {
    try {
      const stored = this.#tough.setCookieSync(text, url, { ignoreError: true, loose: true })
      if (stored === undefined || stored === null) return 'the jar does not take it'
    } catch (error) {
      return error instanceof Error ? error.message : 'the jar does not take it'
    }
    this.#version++
    return ''
  }
}

function textOf(cookie: ParsedCookie): string {
  const parts = [cookie.name === '' ? cookie.value : `${cookie.name}=${cookie.value}`]
  if (cookie.domain !== '') parts.push(`Domain=${cookie.domain}`)
  if (cookie.path !== '') parts.push(`Path=${cookie.path}`)
  if (cookie.expires !== null) parts.push(`Expires=${new Date(cookie.expires).toUTCString()}`)
  if (cookie.secure) parts.push('Secure')
  if (cookie.httpOnly) parts.push('HttpOnly')
  if (cookie.sameSite !== null) parts.push(`SameSite=${cookie.sameSite}`)
  if (cookie.partitioned) parts.push('Partitioned')
  return parts.join('; ')
}

/** From a cookie of any of its versions, live or serialised. */
function describeAny(cookie: object): StoredCookie {
  const one = cookie as Readonly<Record<string, unknown>>
  const sameSite = typeof one['sameSite'] === 'string' ? one['sameSite'].toLowerCase() : ''
  const extensions = Array.isArray(one['extensions']) ? one['extensions'] : []
  return {
    name: typeof one['key'] === 'string' ? one['key'] : '',
    value: typeof one['value'] === 'string' ? one['value'] : '',
    domain: typeof one['domain'] === 'string' ? one['domain'] : '',
    hostOnly: one['hostOnly'] !== false,
    path: typeof one['path'] === 'string' ? one['path'] : '/',
    secure: one['secure'] === true,
    httpOnly: one['httpOnly'] === true,
    sameSite: ['strict', 'lax', 'none'].includes(sameSite) ? (sameSite as SameSite) : null,
    partitioned: extensions.some((text) => /^partitioned$/i.test(String(text))),
    expires: expiryOfAny(one),
    created: timeOf(one['creation']) ?? 0,
  }
}

function expiryOfAny(one: Readonly<Record<string, unknown>>): number | null {
  const start = timeOf(one['lastAccessed']) ?? timeOf(one['creation'])
  if (typeof one['maxAge'] === 'number' && start !== null) return start + one['maxAge'] * 1_000
  return timeOf(one['expires'])
}

/** Dates are Date objects in a live cookie, text in a serialised one, "Infinity" for none. */
function timeOf(value: unknown): number | null {
  if (!(value instanceof Date) && typeof value !== 'string') return null
  const time = new Date(value).getTime()
  return Number.isNaN(time) ? null : time
}
