import { percentile } from './statistics.ts'

/**
 * Every 13th request is timed: to read the clock costs 80 ns, which shows at the floor. Thirteen, as it divides no number
 * of requests under way, so that the first and the last of a pipeline are met alike.
 */
const TIMED = 13
/** Those that are timed while a load warms up and is measured, at ten times what the raw socket reaches. */
const MAX_TIMES = 262_144
/** What `done` is given for an answer that is not timed. */
export const NOT_TIMED = -1

/**
 * Counts the answers of a load, times some of them, and says when it is enough. Times lie in arrays of numbers and
 * callers hold a place in them: a time that they held would be an object for each.
 */
export class Meter {
  answers = 0
  #untilTimed = TIMED
  #goOn = true
  #first = 0
  #next = 0
  readonly #began = new Float64Array(MAX_TIMES)
  readonly #took = new Float64Array(MAX_TIMES)

  /** Whether more requests are to be made. */
  get goesOn(): boolean {
    return this.#goOn
  }

  /** A request is about to be made: returns what `done` is to be given. */
  begin(): number {
    if (--this.#untilTimed > 0 || this.#next === MAX_TIMES) return NOT_TIMED
    this.#untilTimed = TIMED
    this.#began[this.#next] = performance.now()
    return this.#next++
  }

  /** Its answer is whole. False: make no more. */
  done(place: number): boolean {
    this.answers++
    if (place !== NOT_TIMED) this.#took[place] = performance.now() - this.#began[place]!
    return this.#goOn
  }

  /** The measured time begins: what was begun before does not count. */
  measure(): void {
    this.answers = 0
    this.#first = this.#next
  }

  /** It is over. Returns the ms that half of the timed ones, and all but one of a hundred, took at most. */
  stop(): { p50: number; p99: number } {
    this.#goOn = false
    // Those that are still under way took no time yet.
    const times = this.#took.slice(this.#first, this.#next).filter((took) => took > 0)
    times.sort()
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
  }
}
