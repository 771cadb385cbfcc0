import { ConnectError } from '../core/errors.ts'
import { ipFamily } from '../core/ip-address.ts'
import { LIMITS } from '../core/limits.ts'
import type { DialOptions, Network, Wire, WireOwner } from '../net/network.ts'
import { Random } from './random.ts'
import type { SimClock } from './sim-clock.ts'
import { lookupError, SimHosts, type SimDelay, type SimHost } from './sim-hosts.ts'
import type { SimConditions, SimLink } from './sim-pipe.ts'
import type { SimSocket, SimSocketOwner } from './sim-socket.ts'
import { SimWire, type WireKeeper } from './sim-wire.ts'

/** What becomes of one dial. 'hang': nobody ever answers. 'tls': the handshake fails. A delay: accepted, but late. */
export type DialFate = 'accept' | 'refuse' | 'hang' | 'tls' | SimDelay

/** A server of the simulated network. */
export interface SimListener {
  /** Speaks TLS; default false. A dial of the other kind fails. */
  readonly tls?: boolean
  /** Called when a connection arrives; what it returns hears of it. */
  onConnection(socket: SimSocket): SimSocketOwner
  /** Decides each dial; default: 'accept'. */
  onDial?(options: DialOptions): DialFate
  /** Of a proxy: decides each tunnel that it is asked for; default: 'accept'. */
  onTunnel?(options: DialOptions): 'accept' | 'refuse'
}

/** Connections to one host, port and client IP: from the dial until their owner is rid of them. */
export interface SimCount {
  open: number
  /** The most that were open at the same time. */
  maxOpen: number
  dials: number
}

export interface SimNetworkOptions {
  readonly clock: SimClock
  /** Default 1. */
  readonly seed?: number
  /** Default: 1 to 5 ms, no splits, buffers of `LIMITS.simBuffer`. */
  readonly conditions?: Partial<SimConditions>
  /** Sees everything that clients write, at the moment they do. `dial` counts the network's dials. */
  readonly onWrite?: (dial: number, data: Uint8Array, options: DialOptions) => void
  /** Told before a client is given something: how much a dial's connection has given it, with that. */
  readonly onRead?: (dial: number, bytes: number) => void
}

const DEFAULT_CONDITIONS: SimConditions = {
  latency: [1, 5],
  split: 0,
  buffer: LIMITS.simBuffer,
  bandwidth: Infinity,
}

/** Largest chunk that is delivered at once, as with the reused buffer of a real socket. */
export const SCRATCH: number = 65_536

/** Where a dial goes: the first stop's place, and the tunnel behind it, if any. */
interface Route {
  readonly host: string
  readonly port: number
  /** The proxy's name; '' for none. */
  readonly via: string
  readonly tunnelled: boolean
}

/**
 * A network in virtual time: servers are objects, and what goes wrong is drawn from a seed.
 *
 * A dial looks its host up, drops the addresses that are not of the client IP's family and tries the others
 * one after another. With an http or https proxy, the proxy is dialled in place of the host, by the name
 * that its URL says: plain requests end there; for https it is asked for a tunnel (`onTunnel`), and the
 * host's own server is at its end. What is said to open a tunnel is no part of it: that is below `Network`.
 */
export class SimNetwork implements Network, WireKeeper {
  readonly #link: SimLink
  readonly #listeners = new Map<string, SimListener>()
  readonly #hosts = new SimHosts()
  readonly #onWrite: SimNetworkOptions['onWrite']
  readonly #onRead: SimNetworkOptions['onRead']
  readonly #wires = new Set<SimWire>()
  readonly #sockets = new Set<SimSocket>()
  #closed = false
  #maxOpen = 0
  #bytesWritten = 0
  #bytesRead = 0

  /** By `host:port`, followed by ` from clientIp` and ` via proxy` where there is one. */
  readonly counts: Map<string, SimCount> = new Map()
  /** Breaches of the `Wire` contract by its owner, in words; at most `LIMITS.maxSimViolations`. */
  readonly violations: string[] = []
  /** Client IPs that dials cannot be bound to: they are not, or no longer, addresses of this machine. */
  readonly unbindable: Set<string> = new Set()
  /** Addresses of hosts that refuse every dial, on whatever port; the next one is tried then. */
  readonly dead: Set<string> = new Set()
  /** The most bytes, save for the largest piece, that a wire's owner wrote between a refusal and `onDrain`. */
  maxOverrun = 0
  dials = 0
  failedDials = 0

