import type { DialOptions, Network, Wire, WireOwner } from '../../lib/net/network.ts'
import type { TurnClock } from './turn-clock.ts'

const REQUEST_LINE = /[A-Z]+ (\S+) HTTP\/1\.1\r\n/g

/** One connection: the spec plays the server, and sees what its owner does. Each event is a tick. */
export class HandWire implements Wire {
  readonly options: DialOptions
  readonly owner: WireOwner
  remoteAddress = ''
  localAddress = ''
  state: 'dialling' | 'open' | 'ended' | 'destroyed' = 'dialling'
  /** All that was written, Latin-1. */
  written = ''
  writes = 0
  /** The kernel takes nothing more: `write` says false. */
  full = false
  paused = false
  referenced = true
  /** Requests answered by `answer`. */
  answered = 0
  readonly #network: HandNetwork

  constructor(options: DialOptions, owner: WireOwner, network: HandNetwork) {
    this.options = options
    this.owner = owner
    this.#network = network
  }

  /** Whether its owner still has it. */
  get alive(): boolean {
    return this.state === 'dialling' || this.state === 'open'
  }

  /** The paths of the requests it was sent, in order. */
  get paths(): string[] {
    return [...this.written.matchAll(REQUEST_LINE)].map((match) => match[1]!)
  }

  /** Requests not answered yet. */
  get load(): number {
    return this.paths.length - this.answered
  }

  // --- what the spec does ----------------------------------------------------------------------

  open(): this {
    this.state = 'open'
    this.remoteAddress = '198.18.0.1'
    this.localAddress = '192.0.2.1'
    return this.#event(() => this.owner.onOpen(null))
  }

  /** The dial failed, or the connection broke. */
  fail(message: string, error: Error = new Error(message)): this {
    return this.#event(() => {
      this.#network.gone(this, this.state === 'open')
      this.state = 'ended'
      this.owner.onClose(error)
    })
  }

  data(text: string): this {
    return this.#event(() => this.owner.onData(Buffer.from(text, 'latin1')))
  }

  fin(): this {
    return this.#event(() => this.owner.onFin(true))
  }

  drain(): this {
    this.full = false
    return this.#event(() => this.owner.onDrain())
  }

  /** Answers the next `count` requests, each with its own path for a body. `fields` end with CR LF. */
  answer(fields = '', count = 1): this {
    const paths = this.paths.slice(this.answered, this.answered + count)
    this.answered += count
    return this.data(paths.map((path) => answerTo(path, fields)).join(''))
  }

  /** Refuses the next `count` requests. */
  refuse(status = 429, fields = '', count = 1): this {
    this.answered += count
    return this.data(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n${fields}\r\n`.repeat(count))
  }

  // --- what its owner does ---------------------------------------------------------------------

  write(data: string | Uint8Array): boolean {
    if (this.state !== 'open') this.#network.violations.push(`write while ${this.state}`)
    this.written += typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
    this.writes++
    return !this.full
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  ref(): void {
    this.referenced = true
  }

  unref(): void {
    this.referenced = false
  }

  destroy(): void {
    if (this.alive) this.#network.gone(this, this.state === 'open')
    this.state = 'destroyed'
  }

  #event(tell: () => void): this {
    if (!this.alive) throw new Error(`the wire is ${this.state}: nothing is told any more`)
    tell()
    this.#network.clock.turn()
    return this
  }
}

export function answerTo(path: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n${fields}\r\n${path}`
}

/** A network whose every event is written out in the spec. */
export class HandNetwork implements Network {
  readonly clock: TurnClock
  /** All dials so far, in order. */
  readonly wires: HandWire[] = []
  readonly violations: string[] = []
  closed = false
  open = 0
  maxOpen = 0
  /** By host. */
  readonly openTo: Map<string, number> = new Map()
  readonly maxOpenTo: Map<string, number> = new Map()
  /** When a dial last ended without a connection, by host. */
  readonly lastFailure: Map<string, number> = new Map()

  constructor(clock: TurnClock) {
    this.clock = clock
  }

  dial(options: DialOptions, owner: WireOwner): HandWire {
    if (this.closed) this.violations.push('dial after close')
    const wire = new HandWire(options, owner, this)
    this.wires.push(wire)
    this.maxOpen = Math.max(this.maxOpen, ++this.open)
    const { host } = options
    const open = (this.openTo.get(host) ?? 0) + 1
    this.openTo.set(host, open)
    this.maxOpenTo.set(host, Math.max(open, this.maxOpenTo.get(host) ?? 0))
    return wire
  }

  /** The owner is rid of `wire`. */
  gone(wire: HandWire, opened: boolean): void {
    const { host } = wire.options
    if (!opened) this.lastFailure.set(host, this.clock.now())
    this.open--
    this.openTo.set(host, this.openTo.get(host)! - 1)
  }

  close(): void {
    this.closed = true
  }
}
