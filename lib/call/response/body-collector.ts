import { Pieces } from './pieces.ts'

/** Reserved at once on the word of a Content-Length; more is reserved only as it arrives. */
const MAX_RESERVED = 1_048_576
/** Buffers up to this size come from Node's shared slab. */
const POOLED = 4_096

/** Gathers a body that is wanted whole. Each byte is copied once where the length is known. */
export class BodyCollector {
  /** Bytes so far. */
  size = 0
  #bytes: Buffer<ArrayBuffer> | null = null
  #pieces: Pieces | null = null

  /** `expected`: the body's length, or -1. */
  constructor(expected: number) {
    if (expected > 0 && expected <= MAX_RESERVED) this.#bytes = allocate(expected)
  }

  /** Takes a copy of `chunk`, which is a view on a buffer that is used again. */
  push(chunk: Uint8Array): void {
    const end = this.size + chunk.length
    if (this.#bytes !== null && end <= this.#bytes.length) {
      this.#bytes.set(chunk, this.size)
    } else {
      this.#pieces ??= this.#spill()
      this.#pieces.push(chunk)
    }
    this.size = end
  }

  /** More comes than was told: what there is so far goes first. */
  #spill(): Pieces {
    const pieces = new Pieces(allocate)
    if (this.size > 0) pieces.push(this.#bytes!.subarray(0, this.size))
    this.#bytes = null
    return pieces
  }

  /** The body, as one piece; may be a view on a larger buffer. To be asked for once, at the end. */
  bytes(): Buffer<ArrayBuffer> {
    if (this.#pieces !== null) return this.#pieces.take()
    if (this.#bytes === null) return Buffer.alloc(0)
    return this.size === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.size)
  }
}

function allocate(size: number): Buffer<ArrayBuffer> {
  return size <= POOLED ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
}
