import type { RequestError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** Who fills a queue: told when there is room again, and when nobody will read on. */
export interface BodySource {
  onRoom(): void
  /** The reader took a piece, and there is no room yet. */
  onTaken(): void
  onAbandoned(): void
}

/**
 * Between a connection that pushes bytes and a reader that pulls them: a bounded queue of copies.
 * Iterating it takes what is there and what comes; leaving the loop abandons the rest.
 */
export class BodyQueue implements AsyncIterableIterator<Uint8Array> {
  /** Whether anybody has asked for a byte yet. */
  begun = false
  readonly #source: BodySource
  readonly #chunks: Uint8Array[] = []
  #size = 0
  #full = false
  #ended = false
  #error: RequestError | null = null
  #waiting: ((result: IteratorResult<Uint8Array, undefined>) => void) | null = null
  #fail: ((error: RequestError) => void) | null = null

  constructor(source: BodySource) {
    this.#source = source
  }

  /** Whether the source was told to stop, and the reader has not made room yet. */
  get full(): boolean {
    return this.#full
  }

  /** Takes a copy of `chunk`. false: stop; `onRoom` comes when there is room. */
  push(chunk: Uint8Array): boolean {
    const copy = Uint8Array.prototype.slice.call(chunk)
    if (this.#waiting !== null) {
      const resolve = this.#waiting
      this.#waiting = null
      this.#fail = null
      resolve({ done: false, value: copy })
      return true
    }
    this.#chunks.push(copy)
    this.#size += copy.length
    this.#full = this.#size >= LIMITS.streamBuffer
    return !this.#full
  }

  /** The body is whole. */
  end(): void {
    this.#ended = true
    this.#full = false
    this.#waiting?.({ done: true, value: undefined })
    this.#waiting = null
  }

  /** The body ends here with an error, after what has been read so far. */
  fail(error: RequestError): void {
    if (this.#ended) return
    this.#ended = true
    this.#full = false
    if (this.#fail === null) this.#error = error
    else this.#fail(error)
    this.#waiting = null
    this.#fail = null
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.begun = true
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#size -= chunk.length
      if (this.#full) {
        this.#full = this.#size >= LIMITS.streamBuffer / 2
        if (this.#full) this.#source.onTaken()
        else this.#source.onRoom()
      }
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#error !== null) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = resolve
      this.#fail = reject
    })
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.begun = true
    this.#chunks.length = 0
    this.#size = 0
    this.#error = null
    if (!this.#ended) {
      this.end()
      this.#source.onAbandoned()
    }
    return Promise.resolve({ done: true, value: undefined })
  }
}
