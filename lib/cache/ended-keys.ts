/**
 * How often an unsafe method has ended what was stored for a key (RFC 9111 section 4.4): answers that were
 * asked for before and after that are not the same. Of too many, the key ended longest ago is forgotten.
 */
export class EndedKeys {
  readonly #max: number
  readonly #counts = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  note(key: string): void {
    const count = this.count(key) + 1
    this.#counts.delete(key)
    this.#counts.set(key, count)
    if (this.#counts.size <= this.#max) return
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest)
      return
    }
  }

  count(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}
