/** Keys whose last answer was not kept; of too many, the one noted longest ago is forgotten. */
export class UnkeptKeys {
  readonly #max: number
  readonly #keys = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  note(key: string, isKept: boolean): void {
    this.#keys.delete(key)
    if (isKept) return
    this.#keys.add(key)
    if (this.#keys.size <= this.#max) return
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest)
      return
    }
  }
}
