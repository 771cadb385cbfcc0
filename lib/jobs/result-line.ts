/**
 * Results between those who make them and a loop that takes them. Whoever makes one while there are as many as may be
 * waits; `onFull` and `onRoom` tell of it, once each time.
 */
export class ResultLine<T> implements AsyncIterable<T> {
  readonly #most: number
  readonly #onFull: () => void
  readonly #onRoom: () => void
  #waiting: T[] = []
  #isFull = false
  /** Nobody takes any more: nothing is kept. */
  #isLeft = false
  #end: { readonly error: unknown } | 'ended' | null = null
  #wake: (() => void) | null = null

  constructor(most: number, onFull: () => void, onRoom: () => void) {
    this.#most = most
    this.#onFull = onFull
    this.#onRoom = onRoom
  }

  push(result: T): void {
    if (this.#isLeft) return
    this.#waiting.push(result)
    if (!this.#isFull && this.#waiting.length >= this.#most) {
      this.#isFull = true
      this.#onFull()
    }
    this.#wake?.()
  }

  end(): void {
    this.#end ??= 'ended'
    this.#wake?.()
  }

  /** The loop throws `error` when it has taken what there is. */
  fail(error: unknown): void {
    this.#end ??= { error }
    this.#wake?.()
  }

  leave(): void {
    this.#isLeft = true
    this.#waiting = []
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const results = this.#waiting
      this.#waiting = []
      yield* results
      if (this.#waiting.length > 0) continue
      if (this.#isFull) {
        this.#isFull = false
        this.#onRoom()
      }
      if (this.#end === 'ended') return
      if (this.#end !== null) throw this.#end.error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }
}
