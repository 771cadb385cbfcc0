import type { Channel } from 'node:diagnostics_channel'
import { Deque } from '../core/deque.ts'
import { channels } from '../core/diagnostics.ts'
import { ProtocolError, RequestError } from '../core/errors.ts'
import {
  type DialTimes,
  Flight,
  type Exchange,
  type ExchangeHolder,
  type ResponseHead,
  type Route,
} from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import type { TimerOwner } from '../core/timer-wheel.ts'
import type { DialOptions, Wire, WireOwner } from '../net/network.ts'
import { closedError, dialError, dialTimeoutError, lossError, timeoutError } from './connection-errors.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { ConnectionPlace } from './connection-place.ts'
import { failExchange } from './fail-exchange.ts'
import { Deadline } from './deadline.ts'
import { publishBytes, publishExchange, type ConnectionEvent } from './events.ts'
import type { SchedulerContext } from './context.ts'
import { hasRecords } from './has-records.ts'
import { KeepAlive } from './keep-alive.ts'
import { RequestWriter, type WriterOwner } from './request-writer.ts'
import { isAllMuted, sortInFlight, takeUnmuted } from './resend.ts'
import { ResponseReader, type ReaderOwner } from './response-reader.ts'

/**
 * One connection: the exchanges in flight on it, in order, between the encoder and the decoder. An answer
 * belongs to the exchange at the front of `#inFlight`, and to nothing else. Whatever makes that doubtful
 * closes the connection; the exchanges behind it are sent again where they may be (rule 10).
 */
