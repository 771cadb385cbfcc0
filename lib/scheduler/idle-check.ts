import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'

/** What is looked at of a connection. */
interface Read {
  /** When a byte last came, or when it opened, on the clock's `now()`. */
  readonly lastReadAt: number
  /** That read may have left something behind. */
  readonly mayHoldMore: boolean
  /** The turn of the last read that came in records: others may follow in the same turn; -1: none. */
  readonly recordsIn: number
  /** The round of matching it opened in. */
  readonly openedIn: number
}

/** When it is: see SchedulerContext. */
interface Present {
  readonly now: number
  readonly turn: number
}

/**
 * Has the idle connections of a pool read once more before they are used: unasked bytes may lie in a socket,
 * and pass for the answer (CVE-2026-6733); or a FIN. One round of matching after the other.
 */
export class IdleCheck {
  /** Rounds of matching that are over. */
  round = 0
  /** The reading is under way. */
  isUnderWay = false
  /** All have been read since this round began. */
  #isDone = false
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether this idle connection has to be read first. One that has just opened is used unread. */
  isNeeded({ lastReadAt, mayHoldMore, recordsIn, openedIn }: Read, { now, turn }: Present): boolean {
    if (this.#isDone || openedIn === this.round) return false
    return mayHoldMore || recordsIn === turn || now - lastReadAt > LIMITS.idleCheckAge
  }

  /** Lets the loop read what is there; then calls `then`. */
  start(then: () => void): void {
    if (this.isUnderWay) return
    this.isUnderWay = true
    this.#clock.afterIo(() => {
      this.isUnderWay = false
      this.#isDone = true
      then()
    })
  }

  endRound(): void {
    this.#isDone = false
    this.round++
  }
}
