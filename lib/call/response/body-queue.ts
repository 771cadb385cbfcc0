import { AbortError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { Pieces } from './pieces.ts'

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
  /** Not out of Node's shared slab: whoever looks at a chunk's `buffer` sees this body only. */
  readonly #pieces = new Pieces((size) => Buffer.allocUnsafeSlow(size))
  #full = false
  #ended = false
  #error: Error | null = null
  #discarded = false
  #waiting: ((result: IteratorResult<Uint8Array, undefined>) => void) | null = null
  #fail: ((error: Error) => void) | null = null

  constructor(source: BodySource) {
    this.#source = source
  }

  /** Whether the source was told to stop, and the reader has not made room yet. */
  get full(): boolean {
    return this.#full
  }

  /** Takes a copy of `chunk`. false: stop; `onRoom` comes when there is room. */
  push(chunk: Uint8Array): boolean {
    if (this.#waiting !== null) {
      const resolve = this.#waiting
      this.#waiting = null
      this.#fail = null
      resolve({ done: false, value: Uint8Array.prototype.slice.call(chunk) })
      return true
    }
    this.#pieces.push(chunk)
    this.#full = this.#pieces.size >= LIMITS.streamBuffer
    return !this.#full
  }

  /** The body is whole. */
  end(): void {
    this.#ended = true
    this.#full = false
    this.#waiting?.({ done: true, value: undefined })
    this.#waiting = null
    this.#fail = null
  }

  /** The body ends here with an error, after what has been read so far. */
  fail(error: Error): void {
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
    if (this.#discarded) return Promise.reject(discardedError())
    const chunk = this.#pieces.shift()
    if (chunk !== undefined) {
      if (this.#full) {
        this.#full = this.#pieces.size >= LIMITS.streamBuffer / 2
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
    this.#pieces.clear()
    this.#error = null
    if (!this.#ended) {
      this.end()
      this.#source.onAbandoned()
    }
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Gives the rest up. Whoever reads, now or later, is told so: a part is never taken for the whole. */
  discard(): void {
    if (this.#discarded) return
    this.#discarded = true
    this.#fail?.(discardedError())
    this.#waiting = null
    this.#fail = null
    void this.return()
  }
}

function discardedError(): AbortError {
  return new AbortError(undefined, 'the body was discarded')
}
