import { ConnectError } from '../core/errors.ts'
import type { DialOptions } from './network.ts'
import type { ProxyServer } from './proxy.ts'

/** Whom a tunnel is for. Exactly one of onTunnel and onTunnelFailed, unless it is destroyed before. */
export interface TunnelOwner {
  sendToProxy(data: string | Uint8Array): void
  /** The proxy has opened it. `rest` came behind its answer, and belongs to what goes through. */
  onTunnel(rest: Uint8Array): void
  onTunnelFailed(error: ConnectError): void
}

/** What is said to a proxy until it passes on all that comes. Knows bytes and no socket. */
export interface Tunnel {
  start(): void
  /** What the proxy says, while the tunnel neither stands nor failed. `chunk` is valid during the call only. */
  read(chunk: Uint8Array): void
  /** Nothing is told to the owner after this. */
  destroy(): void
}

/** `host:port` as in CONNECT and in messages: brackets around IPv6. */
export function authorityOf({ host, port }: Pick<DialOptions, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The causes of others stay out: a library's error may hold what it was called with, the password too. */
export function proxyError(proxy: ProxyServer, what: string, cause?: unknown): ConnectError {
  return new ConnectError('proxy', `the proxy ${proxy.label} ${what}`, cause)
}

/** What to do about credentials that a proxy does not take. */
export function credentialsRemedy(proxy: ProxyServer): string {
  return proxy.hasCredentials
    ? 'it does not accept the user name and password of its URL'
    : "it wants credentials: give user name and password in the proxy's URL"
}

/** The dial to the proxy itself. Its TLS sessions are nobody else's: they are known by the target's. */
export function hopTo({ host, port, tls }: ProxyServer, { clientIp, sessionKey }: DialOptions): DialOptions {
  return { host, port, tls, clientIp, proxy: null, policy: null, sessionKey: `proxy for ${sessionKey}` }
}

/** A dial to the proxy itself failed. Its TLS has options of its own. */
export function unreachable(proxy: ProxyServer, error: ConnectError): ConnectError {
  const message = error.message.replaceAll('tlsOptions', 'proxyTlsOptions')
  return proxyError(proxy, `cannot be used: ${message}`, error.cause)
}

/** TLS with the host failed, inside the tunnel: it may still have been the proxy. */
export function viaProxy(proxy: ProxyServer, error: ConnectError): ConnectError {
  return new ConnectError(error.phase, `${error.message} (through the proxy ${proxy.label})`, error.cause)
}
