import { EMPTY } from './coding.ts'

/** Reads an async iterable of bytes piece by piece, with a place inside the piece. */
export class PieceReader {
  readonly #iterator: AsyncIterator<Uint8Array>
  #over = false
  piece: Uint8Array = EMPTY
  /** The next byte's place in `piece`. */
  at = 0
  /** Bytes taken from the source so far. */
  received = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** Waits until there is a byte to look at. false: the source is at its end. Its errors pass. */
  async more(): Promise<boolean> {
    while (this.at === this.piece.length) {
      if (this.#over) return false
      this.piece = EMPTY
      this.at = 0
      // A source that throws is over: it is not told to return.
      this.#over = true
      const result = await this.#iterator.next()
      if (result.done === true) return false
      this.#over = false
      this.piece = result.value
      this.received += result.value.length
    }
    return true
  }

  /** What is left of the piece. */
  take(): Uint8Array {
    const rest = this.at === 0 ? this.piece : this.piece.subarray(this.at)
    this.at = this.piece.length
    return rest
  }

  /** Takes back the last `count` bytes of the piece. */
  giveBack(count: number): void {
    this.at = this.piece.length - count
  }

  /** Tells the source that nothing more is wanted, if it is not at its end. */
  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    try {
      await this.#iterator.return?.()
    } catch {
      // What ended the reading counts, not how the source takes it.
    }
  }
}
