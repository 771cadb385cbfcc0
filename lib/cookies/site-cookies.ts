import type { Cookie } from 'tough-cookie'
import { toughCookie } from './tough-cookie.ts'

/** The cookies of one site, which is a registrable domain with all its hosts, or a host that has none. */
export class SiteCookies {
  readonly key: string
  /** Changes whenever a Cookie field made from these cookies could change. */
  version = 0
  /** Grows with use in the whole jar: the site with the least was used longest ago. */
  lastUse = 0
  readonly #cookies = new Map<string, Cookie>()

  constructor(key: string) {
    this.key = key
  }

  get size(): number {
    return this.#cookies.size
  }

  /** The cookie for a domain, or, with '', for the host alone: these are two (RFC 6265bis section 5.7). */
  get(domain: string, host: string, path: string, name: string): Cookie | undefined {
    return this.#cookies.get(domain === '' ? idOf('=', host, path, name) : idOf('.', domain, path, name))
  }

  /** Whether it is a new one. One that takes another's place takes its age as well. */
  put(cookie: Cookie): boolean {
    const id = idOfCookie(cookie)
    const old = this.#cookies.get(id)
    if (old !== undefined) {
      cookie.creation = old.creation
      cookie.creationIndex = old.creationIndex
    }
    this.#cookies.set(id, cookie)
    this.version++
    return old === undefined
  }

  delete(cookie: Cookie): boolean {
    this.version++
    return this.#cookies.delete(idOfCookie(cookie))
  }

  [Symbol.iterator](): IterableIterator<Cookie> {
    return this.#cookies.values()
  }

  /** In the order in which they are sent (RFC 6265 section 5.4): longer paths first, then older cookies. */
  sorted(keep: (cookie: Cookie) => boolean): Cookie[] {
    const kept: Cookie[] = []
    for (const cookie of this.#cookies.values()) if (keep(cookie)) kept.push(cookie)
    return kept.length < 2 ? kept : kept.toSorted(toughCookie().cookieCompare)
  }

  /** Who goes first when there are too many (RFC 6265bis section 5.7): not Secure, then least recently used. */
  firstToGo(): Cookie | undefined {
    let first: Cookie | undefined
    for (const cookie of this.#cookies.values()) {
      if (first === undefined || goesBefore(cookie, first)) first = cookie
    }
    return first
  }
}

/** No control character gets into a cookie, so none of the parts can hold the separator. */
function idOf(scope: '.' | '=', domain: string, path: string, name: string): string {
  return `${scope}${domain}\n${path}\n${name}`
}

function idOfCookie({ hostOnly, domain, path, key }: Cookie): string {
  return idOf(hostOnly === true ? '=' : '.', domain!, path!, key)
}

function goesBefore(a: Cookie, b: Cookie): boolean {
  if (a.secure !== b.secure) return b.secure
  const byUse = timeOf(a.lastAccessed) - timeOf(b.lastAccessed)
  return byUse === 0 ? (a.creationIndex ?? 0) < (b.creationIndex ?? 0) : byUse < 0
}

function timeOf(date: Cookie['lastAccessed']): number {
  return date instanceof Date ? date.getTime() : 0
}
