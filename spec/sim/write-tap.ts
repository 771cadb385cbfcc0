import type { SimClock } from '../../lib/testing/sim-clock.ts'
import { callOf } from './answers.ts'
import { RequestParser, type ParsedRequest } from './request-parser.ts'

/** What the tap must know of a connection. */
export interface Dialled {
  readonly host: string
  readonly port: number
  readonly clientIp: string
  readonly tls: object | null
}

/** One request, when its head was written. */
export interface Written {
  readonly at: number
  /** Which of the network's dials it went over, and how many requests had before it. */
  readonly dial: number
  readonly place: number
  readonly call: number
  readonly method: string
  readonly host: string
  readonly origin: string
  readonly path: string
  /** What stood before the path in the first line; ''. */
  readonly absolute: string
  readonly clientIp: string
  readonly headers: ReadonlyMap<string, string>
}

/** What a client was given in one go. `target`: '' while nothing was asked on that connection. */
export interface Read {
  readonly at: number
  readonly target: string
  readonly bytes: number
}

/**
 * Reads along what the client writes, before the network can lose any of it: each connection's bytes
 * must be requests, one after another, and nothing else.
 */
export class WriteTap {
  /** All requests that were begun on a wire, in order. */
  readonly written: Written[] = []
  /** By id of the call: how often one of its requests was begun on a wire. */
  readonly sends: Map<number, number> = new Map()
  /** By id of the call: when its first request was begun on a wire. */
  readonly firstSent: Map<number, number> = new Map()
  /** All that clients were given, in order. */
  readonly reads: Read[] = []
  readonly violations: string[] = []
  readonly #clock: SimClock
  readonly #parsers = new Map<number, RequestParser | null>()
  readonly #targets = new Map<number, string>()
  readonly #places = new Map<number, number>()
  /** By dial: bytes that the client has been given; and by call, how many of them before its last request. */
  readonly #read = new Map<number, number>()
  readonly #readBefore = new Map<number, { dial: number; bytes: number }>()

  constructor(clock: SimClock) {
    this.#clock = clock
  }

  onWrite(dial: number, data: Uint8Array, options: Dialled): void {
    let parser = this.#parsers.get(dial)
    if (parser === undefined) {
      parser = new RequestParser({
        onRequest: (request) => this.#onRequest(request, dial, options),
        onBodyDone: () => undefined,
      })
      this.#parsers.set(dial, parser)
    }
    try {
      parser?.parse(data)
    } catch (error) {
      this.violations.push(`dial ${dial}: what was written is no request: ${(error as Error).message}`)
      this.#parsers.set(dial, null)
    }
  }

  onRead(dial: number, bytes: number): void {
    const before = this.#read.get(dial) ?? 0
    this.reads.push({ at: this.#clock.now(), target: this.#targets.get(dial) ?? '', bytes: bytes - before })
    this.#read.set(dial, bytes)
  }

  /** Bytes that have come on its connection since a call was last sent. */
  readFor(call: number): number {
    const { dial, bytes } = this.#readBefore.get(call) ?? { dial: -1, bytes: 0 }
    return (this.#read.get(dial) ?? 0) - bytes
  }

  #onRequest(request: ParsedRequest, dial: number, { host, port, clientIp, tls }: Dialled): void {
    const { method, path, absolute, headers } = request
    const call = callOf(request)
    const at = this.#clock.now()
    const authority = port === (tls === null ? 80 : 443) ? host : `${host}:${port}`
    const origin = `${tls === null ? 'http' : 'https'}://${authority}`
    this.#targets.set(dial, `${origin} from ${clientIp}`)
    const place = this.#places.get(dial) ?? 0
    this.#places.set(dial, place + 1)
    this.written.push({ at, dial, place, call, method, host, origin, path, absolute, clientIp, headers })
    this.#readBefore.set(call, { dial, bytes: this.#read.get(dial) ?? 0 })
    this.sends.set(call, (this.sends.get(call) ?? 0) + 1)
    if (!this.firstSent.has(call)) this.firstSent.set(call, at)
  }
}
