const FIRST_SIZE = 16

/**
 * The times of the last starts, so that no window of `interval` ms, wherever it begins, has more than
 * `most` of them. A counter that is set back each interval lets twice as many through around that moment.
 */
export class StartWindow {
  readonly #most: number
  readonly #interval: number
  /** A ring, that grows up to `most` as it is needed. */
  #times: Float64Array<ArrayBuffer> | null = null
  #first = 0
  #size = 0

  constructor(most: number, interval: number) {
    this.#most = most
    this.#interval = interval
  }

  /** How many may start now. */
  room(now: number): number {
    this.#forget(now)
    return this.#most - this.#size
  }

  /** Whoever asks `room` first adds no more than that; a failed dial is added all the same. */
  add(now: number): void {
    this.#forget(now)
    // One more than there may be: with the oldest left out, the last `most` still say when there is room.
    if (this.#size === this.#most) this.#dropFirst()
    const times = this.#grown()
    times[(this.#first + this.#size) % times.length] = now
    this.#size++
  }

  /** When the oldest start leaves the window: one more may start then. -Infinity: there is room. */
  get roomAt(): number {
    return this.#size < this.#most ? -Infinity : this.#times![this.#first]! + this.#interval
  }

  #forget(now: number): void {
    while (this.#size > 0 && this.#times![this.#first]! + this.#interval <= now) this.#dropFirst()
    if (this.#size === 0) this.#times = null
  }

  #dropFirst(): void {
    this.#first = (this.#first + 1) % this.#times!.length
    this.#size--
  }

  #grown(): Float64Array<ArrayBuffer> {
    const old = this.#times
    if (old !== null && this.#size < old.length) return old
    const times = new Float64Array(Math.min(this.#most, old === null ? FIRST_SIZE : 2 * old.length))
    for (let at = 0; at < this.#size; at++) times[at] = old![(this.#first + at) % old!.length]!
    this.#times = times
    this.#first = 0
    return times
  }
}
