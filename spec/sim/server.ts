import type { SimClock } from '../../lib/testing/sim-clock.ts'
import type { DialFate, SimListener, SimNetwork } from '../../lib/testing/sim-network.ts'
import type { SimSocket } from '../../lib/testing/sim-socket.ts'
import type { AnswerPlan } from './answer-plan.ts'
import type { ParsedRequest } from './request-parser.ts'
import { ServerConnection } from './server-connection.ts'

/** What a server does besides answering. */
export interface IdleDeed {
  /** ms after the last answer. */
  readonly after: number
  /** 'fake': a whole answer that nobody asked for, as servers send a 408; with or without a close. */
  readonly deed: 'close' | 'reset' | 'garbage' | 'fake' | 'fake-close'
}

/** How a server behaves: drawn from a seed in the world, written out in named cases. */
export interface Behaviour {
  onDial?(): DialFate
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
  /** It comes before any timeout, whole, and its connection is kept: its client has seen it. */
  clean: boolean
}

/** Of an answer that nobody asked for. */
export const NOT_ASKED: Answered = {
  method: '',
  id: -1,
  call: -1,
  origin: '',
  path: '',
  status: 408,
  fields: new Map(),
  asked: new Map(),
  from: '',
  at: 0,
  whole: true,
  clean: false,
}

/** What all servers of a world write down. */
export class ServerBook {
  readonly received: Received[] = []
  /** By the number in the answer's X-Answer field. */
  readonly answers: Answered[] = []
  /** Answers that nobody asked for, by the same number: when the client had been given the bytes. */
  readonly fakes: Map<number, number> = new Map()
  readonly violations: string[] = []
  /** The most requests that were unanswered at the same time on one connection. */
  maxPending = 0
  connections = 0
}

/** A simulated HTTP/1.1 server: it knows what each request deserves, and misbehaves as it is told. */
export class SimServer implements SimListener {
  readonly tls: boolean
  readonly host: string
  readonly port: number
  readonly clock: SimClock
  readonly book: ServerBook
  behaviour: Behaviour
  readonly connections: Set<ServerConnection> = new Set()

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
    for (const connection of this.connections) connection.forgetIdleDeed()
  }
}
