import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'

/**
 * A pool's wait for its pace: one timer, however many exchanges wait. No socket may be open meanwhile,
 * so it keeps the process alive.
 */
export class PaceWait {
  readonly #context: SchedulerContext
  readonly #timer: Timer
  #release: (() => void) | null = null

  constructor(context: SchedulerContext, owner: TimerOwner) {
    this.#context = context
    this.#timer = new Timer(owner)
  }

  arm(due: number): void {
    this.#release ??= this.#context.clock.hold()
    this.#context.wheel.set(this.#timer, due)
  }

  clear(): void {
    this.#release?.()
    this.#release = null
    this.#context.wheel.remove(this.#timer)
  }
}
