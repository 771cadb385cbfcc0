import type { Clock } from '../core/clock.ts'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import type { DialOptions, Network, Resolve, Wire, WireOwner } from './network.ts'
import { ProxyServer } from './proxy.ts'
import { Resolver } from './resolver.ts'
import { SocketWire, type WireContext } from './socket-wire.ts'
import { TlsDialler } from './tls.ts'

export interface TcpNetworkOptions {
  readonly clock: Clock
  /**
   * The user's own lookup, instead of the system's: an address or several, in order of preference.
   * Asked once for every dial and never cached, so it may rotate. Addresses as hosts are not asked for.
   */
  readonly resolve?: Resolve | undefined
  /** How long a name looked up by the system is believed, ms; default `LIMITS.dnsTtl`; 0: not at all. */
  readonly dnsTtl?: number | undefined
  /** ms until the next address of a host is tried too; default `LIMITS.attemptDelay`. */
  readonly attemptDelay?: number | undefined
  /** TCP probes a connection that was silent for so many ms; default 0: it does not. */
  readonly tcpKeepAlive?: number | undefined
}

/** The real network. */
export class TcpNetwork implements Network {
  readonly #context: WireContext

  constructor(options: TcpNetworkOptions) {
    const { clock, resolve, dnsTtl, attemptDelay, tcpKeepAlive } = ownOptions(options)
    this.#context = {
      clock,
      resolver: new Resolver({ clock, resolve, dnsTtl }),
      tls: new TlsDialler(),
      attemptDelay: attemptDelay ?? LIMITS.attemptDelay,
      tcpKeepAlive: tcpKeepAlive ?? 0,
      // Its own memory, not a part of Node's pool: the sockets hold on to it.
      readBuffer: Buffer.allocUnsafeSlow(LIMITS.readBuffer),
    }
  }

  dial(options: DialOptions, owner: WireOwner): Wire {
    const proxy = options.proxy ?? null
    if (proxy !== null && !(proxy instanceof ProxyServer)) {
      throw new ArgumentError('the proxy was not made by parseProxy: hand in what it returns')
    }
    return new SocketWire(this.#context, options, proxy, owner)
  }

  close(): void {
    this.#context.resolver.close()
    this.#context.tls.close()
  }
}
