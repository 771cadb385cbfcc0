import type { Deque } from '../core/deque.ts'
import type { RequestError } from '../core/errors.ts'
import type { Exchange, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { ResponseDecoder, type DecoderSink } from '../http1/response-decoder.ts'
import { BodyRate } from './body-rate.ts'
import type { SchedulerContext } from './context.ts'
import type { DownloadRate } from './download-rate.ts'
import { ReadGate, type GateOwner } from './read-gate.ts'

/** A connection, as the decoder's half of it sees it. */
export interface ReaderOwner {
  /** The server asks for the body that waits for its word. */
  onContinue(): void
  /** The head of the answer to the exchange in front. */
  onResponseHead(x: Exchange, head: ResponseHead): void
  /** The answer is whole; the exchange has left the line. */
  onAnswered(x: Exchange, head: ResponseHead, trailers: Headers | null): void
  /** An aborted exchange has more to drop than is worth it. */
  onMutedTooLong(): void
  /** Goes on reading the wire, or stops. */
  setReading(on: boolean): void
  /** It has stopped, or goes on, for our own pace's sake: meanwhile the server is not late. */
  onHeld(on: boolean): void
  /** The body of the exchange in front comes more slowly than it may. */
  onSlowBody(error: RequestError): void
}

/**
 * The decoder's half of a connection. Whatever is decoded belongs to the exchange in front of the
 * line, and to nothing else; when the line is empty, nothing is decoded.
 */
export class ResponseReader implements DecoderSink, GateOwner {
  /** The reader of the exchange in front has no room: the wire is paused. */
  paused = false
  readonly #owner: ReaderOwner
  readonly #inFlight: Deque<Exchange>
  readonly #decoder: ResponseDecoder
  /** Of the answer that is being read. */
  #head: ResponseHead | null = null
  #mutedBytes = 0
  readonly #context: SchedulerContext
  /** Once an exchange has asked for a minimum rate. */
  #rate: BodyRate | null = null
  /** Where its target, or all, may be read no faster than so; null: as fast as it comes. */
  readonly #gate: ReadGate | null

  constructor(
    owner: ReaderOwner,
    inFlight: Deque<Exchange>,
    context: SchedulerContext,
    rates: readonly DownloadRate[] | null,
  ) {
    this.#owner = owner
    this.#inFlight = inFlight
    this.#context = context
    this.#decoder = new ResponseDecoder(this, context.decoder)
    this.#gate = rates === null ? null : new ReadGate(this, rates)
  }

  /** Throws ProtocolError or LimitError. false: bytes are left that answer nothing. */
  decode(chunk: Uint8Array): boolean {
    this.#gate?.took(chunk.length)
    return this.#inFlight.size > 0 && this.#decoder.decode(chunk) === chunk.length
  }

  end(clean: boolean): 'idle' | 'complete' | 'head' | 'body' {
    return this.#decoder.end(clean)
  }

  /** Something is to be read now, or more: stops where that has to wait for its turn. */
  takeTurn(): void {
    if (!this.paused) this.#gate?.check()
  }

  /** Never while `paused`: who has no room takes no turn, and who waits for a turn is given nothing. */
  hold(on: boolean): void {
    this.#setReading(!on)
    this.#owner.onHeld(on)
  }

  close(): void {
    this.#decoder.close()
    this.#gate?.leave()
    this.#rate?.stop()
  }

  /** Drops what comes for the exchange in front. false: that is too much, close the connection. */
  mute(): boolean {
    this.#mutedBytes = 0
    this.#rate?.stop()
    return this.#head === null || isDroppable(this.#head)
  }

  /** The reader has room again. false: nothing was stopped. */
  resume(): boolean {
    if (!this.paused) return false
    this.paused = false
    this.#setReading(true)
    return true
  }

  // --- the decoder's sink ----------------------------------------------------------------------

  onStart(): string | null {
    const first = this.#inFlight.first
    if (first === null) return null
    first.progress = 'answered'
    this.#mutedBytes = 0
    return first.request.method
  }

  onInformational(head: ResponseHead): void {
    const first = this.#inFlight.first!
    if (head.status === 100) this.#owner.onContinue()
    else if (!first.muted) first.sink.onInformational(first, head)
  }

  onHead(head: ResponseHead): void {
    const first = this.#inFlight.first!
    this.#head = head
    this.#owner.onResponseHead(first, head)
    if (!first.muted) {
      if (first.request.timeouts.minBodyRate > 0) this.#watchRate(first)
      first.sink.onHead(first, head)
    } else if (!isDroppable(head)) this.#owner.onMutedTooLong()
  }

  onBody(chunk: Uint8Array): void {
    const first = this.#inFlight.first!
    if (this.#rate !== null) this.#rate.bytes += chunk.length
    if (first.muted) {
      this.#mutedBytes += chunk.length
      if (this.#mutedBytes > LIMITS.maxMutedBytes) this.#owner.onMutedTooLong()
    } else if (!first.sink.onBody(first, chunk) && !this.paused && !this.#decoder.closed && !first.muted) {
      this.paused = true
      this.#setReading(false)
    }
  }

  onEnd(trailers: Headers | null): void {
    const x = this.#inFlight.shift()!
    const head = this.#head!
    this.#head = null
    this.#rate?.stop()
    x.holder = null
    x.progress = 'done'
    this.resume()
    this.#owner.onAnswered(x, head, trailers)
  }

  #setReading(on: boolean): void {
    if (on) this.#rate?.resume()
    else this.#rate?.pause()
    this.#owner.setReading(on)
  }

  #watchRate({ request }: Exchange): void {
    this.#rate ??= new BodyRate(this.#context, (error) => this.#owner.onSlowBody(error))
    this.#rate.start(request.timeouts)
  }
}

/** Whether the rest of an answer is worth reading, only to keep its connection. */
function isDroppable(head: ResponseHead): boolean {
  return head.framing !== 'close' && head.contentLength <= LIMITS.maxMutedBytes
}
