import type { RequestError } from '../core/errors.ts'
import type { TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'
import { PaceWait } from './pace-wait.ts'
import type { Pacing } from './pacing.ts'

/** How fast what waits in one pool may start, and the wait for that. Made for pools that have a pace. */
export class PoolPace {
  /** The target's own. */
  target: Pacing
  readonly #context: SchedulerContext
  readonly #wait: PaceWait

  constructor(target: Pacing, context: SchedulerContext, owner: TimerOwner) {
    this.target = target
    this.#context = context
    this.#wait = new PaceWait(context, owner)
  }

  /** How many of so many that wait may start now. */
  startable(waiting: number): number {
    return Math.min(waiting, this.target.room(this.#context.now))
  }

  /** An exchange starts, or a dial has failed: a server that refuses connections is asked no faster. */
  started(): void {
    this.target.started(this.#context.now)
  }

  /** Makes the error for what waits in vain; null: it does not. */
  giveUp(closing: boolean): (() => RequestError) | null {
    return this.target.giveUp(this.#context.now, closing)
  }

  /** Calls the owner when the next one may start, or when there is nothing to wait for any more. */
  await(waiting: number): void {
    const { now } = this.#context
    const { target } = this
    const readyAt = waiting === 0 ? -Infinity : target.readyAt(now)
    if (readyAt <= now) this.#wait.clear()
    else this.#wait.arm(target.stalledAt > now ? Math.min(readyAt, target.stalledAt) : readyAt)
  }

  /** Waits no longer. */
  clear(): void {
    this.#wait.clear()
  }
}
