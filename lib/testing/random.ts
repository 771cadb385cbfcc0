/**
 * Seeded chance (sfc32): the same seed gives the same numbers on every machine. For simulations and
 * specs, never for secrets.
 */
export class Random {
  readonly seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.seed = seed
    this.#a = seed | 0
    // The high word, so that seeds beyond 2^32 differ too.
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0
    this.#c = 0x9e3779b9 | 0
    // Small seeds differ in a few bits only; these rounds spread them.
    for (let round = 0; round < 12; round++) this.#word()
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#word() / 0x1_0000_0000
  }

  /** A whole number, both bounds included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** Any number in [min, max). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  /** true with this probability. Draws nothing for 0, so that a fault that is off costs no number. */
  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Random.pick: the list is empty')
    return items[this.int(0, items.length - 1)] as T
  }

  /** In place. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.int(0, last)
      const item = items[last] as T
      items[last] = items[other] as T
      items[other] = item
    }
    return items
  }

  /** A generator of its own: what one part draws does not shift what another part gets. */
  fork(): Random {
    return new Random(this.#word() * 0x10_0000 + (this.#word() & 0xf_ffff))
  }

  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}
