import type { Deque } from '../core/deque.ts'
import type { Exchange, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { ResponseDecoder, type DecoderOptions, type DecoderSink } from '../http1/response-decoder.ts'

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
}

/**
 * The decoder's half of a connection. Whatever is decoded belongs to the exchange in front of the
 * line, and to nothing else; when the line is empty, nothing is decoded.
 */
export class ResponseReader implements DecoderSink {
  /** The reader of the exchange in front has no room: the wire is paused. */
  paused = false
  readonly #owner: ReaderOwner
  readonly #inFlight: Deque<Exchange>
  readonly #decoder: ResponseDecoder
  /** Of the answer that is being read. */
  #head: ResponseHead | null = null
  #mutedBytes = 0

  constructor(owner: ReaderOwner, inFlight: Deque<Exchange>, options: DecoderOptions) {
    this.#owner = owner
    this.#inFlight = inFlight
    this.#decoder = new ResponseDecoder(this, options)
  }

  /** Throws ProtocolError or LimitError. false: bytes are left that answer nothing. */
  decode(chunk: Uint8Array): boolean {
    return this.#decoder.decode(chunk) === chunk.length
  }

  end(clean: boolean): 'idle' | 'complete' | 'head' | 'body' {
    return this.#decoder.end(clean)
  }

  close(): void {
    this.#decoder.close()
  }

  /** Drops what comes for the exchange in front. false: that is too much, close the connection. */
  mute(): boolean {
    this.#mutedBytes = 0
    return this.#head === null || isDroppable(this.#head)
  }

  /** The reader has room again. false: nothing was stopped. */
  resume(): boolean {
    if (!this.paused) return false
    this.paused = false
    this.#owner.setReading(true)
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
    if (!first.muted) first.sink.onHead(first, head)
    else if (!isDroppable(head)) this.#owner.onMutedTooLong()
  }

  onBody(chunk: Uint8Array): void {
    const first = this.#inFlight.first!
    if (first.muted) {
      this.#mutedBytes += chunk.length
      if (this.#mutedBytes > LIMITS.maxMutedBytes) this.#owner.onMutedTooLong()
    } else if (!first.sink.onBody(first, chunk) && !this.paused && !this.#decoder.closed && !first.muted) {
      this.paused = true
      this.#owner.setReading(false)
    }
  }

  onEnd(trailers: Headers | null): void {
    const x = this.#inFlight.shift()!
    const head = this.#head!
    this.#head = null
    x.holder = null
    x.progress = 'done'
    this.resume()
    this.#owner.onAnswered(x, head, trailers)
  }
}

/** Whether the rest of an answer is worth reading, only to keep its connection. */
function isDroppable(head: ResponseHead): boolean {
  return head.framing !== 'close' && head.contentLength <= LIMITS.maxMutedBytes
}
