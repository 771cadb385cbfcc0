import { Deque, type DequeItem } from '../core/deque.ts'
import { NO_PACING, type TotalPacing } from '../core/target-settings.ts'
import type { TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'
import { PaceWait } from './pace-wait.ts'
import { Pacing } from './pacing.ts'
import type { Pool } from './pool.ts'

/** One pool's part in the pace of all: its place in line, and the turns it has been given. */
export class PaceTurn implements DequeItem<PaceTurn> {
  previous: PaceTurn | null = null
  next: PaceTurn | null = null
  deque: object | null = null
  readonly pool: Pool
  /** Exchanges it may start, or dial for. */
  turns = 0
  /** It was given a turn out of the line, and has not been matched since. */
  called = false
  /** In this round of matching it was told to wait. */
  blocked = false

  constructor(pool: Pool) {
    this.pool = pool
  }
}

/**
 * How fast all targets together are asked. A pool that could start an exchange, or dial for one, takes a turn; where
 * there is none it stands in line, without a connection, and the turns go round one by one, so that no target starves.
 *
 * Turns are given at the pace, and exchanges sent at the pace: a dial takes its time, and those that were given turns
 * one after the other may come to send together. A dial that hangs keeps nobody else from the next turn.
 */
export class TotalPace implements TimerOwner {
  readonly #context: SchedulerContext
  readonly #schedule: (pool: Pool) => void
  /** Turns given. */
  readonly #given: Pacing
  /** Exchanges sent. */
  readonly #sent: Pacing
  /** Wait for a turn. */
  readonly #line = new Deque<PaceTurn>()
  /** Have a turn and a connection, and wait until one more may be sent. */
  readonly #due = new Deque<PaceTurn>()
  /** Pools that were called and have not been matched since: nobody goes before them. */
  #called = 0
  readonly #wait: PaceWait

  /** `schedule` has a pool matched at the end of this tick. */
  constructor(options: TotalPacing, context: SchedulerContext, schedule: (pool: Pool) => void) {
    const { minInterval = 0, requestsPerInterval = Infinity, interval = NO_PACING.interval } = options
    const pacing = { ...NO_PACING, minInterval, requestsPerInterval, interval }
    this.#context = context
    this.#schedule = schedule
    this.#given = new Pacing(pacing, context.clock)
    this.#sent = new Pacing(pacing, context.clock)
    this.#wait = new PaceWait(context, this)
  }

  /** Pools that wait for their turn. */
  get waiting(): number {
    return this.#line.size + this.#due.size
  }

  /** Gives the pool one turn more; false: it stands in line, and is matched again when it has one. */
  take(turn: PaceTurn): boolean {
    const { now } = this.#context
    const isFree = this.waiting === 0 && this.#called === 0
    if (isFree && this.#given.room(now) > 0 && this.#sent.room(now) > 0) {
      this.#give(turn, now)
      return true
    }
    this.#block(turn, turn.deque === this.#due ? this.#due : this.#line)
    return false
  }

  /** Whether the pool may send one exchange, with `kept` turns left for its dials; false: see `take`. */
  maySend(turn: PaceTurn, kept: number): boolean {
    if (turn.turns <= kept && !this.take(turn)) return false
    if (this.#sent.room(this.#context.now) > 0) return true
    this.#block(turn, this.#due)
    return false
  }

  /** It does. */
  sent(turn: PaceTurn): void {
    turn.turns--
    this.#sent.started(this.#context.now)
  }

  /** The pool has been matched, and has a use for so many turns. */
  settle(turn: PaceTurn, used: number): void {
    if (turn.called) this.#called--
    turn.called = false
    if (turn.blocked) {
      turn.blocked = false
      return
    }
    turn.turns = Math.min(turn.turns, used)
    this.leave(turn)
  }

  /** The pool waits for nothing any more. */
  leave(turn: PaceTurn): void {
    ;(turn.deque as Deque<PaceTurn> | null)?.remove(turn)
    if (this.waiting === 0) this.#wait.clear()
  }

  /** The pool is gone. */
  drop(turn: PaceTurn): void {
    this.leave(turn)
    if (turn.called) this.#called--
    turn.called = false
  }

  /** Calls those whose time has come, first those who have a connection already. */
  call(): void {
    const { now } = this.#context
    if (this.waiting === 0 || this.#called > 0) return
    let room = this.#sent.room(now)
    for (; room > 0 && this.#due.size > 0; room--) this.#call(this.#due.shift()!)
    for (; room > 0 && this.#line.size > 0 && this.#given.room(now) > 0; room--) {
      const turn = this.#line.shift()!
      this.#give(turn, now)
      this.#call(turn)
    }
    this.#arm()
  }

  onTimer(): void {
    this.#context.enter()
    this.call()
  }

  #give(turn: PaceTurn, now: number): void {
    turn.turns++
    this.#given.started(now)
  }

  #call(turn: PaceTurn): void {
    turn.called = true
    this.#called++
    this.#schedule(turn.pool)
  }

  #block(turn: PaceTurn, line: Deque<PaceTurn>): void {
    turn.blocked = true
    if (turn.deque === line) return
    ;(turn.deque as Deque<PaceTurn> | null)?.remove(turn)
    line.push(turn)
    this.#arm()
  }

  #arm(): void {
    const { now } = this.#context
    if (this.waiting === 0) this.#wait.clear()
    else if (this.#due.size > 0) this.#wait.arm(this.#sent.readyAt(now))
    else this.#wait.arm(Math.max(this.#sent.readyAt(now), this.#given.readyAt(now)))
  }
}
