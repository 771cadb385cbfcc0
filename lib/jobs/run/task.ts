import type { InputItem } from '../job-item.ts'
import type { Key } from '../journal/key.ts'
import type { Origin } from './origin.ts'

/** One item of a job that has been read and is not done. */
export class Task {
  readonly entry: InputItem
  /** null: it is none; the entry's `problem`, or the job's check, says why. */
  readonly url: URL | null
  readonly key: Key
  /** Where its place is. */
  readonly origin: Origin
  #holdsPlace = false

  constructor(entry: InputItem, url: URL | null, key: Key, origin: Origin) {
    this.entry = entry
    this.url = url
    this.key = key
    this.origin = origin
  }

  get priority(): number {
    return this.entry.item?.priority ?? 0
  }

  enter(): void {
    this.#holdsPlace = true
  }

  /** Whether it gave up a place now. */
  giveUpPlace(): boolean {
    const held = this.#holdsPlace
    this.#holdsPlace = false
    return held
  }
}
