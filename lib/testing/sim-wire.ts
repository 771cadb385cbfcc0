import type { DialOptions, Wire, WireOwner } from '../net/network.ts'
import type { SimLink } from './sim-pipe.ts'
import { SimSocket, connectionReset, type SimPeer } from './sim-socket.ts'

export type WireState = 'dialling' | 'open' | 'closed'

/** Who keeps the books: the network. */
export interface WireKeeper {
  violation(wire: SimWire, text: string): void
  onWireWrite(wire: SimWire, data: Uint8Array): void
  /** Its owner is about to be given something; `bytesRead` counts it already. */
  onWireRead(wire: SimWire): void
  /** The owner is rid of it: it destroyed the wire or was told of its end. */
  onWireClosed(wire: SimWire): void
  onSocketGone(socket: SimSocket): void
}

/** The client's end of a simulated connection. It checks that its owner keeps the contract of `Wire`. */
export class SimWire implements Wire, SimPeer {
  readonly options: DialOptions
  readonly key: string
  /** Which of the network's dials this is, from 1. */
  readonly serial: number
  remoteAddress = ''
  localAddress = ''
  state: WireState = 'dialling'
  referenced = true
  bytesWritten = 0
  bytesRead = 0
  /**
   * The most bytes that were written after `write` had said false and before `onDrain`, the largest piece
   * left out: a request's head may be refused, and its body, which is there already, follow.
   */
  maxOverrun = 0
  #overrun = 0
  #largest = 0
  /** `write` has said false since the wire was empty. */
  #isRefused = false
  readonly #link: SimLink
  readonly #owner: WireOwner
  readonly #keeper: WireKeeper
  #socket: SimSocket | null = null
  #paused = false
  #cancelStep: (() => void) | null = null

  constructor(
    link: SimLink,
    options: DialOptions,
    key: string,
    owner: WireOwner,
    keeper: WireKeeper,
    serial: number,
  ) {
    this.serial = serial
    this.#link = link
    this.options = options
    this.key = key
    this.#owner = owner
    this.#keeper = keeper
  }

  write(data: string | Uint8Array): boolean {
    if (this.state === 'closed') this.#keeper.violation(this, 'write after its end')
    else if (this.state === 'dialling') this.#keeper.violation(this, 'write before onOpen')
    if (this.state !== 'open' || this.#socket === null) return true
    // eslint-disable-next-line no-control-regex -- this is the range of Latin-1
    if (typeof data === 'string' && /[^\u0000-\u00ff]/.test(data)) {
      this.#keeper.violation(this, 'write of a string that is not Latin-1')
    }
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    this.bytesWritten += bytes.length
    this.#keeper.onWireWrite(this, bytes)
    if (this.#isRefused) {
      this.#overrun += bytes.length
      this.#largest = Math.max(this.#largest, bytes.length)
      this.maxOverrun = Math.max(this.maxOverrun, this.#overrun - this.#largest)
    }
    const taken = this.#socket.incoming.write(bytes)
    if (!taken) this.#isRefused = true
    return taken
  }

  pause(): void {
    this.#paused = true
    if (this.state === 'open') this.#socket?.outgoing.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.state === 'open') this.#socket?.outgoing.resume()
  }

  ref(): void {
    this.referenced = true
  }

  unref(): void {
    this.referenced = false
  }

  destroy(): void {
    if (this.state === 'closed') return
    this.#close()
    const socket = this.#socket
    if (socket === null) return
    socket.outgoing.destroy()
    // The kernel sends a reset when bytes of the peer lie unread, or when a timer asks for one.
    if (this.#link.random.chance(0.3)) socket.incoming.reset(connectionReset())
    else socket.incoming.end(true)
  }

  /** Steps of the dial; the network decides which. */
  later(ms: number, step: () => void): void {
    this.#cancelStep = this.#link.clock.after(ms, step)
  }

  /** The server has accepted; the client has not heard of it yet. */
  accepted(remoteAddress: string, localAddress: string): SimSocket {
    this.remoteAddress = remoteAddress
    this.localAddress = localAddress
    const socket = new SimSocket(this.#link, this, (gone) => this.#keeper.onSocketGone(gone))
    this.#socket = socket
    return socket
  }

  opened(): void {
    this.#cancelStep = null
    this.state = 'open'
    if (!this.#paused) this.#socket?.outgoing.resume()
    this.#owner.onOpen(null)
  }

  /** Ends the wire and tells its owner. */
  ended(error: Error | null): void {
    if (this.state === 'closed') return
    this.#close()
    this.#socket?.outgoing.destroy()
    this.#socket?.incoming.end(true)
    this.#owner.onClose(error)
  }

  onPipeData(chunk: Buffer): void {
    this.bytesRead += chunk.length
    this.#keeper.onWireRead(this)
    this.#owner.onData(chunk)
  }

  onPipeEnd(clean: boolean): void {
    this.#owner.onFin(clean)
    // A socket that may not stay half open closes by itself after the peer's FIN; the owner must
    // be prepared for either.
    if (this.state === 'open' && this.#link.random.chance(0.5)) {
      this.later(this.#link.random.between(0, this.#link.conditions.latency[1]), () => this.ended(null))
    }
  }

  onPipeReset(error: Error): void {
    this.ended(error)
  }

  onPipeDrain(): void {
    this.#overrun = 0
    this.#largest = 0
    this.#isRefused = false
    if (this.state === 'open') this.#owner.onDrain()
  }

  #close(): void {
    this.state = 'closed'
    this.#cancelStep?.()
    this.#cancelStep = null
    this.#keeper.onWireClosed(this)
  }
}
