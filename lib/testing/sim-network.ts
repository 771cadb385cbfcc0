import { ConnectError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { DialOptions, Network, Wire, WireOwner } from '../net/network.ts'
import { Random } from './random.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimConditions, SimLink } from './sim-pipe.ts'
import type { SimSocket, SimSocketOwner } from './sim-socket.ts'
import { SimWire, type WireKeeper } from './sim-wire.ts'

/** What becomes of one dial. 'hang': nobody ever answers. 'tls': the handshake fails. */
export type DialFate = 'accept' | 'refuse' | 'hang' | 'tls'

/** A server of the simulated network. */
export interface SimListener {
  /** Speaks TLS; default false. A dial of the other kind fails. */
  readonly tls?: boolean
  /** Called when a connection arrives; what it returns hears of it. */
  onConnection(socket: SimSocket): SimSocketOwner
  /** Decides each dial; default: 'accept'. */
  onDial?(options: DialOptions): DialFate
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
}

const DEFAULT_CONDITIONS: SimConditions = { latency: [1, 5], split: 0, buffer: LIMITS.simBuffer }

/** Largest chunk that is delivered at once, as with the reused buffer of a real socket. */
const SCRATCH = 65_536

/** A network in virtual time: servers are objects, and what goes wrong is drawn from a seed. */
export class SimNetwork implements Network, WireKeeper {
  readonly #link: SimLink
  readonly #listeners = new Map<string, SimListener>()
  readonly #hosts = new Map<string, string>()
  readonly #onWrite: SimNetworkOptions['onWrite']
  readonly #wires = new Set<SimWire>()
  readonly #sockets = new Set<SimSocket>()
  #closed = false
  #maxOpen = 0
  #bytesWritten = 0
  #bytesRead = 0

  /** By `host:port`, followed by ` from clientIp` where one was asked for. */
  readonly counts: Map<string, SimCount> = new Map()
  /** Breaches of the `Wire` contract by its owner, in words; at most `LIMITS.maxSimViolations`. */
  readonly violations: string[] = []
  /** Client IPs that dials cannot be bound to: they are not, or no longer, addresses of this machine. */
  readonly unbindable: Set<string> = new Set()
  dials = 0
  failedDials = 0

  constructor(options: SimNetworkOptions) {
    this.#onWrite = options.onWrite
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
    if (!this.#hosts.has(host)) this.#hosts.set(host, this.#addressOf(host))
    this.#listeners.set(`${host}:${port}`, listener)
  }

  /** Dials to it are refused from now on; connections stay. */
  unlisten(host: string, port: number): void {
    this.#listeners.delete(`${host}:${port}`)
  }

  dial(options: DialOptions, owner: WireOwner): Wire {
    const place = `${options.host}:${options.port}`
    const key = options.clientIp === '' ? place : `${place} from ${options.clientIp}`
    const wire = new SimWire(this.#link, options, key, owner, this, ++this.dials)
    if (this.#closed) this.violation(wire, 'dial after the network was closed')
    this.#countDial(wire)
    const fail = (error: ConnectError): void => wire.later(this.#latency(), () => this.#failDial(wire, error))
    if (this.unbindable.has(options.clientIp)) {
      fail(cannotBind(options.clientIp))
      return wire
    }
    const address = this.#hosts.get(options.host)
    if (address === undefined) {
      fail(new ConnectError('dns', `getaddrinfo ENOTFOUND ${options.host}`))
      return wire
    }
    const listener = this.#listeners.get(place)
    const fate = listener === undefined ? 'refuse' : (listener.onDial?.(options) ?? 'accept')
    if (listener === undefined || fate === 'refuse') {
      fail(new ConnectError('tcp', `connect ECONNREFUSED ${address}:${options.port}`))
    } else if (fate === 'tls' || (options.tls !== null && listener.tls !== true)) {
      fail(new ConnectError('tls', `handshake with ${place} failed`))
    } else if (fate === 'accept') {
      wire.later(this.#latency(), () => this.#accept(wire, listener, address))
    }
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

  onWireClosed(wire: SimWire): void {
    if (!this.#wires.delete(wire)) return
    const count = this.counts.get(wire.key)
    if (count !== undefined) count.open--
    this.#bytesWritten += wire.bytesWritten
    this.#bytesRead += wire.bytesRead
  }

  onSocketGone(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }

  #accept(wire: SimWire, listener: SimListener, address: string): void {
    const local = wire.options.clientIp === '' ? '192.0.2.1' : wire.options.clientIp
    const socket = wire.accepted(address, local)
    this.#sockets.add(socket)
    if (wire.options.tls === null && listener.tls === true) {
      // A TLS server takes plain HTTP for a broken handshake.
      socket.start({ onData: () => socket.reset(), onClose: () => undefined })
    } else {
      socket.start(listener.onConnection(socket))
    }
    wire.later(this.#latency(), () => wire.opened())
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

  /** 198.18.0.0/15 is for tests of networks (RFC 2544). */
  #addressOf(host: string): string {
    if (/^[\d.]+$|:/.test(host)) return host
    const index = this.#hosts.size + 1
    return `198.18.${index >> 8}.${index & 255}`
  }
}

/** As net.connect fails where `localAddress` is none of this machine's. */
function cannotBind(clientIp: string): ConnectError {
  const message = `bind EADDRNOTAVAIL ${clientIp}`
  const cause = Object.assign(new Error(message), { code: 'EADDRNOTAVAIL', syscall: 'bind' })
  return new ConnectError('tcp', message, cause)
}
