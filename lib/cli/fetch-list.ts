import type { InputItem } from './input.ts'

/**
 * Works off a list with at most `width` items under way: as many loops that each take an item and
 * wait for it. No more than that is ever taken from the list. Rejects when the list itself fails,
 * after all that was under way has ended; `work` must not reject.
 */
export async function fetchList(
  items: AsyncIterable<InputItem>,
  width: number,
  mayStart: () => boolean,
  work: (item: InputItem) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  const state: { ended: boolean; failure: unknown } = { ended: false, failure: null }
  const loop = async (): Promise<void> => {
    while (!state.ended && mayStart()) {
      try {
        const next = await iterator.next()
        if (next.done === true) break
        if (mayStart()) await work(next.value)
      } catch (error) {
        state.failure ??= error
        break
      }
    }
    state.ended = true
  }
  await Promise.all(Array.from({ length: width }, loop))
  if (state.failure !== null) throw state.failure
}
