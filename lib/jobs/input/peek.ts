/** What the beginning of an input was found to be, and all its bytes again. */
export interface Peeked<T> {
  readonly found: T
  readonly chunks: AsyncIterable<Uint8Array>
  /** Lets go of the input, where `chunks` is not going to be read. */
  readonly close: () => Promise<void>
}

/**
 * Reads so much of an input as `decide` needs, which gives null where it needs more, and is told when there is no
 * more. It must come to an end of its own: all that it has seen is held.
 */
export async function peek<T>(
  chunks: AsyncIterable<Uint8Array>,
  decide: (prefix: Uint8Array, ended: boolean) => T | null,
): Promise<Peeked<T>> {
  const iterator = chunks[Symbol.asyncIterator]()
  let prefix: Uint8Array = new Uint8Array(0)
  for (;;) {
    const step = await iterator.next()
    if (step.done === true) {
      const found = decide(prefix, true)
      if (found === null) throw new TypeError('the end of an input decides')
      return { found, chunks: rejoin(prefix, null), close: async () => {} }
    }
    prefix = prefix.length === 0 ? step.value : Buffer.concat([prefix, step.value])
    const found = decide(prefix, false)
    if (found === null) continue
    const close = async (): Promise<void> => {
      await iterator.return?.()
    }
    return { found, chunks: rejoin(prefix, iterator), close }
  }
}

async function* rejoin(
  prefix: Uint8Array,
  iterator: AsyncIterator<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (prefix.length > 0) yield prefix
    if (iterator === null) return
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value
  } finally {
    await iterator?.return?.()
  }
}
