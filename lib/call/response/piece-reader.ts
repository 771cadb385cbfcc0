/** Reads pieces, which come as they like, into memory of the reader's. */
export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  /** What is left of the piece that came last. */
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces
  }

  /** Resolves with the bytes that were copied into `target`, 0 at the end. */
  async readInto(target: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done === true) return 0
      this.#rest = value
    }
    const count = Math.min(target.length, this.#rest.length)
    target.set(count === this.#rest.length ? this.#rest : this.#rest.subarray(0, count))
    this.#rest = this.#rest.subarray(count)
    return count
  }
}
