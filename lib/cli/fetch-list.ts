import type { InputItem } from './input.ts'

/**
 * Works off a list with at most `width` items under way: as many loops that each take an item and
 * wait for it. The list comes in groups, and no further one is taken before all of the last have been begun.
 * Rejects when the list itself fails, after all that was under way has ended; `work` must not reject.
 */
export async function fetchList(
  groups: AsyncIterable<readonly InputItem[]>,
  width: number,
  mayStart: () => boolean,
  work: (item: InputItem) => Promise<void>,
): Promise<void> {
  const taken = new Taken(groups[Symbol.asyncIterator]())
  const loop = async (): Promise<void> => {
    while (!taken.ended && mayStart()) {
      const item = taken.next()
      if (item === undefined) await taken.more()
      else await work(item)
    }
    taken.ended = true
  }
  await Promise.all(Array.from({ length: width }, loop))
  if (taken.failure !== null) throw taken.failure.error
}

/** What has come of a list. */
class Taken {
  ended = false
  failure: { error: unknown } | null = null
  readonly #groups: AsyncIterator<readonly InputItem[]>
  #group: readonly InputItem[] = []
  #at = 0
  /** One reading for all that wait for it. */
  #reading: Promise<void> | null = null

  constructor(groups: AsyncIterator<readonly InputItem[]>) {
    this.#groups = groups
  }

  /** undefined: the group is used up. */
  next(): InputItem | undefined {
    return this.#group[this.#at++]
  }

  more(): Promise<void> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#groups.next()
      if (done === true) this.ended = true
      else this.#group = value
      this.#at = 0
    } catch (error) {
      this.ended = true
      this.failure = { error }
    }
    this.#reading = null
  }
}
