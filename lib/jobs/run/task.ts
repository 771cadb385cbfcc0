import type { InputItem } from '../job-item.ts'
import { parseItemUrl } from '../item-url.ts'
import type { Key } from '../journal/key.ts'
import type { Origin } from './origin.ts'

/** One item of a job that has been read and is not done. */
export class Task {
  readonly entry: InputItem
  readonly key: Key
  /** Where its place is. */
  readonly origin: Origin
  #holdsPlace = false
  #url: URL | null = null

  /** `entry` without a problem has a URL that is one. */
  constructor(entry: InputItem, key: Key, origin: Origin) {
    this.entry = entry
    this.key = key
    this.origin = origin
  }

  /** null: it is none, and the entry's `problem` says why. Made anew for whoever starts it: one that waits holds 0.5 KB less. */
  get url(): URL | null {
    if (this.entry.problem === '') this.#url ??= parseItemUrl(this.entry.url) as URL
    return this.#url
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
