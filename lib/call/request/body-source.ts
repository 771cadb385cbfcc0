import { types } from 'node:util'
import { RequestBodyError } from '../../core/errors.ts'

/** Where a streamed request body comes from: any kind of iterable or stream, started. */
export interface Chunks {
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>
  /** Nothing more is wanted. Also called while a `next` is under way. */
  cancel(): unknown
}

/**
 * A streamed request body on its way out: checks each chunk and the announced length, wraps what the
 * source throws. Not a generator: one would put off `return` until a stalled source yields.
 */
export class BodySource implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #chunks: Chunks
  /** -1: not announced. */
  readonly #length: number
  #sent = 0
  #over = false

  constructor(chunks: Chunks, length: number) {
    this.#chunks = chunks
    this.#length = length
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (!this.#over) {
      const chunk = await this.#pull()
      if (chunk === null) break
      // An empty chunk would end a chunked body.
      if (chunk.length === 0) continue
      this.#sent += chunk.length
      if (this.#length !== -1 && this.#sent > this.#length) {
        await this.#fail(
          `the request body is longer than announced: ${this.#length} bytes, but its source gives at least ${this.#sent}`,
        )
      }
      return { done: false, value: chunk }
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#over) {
      this.#over = true
      try {
        await this.#chunks.cancel()
      } catch (error) {
        throw sourceError(error)
      }
    }
    return { done: true, value: undefined }
  }

  /** The next chunk as bytes; null at the end. */
  async #pull(): Promise<Uint8Array | null> {
    let result: IteratorResult<unknown>
    try {
      result = await this.#chunks.next()
    } catch (error) {
      // Given up meanwhile: the source's complaint about that is of no interest.
      if (this.#over) return null
      this.#over = true
      throw sourceError(error)
    }
    if (this.#over) return null
    if (result.done === true) {
      this.#over = true
      if (this.#length !== -1 && this.#sent < this.#length) {
        throw new RequestBodyError(
          `the request body is shorter than announced: ${this.#length} bytes, but its source gave ${this.#sent}`,
        )
      }
      return null
    }
    if (types.isUint8Array(result.value)) return result.value
    if (typeof result.value === 'string') return Buffer.from(result.value)
    return this.#fail(
      `a chunk of the request body is ${typeName(result.value)}; chunks are Uint8Array or string`,
    )
  }

  async #fail(message: string): Promise<never> {
    this.#over = true
    try {
      await this.#chunks.cancel()
    } catch {
      // The fault that made us cancel is the one to tell.
    }
    throw new RequestBodyError(message)
  }
}

function sourceError(cause: unknown): RequestBodyError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new RequestBodyError(`the source of the request body failed: ${what}`, cause)
}

/** What a value is, for messages. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name
  if (name === 'Object' || typeof name !== 'string' || name === '') return 'a plain object'
  return `an object of class ${name}`
}
