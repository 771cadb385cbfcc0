import { percentile } from './statistics.ts'

/**
 * Every seventh request is timed: reading the clock costs 30 ns, which shows at the floor. Seven, as it divides no
 * number of requests under way, so that the first and the last of a pipeline are met alike.
 */
const TIMED = 7
/** Those that are timed in a measured second or two, at ten times what the raw socket reaches. */
const MAX_TIMES = 262_144

/** Counts the answers of a load, times some of them, and says when it is enough. */
export class Meter {
  answers = 0
  #begun = 0
  #goOn = true
  #measures = false
  #timed = 0
  readonly #times = new Float64Array(MAX_TIMES)

  /** Whether more requests are to be made. */
  get goesOn(): boolean {
    return this.#goOn
  }

  /** A request is about to be made: returns what `done` is to be given. 0: it is not timed. */
  begin(): number {
    return ++this.#begun % TIMED === 0 ? performance.now() : 0
  }

  /** Its answer is whole. False: make no more. */
  done(began: number): boolean {
    this.answers++
    if (began !== 0 && this.#measures && this.#timed < MAX_TIMES) {
      this.#times[this.#timed++] = performance.now() - began
    }
    return this.#goOn
  }

  /** The measured time begins. */
  measure(): void {
    this.answers = 0
    this.#measures = true
  }

  /** It is over. Returns the ms that half of the timed ones, and all but one of a hundred, took at most. */
  stop(): { p50: number; p99: number } {
    this.#goOn = false
    this.#measures = false
    const times = this.#times.subarray(0, this.#timed).toSorted()
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
  }
}
