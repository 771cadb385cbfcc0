import { LruMap } from '../core/lru-map.ts'

/**
 * How often an unsafe method has ended what was stored for a key (RFC 9111 section 4.4): answers that were
 * asked for before and after that are not the same. Of too many, the key ended longest ago is forgotten.
 */
export class EndedKeys {
  readonly #counts: LruMap<string, number>

  constructor(max: number) {
    this.#counts = new LruMap(max)
  }

  note(key: string): void {
    this.#counts.set(key, this.count(key) + 1)
  }

  count(key: string): number {
    return this.#counts.peek(key) ?? 0
  }
}