export class Connection
  extends ConnectionPlace
  implements WireOwner, ReaderOwner, TimerOwner, ExchangeHolder, WriterOwner, Route
{
  /** Counts up over all connections of a client: a later dial has a higher number. */
  readonly serial: number
  /** What it reads comes in records of TLS. */
  readonly hasRecords: boolean
  /** Exchanges answered. */
  served = 0
  /** When its last answer ended, if anybody paces: until then the server was busy with that. */
  #answeredAt = 0
  remoteAddress = ''
  localAddress = ''

  readonly #context: SchedulerContext
  readonly #owner: ConnectionOwner
  readonly #dial: DialOptions
  readonly #writer: RequestWriter
  readonly #reader: ResponseReader
  readonly #keepAlive: KeepAlive
  readonly #deadline: Deadline
  readonly #inFlight = new Deque<Exchange>()
  #wire: Wire | null = null
  #timesForFirst: DialTimes | null = null
  /** Whether more than one exchange was in flight on it since it was last idle. */
  #pipelined = false
  #referenced = true
  #clientCloses = false

  constructor(serial: number, context: SchedulerContext, owner: ConnectionOwner, dial: DialOptions) {
    super()
    this.serial = serial
    this.#context = context
    this.#owner = owner
    this.#dial = dial
    this.hasRecords = hasRecords(dial)
    this.#writer = new RequestWriter(this, context.clock)
    this.#reader = new ResponseReader(this, this.#inFlight, context, owner.record.downloads)
    this.#keepAlive = new KeepAlive(context.keepAliveTimeout)
    this.#deadline = new Deadline(context, this)
  }

  /** Exchanges in flight. */
  get load(): number {
    return this.#inFlight.size
  }

  /** What is published of it. */
  get event(): ConnectionEvent {
    const { clientId } = this.#context
    return { client: clientId, connection: this.serial, target: this.#dial.sessionKey, served: this.served }
  }

  get idle(): boolean {
    return this.state === 'open' && this.#inFlight.size === 0
  }

  /** Whether its pool is about to use it: then it is only idle for a moment. */
  get wanted(): boolean {
    return this.#owner.checking
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
    this.#deadline.arm('connect', timeout)
    if (channels.connectionConnect.hasSubscribers) channels.connectionConnect.publish(this.event)
    this.#wire = this.#context.network.dial(this.#dial, this)
    // The user's `resolve` ran, and may have ended this dial already.
    if (this.#closed()) this.#wire.destroy()
  }

  /** Takes an exchange. It is written when the tick ends: see `settle`. */
  send(x: Exchange): void {
    this.#inFlight.push(x)
    this.#pipelined ||= this.#inFlight.size > 1
    x.holder = this
    x.progress = 'sent'
    x.flight = new Flight(this, this.served > 0, this.#context.now, this.#timesForFirst)
    this.#timesForFirst = null
    this.#keepAlive.budget--
    this.#writer.add(x)
    this.#publish(channels.exchangeSend, x)
    this.#owner.touch(this)
  }

  /** The tick ends: write what has gathered, or go idle. One write, however many exchanges. */
  settle(): void {
    if (this.state === 'closed' || this.state === 'connecting') return
    if (this.#inFlight.size === 0) {
      if (this.#referenced) this.#wire!.unref()
      this.#referenced = false
      this.#deadline.arm('idle', this.#keepAlive.timeout)
      return
    }
    if (!this.#referenced) this.#wire!.ref()
    this.#referenced = true
    if (!this.#writer.pending) return
    this.#reader.takeTurn()
    const first = this.#inFlight.first!
    const taken = this.#writer.flush()
    const sending = this.#writer.sending
    const idle = this.#deadline.wait === 'idle'
    if (sending !== null && sending.request.expectContinue > 0) {
      this.#deadline.arm('continue', sending.request.expectContinue)
    } else if (sending !== null) {
      // While a body is being made, neither the server is late nor the connection idle.
      if (idle) this.#deadline.arm('head', 0)
      this.#writer.startBody()
    } else if (idle && taken) this.#deadline.armHead(first)
    else if (idle) this.#deadline.arm('send', first.request.timeouts.requestTimeout)
  }

  /** Finishes what is in flight and takes nothing new. */
  drain(): void {
    if (this.state !== 'open') return
    this.state = 'draining'
    if (this.#inFlight.size === 0) this.#close(null)
  }

  /** Closes a connection that carries nothing, or nothing that anybody waits for; a dial, too. */
  closeSpare(): void {
    if (isAllMuted(this.#inFlight)) this.#close(null)
  }

  /** Ends it at once; everything in flight fails, each with an error of its own. */
  destroy(makeError: () => RequestError): void {
    const failed = takeUnmuted(this.#inFlight)
    this.#close(null)
    for (const x of failed) this.#fail(x, makeError())
  }

  /** The client is closing: a body that nobody has begun to read must not hold that up. */
  closing(): void {
    this.#clientCloses = true
    const first = this.#inFlight.first
    if (first === null) return
    if (!first.muted) first.sink.onClosing(first)
    this.closeSpare()
  }

  // --- the exchange's holder -------------------------------------------------------------------

  cancel(x: Exchange): void {
    this.#context.enter()
    x.flight!.muted = true
    this.#owner.onEnded()
    this.#publish(channels.exchangeEnd, x)
    const first = this.#inFlight.first === x
    // A request that is half sent leaves nothing to go on with.
    if (this.#writer.sending === x || (first && !this.#reader.mute())) {
      this.#close(null)
    } else if (first) {
      this.#deadline.armMuted()
      this.#reader.resume()
    }
    if (this.#clientCloses) this.closeSpare()
    else if (isAllMuted(this.#inFlight)) this.#owner.onAllMuted(this)
  }

  resume(x: Exchange): void {
    this.#context.enter()
    if (this.#inFlight.first !== x || !this.#reader.resume()) return
    this.#deadline.arm('body', x.request.timeouts.bodyTimeout)
    this.#reader.takeTurn()
  }

  taken(x: Exchange): void {
    this.#context.enter()
    if (this.#inFlight.first !== x || !this.#reader.paused) return
    this.#deadline.arm('body', x.request.timeouts.bodyTimeout)
  }

  // --- the wire's owner ------------------------------------------------------------------------

  onOpen(times: DialTimes | null): void {
    this.state = 'open'
    this.#timesForFirst = times
    this.remoteAddress = this.#wire!.remoteAddress
    this.localAddress = this.#wire!.localAddress
    this.lastReadAt = this.#context.enter()
    this.#deadline.arm('idle', 0)
    if (channels.connectionOpen.hasSubscribers) channels.connectionOpen.publish(this.event)
    this.#owner.onOpen(this)
  }

  onData(chunk: Uint8Array): void {
    this.lastReadAt = this.#context.enter()
    this.openedIn = -1
    this.mayHoldMore = chunk.length === (this.#dial.readSize ?? LIMITS.readBuffer)
    if (this.hasRecords) this.recordsIn = this.#context.turn
    this.#owner.record.bytes += chunk.length
    publishBytes(this, 'in', chunk)
    let answers: boolean
    try {
      answers = this.#reader.decode(chunk)
    } catch (error) {
      // The codec throws these two and nothing else; anything else is our own fault and must be seen.
      if (!(error instanceof RequestError)) throw error
      this.#close(error)
      return
    }
    if (this.#closed()) return
    if (!answers) {
      // Bytes that nothing was asked for: never an answer, whatever they say.
      this.#close(new ProtocolError('unsolicited-bytes', 'the server sent bytes that answer no request'))
      return
    }
    const first = this.#inFlight.first
    if (first === null) return
    if (this.#deadline.wait === 'body' && !first.muted) {
      this.#deadline.arm('body', first.request.timeouts.bodyTimeout)
    }
    this.#reader.takeTurn()
  }

  onFin(clean: boolean): void {
    this.#context.enter()
    const where = this.#reader.end(clean)
    if (this.#closed() || where === 'complete') return
    const first = this.#inFlight.first
    const what = where === 'idle' ? '' : ` in the middle of the ${where}`
    if (first === null) this.#close(null)
    else this.#close(lossError(`the server closed the connection${what}`, null, first, this.served))
  }

  onDrain(): void {
    this.#context.enter()
    const first = this.#inFlight.first
    if (first !== null && this.#deadline.wait === 'send') {
      // While a body is being made, the server is not late.
      if (this.#writer.sending === null) this.#deadline.armHead(first)
      else this.#deadline.arm('head', 0)
    }
    this.#writer.drained()
  }

  onClose(error: Error | null): void {
    this.#context.enter()
    if (this.state === 'connecting') this.#dialFailed(dialError(error))
    else if (!this.#closed()) {
      const what = `the connection broke (${error?.message ?? 'closed'})`
      this.#close(lossError(what, error, this.#inFlight.first, this.served))
    }
  }

  // --- the reader's owner ----------------------------------------------------------------------

  onContinue(): void {
    if (this.#deadline.wait !== 'continue') return
    this.#deadline.arm('head', 0)
    this.#writer.startBody()
  }

  onResponseHead(x: Exchange, head: ResponseHead): void {
    const flight = x.flight!
    flight.headAt = this.lastReadAt
    const latency = this.lastReadAt - Math.max(flight.sentAt, this.#answeredAt)
    this.#owner.pacing?.answered(head.status, latency, flight.sentAt)
    // A final answer instead of the 100: the body is not wanted (RFC 9110 section 10.1.1).
    if (this.#deadline.wait === 'continue') this.#writer.stop()
    if (x.muted) return
    this.#deadline.arm('body', x.request.timeouts.bodyTimeout)
    this.#publish(channels.exchangeHead, x, head)
  }

  onAnswered(x: Exchange, head: ResponseHead, trailers: Headers | null): void {
    x.flight!.endAt = this.lastReadAt
    if (this.#owner.pacing !== null) this.#answeredAt = this.lastReadAt
    this.served++
    this.#owner.record.requests++
    // An answer that came before the request was whole leaves a half-sent request behind.
    const ends = !head.keepAlive || x.request.closes || this.#writer.sending === x
    if (!ends) this.#keepAlive.learn(head, this.#inFlight.size)
    this.#awaitNext()
    if (!x.muted) {
      this.#owner.onEnded()
      this.#publish(channels.exchangeEnd, x)
      x.sink.onEnd(x, trailers)
    }
    if (this.#closed()) return
    const last = this.#inFlight.size === 0 && (this.state === 'draining' || this.#keepAlive.budget <= 0)
    if (ends || last) this.#close(null)
    else this.#owner.onRoom(this)
  }

  onMutedTooLong(): void {
    this.#close(null)
  }

  setReading(on: boolean): void {
    if (on) this.#wire!.resume()
    else this.#wire!.pause()
  }

  onHeld(on: boolean): void {
    this.#deadline.hold(on)
  }

  onSlowBody(error: RequestError): void {
    this.#close(error, true)
  }

  // --- the writer's owner ----------------------------------------------------------------------

  write(data: string | Uint8Array): boolean {
    publishBytes(this, 'out', data)
    return this.#wire!.write(data)
  }

  onBodyBlocked(x: Exchange): void {
    this.#context.enter()
    if (this.#deadline.wait !== 'body') this.#deadline.arm('send', x.request.timeouts.requestTimeout)
  }

  onBodySent(x: Exchange): void {
    x.flight!.sending = this.#context.enter() - x.flight!.sentAt
    const first = this.#inFlight.first
    if (first === null) return
    if (this.#deadline.wait !== 'body') this.#deadline.armHead(first)
    this.#owner.onRoom(this)
  }

  onBodyFailed(x: Exchange, error: RequestError): void {
    if (!this.#inFlight.remove(x)) return
    this.#close(null)
    this.#fail(x, error)
  }

  // --- the timer's owner -----------------------------------------------------------------------

  onTimer(): void {
    this.#context.enter()
    const first = this.#inFlight.first
    const { wait, timeout } = this.#deadline
    if (wait === 'connect') this.#dialFailed(dialTimeoutError(timeout))
    else if (wait === 'continue') this.onContinue()
    else if (wait === 'idle' || wait === 'muted' || first === null || first.muted) this.#close(null)
    else this.#close(timeoutError(wait, first, this.#reader.paused), true)
  }

  // --- private ---------------------------------------------------------------------------------

  #closed(): boolean {
    return this.state === 'closed'
  }

  /** The front has been answered: now the next one is waited for, or nothing is. */
  #awaitNext(): void {
    const next = this.#inFlight.first
    this.#pipelined &&= next !== null
    if (next === null) this.#deadline.arm('idle', 0)
    // While its own body waits for the socket, it is too early for an answer.
    else if (this.#writer.blocked === next) this.#deadline.arm('send', next.request.timeouts.requestTimeout)
    else this.#deadline.armHead(next)
  }

  #dialFailed(error: RequestError): void {
    if (this.#closed()) return
    this.#release()
    this.#owner.onDialFailed(this, error)
  }

  #release(): void {
    this.state = 'closed'
    this.#reader.close()
    this.#deadline.remove()
    this.#writer.stop()
    this.#wire?.destroy()
    if (channels.connectionClose.hasSubscribers) channels.connectionClose.publish(this.event)
  }

  /**
   * Ends the connection. `error` is the server's doing; null: announced, or our own doing. What is in
   * flight goes back to the pool or fails: see `sortInFlight`.
   */
  #close(error: RequestError | null, blameFirst = false): void {
    if (this.#closed()) return
    this.#release()
    const loss = { announced: error === null, blameFirst, nextSerial: this.#context.nextSerial() }
    const { again, failed } = sortInFlight(this.#inFlight, loss)
    const inPipeline = this.#pipelined && again.length + failed.length > 0
    this.#owner.onClosed(this, again, error !== null && (inPipeline || error instanceof ProtocolError))
    for (const [place, x] of failed.entries()) {
      this.#fail(x, (place === 0 ? error : null) ?? closedError(x, this.served))
    }
  }

  #fail(x: Exchange, error: RequestError): void {
    this.#owner.onEnded()
    failExchange(x, error, this.#owner.record, this.#context.clientId, this.serial)
  }

  #publish(channel: Channel, x: Exchange, head?: ResponseHead): void {
    publishExchange(channel, this.#context.clientId, x, this.serial, head)
  }
}
