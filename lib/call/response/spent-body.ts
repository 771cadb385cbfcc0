import { ArgumentError } from '../../core/errors.ts'

/** A body that was read before, by `validate` perhaps: nothing left would look like an empty one. */
export class SpentBody implements AsyncIterableIterator<Uint8Array> {
  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    return Promise.reject(spentError())
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    return Promise.resolve({ done: true, value: undefined })
  }
}

export function spentError(): ArgumentError {
  return new ArgumentError('the body has been read already; keep what was read the first time')
}
