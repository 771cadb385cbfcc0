import { Readable } from 'node:stream'
import type { Exchange, ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { ArgumentError, DecodingError, LimitError, RequestError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { BodyCollector } from './body-collector.ts'
import type { BodyQueue } from './body-queue.ts'
import type { ContentCoding } from '../coding/coding.ts'
import { decodeStream } from '../coding/content-coding.ts'
import type { DecodeLimits } from '../coding/decode-limits.ts'
import type { DecodeEngine } from '../coding/decode-stream.ts'
import type { CallHistory } from '../history.ts'
import type { StandardSchema } from './json-schema.ts'
import { PieceReader } from './piece-reader.ts'
import { readJson, ResponseBase } from './response.ts'
import { SpentBody, spentError } from './spent-body.ts'
import { textOf } from './text.ts'

/** How a streamed body is decoded, and how far. */
export interface StreamDecoding extends DecodeLimits {
  readonly engine: DecodeEngine
}

/**
 * A response whose body is still on its way. Read `body`, or `discard` it: until then it holds its
 * connection, and after `bodyTimeout` without a reader it is given up.
 */
export class StreamResponse extends ResponseBase {
  readonly #wire: BodyQueue
  readonly #codings: readonly ContentCoding[]
  readonly #limits: StreamDecoding
  #body: AsyncIterableIterator<Uint8Array> | null = null
  /** Of a coded body that is read by `readInto`. */
  #pieces: PieceReader | null = null
  /** Whether `readInto` reads it, and how that goes. */
  #reading: 'no' | 'now' | 'between' | 'failed' = 'no'
  /** Nothing is left to read, or somebody is gathering it. */
  #spent = false

  constructor(
    exchange: Exchange,
    head: ResponseHead,
    wire: BodyQueue,
    codings: readonly ContentCoding[],
    limits: StreamDecoding,
    history: CallHistory | null,
  ) {
    super(exchange, head, history)
    this.#wire = wire
    this.#codings = codings
    this.#limits = limits
  }

  /** The decoded body, to be read once. Rejects like a request when it breaks off or is damaged. */
  get body(): AsyncIterableIterator<Uint8Array> {
    if (this.#spent || this.#reading !== 'no') return new SpentBody()
    this.#body ??= this.#open()
    return this.#body
  }

  /**
   * Reads on into `target`: what is there, or else what comes next, as far as there is room. Resolves with
   * the bytes that it filled, 0 at the end of the body. Until then `target` must be left alone.
   *
   * The cheapest way to read a large body, since it makes no garbage; `body` gives memory of its own with
   * every piece. It takes the place of `body`, and rejects as that does; with an ArgumentError where
   * `target` is empty or the read before is still under way.
   */
  async readInto(target: Uint8Array): Promise<number> {
    if (!(target instanceof Uint8Array) || target.length === 0)
      throw new ArgumentError('what to read into is no Uint8Array with room in it')
    if (this.#reading === 'now') throw new ArgumentError('the read before is not done; await it first')
    const isFirst = this.#reading === 'no'
    if (this.#reading === 'failed' || (isFirst && (this.#spent || this.#body !== null))) throw spentError()
    this.#reading = 'now'
    try {
      if (isFirst && this.#codings.length > 0) this.#pieces = new PieceReader(this.#open())
      const pieces = this.#pieces
      const count = pieces === null ? await this.#wire.readInto(target) : await pieces.readInto(target)
      if (pieces === null) this.#count(count)
      this.#reading = 'between'
      return count
    } catch (error) {
      this.#reading = 'failed'
      if (this.#pieces !== null) throw error
      // For the wire it is over, whatever it was.
      void this.#wire.return()
      throw error instanceof RequestError ? this.#about(error) : error
    }
  }

  /** Reads the rest, once; at most `maxBodySize`, or 256 MiB where none was set. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#collect())
  }

  /** As `Response.text`. */
  async text(): Promise<string> {
    return textOf(await this.#collect(), this.headers)
  }

  /** As `Response.json`. */
  async json<T = unknown>(schema?: StandardSchema<unknown, T>): Promise<T> {
    return (await readJson(await this.#collect(), schema, this)) as T
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' })
  }

  /** The body as a WHATWG stream. */
  web(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.node())
  }

  /** The body as a Node.js stream. */
  node(): Readable {
    return Readable.from(this.body, { objectMode: false })
  }

  /**
   * Gives the rest up: reads under way, and later ones, reject. The connection lives on when little
   * is left to read, else it is closed.
   */
  discard(): Promise<void> {
    this.#wire.discard()
    return Promise.resolve()
  }

  /** The call's: the last byte has come, with these trailers. */
  finish(trailers: Headers | null): void {
    this.trailerFields = trailers
  }

  /** A generator that is left before its first step runs no `finally`: the wire is told here. */
  #open(): AsyncIterableIterator<Uint8Array> {
    const chunks = this.#read()
    const wire = this.#wire
    return {
      next: () => chunks.next(),
      return: async () => {
        this.#spent = true
        await wire.return()
        return chunks.return(undefined)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const source =
      this.#codings.length === 0
        ? this.#wire
        : decodeStream(this.#codings, this.#wire, this.#limits, this.#limits.engine)
    try {
      for await (const chunk of source) {
        this.#count(chunk.length)
        yield chunk
      }
    } catch (error) {
      if (error instanceof DecodingError) this.history?.stage?.spoil()
      if (error instanceof RequestError) this.#about(error)
      throw error
    } finally {
      this.#spent = true
    }
  }

  #count(bytes: number): void {
    this.bytesDecoded += bytes
    if (this.bytesDecoded > this.#limits.maxBodySize) {
      const { maxBodySize } = this.#limits
      throw new LimitError('maxBodySize', maxBodySize, `the body has more than ${maxBodySize} bytes`)
    }
  }

  async #collect(): Promise<Buffer<ArrayBuffer>> {
    const { body } = this
    this.#spent = true
    const most = Math.min(this.#limits.maxBodySize, LIMITS.maxBodySize)
    const whole = new BodyCollector(-1)
    for await (const chunk of body) {
      whole.push(chunk)
      if (whole.size <= most) continue
      throw this.#about(new LimitError('maxBodySize', most, `the body has more than ${most} bytes`))
    }
    return whole.bytes()
  }

  #about(error: RequestError): RequestError {
    const { progress, attempt } = this.exchange
    return error.about({ method: this.method, url: this.url, attempt, progress })
  }
}
