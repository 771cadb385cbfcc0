import { crc32 } from 'node:zlib'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import type { LookupFate } from '../../lib/testing/sim-hosts.ts'
import type { DialFate, SimListener, SimNetwork } from '../../lib/testing/sim-network.ts'
import type { SimSocket } from '../../lib/testing/sim-socket.ts'
import type { AnswerPlan } from './answer-plan.ts'
import type { Misdeed } from './misdeeds.ts'
import type { ParsedRequest } from './request-parser.ts'
import { ServerConnection } from './server-connection.ts'

/** What a server does besides answering. */
export interface IdleDeed {
  /** ms after the last answer. */
  readonly after: number
  /** 'fake': a whole answer that nobody asked for, as servers send a 408; with or without a close. */
  readonly deed: 'close' | 'reset' | 'garbage' | 'fake' | 'fake-close'
}

/** What a host's name resolves to: which families, in order, and whether the first address is dead. */
export interface Addressing {
  readonly families: readonly (4 | 6)[]
  readonly dead: boolean
}

/** How a server behaves: drawn from a seed in the world, written out in named cases. */
export interface Behaviour {
  onDial?(): DialFate
  onLookup?(): LookupFate
  readonly addressing?: Addressing
  /** How this request is answered. */
  answer(request: ParsedRequest, connection: ServerConnection): AnswerPlan
  /** Bytes arrive on an idle connection that was used before. */
  onReuse?(connection: ServerConnection): 'close' | 'reset' | null
  /** All requests have been answered. */
  onIdle?(connection: ServerConnection): IdleDeed | null
}

/** One request as the server got it. */
export interface Received {
  readonly method: string
  readonly id: number
  readonly call: number
  readonly connection: number
  /** Unanswered on this connection, this one included. */
  readonly pending: number
  readonly at: number
}

/** One answer that was begun. */
export interface Answered {
  readonly method: string
  readonly id: number
  readonly call: number
  readonly origin: string
  readonly path: string
  readonly status: number
  /** Its fields, by name in lower case; of several, the first. */
  readonly fields: ReadonlyMap<string, string>
  /** The request's fields. */
  readonly asked: ReadonlyMap<string, string>
  /** The address that it came from. */
  readonly from: string
  /** When its first byte was to be sent. */
  readonly at: number
  readonly whole: boolean
  /** How much of its body a client is to take for all of it, uncoded; -1: all. */
  readonly told: number
  /** It has not waited for the request's body. */
  readonly unread: boolean
  readonly misdeed: Misdeed | null
  /** Which of the network's dials it went to, and how many answers had before it. */
  readonly dial: number
  readonly place: number
  /** More answers have been begun on its connection than there were requests, this one perhaps. */
  readonly poisoned: boolean
  /** Where it is `poisoned`: when the client was given its first byte. */
  arrivedAt: number
  /** It comes before any timeout, whole, and its connection is kept: its client has seen it. */
  clean: boolean
}

/** What it has of an answer that nobody asked for. */
export const NOT_ASKED = {
  method: '',
  id: -1,
  call: -1,
  origin: '',
  path: '',
  status: 408,
  fields: new Map<string, string>(),
  asked: new Map<string, string>(),
  from: '',
  whole: true,
  told: -1,
  unread: false,
  misdeed: null,
  poisoned: true,
  arrivedAt: Infinity,
  clean: false,
}

/** An answer whose first byte stands behind so many others on its connection. */
interface Mark {
  readonly offset: number
  readonly answer: Answered
}

/** What all servers of a world write down. */
export class ServerBook {
  readonly received: Received[] = []
  /** By the number in the answer's X-Answer field. */
  readonly answers: Answered[] = []
  /** By the same number: answers that nobody asked for. */
  readonly fakes: Set<number> = new Set()
  readonly violations: string[] = []
  /** The most requests that were unanswered at the same time on one connection. */
  maxPending = 0
  connections = 0
  readonly #marks = new Map<number, Mark[]>()

  /** Has it noted when the client is given the first byte of `answer`. */
  mark(offset: number, answer: Answered): void {
    const marks = this.#marks.get(answer.dial) ?? []
    marks.push({ offset, answer })
    this.#marks.set(answer.dial, marks)
  }

  /** The client has been given so many bytes on that connection. */
  onRead(dial: number, bytes: number, now: number): void {
    const marks = this.#marks.get(dial)
    if (marks === undefined) return
    while (marks.length > 0 && marks[0]!.offset < bytes) marks.shift()!.answer.arrivedAt = now
  }
}

/** A simulated HTTP/1.1 server: it knows what each request deserves, and misbehaves as it is told. */
export class SimServer implements SimListener {
  readonly tls: boolean
  readonly host: string
  readonly port: number
  readonly clock: SimClock
  readonly book: ServerBook
  behaviour: Behaviour
  #network: SimNetwork | null = null
  readonly connections: Set<ServerConnection> = new Set()
  /** Families that its host had no address of at one time or another. */
  readonly lacked: Set<4 | 6> = new Set()

  constructor(
    place: { host: string; port: number; tls: boolean },
    clock: SimClock,
    book: ServerBook,
    behaviour: Behaviour,
  ) {
    this.host = place.host
    this.port = place.port
    this.tls = place.tls
    this.clock = clock
    this.book = book
    this.behaviour = behaviour
  }

  listen(network: SimNetwork): void {
    this.#network = network
    network.listen(this.host, this.port, this)
  }

  /** As in a URL, and as the Host field must say it. */
  get authority(): string {
    return this.port === (this.tls ? 443 : 80) ? this.host : `${this.host}:${this.port}`
  }

  get origin(): string {
    return `${this.tls ? 'https' : 'http'}://${this.authority}`
  }

  onDial(): DialFate {
    return this.behaviour.onDial?.() ?? 'accept'
  }

  onConnection(socket: SimSocket): ServerConnection {
    const connection = new ServerConnection(this, socket, ++this.book.connections)
    this.connections.add(connection)
    return connection
  }

  /** What was planned for idle connections does not happen any more. */
  heal(behaviour: Behaviour): void {
    this.behaviour = behaviour
    if (behaviour.addressing !== undefined) this.#address(behaviour.addressing)
    for (const connection of this.connections) connection.forgetIdleDeed()
  }

  #address({ families, dead }: Addressing): void {
    const number = crc32(this.host) & 0xffff
    const all = {
      4: `198.19.${number >> 8}.${number & 255}`,
      6: `2001:db8:19::${number.toString(16)}`,
    }
    for (const family of [4, 6] as const) if (!families.includes(family)) this.lacked.add(family)
    const addresses = families.map((family) => all[family])
    this.#network?.setHost(this.host, { addresses, onLookup: () => this.behaviour.onLookup?.() ?? 'found' })
    for (const address of Object.values(all)) this.#network?.dead.delete(address)
    if (dead) this.#network?.dead.add(addresses[0]!)
  }
}
