/**
 * What a pool is for: everything that must be equal for two exchanges to share a connection.
 * The client IP, the proxy and the TLS identity belong to it: a pool that ignores one of them
 * sends a request from the wrong address or over the wrong tunnel (scrapy 8081, CVE-2026-6734).
 */
export type Scheme = 'http' | 'https'

/** A proxy, as its targets and requests know it. */
export interface TargetProxy {
  /** Equal for equal proxies and credentials, different for different ones; holds no secret. */
  readonly name: string
  /** Whether it takes http requests in absolute form (RFC 9112 section 3.2.2). */
  readonly forwards: boolean
  /** The fields of such requests that are for the proxy alone, each line with its CR LF; '' for none. */
  readonly fields: string
}

export interface TargetParts {
  scheme: Scheme
  /** Lower-case host name, or an address; IPv6 without brackets. */
  host: string
  port: number
  /** Local address that connections are bound to; '' lets the system choose. */
  clientIp?: string
  /** '' or null for none. */
  proxy?: TargetProxy | null | ''
  /** What the TLS handshake is done with; '' for the client's own. */
  tlsIdentity?: string
}

export class Target {
  readonly scheme: Scheme
  readonly host: string
  readonly port: number
  readonly clientIp: string
  /** Name of the proxy; '' for none. */
  readonly proxy: string
  /** The proxy itself, for whoever dials; null for none. */
  readonly via: TargetProxy | null
  /** Whether its requests go to the proxy, with the whole URL in their first line. */
  readonly absolute: boolean
  readonly tlsIdentity: string
  /** `host[:port]` as in the Host field: no default port, brackets around IPv6. */
  readonly authority: string
  /** Equal for equal targets, and readable: it names the target in `stats()` and in messages. */
  readonly key: string

  constructor(parts: TargetParts) {
    this.scheme = parts.scheme
    this.host = parts.host
    this.port = parts.port
    this.clientIp = parts.clientIp ?? ''
    this.via = parts.proxy || null
    this.proxy = this.via === null ? '' : this.via.name
    this.absolute = parts.scheme === 'http' && this.via !== null && this.via.forwards
    this.tlsIdentity = parts.tlsIdentity ?? ''
    const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host
    const defaultPort = parts.scheme === 'https' ? 443 : 80
    this.authority = parts.port === defaultPort ? host : flat(host, ':', String(parts.port))
    this.key = targetKey(this)
  }

  /** `scheme://host[:port]`. */
  get origin(): string {
    return `${this.scheme}://${this.authority}`
  }
}

function targetKey(target: Target): string {
  const parts = [target.origin]
  if (target.clientIp !== '') parts.push(` from ${target.clientIp}`)
  if (target.proxy !== '') parts.push(` via ${target.proxy}`)
  if (target.tlsIdentity !== '') parts.push(` tls ${target.tlsIdentity}`)
  return flat(...parts)
}

/** Joins into one string of its own: a string made by adding holds on to all its parts. */
function flat(...parts: string[]): string {
  return Buffer.from(parts.join('')).toString()
}
