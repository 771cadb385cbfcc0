import type { Clock } from '../../core/clock.ts'
import { RequestBodyError } from '../../core/errors.ts'
import type { RequestBody } from '../../core/exchange.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ProgressMeter } from '../../core/progress-meter.ts'
import { meterOf, type ProgressCallback } from '../progress.ts'

/** `body`, telling how far it has been sent. Whole bodies go out in pieces, so that there is something to tell. */
export function watchedBody(body: RequestBody, onProgress: ProgressCallback, clock: Clock): RequestBody {
  const total = body.length === -1 ? null : body.length
  return {
    bytes: null,
    length: body.length,
    replayable: body.replayable,
    open: () =>
      new WatchedSource(body.bytes === null ? body.open() : pieces(body.bytes), total, onProgress, clock),
    discard: body.discard,
  }
}

/** Not a generator: one would put off `return` until a stalled source yields. */
class WatchedSource implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #total: number | null
  readonly #meter: ProgressMeter
  #transferred = 0
  /** Bytes that were given out: taken once more is asked for. */
  #given = 0
  #thrown: Error | null = null

  constructor(
    source: AsyncIterable<Uint8Array>,
    total: number | null,
    onProgress: ProgressCallback,
    clock: Clock,
  ) {
    this.#source = source[Symbol.asyncIterator]()
    this.#total = total
    this.#meter = meterOf(onProgress, clock, (error) => (this.#thrown ??= error))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#given > 0) {
      this.#transferred += this.#given
      this.#given = 0
      this.#meter.update(this.#transferred, this.#total)
    }
    this.#rethrow()
    const result = await this.#source.next()
    if (result.done === true) {
      this.#meter.finish(this.#transferred, this.#transferred)
      this.#rethrow()
      return { done: true, value: undefined }
    }
    this.#given = result.value.length
    return result
  }

  #rethrow(): void {
    if (this.#thrown !== null) throw new RequestBodyError('onUploadProgress threw', this.#thrown)
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#source.return?.()
    return { done: true, value: undefined }
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += LIMITS.progressPiece) {
    yield bytes.subarray(at, at + LIMITS.progressPiece)
  }
}
