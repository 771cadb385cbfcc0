import { Duplex } from 'node:stream'
import type { SocksClient, SocksClientOptions } from 'socks'
import { ConnectError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import { allowedAddresses } from './address-guard.ts'
import type { DialOptions } from './network.ts'
import { authorityOf, credentialsRemedy, proxyError, type Tunnel, type TunnelOwner } from './proxy-tunnel.ts'
import type { ProxyServer } from './proxy.ts'
import type { Resolver } from './resolver.ts'

/**
 * A tunnel by SOCKS5 (RFC 1928, RFC 1929), spoken by the library `socks`.
 *
 * The library gets a stream in memory instead of the socket. It listens to what it is given and leaves a
 * timer on it that only its end takes away, and it would read into the bytes behind its handshake: so
 * it is fed byte by byte, and what comes after the last one it wanted was never its own.
 */
export class SocksTunnel implements Tunnel {
  readonly #proxy: ProxyServer
  readonly #origin: DialOptions
  readonly #resolver: Resolver
  readonly #owner: TunnelOwner
  #stream: Duplex | null = null
  #established = false
  #done = false
  #cancelLookup: (() => void) | null = null

  constructor(proxy: ProxyServer, origin: DialOptions, resolver: Resolver, owner: TunnelOwner) {
    this.#proxy = proxy
    this.#origin = origin
    this.#resolver = resolver
    this.#owner = owner
  }

  start(): void {
    const { host } = this.#origin
    if (this.#proxy.scheme === 'socks5h') {
      this.#load(host)
      return
    }
    this.#cancelLookup = this.#resolver.lookup(host, (error, addresses) => {
      this.#cancelLookup = null
      if (this.#done) return
      const allowed = error ?? allowedAddresses(this.#origin, addresses)
      if (!(allowed instanceof ConnectError)) {
        this.#load(allowed[0]!.address)
        return
      }
      this.#done = true
      this.#owner.onTunnelFailed(allowed)
    })
  }

  read(chunk: Uint8Array): void {
    if (this.#done) return
    const stream = this.#stream
    if (stream === null) {
      this.#fail('is no SOCKS5 proxy: it spoke before it was asked')
      return
    }
    for (let at = 0; at < chunk.length && !this.#done; at++) {
      stream.emit('data', Buffer.of(chunk[at]!))
      if (this.#isEstablished) {
        this.destroy()
        this.#owner.onTunnel(chunk.subarray(at + 1))
      }
    }
  }

  destroy(): void {
    this.#done = true
    this.#stream = null
    this.#cancelLookup?.()
    this.#cancelLookup = null
  }

  /** Loads the library when it is first used: that takes 20 ms, which most never need. */
  #load(host: string): void {
    const begin = ({ SocksClient: Client }: { SocksClient: typeof SocksClient }): void => {
      if (!this.#done) this.#shakeHands(Client, host)
    }
    import('socks').then(begin, (error: unknown) => {
      this.#fail(`cannot be used: the package "socks" does not load (${String(error)})`)
    })
  }

  #shakeHands(Client: typeof SocksClient, host: string): void {
    const stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _, done) => {
        if (!this.#done) this.#owner.sendToProxy(chunk)
        done()
      },
    })
    const { host: proxyHost, port, username, password } = this.#proxy
    const options: SocksClientOptions = ownOptions({
      command: 'connect',
      proxy: ownOptions({ host: proxyHost, port, type: 5 as const, userId: username, password }),
      destination: ownOptions({ host, port: this.#origin.port }),
      timeout: LIMITS.socksTimeout,
    })
    let client: SocksClient
    try {
      client = new Client(options)
    } catch (error) {
      this.#fail(`cannot be asked for ${authorityOf(this.#origin)}: ${(error as Error).message}`)
      return
    }
    client.once('established', () => (this.#established = true))
    // It stays: the library's timer may come when nobody waits any more.
    client.on('error', (error) => this.#fail(this.#reasonOf(error.message)))
    this.#stream = stream
    client.connect(stream)
  }

  #reasonOf(message: string): string {
    const refusal = /rejected connection - (\w+)/.exec(message)?.[1]
    if (refusal !== undefined) {
      const reason = Object.hasOwn(REFUSALS, refusal)
        ? `${REFUSALS[refusal]} (${refusal})`
        : 'it says no more'
      return `refused a tunnel to ${authorityOf(this.#origin)}: ${reason}`
    }
    if (/authentication failed|authentication type/i.test(message)) {
      return `refused us: ${credentialsRemedy(this.#proxy)}`
    }
    if (/socks version/.test(message)) return 'is no SOCKS5 proxy: its answer is of another protocol'
    if (/timed out/.test(message)) return `did not answer within ${LIMITS.socksTimeout} ms (socksTimeout)`
    return `broke the SOCKS5 handshake: ${message}`
  }

  #fail(what: string): void {
    if (this.#done) return
    this.#done = true
    this.#stream = null
    // Without the library's error: it holds the options, and the password with them.
    this.#owner.onTunnelFailed(proxyError(this.#proxy, what))
  }

  /** Through a getter, as the library's event set it: the compiler would not believe that. */
  get #isEstablished(): boolean {
    return this.#established
  }
}

/** The replies of RFC 1928 section 6, by the library's names. */
const REFUSALS: Readonly<Record<string, string>> = {
  Failure: 'it failed, and says no more',
  NotAllowed: 'its rules forbid this host or port',
  NetworkUnreachable: 'it cannot reach that network',
  HostUnreachable: 'it cannot reach the host, or does not know the name',
  ConnectionRefused: 'nothing listens there',
  TTLExpired: 'the host is too far away',
  CommandNotSupported: 'it opens no connections for others',
  AddressNotSupported:
    'it does not know this kind of address; try socks5: instead of socks5h:, or the reverse',
}
