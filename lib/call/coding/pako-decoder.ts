import type { Z_CallStatus, ZStream } from 'pako'
import { type UnitDecoder, EMPTY, cutShort, damaged } from './coding.ts'
import { pako } from './pako.ts'

/**
 * A unit decoder on pako: slower than node:zlib, but synchronous, so that what it does when depends
 * on its input alone. For the simulated world.
 */
export class PakoDecoder implements UnitDecoder {
  readonly #coding: string
  readonly #chunkSize: number
  readonly #z: ZStream
  #finished = false
  /** The output was full: more may come without more input. */
  #pending = false
  ended = false

  constructor(coding: string, kind: 'raw' | 'zlib', chunkSize: number) {
    this.#coding = coding
    this.#chunkSize = chunkSize
    this.#z = new (pako().ZStream)()
    pako().zlibInflateInit2(this.#z, kind === 'raw' ? -15 : 15)
    this.#z.output = new Uint8Array(chunkSize)
  }

  get unused(): number {
    return this.ended ? this.#z.avail_in : 0
  }

  write(piece: Uint8Array): void {
    this.#z.input = piece
    this.#z.next_in = 0
    this.#z.avail_in = piece.length
  }

  finish(): void {
    this.#finished = true
  }

  read(): Uint8Array | null {
    const { zlibInflate, Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END } = pako()
    const z = this.#z
    while (!this.ended && (z.avail_in > 0 || this.#pending)) {
      z.next_out = 0
      z.avail_out = this.#chunkSize
      const status: Z_CallStatus = zlibInflate(z, Z_NO_FLUSH)
      this.#pending = z.avail_out === 0
      if (status === Z_STREAM_END) this.ended = true
      else if (status === Z_BUF_ERROR) this.#pending = false
      else if (status !== Z_OK) throw damaged(this.#coding, z.msg === '' ? `inflate says ${status}` : z.msg)
      if (z.next_out > 0) return this.#output(z.next_out)
      if (status === Z_BUF_ERROR) break
    }
    if (this.#finished && !this.ended) throw cutShort(this.#coding)
    return null
  }

  close(): void {
    this.#z.input = EMPTY
  }

  /** A small result is copied and the buffer kept; a large one takes the buffer with it. */
  #output(length: number): Uint8Array {
    const output = this.#z.output
    if (length * 4 < output.length) return output.slice(0, length)
    this.#z.output = new Uint8Array(this.#chunkSize)
    return output.subarray(0, length)
  }
}
