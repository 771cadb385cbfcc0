import { Deque, type DequeItem } from '../core/deque.ts'
import { channels } from '../core/diagnostics.ts'
import { ConnectError, ProtocolError, RequestError, TimeoutError } from '../core/errors.ts'
import type { Exchange, ExchangeHolder, ResponseHead, Route } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import { ResponseDecoder, type DecoderSink } from '../http1/response-decoder.ts'
import type { DialOptions, Wire, WireOwner } from '../net/network.ts'
import { lossError, timeoutError } from './connection-errors.ts'
import { exchangeEvent, type ConnectionEvent, type ExchangeEvent } from './events.ts'
import type { SchedulerContext } from './context.ts'
import type { IdleEntry } from './idle-list.ts'
import { KeepAlive } from './keep-alive.ts'
import { RequestWriter, type WriterOwner } from './request-writer.ts'
import type { TargetRecord } from './target-record.ts'

export type ConnectionState = 'connecting' | 'open' | 'draining' | 'closed'

/** What the connection's one timer is waiting for. */
type Wait = 'connect' | 'idle' | 'continue' | 'send' | 'head' | 'body'

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  readonly record: TargetRecord
  /** Exchanges waiting in the pool. */
  readonly waiting: number
  onOpen(connection: Connection): void
  onDialFailed(connection: Connection, error: RequestError): void
  /** An exchange has ended. The connection may be idle now, or have room in its pipeline. */
  onRoom(connection: Connection): void
  /** It was open and is gone. `lost`: exchanges to be sent again, in order. */
  onClosed(connection: Connection, lost: Exchange[], brokePipeline: boolean): void
  /** Have `settle` called at the end of this tick. */
  touch(connection: Connection): void
}

/**
 * One connection: the exchanges in flight on it, in order, between the encoder and the decoder.
 *
 * An answer belongs to the exchange at the front of `#inFlight`, and to nothing else. Whatever makes
 * that doubtful (bytes while nothing is in flight, an answer that breaks the protocol) closes the
 * connection; the exchanges behind it are sent again where they may be (DESIGN: rule 10).
 */
