import type { RequestError } from '../core/errors.ts'
import type { Exchange, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import type { Answer, AnswerOwner } from './answer.ts'
import { BodyQueue, type BodySource } from './body-queue.ts'
import { parseContentEncoding } from './content-coding.ts'
import type { DecodeEngine } from './decode-stream.ts'
import type { CallHistory } from './history.ts'
import type { CallRules } from './rules.ts'
import { StreamResponse } from './stream-response.ts'

/** An answer that the caller has from its head on: its body is handed on as it comes. */
export class StreamedAnswer implements Answer, BodySource {
  readonly wire: null = null
  trailers: Headers | null = null
  isEnded = false
  readonly response: StreamResponse
  readonly #owner: AnswerOwner
  readonly #exchange: Exchange
  readonly #queue = new BodyQueue(this)

  /** Throws LimitError where the body has too many codings. */
  constructor(
    owner: AnswerOwner,
    exchange: Exchange,
    head: ResponseHead,
    history: CallHistory | null,
    rules: CallRules,
    engine: DecodeEngine,
  ) {
    this.#owner = owner
    this.#exchange = exchange
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

  fail(error: RequestError): void {
    this.#queue.fail(error)
  }

  // --- the body's source ---------------------------------------------------------------------------

  onRoom(): void {
    this.#exchange.holder?.resume(this.#exchange)
  }

  onTaken(): void {
    this.#exchange.holder?.taken(this.#exchange)
  }

  onAbandoned(): void {
    this.#owner.onAbandoned()
  }
}
