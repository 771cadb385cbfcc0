import { createHmac, randomBytes } from '../core/crypto.ts'
import { ArgumentError } from '../core/errors.ts'
import type { TargetProxy } from '../core/target.ts'
import type { TlsOptions } from './network.ts'

export type ProxyScheme = 'http' | 'https' | 'socks5' | 'socks5h'

/** As in a URL: what each of them listens on where no port is given. */
const DEFAULT_PORTS: Readonly<Record<ProxyScheme, number>> = {
  http: 80,
  https: 443,
  socks5: 1080,
  socks5h: 1080,
}
const REMEDY = 'give a URL such as http://user:password@proxy.example:3128, or socks5h://proxy.example:1080'
const ENCODE = 'percent-encode what is special in the user name and the password (encodeURIComponent)'
/** RFC 1929 section 2: a length is one byte. */
const MAX_SOCKS_CREDENTIAL = 255
/** Of this process alone: without it, a name's hash could be tried against lists of passwords. */
let nameKey: Buffer | null = null

interface ProxyParts {
  readonly scheme: ProxyScheme
  readonly host: string
  readonly port: number
  /** As in the URL, percent-encoded. */
  readonly shownUser: string
  readonly username: string
  readonly password: string
  readonly tls: TlsOptions
}

/**
 * A proxy that connections go over. Its credentials are private fields behind getters, so that
 * nothing that prints or serialises an object comes upon them.
 */
export class ProxyServer implements TargetProxy {
  readonly scheme: ProxyScheme
  /** Lower-case host name, or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** `scheme://[user@]host:port`, for messages: two proxies may share it. */
  readonly label: string
  /** The label, and a hash of the credentials where there are any: names it in a target's key. */
  readonly name: string
  /** What TLS with the proxy itself is done with; null where it is spoken to in the clear. */
  readonly tls: TlsOptions | null
  readonly #username: string
  readonly #password: string

  constructor(parts: ProxyParts) {
    const { scheme, host, port, username, password, shownUser } = parts
    this.scheme = scheme
    this.host = host
    this.port = port
    this.tls = scheme === 'https' ? parts.tls : null
    this.#username = username
    this.#password = password
    // A user name without a password is a token, as the services that rent out proxies use it.
    const user = password === '' ? '' : `${shownUser}@`
    this.label = `${scheme}://${user}${host.includes(':') ? `[${host}]` : host}:${port}`
    this.name = this.hasCredentials ? `${this.label} #${hash(username, password)}` : this.label
  }

  get hasCredentials(): boolean {
    return this.#username !== '' || this.#password !== ''
  }

  get username(): string {
    return this.#username
  }

  get password(): string {
    return this.#password
  }

  /** Whether it takes http requests in absolute form; all else goes through a tunnel. */
  get forwards(): boolean {
    return this.scheme === 'http' || this.scheme === 'https'
  }

  /** `Proxy-Authorization` (RFC 7617), as a line with its CR LF; '' without credentials or over SOCKS. */
  get fields(): string {
    if (!this.forwards || !this.hasCredentials) return ''
    const credentials = Buffer.from(`${this.#username}:${this.#password}`).toString('base64')
    return `Proxy-Authorization: Basic ${credentials}\r\n`
  }
}

function hash(username: string, password: string): string {
  nameKey ??= randomBytes(32)
  const digest = createHmac('sha256', nameKey)
    .update(JSON.stringify([username, password]))
    .digest('base64url')
  return digest.slice(0, 22)
}

/**
 * What a proxy's URL says: `http:`, `https:` (TLS to the proxy), `socks5:` (the origin's name is looked
 * up here) or `socks5h:` (by the proxy); without a scheme `http:`. Ports default to 80, 443 and 1080.
 * `tls`: for TLS with an https proxy.
 *
 * @throws ArgumentError that shows nothing of user name and password
 */
