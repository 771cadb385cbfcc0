import type { DequeItem } from './deque.ts'
import type { Progress, RequestError } from './errors.ts'
import type { Headers } from './headers.ts'
import type { Target } from './target.ts'
import type { Timer } from './timer-wheel.ts'

/** How a body ends (RFC 9112 section 6.3). */
export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; left: number }
  | { kind: 'chunked' }
  | { kind: 'close' }

/** A response's status line and fields, with what the wire codec had to learn from them. */
export interface ResponseHead {
  readonly status: number
  /** The reason phrase, Latin-1; '' where the server sent none. */
  readonly statusText: string
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  readonly minorVersion: number
  readonly headers: Headers
  readonly framing: Framing['kind']
  /** The body's length as told by a trusted Content-Length; -1 where there is none. */
  readonly contentLength: number
  /** Whether a Set-Cookie field is there: most answers of a crawl have none, and are not looked through. */
  readonly setsCookie: boolean
  /** The Content-Encoding fields, and compressing transfer codings, joined by commas; '' for none. */
  readonly contentEncoding: string
  /** Whether the connection may carry another exchange after this one. */
  readonly keepAlive: boolean
  /** Keep-Alive: timeout=, in ms; -1 where not said. */
  readonly keepAliveTimeout: number
  /** Keep-Alive: max=; -1 where not said. */
  readonly keepAliveMax: number
}

/** A request's body as the connection sends it. */
export interface RequestBody {
  /** The body whole, or null when it is produced while it is sent. */
  readonly bytes: Uint8Array | null
  /** Its length in bytes; -1: unknown, sent chunked. */
  readonly length: number
  /** Whether `open` may be called again, for sending the exchange again. */
  readonly replayable: boolean
  /** Starts the body from its first byte. */
  open(): AsyncIterable<Uint8Array>
  /** The call is over: a source that was never opened is let go. Where there is one to let go of. */
  readonly discard?: (() => void) | undefined
}

/** Time limits of one exchange, ms; 0: none. One object is shared by all requests that agree. */
export interface ExchangeTimeouts {
  readonly queueTimeout: number
  readonly connectTimeout: number
  readonly requestTimeout: number
  readonly replyTimeout: number
  readonly bodyTimeout: number
  /** Bytes per second that a body has to come at; 0: none. */
  readonly minBodyRate: number
  /** What that is measured over, ms; above 0. */
  readonly minBodyRateWindow: number
}

/** Who is told what becomes of an exchange. Implemented once, by the call: no closure a request. */
export interface ExchangeSink {
  /**
   * The exchange is being sent, for the first time or again. Gives the fields that belong to this
   * sending alone, as cookies and credentials: known as late as can be, and held by nobody who waits.
   * Lines, each with its CR LF, out of the one serializer; '' for none.
   */
  onSend(x: Exchange): string
  /** 103 and other interim answers; 100 is not reported. */
  onInformational(x: Exchange, head: ResponseHead): void
  onHead(x: Exchange, head: ResponseHead): void
  /** `chunk` is a view that is valid during the call only. false: stop reading this connection. */
  onBody(x: Exchange, chunk: Uint8Array): boolean
  /** Exactly one of onEnd and onError, exactly once. */
  onEnd(x: Exchange, trailers: Headers | null): void
  onError(x: Exchange, error: RequestError): void
  /** The client is closing and this exchange's reader holds its connection up: read on, or give up. */
  onClosing(x: Exchange): void
  /** Bytes of the body so far, as they came, for whoever watches; undefined: not counted. */
  readonly bytesOnWire?: number
}

/** The two ends of a connection. */
export interface Route {
  readonly remoteAddress: string
  readonly localAddress: string
}

/** Where a dial's time went, ms: looking the host up, TCP, and all behind that. */
export interface DialTimes {
  readonly dns: number
  readonly connect: number
  readonly tls: number
}

/** One time an exchange was sent: over what, and when, on the clock's `now()`. NaN: not yet. */
export class Flight {
  /** The fields of this sending alone, as lines: see `ExchangeSink.onSend`. */
  ownFields = ''
  /** ms from its first byte to its last, where its body took its time. */
  sending = 0
  readonly route: Route
  /** Whether the connection had carried another exchange before. */
  readonly reused: boolean
  readonly sentAt: number
  /** What the dial of its connection took, for the first exchange on it; null: it was open already. */
  readonly dial: DialTimes | null
  headAt: number = NaN
  endAt: number = NaN
  /** Aborted in flight: its answer is read and dropped. */
  muted = false

  constructor(route: Route, reused: boolean, sentAt: number, dial: DialTimes | null = null) {
    this.dial = dial
    this.route = route
    this.reused = reused
    this.sentAt = sentAt
  }
}

