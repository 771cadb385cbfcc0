import { ArgumentError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { shownUrl } from '../../core/shown-url.ts'
import type { Scheme } from '../../core/target.ts'
import { typeName } from './body-source.ts'
import { KnownTarget } from './known-target.ts'
import { plainOrigin } from './plain-origin.ts'

/** A URL, as far as it goes on the wire. */
export interface ParsedUrl {
  readonly target: KnownTarget
  /** Path and query; the fragment stays at home. */
  readonly path: string
  /** `#...`, or ''. */
  readonly fragment: string
  /** `user:password` from the URL, decoded; '' for none. */
  readonly credentials: string
}

/** Characters that the URL parser leaves as they are in a path and in a query. */
const PLAIN = new Uint8Array(128)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~!$&()*+,;=:@/%?.') {
  PLAIN[c.charCodeAt(0)] = 1
}

/**
 * Parses URLs, by the URL standard. The usual URL of a crawl, a known origin and a plain path, is
 * only looked over: `new URL` costs 1 us and more, this a tenth.
 */
export class UrlParser {
  /** By `scheme://host[:port]`; forgotten all at once when there are too many. */
  readonly #targets = new Map<string, KnownTarget>()

  parse(url: string | URL): ParsedUrl {
    if (typeof url === 'string') {
      const target = this.#plainTarget(url)
      if (target !== null) {
        return { target, path: url.slice(target.origin.length), fragment: '', credentials: '' }
      }
    } else if (!(url instanceof URL)) {
      throw new ArgumentError(`the URL is ${typeName(url)}; give a string or a URL`)
    }
    return this.#parseWhole(url)
  }

  /** null: the URL needs the URL parser. */
  #plainTarget(url: string): KnownTarget | null {
    const slash = url.indexOf('/', 8)
    if (slash === -1 || !isPlainFrom(url, slash)) return null
    const known = this.#targets.get(url.slice(0, slash))
    if (known !== undefined) return known
    const origin = plainOrigin(url, slash)
    return origin === null ? null : this.#add(origin.scheme, origin.host, origin.port)
  }

  #parseWhole(input: string | URL): ParsedUrl {
    // A URL is read by its text, too: what a subclass says of its parts may not fit a request line.
    const url = URL.parse(typeof input === 'string' ? input : input.href)
    if (url === null) {
      throw new ArgumentError(
        `${JSON.stringify(shownUrl(String(input)))} is not a URL; give an absolute one, as in http://example.com/path`,
      )
    }
    const scheme = url.protocol.slice(0, -1)
    if (scheme !== 'http' && scheme !== 'https') {
      throw new ArgumentError(
        `${JSON.stringify(shownUrl(url.href))} has the scheme ${JSON.stringify(scheme)}; only http and https are fetched`,
      )
    }
    const credentials =
      url.username === '' && url.password === '' ? '' : `${decode(url.username)}:${decode(url.password)}`
    return { target: this.#target(url, scheme), path: pathOf(url), fragment: url.hash, credentials }
  }

  #target(url: URL, scheme: Scheme): KnownTarget {
    const origin = `${scheme}://${url.host}`
    const known = this.#targets.get(origin)
    if (known !== undefined) return known
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
    const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
    return this.#add(scheme, host, port)
  }

  #add(scheme: Scheme, host: string, port: number): KnownTarget {
    // All parts: one that is left out could be found on Object.prototype.
    const target = new KnownTarget({ scheme, host, port, clientIp: '', proxy: '', tlsIdentity: '' })
    if (this.#targets.size >= LIMITS.maxOrigins) {
      this.#targets.clear()
    }
    this.#targets.set(target.origin, target)
    return target
  }
}

/** Whether the URL parser would leave all from `start` as it is: plain characters, no dot segments. */
function isPlainFrom(url: string, start: number): boolean {
  for (let i = start; i < url.length; i++) {
    const code = url.charCodeAt(i)
    if (code > 127 || PLAIN[code] === 0) return false
    if (code === 46 /* . */ && url.charCodeAt(i - 1) === 47 /* slash */) return false
    // %2e is a dot to the URL parser.
    if (code === 37 /* % */ && url.charCodeAt(i + 1) === 50 /* 2 */) return false
  }
  return true
}

/** Path and query. Not by `search`, which knows no empty query: `/a?` is not `/a`. */
function pathOf({ href, protocol }: URL): string {
  const start = href.indexOf('/', protocol.length + 2)
  const hash = href.indexOf('#', start)
  return hash === -1 ? href.slice(start) : href.slice(start, hash)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