  constructor(options: SimNetworkOptions) {
    this.#onWrite = options.onWrite
    this.#onRead = options.onRead
    this.#link = {
      clock: options.clock,
      random: new Random(options.seed ?? 1),
      conditions: { ...DEFAULT_CONDITIONS, ...options.conditions },
      scratch: Buffer.alloc(SCRATCH),
    }
  }

  get conditions(): SimConditions {
    return this.#link.conditions
  }

  set conditions(conditions: Partial<SimConditions>) {
    this.#link.conditions = { ...this.#link.conditions, ...conditions }
  }

  /** Connections that their owner is not rid of, dialling ones included. */
  get open(): number {
    return this.#wires.size
  }

  /** The most that were open at the same time. */
  get maxOpen(): number {
    return this.#maxOpen
  }

  /** Connections that would keep a process alive. */
  get referenced(): number {
    let count = 0
    for (const wire of this.#wires) if (wire.referenced) count++
    return count
  }

  /** Connections that have not ended at the server's end yet. */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** Bytes that clients have written and been given, of connections that have ended. */
  get bytes(): { written: number; read: number } {
    return { written: this.#bytesWritten, read: this.#bytesRead }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Puts a server there, in place of the one before. The host's name resolves from now on. */
  listen(host: string, port: number, listener: SimListener): void {
    this.#hosts.add(host)
    this.#listeners.set(`${host}:${port}`, listener)
  }

  /** Says what a name resolves to, from now on. */
  setHost(name: string, host: SimHost): void {
    this.#hosts.set(name, host)
  }

  /** Dials to it are refused from now on; connections stay. */
  unlisten(host: string, port: number): void {
    this.#listeners.delete(`${host}:${port}`)
  }

  dial(options: DialOptions, owner: WireOwner): Wire {
    const route = routeOf(options)
    const from = options.clientIp === '' ? '' : ` from ${options.clientIp}`
    const via = route.via === '' ? '' : ` via ${route.via}`
    const key = `${options.host}:${options.port}${from}${via}`
    const wire = new SimWire(this.#link, options, key, owner, this, ++this.dials)
    if (this.#closed) this.violation(wire, 'dial after the network was closed')
    this.#countDial(wire)
    const fate = this.#hosts.fate(route.host)
    if (typeof fate === 'object') wire.later(fate.after, () => this.#connect(wire, route))
    else if (fate === 'fail') this.#fail(wire, lookupError(route.host, 'EAI_AGAIN'))
    else if (fate === 'found') this.#connect(wire, route)
    return wire
  }

  close(): void {
    this.#closed = true
  }

  violation(wire: SimWire, text: string): void {
    if (this.violations.length >= LIMITS.maxSimViolations) return
    this.violations.push(`${text} (${wire.key}, ${wire.state})`)
  }

  onWireWrite(wire: SimWire, data: Uint8Array): void {
    this.#onWrite?.(wire.serial, data, wire.options)
  }

  onWireRead(wire: SimWire): void {
    this.#onRead?.(wire.serial, wire.bytesRead)
  }

  onWireClosed(wire: SimWire): void {
    if (!this.#wires.delete(wire)) return
    const count = this.counts.get(wire.key)
    if (count !== undefined) count.open--
    this.maxOverrun = Math.max(this.maxOverrun, wire.maxOverrun)
    this.#bytesWritten += wire.bytesWritten
    this.#bytesRead += wire.bytesRead
  }

  onSocketGone(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }

  /** The host's addresses are known, or are not. */
  #connect(wire: SimWire, route: Route): void {
    const { options } = wire
    const usable = this.#hosts.usable(route.host, options.clientIp)
    if (usable instanceof ConnectError) return this.#fail(wire, usable)
    if (this.unbindable.has(options.clientIp)) return this.#fail(wire, cannotBind(options.clientIp))
    const place = `${route.host}:${route.port}`
    const listener = this.#listeners.get(place)
    const alive = usable.findIndex((address) => !this.dead.has(address))
    const address = usable[alive]
    const fate = listener === undefined || address === undefined ? 'refuse' : listener.onDial?.(options)
    if (listener === undefined || address === undefined || fate === 'refuse') {
      const refused = `connect ECONNREFUSED ${address ?? usable.join(', ')}:${route.port}`
      return this.#fail(wire, new ConnectError('tcp', refused))
    }
    // Those that are dead have taken their time.
    let after = 0
    for (let at = 0; at <= alive; at++) after += this.#latency()
    if (typeof fate === 'object') after += fate.after
    if (route.tunnelled) return this.#tunnel(wire, route, listener, after, fate)
    if (fate === 'tls' || (options.tls !== null && listener.tls !== true)) {
      return this.#fail(wire, new ConnectError('tls', `handshake with ${place} failed`))
    }
    if (fate !== 'hang') wire.later(after, () => this.#accept(wire, listener, address))
  }

  /** The proxy is reached: what it can say of the host behind it. */
  #tunnel(wire: SimWire, route: Route, proxy: SimListener, after: number, fate?: DialFate): void {
    if (fate === 'hang') return
    const { options } = wire
    const place = `${options.host}:${options.port}`
    const listener = this.#listeners.get(place)
    const found = this.#hosts.usable(options.host, '')
    const address = found instanceof ConnectError ? undefined : found[0]
    const isRefused = fate === 'tls' || proxy.onTunnel?.(options) === 'refuse'
    if (isRefused || listener === undefined || address === undefined) {
      return this.#fail(wire, new ConnectError('proxy', `${route.via} refused a tunnel to ${place}`))
    }
    const behind = listener.onDial?.(options) ?? 'accept'
    if (behind === 'refuse') {
      return this.#fail(wire, new ConnectError('proxy', `${route.via} cannot reach ${place}`))
    }
    if (behind === 'tls' || (options.tls !== null && listener.tls !== true)) {
      return this.#fail(wire, new ConnectError('tls', `handshake with ${place} failed`))
    }
    if (behind === 'hang') return
    const more = this.#latency() + (typeof behind === 'object' ? behind.after : 0)
    wire.later(after + more, () => this.#accept(wire, listener, address))
  }

  #accept(wire: SimWire, listener: SimListener, address: string): void {
    const { clientIp, tls } = wire.options
    const local = clientIp === '' ? OWN_ADDRESSES[ipFamily(address) === 6 ? 1 : 0] : clientIp
    const socket = wire.accepted(address, local)
    this.#sockets.add(socket)
    if (tls === null && listener.tls === true) {
      // A TLS server takes plain HTTP for a broken handshake.
      socket.start({ onData: () => socket.reset(), onClose: () => undefined })
    } else {
      socket.start(listener.onConnection(socket))
    }
    wire.later(this.#latency(), () => wire.opened())
  }

  #fail(wire: SimWire, error: ConnectError): void {
    const { via } = routeOf(wire.options)
    // Whatever happens on the way to a proxy is its failure.
    const isOwn = via === '' || error.phase === 'proxy' || error.phase === 'tls'
    const known = isOwn
      ? error
      : new ConnectError('proxy', `cannot reach ${via}: ${error.message}`, error.cause)
    wire.later(this.#latency(), () => this.#failDial(wire, known))
  }

  #failDial(wire: SimWire, error: ConnectError): void {
    this.failedDials++
    wire.ended(error)
  }

  #countDial(wire: SimWire): void {
    this.#wires.add(wire)
    this.#maxOpen = Math.max(this.#maxOpen, this.#wires.size)
    let count = this.counts.get(wire.key)
    if (count === undefined) {
      count = { open: 0, maxOpen: 0, dials: 0 }
      this.counts.set(wire.key, count)
    }
    count.dials++
    count.open++
    count.maxOpen = Math.max(count.maxOpen, count.open)
  }

  #latency(): number {
    return this.#link.random.between(...this.#link.conditions.latency)
  }
}

/** The addresses of connections that no client IP was chosen for, by family: for documentation (RFC 5737, RFC 3849). */
const OWN_ADDRESSES = ['192.0.2.1', '2001:db8::1'] as const

function routeOf(options: DialOptions): Route {
  const { host, port, tls } = options
  const proxy = options.proxy ?? null
  if (proxy === null) return { host, port, via: '', tunnelled: false }
  // `scheme://[user@]host:port`, and what tells its credentials apart.
  const [, place = '', proxyPort = ''] = /^[^ ]*?:\/\/(?:[^ @]*@)?(.*?):(\d+)(?: |$)/.exec(proxy.name) ?? []
  const proxyHost = place.replace(/^\[(.*)\]$/, '$1')
  const via = `${place}:${proxyPort}`
  return { host: proxyHost, port: Number(proxyPort), via, tunnelled: tls !== null || !proxy.forwards }
}

/** As net.connect fails where `localAddress` is none of this machine's. */
function cannotBind(clientIp: string): ConnectError {
  const message = `bind EADDRNOTAVAIL ${clientIp}`
  const cause = Object.assign(new Error(message), { code: 'EADDRNOTAVAIL', syscall: 'bind' })
  return new ConnectError('tcp', message, cause)
}
