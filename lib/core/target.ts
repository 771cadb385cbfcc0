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
  /** `scheme://host[:port]`. */
  readonly origin: string
  /** Equal for equal targets, and readable: it names the target in `stats()` and in messages. */
  readonly key: string

  constructor(parts: TargetParts) {
    const { scheme, host } = parts
    const before = scheme === 'https' ? 'https://' : 'http://'
    const isBracketed = host.includes(':')
    const origin = [
      before,
      isBracketed ? `[${host}]` : host,
      parts.port === (scheme === 'https' ? 443 : 80) ? '' : `:${parts.port}`,
    ].join('')
    const start = before.length + (isBracketed ? 1 : 0)
    this.scheme = scheme
    // Parts of one string that all three share: what was given may be a part of a long URL, and hold on to it.
    this.host = origin.slice(start, start + host.length)
    this.port = parts.port
    this.clientIp = parts.clientIp ?? ''
    this.via = parts.proxy || null
    this.proxy = this.via === null ? '' : this.via.name
    this.absolute = scheme === 'http' && this.via !== null && this.via.forwards
    this.tlsIdentity = parts.tlsIdentity ?? ''
    this.authority = origin.slice(before.length)
    this.origin = origin
    const isPlain = this.clientIp === '' && this.proxy === '' && this.tlsIdentity === ''
    this.key = isPlain ? origin : keyOf(this)
  }
}

/** Joined: a string made by adding holds on to all its parts. */
function keyOf(target: Target): string {
  const parts = [target.origin]
  if (target.clientIp !== '') parts.push(` from ${target.clientIp}`)
  if (target.proxy !== '') parts.push(` via ${target.proxy}`)
  if (target.tlsIdentity !== '') parts.push(` tls ${target.tlsIdentity}`)
  return parts.join('')
}