export function parseProxy(given: string | URL, tls: TlsOptions = {}): ProxyServer {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    throw new ArgumentError(`proxy is of type ${given === null ? 'null' : typeof given}: ${REMEDY}`)
  }
  const text = String(given)
  const [, named, rest = text] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(text) ?? []
  const scheme = (named ?? 'http').toLowerCase()
  const shown = JSON.stringify(withoutCredentials(scheme, rest))
  if (!isScheme(scheme)) {
    throw new ArgumentError(`proxy ${shown} has the scheme "${scheme}": use http, https, socks5 or socks5h`)
  }
  // The URL parser would take tabs and line ends out, and blanks at the ends.
  if (/[^\u0021-\u007e\u00a0-\uffff]/.test(text)) {
    throw new ArgumentError(`proxy ${shown} has blanks or control characters in it: ${ENCODE}`)
  }
  const url = parseAuthority(rest)
  if (url === null) throw new ArgumentError(`proxy ${shown} is no URL: ${REMEDY}; ${ENCODE}`)
  if (url.tail !== '') {
    throw new ArgumentError(`proxy ${shown} goes on after host and port: leave the rest out, or ${ENCODE}`)
  }
  const username = decode(url.username, shown)
  const password = decode(url.password, shown)
  checkCredentials(scheme, username, password, shown)
  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port)
  if (port === 0) throw new ArgumentError(`proxy ${shown} has the port 0: ${REMEDY}`)
  return new ProxyServer({ scheme, host: url.host, port, shownUser: url.username, username, password, tls })
}

function isScheme(scheme: string): scheme is ProxyScheme {
  return Object.hasOwn(DEFAULT_PORTS, scheme)
}

/** Where the URL is not one, nobody knows where a password ends: all before the last @ may be it. */
function withoutCredentials(scheme: string, rest: string): string {
  const at = rest.lastIndexOf('@')
  return `${scheme}://${at === -1 ? rest : `…@${rest.slice(at + 1)}`}`
}

interface Authority {
  readonly host: string
  /** '' where none is given. */
  readonly port: string
  readonly username: string
  readonly password: string
  /** Path, query and fragment; '' for none. */
  readonly tail: string
}

/**
 * Reads it as an http URL, whatever its scheme: the parser leaves hosts of other schemes as they stand.
 * A second time as ftp, because a scheme's default port cannot be told from none.
 */
function parseAuthority(rest: string): Authority | null {
  let url: URL
  let other: URL
  try {
    url = new URL(`http://${rest}`)
    other = new URL(`ftp://${rest}`)
  } catch {
    return null
  }
  const { hostname, username, password } = url
  const path = url.pathname === '/' ? '' : url.pathname
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? other.port : url.port,
    username,
    password,
    tail: `${path}${url.search}${url.hash}`,
  }
}

function decode(encoded: string, shown: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw new ArgumentError(`proxy ${shown} has a % in its credentials that starts no UTF-8: write %25`)
  }
}

function checkCredentials(scheme: ProxyScheme, username: string, password: string, shown: string): void {
  if (scheme === 'http' || scheme === 'https') {
    // RFC 7617 section 2: the first colon ends the user name.
    if (!username.includes(':')) return
    throw new ArgumentError(
      `proxy ${shown} has a colon in its user name, which Basic cannot say: use another`,
    )
  }
  if (username === '' && password !== '') {
    throw new ArgumentError(`proxy ${shown} has a password without a user name: SOCKS5 needs both`)
  }
  if (
    Buffer.byteLength(username) > MAX_SOCKS_CREDENTIAL ||
    Buffer.byteLength(password) > MAX_SOCKS_CREDENTIAL
  ) {
    const rule = `SOCKS5 takes no more than ${MAX_SOCKS_CREDENTIAL} bytes of each: use shorter ones`
    throw new ArgumentError(`proxy ${shown} has a longer user name or password; ${rule}`)
  }
}
