import type { ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import type { Answer, AnswerOwner } from './answer.ts'
import { BodyQueue, type BodySource } from './body-queue.ts'
import { parseContentEncoding } from '../coding/content-coding.ts'
import { StreamResponse } from './stream-response.ts'

/** An answer that the caller has from its head on: its body is handed on as it comes. */
export class StreamedAnswer implements Answer, BodySource {
  readonly wire: null = null
  trailers: Headers | null = null
  isEnded = false
  isAbandoned = false
  readonly response: StreamResponse
  readonly #owner: AnswerOwner
  readonly #head: ResponseHead
  readonly #queue = new BodyQueue(this)

  /** Throws LimitError where the body has too many codings. */
  constructor(owner: AnswerOwner, head: ResponseHead) {
    this.#owner = owner
    this.#head = head
    const { exchange, rules, history, decodeEngine: engine } = owner
    const { maxBodySize, maxDecodeRatio } = rules
    const isCoded = rules.decompress && head.framing !== 'none'
    const codings = isCoded ? parseContentEncoding(head.contentEncoding) : []
    const decoding = { maxBodySize, maxDecodeRatio, engine }
    this.response = new StreamResponse(exchange, head, this.#queue, codings, decoding, history)
  }

  get bytesOnWire(): number {
    return this.response.bytesOnWire
  }

  /** Whether it holds its connection up, and nobody has begun to read. */
  get isForgotten(): boolean {
    return !this.#queue.begun && this.#queue.full
  }

  /** What is coded is decoded as its reader asks for it, which may be after its end. */
  get bytesDecoded(): number {
    const isPlain = !this.#owner.rules.decompress || this.#head.contentEncoding === ''
    return isPlain && this.isEnded ? this.bytesOnWire : -1
  }

  push(chunk: Uint8Array): boolean {
    this.response.bytesOnWire += chunk.length
    return this.#queue.push(chunk)
  }

  end(trailers: Headers | null): void {
    this.isEnded = true
    this.trailers = trailers
    this.response.finish(trailers)
    this.#queue.end()
  }

  fail(error: Error): void {
    this.#queue.fail(error)
  }

  // --- the body's source ---------------------------------------------------------------------------

  onRoom(): void {
    const { exchange } = this.#owner
    exchange.holder?.resume(exchange)
  }

  onTaken(): void {
    const { exchange } = this.#owner
    exchange.holder?.taken(exchange)
  }

  onAbandoned(): void {
    this.isAbandoned = true
    this.#owner.onAbandoned()
  }
}