export class Connection
  implements DequeItem<Connection>, WireOwner, DecoderSink, TimerOwner, ExchangeHolder, WriterOwner, Route
{
  previous: Connection | null = null
  next: Connection | null = null
  deque: object | null = null

  /** Counts up over all connections of a client: a later dial has a higher number. */
  readonly serial: number
  state: ConnectionState = 'connecting'
  /** Whether its dial has succeeded. */
  opened = false
  /** Exchanges answered. */
  served = 0
  /** Exchanges taken since no other target wanted a connection. */
  turn = 0
  /** Its place in the scheduler's list of idle connections; made when it is first idle. */
  idleEntry: IdleEntry | null = null
  /** When a byte last came, on the clock's `now()`; when it opened, before the first. */
  lastReadAt = 0
  remoteAddress = ''
  localAddress = ''

  readonly #context: SchedulerContext
  readonly #owner: ConnectionOwner
  readonly #dial: DialOptions
  readonly #decoder: ResponseDecoder
  readonly #writer: RequestWriter
  readonly #keepAlive: KeepAlive
  readonly #timer: Timer
  readonly #inFlight = new Deque<Exchange>()
  #wire: Wire | null = null
  #wait: Wait = 'connect'
  #connectTimeout = 0
  #head: ResponseHead | null = null
  /** Whether more than one exchange was ever in flight on it. */
  #pipelined = false
  #paused = false
  #mutedBytes = 0
  #referenced = true

  constructor(serial: number, context: SchedulerContext, owner: ConnectionOwner, dial: DialOptions) {
    this.serial = serial
    this.#context = context
    this.#owner = owner
    this.#dial = dial
    this.#decoder = new ResponseDecoder(this, context.decoder)
    this.#writer = new RequestWriter(this)
    this.#keepAlive = new KeepAlive(context.keepAliveTimeout)
    this.#timer = new Timer(this)
  }

  /** Exchanges in flight. */
  get load(): number {
    return this.#inFlight.size
  }

  get idle(): boolean {
    return this.state === 'open' && this.#inFlight.size === 0
  }

  /** Whether exchanges wait in its pool: then it is only idle for a moment. */
  get wanted(): boolean {
    return this.#owner.waiting > 0
  }

  /** Whether it may take one more exchange when up to `depth` may be in flight on it. */
  hasRoom(depth: number): boolean {
    if (this.state !== 'open') return false
    const last = this.#inFlight.last
    if (last === null) return true
    return (
      this.#inFlight.size < depth &&
      this.#keepAlive.proven &&
      this.#keepAlive.budget > 0 &&
      this.#writer.sending === null &&
      last.pipelinable &&
      !this.#inFlight.first!.muted
    )
  }

  connect(timeout: number): void {
    this.#connectTimeout = timeout
    const { wheel, network } = this.#context
    if (timeout > 0) wheel.set(this.#timer, this.#context.now + timeout)
    if (channels.connectionConnect.hasSubscribers) channels.connectionConnect.publish(this.#event())
    this.#wire = network.dial(this.#dial, this)
  }

  /** Takes an exchange. It is written when the tick ends: see `settle`. */
  send(x: Exchange): void {
    this.#inFlight.push(x)
    if (this.#inFlight.size > 1) this.#pipelined = true
    x.holder = this
    x.route = this
    x.progress = 'sent'
    x.sentAt = this.#context.now
    x.reused = this.served > 0
    this.#keepAlive.budget--
    this.#writer.add(x)
    if (channels.exchangeSend.hasSubscribers) channels.exchangeSend.publish(this.#exchangeEvent(x))
    this.#owner.touch(this)
  }

  /** The tick ends: write what has gathered, or go idle. One write, however many exchanges. */
  settle(): void {
    if (this.state === 'closed' || this.state === 'connecting') return
    if (this.#inFlight.size === 0) {
      if (this.#referenced) this.#wire!.unref()
      this.#referenced = false
      this.#arm('idle', this.#keepAlive.timeout)
      return
    }
    if (!this.#referenced) this.#wire!.ref()
    this.#referenced = true
    if (!this.#writer.pending) return
    const first = this.#inFlight.first!
    const taken = this.#writer.flush()
    const sending = this.#writer.sending
    if (sending !== null) {
      if (sending.request.expectContinue > 0) this.#arm('continue', sending.request.expectContinue)
      else this.#writer.startBody()
    } else if (this.#wait === 'idle') {
      if (taken) this.#arm('head', this.#replyTimeout(first))
      else this.#arm('send', first.request.timeouts.requestTimeout)
    }
  }

  /** Finishes what is in flight and takes nothing new. */
  drain(): void {
    if (this.state !== 'open') return
    this.state = 'draining'
    if (this.#inFlight.size === 0) this.#close(null)
  }

  /** Closes an idle connection, or a dial that nobody waits for any more. */
  closeIdle(): void {
    if (this.#inFlight.size === 0) this.#close(null)
  }

  /** Ends it at once; everything in flight fails with `error`. */
  destroy(error: RequestError): void {
    const failed: Exchange[] = []
    for (let x = this.#inFlight.shift(); x !== null; x = this.#inFlight.shift()) failed.push(x)
    this.#close(null)
    for (const x of failed) this.#fail(x, error)
  }

  /** The client is closing: a body that nobody has begun to read must not hold that up. */
  closing(): void {
    const first = this.#inFlight.first
    if (first !== null && !first.muted) first.sink.onClosing(first)
  }

  // --- the exchange's holder -------------------------------------------------------------------

  cancel(x: Exchange): void {
    this.#enter()
    x.muted = true
    if (channels.exchangeEnd.hasSubscribers) channels.exchangeEnd.publish(this.#exchangeEvent(x))
    const first = this.#inFlight.first === x
    const head = first ? this.#head : null
    const tooLong = head !== null && (head.framing === 'close' || head.contentLength > LIMITS.maxMutedBytes)
    // A request that is half sent leaves nothing to go on with.
    if (tooLong || this.#writer.sending === x) {
      this.#close(null)
      return
    }
    if (!first) return
    this.#mutedBytes = 0
    this.#arm(this.#wait, LIMITS.mutedTimeout)
    this.resume(x)
  }

  resume(x: Exchange): void {
    this.#enter()
    if (!this.#paused || this.#inFlight.first !== x) return
    this.#paused = false
    if (!x.muted) this.#arm('body', x.request.timeouts.bodyTimeout)
    this.#wire!.resume()
  }

  // --- the wire's owner ------------------------------------------------------------------------

  onOpen(): void {
    this.state = 'open'
    this.opened = true
    this.remoteAddress = this.#wire!.remoteAddress
    this.localAddress = this.#wire!.localAddress
    this.lastReadAt = this.#enter()
    this.#context.wheel.clear(this.#timer)
    this.#wait = 'idle'
    if (channels.connectionOpen.hasSubscribers) channels.connectionOpen.publish(this.#event())
    this.#owner.onOpen(this)
  }

  onData(chunk: Uint8Array): void {
    this.lastReadAt = this.#enter()
    this.#owner.record.bytes += chunk.length
    if (channels.connectionBytes.hasSubscribers) {
      channels.connectionBytes.publish({ ...this.#event(), direction: 'in', data: chunk })
    }
    let consumed: number
    try {
      consumed = this.#decoder.decode(chunk)
    } catch (error) {
      // The codec throws these two and nothing else; anything else is our own fault and must be seen.
      if (!(error instanceof RequestError)) throw error
      this.#close(error)
      return
    }
    if (this.#closed) return
    if (consumed < chunk.length) {
      // Bytes that nothing was asked for: never an answer, whatever they say.
      this.#close(new ProtocolError('unsolicited-bytes', 'the server sent bytes that answer no request'))
      return
    }
    const first = this.#inFlight.first
    if (first !== null && this.#wait === 'body' && !first.muted) {
      this.#arm('body', first.request.timeouts.bodyTimeout)
    }
  }

  onFin(clean: boolean): void {
    this.#enter()
    const where = this.#decoder.end(clean)
    if (this.#closed || where === 'complete') return
    if (this.#inFlight.size === 0) this.#close(null)
    else if (where === 'idle') this.#close(this.#lossError('the server closed the connection', null))
    else this.#close(this.#lossError(`the server closed the connection in the middle of the ${where}`, null))
  }

  onDrain(): void {
    this.#enter()
    const first = this.#inFlight.first
    if (first !== null && this.#wait === 'send') {
      // While a body is being made, the server is not late.
      this.#arm('head', this.#writer.sending === null ? this.#replyTimeout(first) : 0)
    }
    this.#writer.drained()
  }

  onClose(error: Error | null): void {
    this.#enter()
    if (this.#closed) return
    if (this.state === 'connecting') {
      const known = error instanceof RequestError
      this.#dialFailed(
        known ? error : new ConnectError('tcp', error?.message ?? 'the dial ended early', error),
      )
      return
    }
    this.#close(this.#lossError(`the connection broke (${error?.message ?? 'closed'})`, error))
  }

  // --- the decoder's sink ----------------------------------------------------------------------

  onStart(): string | null {
    const first = this.#inFlight.first
    if (first === null) return null
    first.progress = 'answered'
    return first.request.method
  }

  onInformational(head: ResponseHead): void {
    const first = this.#inFlight.first!
    if (head.status === 100) {
      if (this.#wait === 'continue') this.#continue()
    } else if (!first.muted) {
      first.sink.onInformational(first, head)
    }
  }

  onHead(head: ResponseHead): void {
    const first = this.#inFlight.first!
    first.headAt = this.lastReadAt
    this.#head = head
    // A final answer instead of the 100: the body is not wanted (RFC 9110 section 10.1.1).
    if (this.#wait === 'continue') this.#writer.stop()
    if (first.muted) {
      if (head.framing === 'close' || head.contentLength > LIMITS.maxMutedBytes) this.#close(null)
      return
    }
    this.#arm('body', first.request.timeouts.bodyTimeout)
    if (channels.exchangeHead.hasSubscribers) {
      channels.exchangeHead.publish({ ...this.#exchangeEvent(first), head })
    }
    first.sink.onHead(first, head)
  }

  onBody(chunk: Uint8Array): void {
    const first = this.#inFlight.first!
    if (first.muted) {
      this.#mutedBytes += chunk.length
      if (this.#mutedBytes > LIMITS.maxMutedBytes) this.#close(null)
    } else if (!first.sink.onBody(first, chunk) && !this.#paused && !this.#closed && !first.muted) {
      this.#paused = true
      this.#wire!.pause()
    }
  }

  onEnd(trailers: Headers | null): void {
    const x = this.#inFlight.shift()!
    const head = this.#head!
    this.#head = null
    x.holder = null
    x.progress = 'done'
    x.endAt = this.lastReadAt
    this.served++
    this.#owner.record.requests++
    if (this.#paused) {
      this.#paused = false
      this.#wire!.resume()
    }
    // An answer that came before the request was whole leaves a half-sent request behind.
    const ends = !head.keepAlive || x.request.closes || this.#writer.sending === x
    if (!ends) this.#keepAlive.learn(head, this.#inFlight.size)
    this.#awaitNext()
    if (!x.muted) {
      if (channels.exchangeEnd.hasSubscribers) channels.exchangeEnd.publish(this.#exchangeEvent(x))
      x.sink.onEnd(x, trailers)
    }
    if (this.#closed) return
    const last = this.#inFlight.size === 0 && (this.state === 'draining' || this.#keepAlive.budget <= 0)
    if (ends || last) this.#close(null)
    else this.#owner.onRoom(this)
  }

  // --- the writer's owner ----------------------------------------------------------------------

  write(data: string | Uint8Array): boolean {
    if (channels.connectionBytes.hasSubscribers) {
      channels.connectionBytes.publish({ ...this.#event(), direction: 'out', data })
    }
    return this.#wire!.write(data)
  }

  onBodyBlocked(x: Exchange): void {
    this.#enter()
    if (this.#wait !== 'body') this.#arm('send', x.request.timeouts.requestTimeout)
  }

  onBodySent(): void {
    this.#enter()
    const first = this.#inFlight.first
    if (first === null) return
    if (this.#wait !== 'body') this.#arm('head', this.#replyTimeout(first))
    this.#owner.onRoom(this)
  }

  onBodyFailed(x: Exchange, error: RequestError): void {
    if (!this.#inFlight.remove(x)) return
    this.#close(null)
    this.#fail(x, error)
  }

  // --- the timer's owner -----------------------------------------------------------------------

  onTimer(): void {
    this.#enter()
    const first = this.#inFlight.first
    switch (this.#wait) {
      case 'connect':
        this.#dialFailed(
          new TimeoutError(
            'connect',
            this.#connectTimeout,
            `no connection within ${this.#connectTimeout} ms`,
          ),
        )
        return
      case 'idle':
        this.#close(null)
        return
      case 'continue':
        this.#continue()
        return
      case 'send':
      case 'head':
      case 'body':
        if (first === null || first.muted) this.#close(null)
        else this.#close(timeoutError(this.#wait, first, this.#paused), true)
    }
  }

  // --- private ---------------------------------------------------------------------------------

  get #closed(): boolean {
    return this.state === 'closed'
  }

  /** An event starts: see `SchedulerContext.now`. */
  #enter(): number {
    const context = this.#context
    context.now = context.clock.now()
    return context.now
  }

  #arm(wait: Wait, timeout: number): void {
    this.#wait = wait
    if (timeout > 0) this.#context.wheel.set(this.#timer, this.#context.now + timeout)
    else this.#context.wheel.clear(this.#timer)
  }

  /** The front has been answered: now the next one is waited for, or nothing is. */
  #awaitNext(): void {
    const next = this.#inFlight.first
    if (next !== null) {
      this.#mutedBytes = 0
      this.#arm('head', this.#replyTimeout(next))
    } else {
      this.#wait = 'idle'
      this.#context.wheel.clear(this.#timer)
    }
  }

  #replyTimeout(x: Exchange): number {
    return x.muted ? LIMITS.mutedTimeout : x.request.timeouts.replyTimeout
  }

  #continue(): void {
    this.#arm('head', 0)
    this.#writer.startBody()
  }

  #dialFailed(error: RequestError): void {
    if (this.#closed) return
    this.#release()
    this.#owner.onDialFailed(this, error)
  }

  #release(): void {
    this.state = 'closed'
    this.#decoder.close()
    this.#context.wheel.remove(this.#timer)
    this.#writer.stop()
    this.#wire?.destroy()
    if (channels.connectionClose.hasSubscribers) channels.connectionClose.publish(this.#event())
  }

  /**
   * Ends the connection. `error` is the server's doing, null our own or announced. The exchanges in
   * flight are sent again where they may be: no byte of their answer seen, idempotent, not too often
   * yet, and not the one a timeout is about (`blameFirst`). The others fail.
   */
  #close(error: RequestError | null, blameFirst = false): void {
    if (this.#closed) return
    const dialling = this.state === 'connecting'
    this.#release()
    const lost: Exchange[] = []
    const failed: Exchange[] = []
    let blamed = blameFirst
    for (let x = this.#inFlight.shift(); x !== null; x = this.#inFlight.shift()) {
      x.holder = null
      if (!x.muted) {
        const again = x.progress === 'sent' && x.resendable && x.attempt <= LIMITS.maxResends && !blamed
        if (again) lost.push(this.#takeBack(x, error !== null))
        else failed.push(x)
      }
      blamed = false
    }
    const inFlight = lost.length + failed.length > 0
    const broke = error !== null && ((this.#pipelined && inFlight) || error instanceof ProtocolError)
    this.#owner.onClosed(this, lost, broke && !dialling)
    for (const x of failed) this.#fail(x, error ?? this.#lossError('the connection was closed', null))
  }

  /** Makes an exchange ready to be sent again; after a loss only on a connection newer than that. */
  #takeBack(x: Exchange, unannounced: boolean): Exchange {
    x.progress = 'waiting'
    x.attempt++
    x.route = null
    if (unannounced) x.minSerial = this.#context.nextSerial()
    return x
  }

  #fail(x: Exchange, error: RequestError): void {
    x.holder = null
    this.#owner.record.errors++
    if (channels.exchangeEnd.hasSubscribers) {
      channels.exchangeEnd.publish({ ...this.#exchangeEvent(x), error })
    }
    x.sink.onError(x, error)
  }

  #lossError(what: string, cause: unknown): RequestError {
    return lossError(what, cause, this.#inFlight.first, this.served)
  }

  #event(): ConnectionEvent {
    const { clientId } = this.#context
    return { client: clientId, connection: this.serial, target: this.#dial.sessionKey, served: this.served }
  }

  #exchangeEvent(x: Exchange): ExchangeEvent {
    return exchangeEvent(this.#context.clientId, x, this.serial)
  }
}
