import { Buffer } from 'node:buffer'
import { LimitError, ProtocolError } from '../core/errors.ts'
import type { ResponseHead } from '../core/exchange.ts'
import { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { ChunkedDecoder } from './chunked.ts'
import { DecodedHead } from './decoded-head.ts'
import { decideFraming, type FramingDecision, keepAliveParameter } from './framing.ts'
import type { ParserMode } from './grammar.ts'
import { HeadReader } from './head-reader.ts'

export type { ParserMode } from './grammar.ts'

const LF = 10
const CR = 13

/** Heads are read from Latin-1 windows of this many bytes; one window serves several small answers. */
const WINDOW = 1024
/** Less than this of a window left, and more in the chunk: a head gets a window of its own. */
const WINDOW_LEFT = 384

/** Who is told what a connection's bytes say. */
export interface DecoderSink {
  /**
   * The first byte of an answer has come. Returns the method of the request that it answers; null
   * when nothing is in flight: the decoder stops before that byte and is closed.
   */
  onStart(): string | null
  /** 1xx other than 101; 100 too. */
  onInformational(head: ResponseHead): void
  onHead(head: ResponseHead): void
  /** `chunk` is a view on what was given to `decode`, valid during the call only. */
  onBody(chunk: Uint8Array): void
  onEnd(trailers: Headers | null): void
}

export interface DecoderOptions {
  readonly mode: ParserMode
  /** Bytes of one head, status line to empty line. */
  readonly maxHeadSize: number
}

/** Between answers, in a head, or in one of the kinds of body. */
type DecoderPhase = 'start' | 'head' | 'length' | 'chunked' | 'trailers' | 'close'

/**
 * One connection's bytes, decoded into answers. Knows no socket and no clock; the same bytes in
 * any split give the same events, apart from where `onBody` cuts the body.
 */
export class ResponseDecoder {
  readonly #sink: DecoderSink
  readonly #mode: ParserMode
  readonly #maxHeadSize: number
  readonly #reader: HeadReader
  /** Made for the first chunked body: many connections never see one. */
  #chunked: ChunkedDecoder | null = null
  #phase: DecoderPhase = 'start'
  #closed = false
  /** The request's method, once the answer's first byte has come; null between answers. */
  #method: string | null = null
  #informational = 0
  /** Bytes of empty lines before a status line, and whether the last was a CR. */
  #skipped = 0
  #afterCr = false
  #keepAlive = false
  /** Bytes of a body with a length still to come. */
  #left = 0
  #text = ''
  /** Where in the chunk `#text` begins. */
  #base = 0

  constructor(sink: DecoderSink, options: DecoderOptions) {
    this.#sink = sink
    this.#mode = options.mode
    this.#maxHeadSize = options.maxHeadSize
    this.#reader = new HeadReader(options.mode)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The owner is done. May be called by the sink: `decode` then stops and returns. */
  close(): void {
    this.#closed = true
  }

  /**
   * Decodes all of `chunk`. Returns the bytes consumed: fewer than there are only once the decoder
   * is closed. Throws ProtocolError or LimitError, nothing else of its own, and is closed then.
   */
  decode(chunk: Uint8Array): number {
    const bytes =
      chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#base = 0
    try {
      return this.#decode(bytes)
    } catch (error) {
      this.#closed = true
      throw error
    } finally {
      this.#text = ''
    }
  }

  /**
   * The peer will send no more. 'idle': between answers. 'complete': that ended a body, and onEnd
   * was called; only when `clean`. 'head', 'body': an answer was cut short.
   */
  end(clean: boolean): 'idle' | 'complete' | 'head' | 'body' {
    if (this.#closed) return 'idle'
    this.#closed = true
    if (this.#phase === 'head') return 'head'
    if (this.#phase === 'start') return this.#method === null ? 'idle' : 'head'
    if (this.#phase !== 'close' || !clean) return 'body'
    this.#sink.onEnd(null)
    return 'complete'
  }

  #decode(bytes: Buffer): number {
    const length = bytes.length
    let at = 0
    while (at < length && !this.#closed) {
      switch (this.#phase) {
        case 'start':
          at = this.#start(bytes, at)
          break
        case 'head':
          at = this.#head(bytes, at)
          break
        case 'length':
          at = this.#lengthBody(bytes, at)
          break
        case 'chunked':
          at = this.#chunkedBody(bytes, at)
          break
        case 'trailers':
          at = this.#trailers(bytes, at)
          break
        case 'close':
          this.#sink.onBody(at === 0 ? bytes : bytes.subarray(at))
          at = length
          break
      }
    }
    return at
  }

  /**
   * Skips empty lines before a status line: old servers end a body with one too many (RFC 9112
   * section 2.2 asks it of servers only, so strict does not).
   */
  #start(bytes: Buffer, at: number): number {
    if (this.#mode === 'lenient') {
      while (at < bytes.length) {
        const byte = bytes[at]!
        if (byte !== LF && (byte !== CR || this.#afterCr)) break
        this.#afterCr = byte === CR
        at++
        if (++this.#skipped > this.#maxHeadSize) {
          throw new LimitError('maxHeadSize', this.#maxHeadSize, 'too many empty lines before a response')
        }
      }
      if (at === bytes.length) return at
    }
    this.#method ??= this.#sink.onStart()
    if (this.#method === null) {
      this.#closed = true
      return this.#afterCr && at > 0 ? at - 1 : at
    }
    this.#reader.start('head', this.#maxHeadSize)
    if (this.#afterCr) this.#reader.read('\r', 0)
    this.#afterCr = false
    this.#skipped = 0
    this.#phase = 'head'
    return at
  }

  /** Reads on in a head or in trailers. Returns the index in `bytes` up to which it got. */
  #read(bytes: Buffer, at: number): number {
    const end = this.#base + this.#text.length
    if (end - at < WINDOW_LEFT && end < bytes.length) {
      this.#text = bytes.toString('latin1', at, at + WINDOW)
      this.#base = at
    }
    return this.#base + this.#reader.read(this.#text, at - this.#base)
  }

  #head(bytes: Buffer, at: number): number {
    const reader = this.#reader
    const end = reader.untouched ? reader.readPlain(bytes, at) : -1
    at = end === -1 ? this.#read(bytes, at) : end
    if (!reader.done) return at
    const status = reader.status
    if (status === 101) {
      throw new ProtocolError('unexpected-upgrade', 'a 101 answer to a request that asked for no upgrade')
    }
    const method = this.#method!
    const decision = decideFraming({
      status,
      method,
      version: reader.version,
      transferEncoding: reader.transferEncoding,
      contentLength: reader.contentLength,
      connection: reader.connection,
      mode: this.#mode,
    })
    const head = headOf(reader, decision)
    reader.release()
    if (status < 200) {
      if (++this.#informational > LIMITS.maxInformational) {
        throw new LimitError('maxInformational', LIMITS.maxInformational, 'too many 1xx answers')
      }
      this.#phase = 'start'
      this.#sink.onInformational(head)
      return at
    }
    this.#begin(decision)
    this.#sink.onHead(head)
    if (decision.kind === 'none' || (decision.kind === 'length' && decision.length === 0)) this.#finish(null)
    return at
  }

  /** Makes ready for the body. */
  #begin(decision: FramingDecision): void {
    this.#keepAlive = decision.keepAlive
    this.#left = decision.length
    if (decision.kind === 'chunked') {
      this.#chunked ??= new ChunkedDecoder(this.#mode)
      this.#chunked.start()
    }
    this.#phase = decision.kind === 'none' ? 'length' : decision.kind
  }

  #lengthBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#sink.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#left === 0) this.#finish(null)
    return end
  }

  #chunkedBody(bytes: Buffer, at: number): number {
    const chunked = this.#chunked!
    const end = chunked.read(bytes, at)
    const start = chunked.dataStart
    if (start < end) this.#sink.onBody(bytes.subarray(start, end))
    if (chunked.atTrailers) {
      this.#reader.start('trailers', LIMITS.maxTrailerSize)
      this.#phase = 'trailers'
    }
    return end
  }

  #trailers(bytes: Buffer, at: number): number {
    const reader = this.#reader
    if (bytes[at] === CR && bytes[at + 1] === LF && reader.untouched) {
      this.#finish(null)
      return at + 2
    }
    at = this.#read(bytes, at)
    if (!reader.done) return at
    const trailers = reader.text === '' ? null : new Headers(reader.text)
    reader.release()
    this.#finish(trailers)
    return at
  }

  /** The answer is whole. What the sink did last may have closed the decoder. */
  #finish(trailers: Headers | null): void {
    if (this.#closed) return
    this.#phase = 'start'
    this.#method = null
    this.#informational = 0
    if (!this.#keepAlive) this.#closed = true
    this.#sink.onEnd(trailers)
  }
}

function headOf(reader: HeadReader, decision: FramingDecision): DecodedHead {
  const keepAlive = reader.keepAlive
  const seconds = keepAlive === null ? -1 : keepAliveParameter(keepAlive, 'timeout')
  return new DecodedHead(
    reader.status,
    reader.statusText,
    reader.version > 10 ? 1 : 0,
    new Headers(reader.text),
    decision.kind,
    decision.length,
    reader.setsCookie,
    appliedCodings(reader, decision),
    decision.keepAlive,
    seconds === -1 ? -1 : seconds * 1000,
    keepAlive === null ? -1 : keepAliveParameter(keepAlive, 'max'),
  )
}

/** Compressing transfer codings count as content codings applied last: nobody asked for them, some send them. */
function appliedCodings(
  { contentEncoding, transferEncoding }: HeadReader,
  { kind }: FramingDecision,
): string {
  if (kind !== 'chunked' || transferEncoding === null || transferEncoding === 'chunked')
    return contentEncoding ?? ''
  const transfer = transferEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
  const undone = transfer.filter((coding) => COMPRESSING.has(coding))
  return [contentEncoding ?? '', ...undone].filter((coding) => coding !== '').join(', ')
}

/** RFC 9112 section 7.2. */
const COMPRESSING = new Set(['gzip', 'x-gzip', 'deflate'])
