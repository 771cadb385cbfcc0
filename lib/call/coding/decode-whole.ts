import zlib from 'node:zlib'
import {
  type ContentCoding,
  type UnitKind,
  EMPTY,
  cutShort,
  decodingError,
  deflateKind,
  trim,
} from './coding.ts'
import { checkUnits, type DecodeLimits, decodeLimitError, mostDecoded } from './decode-limits.ts'
import { checkTrailer, uint32 } from './decode-stream.ts'
import { GzipHeader } from './gzip-header.ts'
import { ZSTD_PARAMS } from './zlib-decoder.ts'
import { checkContentSize, ZstdFrame } from './zstd-frame.ts'

interface RunOptions {
  readonly chunkSize: number
  readonly maxOutputLength: number
  readonly info: true
}

interface Unit {
  readonly out: Uint8Array
  /** Bytes the unit took of its input. */
  readonly taken: number
}

/** What node:zlib returns with `info: true`; its declarations do not know it. */
interface WithInfo {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** First guess of a unit's decoded size: pages compress to a quarter or better. */
const USUAL_RATIO = 4
/** No guess is larger than this times the input, whatever a gzip trailer claims. */
const MOST_GUESSED_RATIO = 32

/** Undoes one coding of a body that is whole, at once. */
export class WholeDecoder {
  readonly #coding: ContentCoding
  readonly #wire: number
  readonly #limits: DecodeLimits
  readonly #inner: boolean
  readonly #most: number
  readonly #parts: Uint8Array[] = []
  #size = 0

  /** `wire`: the body's bytes on the wire, under all its codings. `inner`: another coding lies below. */
  constructor(coding: ContentCoding, wire: number, limits: DecodeLimits, inner: boolean) {
    this.#coding = coding
    this.#wire = wire
    this.#limits = limits
    this.#inner = inner
    this.#most = mostDecoded(wire, limits, inner)
  }

  decode(input: Uint8Array): Uint8Array {
    if (input.length === 0) return EMPTY
    if (this.#coding === 'gzip') this.#gzip(input)
    else if (this.#coding === 'deflate') this.#unit(deflateKind(input[0]!), input, guess(input.length))
    else if (this.#coding === 'br') this.#unit('br', input, guess(input.length))
    else this.#zstd(input)
    return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#size)
  }

  #gzip(input: Uint8Array): void {
    let expected = gzipSize(input)
    let at = 0
    let units = 0
    do {
      checkUnits(++units, input.length)
      at = behindHeader(input, at)
      const { out, taken } = this.#unit('raw', input.subarray(at), expected)
      at += taken
      if (at + 8 > input.length) throw cutShort('gzip')
      checkTrailer(input, at, zlib.crc32(out), out.length)
      at += 8
      expected = guess(input.length - at)
      // What does not begin like another member is padding or noise, and not a part of the body.
    } while (input[at] === 0x1f && input[at + 1] === 0x8b)
  }

  #zstd(input: Uint8Array): void {
    let units = 0
    for (let at = 0; at < input.length;) {
      checkUnits(++units, input.length)
      const frame = new ZstdFrame()
      const end = frame.push(input, at)
      if (!frame.done) throw cutShort('zstd')
      const coded = input.subarray(at, end)
      const { out } = this.#unit('zstd', coded, zstdSize(frame, coded))
      checkContentSize(frame, out.length)
      at = end
    }
  }

  #unit(kind: UnitKind, input: Uint8Array, expected: number): Unit {
    const most = this.#most - this.#size
    // One byte of room beyond the end spares zlib a second buffer.
    const chunkSize = Math.max(1_024, Math.min(expected, most) + 1)
    let result: WithInfo
    try {
      result = run(kind, input, {
        chunkSize,
        maxOutputLength: Math.max(1, Math.min(most, MAX_LENGTH)),
        info: true,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw this.#tooMuch()
      throw decodingError(this.#coding, error)
    }
    const out = trim(result.buffer, chunkSize)
    this.#size += out.length
    if (this.#size > this.#most) throw this.#tooMuch()
    this.#parts.push(out)
    return { out, taken: result.engine.bytesWritten }
  }

  #tooMuch(): Error {
    return decodeLimitError(this.#wire, this.#limits, this.#inner)
  }
}

/** The longest buffer that node:zlib can be asked for. */
const MAX_LENGTH = 0x7fff_ffff

function run(kind: UnitKind, input: Uint8Array, options: RunOptions): WithInfo {
  return decoded(kind, input, options) as unknown as WithInfo
}

function decoded(kind: UnitKind, input: Uint8Array, options: RunOptions): Buffer {
  switch (kind) {
    case 'raw':
      return zlib.inflateRawSync(input, options)
    case 'zlib':
      return zlib.inflateSync(input, options)
    case 'br':
      return zlib.brotliDecompressSync(input, options)
    case 'zstd':
    default: {
      const { chunkSize, maxOutputLength, info } = options
      return zlib.zstdDecompressSync(input, { chunkSize, maxOutputLength, info, params: ZSTD_PARAMS })
    }
  }
}

function guess(length: number): number {
  return length * USUAL_RATIO
}

function zstdSize(frame: ZstdFrame, input: Uint8Array): number {
  if (frame.contentSize === -1) return guess(input.length)
  return Math.min(frame.contentSize, input.length * MOST_GUESSED_RATIO)
}

/** Where the deflated bytes of a gzip member begin whose header begins at `at`. */
function behindHeader(input: Uint8Array, at: number): number {
  // Servers send the ten bytes, without flags.
  if (input.length - at > 10 && uint32(input, at) === 0x00_08_8b_1f) return at + 10
  const header = new GzipHeader()
  const end = header.push(input, at)
  if (!header.done) throw cutShort('gzip')
  return end
}

/** The decoded size as the gzip trailer tells it: right for a body of one member, else a guess. */
function gzipSize(input: Uint8Array): number {
  if (input.length < 18) return guess(input.length)
  return Math.min(uint32(input, input.length - 4), input.length * MOST_GUESSED_RATIO)
}
