import { Buffer } from 'node:buffer'
import { LimitError, RequestError } from '../../core/errors.ts'
import type { ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Answer, AnswerOwner } from './answer.ts'
import { BodyCollector } from './body-collector.ts'
import { decodeWhole, decodeWholeSync, parseContentEncoding } from '../coding/content-coding.ts'
import { Response } from './response.ts'

/** An answer that becomes a whole response: gathered, and decoded at its end. */
export class WholeAnswer implements Answer {
  wire: Buffer<ArrayBuffer> = EMPTY
  trailers: Headers | null = null
  isEnded = false
  bytesDecoded = -1
  readonly #owner: AnswerOwner
  readonly #head: ResponseHead
  readonly #body: BodyCollector | null

  constructor(owner: AnswerOwner, head: ResponseHead) {
    this.#owner = owner
    this.#head = head
    this.#body = head.framing === 'none' ? null : new BodyCollector(head.contentLength)
  }

  /** Tells the owner where the body is known to be too large before it comes. */
  open(): void {
    const { contentLength, framing } = this.#head
    if (framing !== 'length' || contentLength <= this.#owner.rules.maxBodySize) return
    this.#owner.onBadAnswer(this.#tooLarge(`the body has ${contentLength} bytes`))
  }

  /** Nobody reads it before it is whole. */
  get isAbandoned(): boolean {
    return false
  }

  get bytesOnWire(): number {
    return this.#body === null ? 0 : this.#body.size
  }

  push(chunk: Uint8Array): boolean {
    const body = this.#body!
    body.push(chunk)
    const { maxBodySize } = this.#owner.rules
    if (body.size > maxBodySize) {
      this.#owner.onBadAnswer(this.#tooLarge(`the body has more than ${maxBodySize} bytes`))
    }
    return true
  }

  end(trailers: Headers | null): void {
    this.isEnded = true
    this.trailers = trailers
    this.wire = this.#body === null ? EMPTY : this.#body.bytes()
    const { wire } = this
    if (this.#head.contentEncoding === '' || wire.length === 0 || !this.#owner.rules.decompress) {
      this.#deliver(wire)
      return
    }
    try {
      const codings = parseContentEncoding(this.#head.contentEncoding)
      if (wire.length <= LIMITS.syncDecodeSize) {
        this.#deliver(decodeWholeSync(codings, wire, this.#owner.rules))
        return
      }
      decodeWhole(codings, wire, this.#owner.rules, this.#owner.decodeEngine).then(
        (body) => this.#deliver(body),
        (error: RequestError) => this.#owner.onBadAnswer(error),
      )
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#owner.onBadAnswer(error)
    }
  }

  /** Nobody reads it before it is whole. */
  fail(): void {}

  #deliver(body: Uint8Array): void {
    this.bytesDecoded = body.length
    this.#owner.onResponse(
      new Response(
        this.#owner.exchange,
        this.#head,
        asBuffer(body),
        this.wire.length,
        this.trailers,
        this.#owner.history,
      ),
    )
  }

  #tooLarge(what: string): LimitError {
    return new LimitError('maxBodySize', this.#owner.rules.maxBodySize, what)
  }
}

const EMPTY = Buffer.alloc(0)

/** The same bytes: most bodies are one already. */
function asBuffer(body: Uint8Array): Buffer<ArrayBuffer> {
  if (body instanceof Buffer) return body as Buffer<ArrayBuffer>
  return Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength)
}
