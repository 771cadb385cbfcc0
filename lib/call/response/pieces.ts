/** Small pieces share a block of up to so many bytes. */
const BLOCK = 16_384

/**
 * Copies of the pieces of a body, in order. Small ones share a block: a server that sends a chunk a
 * byte would otherwise cost 150 bytes of memory a byte, and queues of a hundred thousand objects.
 */
export class Pieces {
  /** Bytes in all. */
  size = 0
  readonly #allocate: (size: number) => Buffer<ArrayBuffer>
  readonly #pieces: Buffer<ArrayBuffer>[] = []
  /** Bytes used of the last piece. */
  #used = 0

  constructor(allocate: (size: number) => Buffer<ArrayBuffer>) {
    this.#allocate = allocate
  }

  /** How many pieces there are now: blocks, not what was pushed. */
  get count(): number {
    return this.#pieces.length
  }

  /** Takes a copy of `chunk`. The first is copied as it is; what follows it makes blocks. */
  push(chunk: Uint8Array): void {
    let last = this.#pieces.at(-1)
    if (last === undefined || last.length - this.#used < chunk.length) {
      this.#closeLast()
      last = this.#allocate(Math.max(chunk.length, Math.min(this.size, BLOCK)))
      this.#pieces.push(last)
      this.#used = 0
    }
    last.set(chunk, this.#used)
    this.#used += chunk.length
    this.size += chunk.length
  }

  /** Takes out the first piece; undefined when there is none. */
  shift(): Buffer<ArrayBuffer> | undefined {
    if (this.#pieces.length === 1) this.#closeLast()
    const first = this.#pieces.shift()
    if (first !== undefined) this.size -= first.length
    return first
  }

  /** All that there is, as one piece; they are taken out. */
  take(): Buffer<ArrayBuffer> {
    if (this.#pieces.length === 1) return this.shift()!
    this.#closeLast()
    const whole = Buffer.concat(this.#pieces, this.size)
    this.clear()
    return whole
  }

  clear(): void {
    this.#pieces.length = 0
    this.#used = 0
    this.size = 0
  }

  /** Cuts the last piece to what is used of it, by a copy: the rest of its buffer is nobody's to see. */
  #closeLast(): void {
    const last = this.#pieces.at(-1)
    if (last === undefined || this.#used === last.length) return
    const used = this.#allocate(this.#used)
    used.set(last.subarray(0, this.#used))
    this.#pieces[this.#pieces.length - 1] = used
  }
}
