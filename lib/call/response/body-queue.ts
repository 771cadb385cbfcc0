import { AbortError, ArgumentError } from '../../core/errors.ts'
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
  /** The reader has memory of its own. */
  #readsInto = false
  /** It was not back when the next bytes came: it does something with them, writes them to a disk perhaps. */
  #isLate = false
  #error: Error | null = null
  #discarded = false
  /** Of the reader that waits: for a piece, or for bytes in its own memory. */
  #waiting: ((result: IteratorResult<Uint8Array, undefined>) => void) | null = null
  #target: Uint8Array | null = null
  #filled: ((count: number) => void) | null = null
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
      // Not by `slice`, which fills the copy with zeros first: 8 % of a download's time.
      const value = Buffer.allocUnsafeSlow(chunk.length)
      value.set(chunk)
      resolve({ done: false, value })
      return true
    }
    const target = this.#target
    if (target === null) {
      this.#isLate = this.#readsInto
      this.#pieces.push(chunk)
      // One read may bring several chunks: what has stopped the source holds until the reader comes.
      this.#full ||= this.#pieces.size >= LIMITS.streamBuffer
      return !this.#full
    }
    const isFilled = chunk.length >= target.length
    const rest = this.#fill(target, chunk)
    if (rest !== null) this.#pieces.push(rest)
    // It will be away again, and what comes meanwhile would be copied once more.
    this.#full = (isFilled && this.#isLate) || this.#pieces.size >= LIMITS.streamBuffer
    return !this.#full
  }

  /** The body is whole. */
  end(): void {
    this.#ended = true
    this.#full = false
    this.#waiting?.({ done: true, value: undefined })
    this.#filled?.(0)
    this.#forgetReader()
  }

  /** The body ends here with an error, after what has been read so far. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#full = false
    if (this.#fail === null) this.#error = error
    else this.#fail(error)
    this.#forgetReader()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.begun = true
    if (this.#discarded) return Promise.reject(discardedError())
    const chunk = this.#pieces.shift()
    if (chunk !== undefined) {
      this.#onTaken()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#error !== null) return Promise.reject(this.#takeError())
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = resolve
      this.#fail = reject
      this.#onTaken()
    })
  }

  /**
   * Copies what is there, or what comes next, into `target`, which must have room. Resolves with how many
   * bytes that were, 0 at the end. Until then `target` belongs to the queue. Not while another read waits.
   */
  readInto(target: Uint8Array): Promise<number> {
    this.begun = true
    this.#readsInto = true
    if (this.#discarded) return Promise.reject(discardedError())
    const count = this.#pieces.read(target)
    if (count > 0) {
      this.#onTaken()
      return Promise.resolve(count)
    }
    if (this.#error !== null) return Promise.reject(this.#takeError())
    if (this.#ended) return Promise.resolve(0)
    return new Promise((resolve, reject) => {
      this.#target = target
      this.#filled = resolve
      this.#fail = reject
      this.#onTaken()
    })
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.begun = true
    this.#pieces.clear()
    this.#error = null
    // Zero bytes would say that the body has ended.
    if (this.#filled !== null) {
      this.#fail!(discardedError())
      this.#forgetReader()
    }
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
    this.#forgetReader()
    void this.return()
  }

  /** Gives the reader that waits what its memory has room for. Returns what is left of `chunk`; null: nothing. */
  #fill(target: Uint8Array, chunk: Uint8Array): Uint8Array | null {
    const count = Math.min(target.length, chunk.length)
    const filled = this.#filled!
    const fail = this.#fail!
    this.#forgetReader()
    if (count === 0) {
      // An empty read would look like the end.
      fail(new ArgumentError('the memory to read into was taken away meanwhile'))
      return chunk
    }
    if (count === chunk.length) {
      target.set(chunk)
      filled(count)
      return null
    }
    target.set(chunk.subarray(0, count))
    filled(count)
    return chunk.subarray(count)
  }

  /** The reader has taken something that was here. */
  #onTaken(): void {
    if (!this.#full) return
    this.#full = this.#pieces.size >= LIMITS.streamBuffer / 2
    if (this.#full) this.#source.onTaken()
    else this.#source.onRoom()
  }

  #takeError(): Error {
    const error = this.#error!
    this.#error = null
    return error
  }

  #forgetReader(): void {
    this.#waiting = null
    this.#target = null
    this.#filled = null
    this.#fail = null
  }
}

function discardedError(): AbortError {
  return new AbortError(undefined, 'the body was discarded')
}
