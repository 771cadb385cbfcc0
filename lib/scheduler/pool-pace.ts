import type { RequestError } from '../core/errors.ts'
import type { SchedulerContext } from './context.ts'
import { PaceWait } from './pace-wait.ts'
import type { Pacing } from './pacing.ts'
import type { Pool } from './pool.ts'
import { PaceTurn, type TotalPace } from './total-pace.ts'

/** How fast what waits in one pool may start, and the wait for that. Made for pools that have a pace. */
export class PoolPace {
  /** The target's own; null: none. */
  target: Pacing | null = null
  readonly #context: SchedulerContext
  readonly #wait: PaceWait
  /** That of all targets; null: none. */
  readonly #total: TotalPace | null
  readonly #turn: PaceTurn

  constructor(total: TotalPace | null, context: SchedulerContext, pool: Pool) {
    this.#total = total
    this.#turn = new PaceTurn(pool)
    this.#context = context
    this.#wait = new PaceWait(context, pool)
  }

  /** How many of so many that wait may start now as far as the target goes. */
  room(waiting: number): number {
    return this.target === null ? waiting : Math.min(waiting, this.target.room(this.#context.now))
  }

  /** How many of so many that wait may start now, or be dialled for. */
  startable(waiting: number): number {
    const room = this.room(waiting)
    return this.#total === null ? room : Math.min(room, this.#turn.turns)
  }

  /** Whether one more dial may begin for those that wait, beside so many. */
  mayDial(dialling: number): boolean {
    return this.#total === null || this.#turn.turns > dialling || this.#total.take(this.#turn)
  }

  /** Whether one that waits may be sent now, beside so many dials that have a use for their turns. */
  maySend(dialling: number): boolean {
    return this.#total === null || this.#total.maySend(this.#turn, dialling)
  }

  /** An exchange starts. */
  started(): void {
    this.target?.started(this.#context.now)
    this.#total?.sent(this.#turn)
  }

  /** A server that refuses connections is asked no faster. */
  dialFailed(): void {
    this.target?.started(this.#context.now)
    if (this.#turn.turns > 0) this.#turn.turns--
  }

  /** Makes the error for what waits in vain; null: it does not. */
  giveUp(closing: boolean): (() => RequestError) | null {
    return this.target === null ? null : this.target.giveUp(this.#context.now, closing)
  }

  /**
   * The pool has been matched. It is matched again when the next one may start, or when there is nothing to wait for
   * any more. `useful`: turns that its dials, begun or wished for, have a use for.
   */
  await(waiting: number, useful: number): void {
    this.#total?.settle(this.#turn, useful)
    const { target } = this
    if (target === null) return
    const { now } = this.#context
    const readyAt = waiting === 0 ? -Infinity : target.readyAt(now)
    if (readyAt <= now) this.#wait.clear()
    else this.#wait.arm(target.stalledAt > now ? Math.min(readyAt, target.stalledAt) : readyAt)
  }

  /** Waits no longer. */
  clear(): void {
    this.#total?.drop(this.#turn)
    this.#wait.clear()
  }
}