/** What an exchange has behind it that was sent again, or belongs to a call that has tried before. */
export interface Resent {
  /** The number of the present attempt. */
  attempt: number
  /** Times its connection was lost unannounced: `LIMITS.maxResends` of them are forgiven. */
  losses: number
  /** Only a connection with at least this serial number, or a fresh one, may take it. */
  minSerial: number
}

/** In a ms: small integers hold them for the first nine hours of a process. */
const QUEUED_TICKS = 64

const NEVER_RESENT: Readonly<Resent> = { attempt: 1, losses: 0, minSerial: 0 }

/** Where an exchange is at the moment: its pool while it waits, its connection while in flight. */
export interface ExchangeHolder {
  /** Takes the exchange out and settles nothing: whoever cancels has told the sink. */
  cancel(x: Exchange): void
  /** The sink has room again after `onBody` said false. */
  resume(x: Exchange): void
  /** The sink's reader has taken something, but there is no room yet: it is slow, not silent. */
  taken(x: Exchange): void
}

/** All of a request but its path: one object is shared by all requests that agree on it. */
export interface ExchangeRequest {
  readonly target: Target
  readonly method: string
  /** All fields, serialised and validated, each line with its CR LF; no empty line. */
  readonly fields: string
  readonly body: RequestBody | null
  readonly priority: number
  /** May be sent again when its connection is lost (RFC 9110 section 9.2.2). */
  readonly idempotent: boolean
  /** Reads its answer piece by piece, at its reader's pace: never shares a pipeline. */
  readonly streamed: boolean
  /** Wait this long, ms, for a 100 before the body is sent; 0: do not ask. */
  readonly expectContinue: number
  /** The request says `Connection: close`: it is the last on its connection. */
  readonly closes: boolean
  readonly timeouts: ExchangeTimeouts
  /** Fields that are the user's secrets besides the usual ones, lower case: not for a log. */
  readonly secretFields?: ReadonlySet<string>
}

/**
 * One request and its response on the wire. It stands in one deque at a time: its pool's while it
 * waits, its connection's while it is in flight.
 */
export class Exchange implements DequeItem<Exchange> {
  previous: Exchange | null = null
  next: Exchange | null = null
  deque: object | null = null

  readonly request: ExchangeRequest
  /** The request-target: path and query, or an absolute URL for a proxy. */
  readonly path: string
  readonly sink: ExchangeSink
  holder: ExchangeHolder | null = null
  progress: Progress = 'waiting'
  /** Apart, as `flight`, because a waiting exchange must be small: most are never sent again. */
  #resent: Resent | null = null
  /** The dial that was begun for it, while that lasts: it fails with that, if it still waits then. */
  wish: object | null = null
  /** Its queue timeout, while it has one. */
  timer: Timer | null = null
  /** See `queuedAt`: in 64ths of a ms, rounded, because a number with a fraction is an object of its own, 16 bytes. */
  #queuedTicks = 0
  /** What there is to say once it is sent. */
  flight: Flight | null = null

  constructor(request: ExchangeRequest, path: string, sink: ExchangeSink) {
    this.request = request
    this.path = path
    this.sink = sink
  }

  get target(): Target {
    return this.request.target
  }

  /** How often it was lost, and the number of its attempt: 1 when first sent; one more each time it is sent again. */
  get resent(): Readonly<Resent> {
    return this.#resent ?? NEVER_RESENT
  }

  /** It is sent again: see `resent`. */
  sendAgain(): Resent {
    this.#resent ??= { ...NEVER_RESENT }
    return this.#resent
  }

  /** When it came to its pool, on the clock's `now()`, to a 64th of a ms; 0: not yet. */
  get queuedAt(): number {
    return this.#queuedTicks / QUEUED_TICKS
  }

  set queuedAt(time: number) {
    this.#queuedTicks = Math.floor(time * QUEUED_TICKS)
  }

  get attempt(): number {
    return this.resent.attempt
  }

  get muted(): boolean {
    return this.flight !== null && this.flight.muted
  }

  /** Whether it may stand in a pipeline with others (RFC 9112 section 9.3.2). */
  get pipelinable(): boolean {
    const request = this.request
    if (!request.idempotent || request.streamed || request.closes) return false
    return request.body === null || (request.body.bytes !== null && request.expectContinue === 0)
  }

  /** Whether somebody took the body's bytes away while it waited: its ArrayBuffer was transferred. */
  get isDetached(): boolean {
    const { body } = this.request
    return body !== null && body.bytes !== null && body.bytes.length !== body.length
  }

  /** Whether it may be sent again after it was sent and no byte of its answer was seen. */
  get resendable(): boolean {
    const request = this.request
    return request.idempotent && (request.body === null || request.body.replayable)
  }
}
