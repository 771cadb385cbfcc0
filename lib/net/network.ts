/**
 * The seam to the network: all that the scheduler knows of sockets. `tcp.ts` implements it on
 * node:net and node:tls, `testing/sim-network.ts` in simulated time.
 */

import type { DialTimes } from '../core/exchange.ts'
import type { TargetProxy } from '../core/target.ts'

/** Options of a TLS handshake, as node:tls takes them; the client's own are merged in by then. */
export type TlsOptions = Readonly<import('node:tls').SecureContextOptions> & {
  /** Verify the server's certificate; default true. */
  readonly rejectUnauthorized?: boolean | undefined
  /** Name for SNI and for the certificate; default: the URL's host, none for an address. */
  readonly servername?: string | undefined
  readonly checkServerIdentity?: import('node:tls').ConnectionOptions['checkServerIdentity'] | undefined
}

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/**
 * The user's own lookup: one address or several, in order of preference; undefined leaves this name
 * to the system.
 */
export type Resolve = (
  host: string,
) => string | readonly string[] | undefined | Promise<string | readonly string[] | undefined>

/** Proxies from what users give; made by the client, for whoever builds requests. */
export interface ProxyNames {
  /** Throws ArgumentError where `given` is no proxy's URL; its message holds no secret. */
  of(given: string | URL): TargetProxy
}

/** Which addresses may be dialled: asked after the lookup, with each of them. */
export interface AddressPolicy {
  /** Why `address` may not be dialled, as in "10.0.0.1 is private"; null: it may. */
  denies(address: string): string | null
}

export interface DialOptions {
  readonly host: string
  readonly port: number
  /** Local address to bind; '' lets the system choose. Addresses of the other family are skipped. */
  readonly clientIp: string
  /** null: plain TCP. */
  readonly tls: TlsOptions | null
  /**
   * The proxy to go over, as `ProxyNames` made it; none by default. With one that `forwards` and without
   * `tls` the wire ends at the proxy; otherwise it goes through to the host. The host is looked up here
   * for `socks5:` only.
   */
  readonly proxy?: TargetProxy | null | undefined
  /**
   * What is asked about every address of the host before it is dialled, also where the host is an address,
   * whoever looks it up; not about the proxy's own. None by default: all may be.
   */
  readonly policy?: AddressPolicy | null | undefined
  /** Most bytes handed over in one go, where that is fewer than usual; TLS through a proxy does not heed it. */
  readonly readSize?: number | undefined
  /** TLS sessions are resumed between dials with an equal key. */
  readonly sessionKey: string
}

/**
 * What a wire tells its owner. `onOpen` at most once and first; `onClose` exactly once and last,
 * unless the owner called `destroy`: then nothing comes any more.
 */
export interface WireOwner {
  /** `times`: what the dial took, where that is known. */
  onOpen(times: DialTimes | null): void
  /** `chunk` is a view that is valid during the call only. */
  onData(chunk: Uint8Array): void
  /**
   * The peer will send nothing more. `clean`: by FIN, and with TLS after its close_notify. An owner
   * that does not destroy the wire gets `onClose` once what it wrote before has left.
   */
  onFin(clean: boolean): void
  /** What was written has left for the kernel, after `write` said false. */
  onDrain(): void
  /** A failed dial is a ConnectError; a broken connection any Error; null: closed in order. */
  onClose(error: Error | null): void
}

/** One connection, from its dial on. */
export interface Wire {
  /** Set once open. */
  readonly remoteAddress: string
  readonly localAddress: string
  /** Strings are Latin-1. false: the kernel did not take it all; wait for `onDrain`. */
  write(data: string | Uint8Array): boolean
  /** Stops and goes on reading: the peer feels it through TCP's window. */
  pause(): void
  resume(): void
  /** Whether this wire keeps the process alive. Idle ones do not. */
  ref(): void
  unref(): void
  /** Ends it now, dial included. Nothing is told to the owner after this. */
  destroy(): void
}

export interface Network {
  /** Looks up, connects, and with TLS shakes hands; tries a host's addresses one after another. */
  dial(options: DialOptions, owner: WireOwner): Wire
  /** Ends what the network itself holds: cached sessions, lookups under way. */
  close(): void
}
