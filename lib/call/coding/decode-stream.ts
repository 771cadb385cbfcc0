import { crc32 } from 'node:zlib'
import { LIMITS } from '../../core/limits.ts'
import {
  type ContentCoding,
  type UnitDecoder,
  type UnitKind,
  cutShort,
  damaged,
  deflateKind,
} from './coding.ts'
import { checkUnits } from './decode-limits.ts'
import { GzipHeader } from './gzip-header.ts'
import { PakoDecoder } from './pako-decoder.ts'
import { PieceReader } from './piece-reader.ts'
import { ZlibDecoder } from './zlib-decoder.ts'
import { checkContentSize, ZstdFrame } from './zstd-frame.ts'

/** 'pako': gzip and deflate without the thread pool, the same at every run. br and zstd have no choice. */
export type DecodeEngine = 'zlib' | 'pako'

/** Undoes one coding of a body that comes in pieces. One coding is one of these. */
export class LayerDecoder {
  readonly #coding: ContentCoding
  readonly #input: PieceReader
  readonly #engine: DecodeEngine
  readonly #chunkSize: number
  #units = 0

  constructor(coding: ContentCoding, input: PieceReader, engine: DecodeEngine, chunkSize: number) {
    this.#coding = coding
    this.#input = input
    this.#engine = engine
    this.#chunkSize = chunkSize
  }

  async *decode(): AsyncGenerator<Uint8Array, void, undefined> {
    const input = this.#input
    // An empty body is accepted under any coding, as all clients do: HEAD, 304, Content-Length: 0.
    if (!(await input.more())) return
    if (this.#coding === 'gzip') yield* this.#gzip()
    else if (this.#coding === 'deflate') yield* this.#decodeUnit(deflateKind(input.piece[input.at]!))
    else if (this.#coding === 'br') yield* this.#decodeUnit('br')
    // A body may have several frames (RFC 8878 section 3).
    else while (await input.more()) yield* this.#zstdFrame()
    await this.#skipRest()
  }

  async *#gzip(): AsyncGenerator<Uint8Array, void, undefined> {
    const input = this.#input
    let header = new GzipHeader()
    for (;;) {
      while (!header.done) {
        if (!(await input.more())) throw cutShort('gzip')
        input.at = header.push(input.piece, input.at)
      }
      checkUnits(++this.#units, input.received)
      let crc = 0
      let size = 0
      for await (const chunk of this.#decodeUnit('raw')) {
        crc = crc32(chunk, crc)
        size += chunk.length
        yield chunk
      }
      checkTrailer(await this.#trailer(), 0, crc, size)
      if (!(await this.#nextMember())) return
      header = new GzipHeader(2)
    }
  }

  async *#zstdFrame(): AsyncGenerator<Uint8Array, void, undefined> {
    const input = this.#input
    checkUnits(++this.#units, input.received)
    const frame = new ZstdFrame()
    const unit = this.#open('zstd')
    let size = 0
    try {
      while (!frame.done) {
        if (!(await input.more())) throw cutShort('zstd')
        const start = input.at
        input.at = frame.push(input.piece, start)
        unit.write(input.piece.subarray(start, input.at))
        if (frame.done) unit.finish()
        for (let chunk = await unit.read(); chunk !== null; chunk = await unit.read()) {
          size += chunk.length
          yield chunk
        }
      }
    } finally {
      unit.close()
    }
    checkContentSize(frame, size)
  }

  /** The eight bytes behind a member. */
  async #trailer(): Promise<Uint8Array> {
    const input = this.#input
    const trailer = new Uint8Array(8)
    for (let at = 0; at < 8; at++) {
      if (!(await input.more())) throw cutShort('gzip')
      trailer[at] = input.piece[input.at++]!
    }
    return trailer
  }

  /** Whether another member follows; then its magic number has been taken. */
  async #nextMember(): Promise<boolean> {
    const input = this.#input
    if (!(await input.more()) || input.piece[input.at] !== 0x1f) return false
    input.at++
    if (!(await input.more()) || input.piece[input.at] !== 0x8b) return false
    input.at++
    return true
  }

  async *#decodeUnit(kind: UnitKind): AsyncGenerator<Uint8Array, void, undefined> {
    const input = this.#input
    const unit = this.#open(kind)
    try {
      for (;;) {
        const more = await input.more()
        if (more) unit.write(input.take())
        else unit.finish()
        for (let chunk = await unit.read(); chunk !== null; chunk = await unit.read()) yield chunk
        if (unit.ended) input.giveBack(unit.unused)
        if (unit.ended || !more) break
      }
    } finally {
      unit.close()
    }
  }

  #open(kind: UnitKind): UnitDecoder {
    if (this.#engine === 'pako' && (kind === 'raw' || kind === 'zlib')) {
      return new PakoDecoder(this.#coding, kind, this.#chunkSize)
    }
    return new ZlibDecoder(this.#coding, kind, this.#chunkSize)
  }

  /** Bytes behind the coded ones say nothing. They are read, up to a bound, so that the connection can go on. */
  async #skipRest(): Promise<void> {
    let skipped = 0
    while (skipped <= LIMITS.maxMutedBytes && (await this.#input.more())) skipped += this.#input.take().length
  }
}

/** Compares a gzip member's trailer, CRC-32 and size modulo 2^32, with what was decoded. */
export function checkTrailer(bytes: Uint8Array, at: number, crc: number, size: number): void {
  if (uint32(bytes, at) !== crc) throw damaged('gzip', 'its checksum does not match')
  if (uint32(bytes, at + 4) !== size % 0x1_0000_0000) throw damaged('gzip', 'its size does not match')
}

/** Little-endian. */
export function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
