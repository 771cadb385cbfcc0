import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'

/** A pool dials no more for a while: its last dial failed while other connections are doing well. */
export class DialPause {
  readonly #context: SchedulerContext
  readonly #timer: Timer
  #until = 0

  constructor(context: SchedulerContext, owner: TimerOwner) {
    this.#context = context
    this.#timer = new Timer(owner)
  }

  get lasts(): boolean {
    return this.#until > this.#context.now
  }

  begin(): void {
    this.#until = this.#context.now + LIMITS.dialPause
    this.#context.wheel.set(this.#timer, this.#until)
  }

  remove(): void {
    this.#context.wheel.remove(this.#timer)
  }
}
