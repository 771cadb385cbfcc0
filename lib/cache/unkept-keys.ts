import { LruMap } from '../core/lru-map.ts'

/** Keys whose last answer was not kept; of too many, the one noted longest ago is forgotten. */
export class UnkeptKeys {
  readonly #keys: LruMap<string, true>

  constructor(max: number) {
    this.#keys = new LruMap(max)
  }

  has(key: string): boolean {
    return this.#keys.peek(key) === true
  }

  note(key: string, isKept: boolean): void {
    if (isKept) this.#keys.delete(key)
    else this.#keys.set(key, true)
  }
}
