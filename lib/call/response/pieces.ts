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
  /** Bytes of the first piece that `read` has taken. */
  #start = 0
  /** A piece that `read` has emptied: nobody has its memory, and a reader slower than the wire needs it at once. */
  #spare: Buffer<ArrayBuffer> | null = null

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
      last = this.#make(Math.max(chunk.length, Math.min(this.size, BLOCK)))
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
    if (first === undefined) return undefined
    const left = this.#start === 0 ? first : first.subarray(this.#start)
    this.#start = 0
    this.size -= left.length
    return left
  }

  /** Moves bytes into `target`, as many as there are and as it has room for. Returns how many. */
  read(target: Uint8Array): number {
    let at = 0
    while (at < target.length && this.size > 0) {
      const first = this.#pieces[0]!
      const end = this.#pieces.length === 1 ? this.#used : first.length
      const stop = Math.min(end, this.#start + target.length - at)
      target.set(first.subarray(this.#start, stop), at)
      at += stop - this.#start
      this.size -= stop - this.#start
      this.#start = stop
      if (stop === end) this.#dropFirst()
    }
    return at
  }

  /** All that there is, as one piece; they are taken out. */
  take(): Buffer<ArrayBuffer> {
    if (this.#pieces.length === 1) return this.shift()!
    this.#closeLast()
    if (this.#start > 0) this.#pieces[0] = this.#pieces[0]!.subarray(this.#start)
    const whole = Buffer.concat(this.#pieces, this.size)
    this.clear()
    return whole
  }

  clear(): void {
    this.#pieces.length = 0
    this.#used = 0
    this.#start = 0
    this.#spare = null
    this.size = 0
  }

  #make(size: number): Buffer<ArrayBuffer> {
    const spare = this.#spare
    if (spare === null || spare.length < size) return this.#allocate(size)
    this.#spare = null
    return spare
  }

  #dropFirst(): void {
    this.#spare = this.#pieces.shift()!
    this.#start = 0
    if (this.#pieces.length === 0) this.#used = 0
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
