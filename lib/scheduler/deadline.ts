import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'

/** What a connection may be waiting for. */
export type Wait = 'connect' | 'idle' | 'continue' | 'send' | 'head' | 'body'

/** What one connection waits for, and until when. One at a time: its front is what it waits for. */
export class Deadline {
  wait: Wait = 'connect'
  /** How long that may take, ms; 0: as long as it takes. */
  timeout = 0
  readonly #context: SchedulerContext
  readonly #timer: Timer

  constructor(context: SchedulerContext, owner: TimerOwner) {
    this.#context = context
    this.#timer = new Timer(owner)
  }

  /** Waits for this now, for `timeout` ms; 0: for as long as it takes. */
  arm(wait: Wait, timeout: number): void {
    this.wait = wait
    this.timeout = timeout
    if (timeout > 0) this.#context.wheel.set(this.#timer, this.#context.now + timeout)
    else this.#context.wheel.clear(this.#timer)
  }

  /** Waits for the head of the answer to `x`. */
  armHead(x: Exchange): void {
    this.arm('head', x.muted ? LIMITS.mutedTimeout : x.request.timeouts.replyTimeout)
  }

  /** Waits for nothing any more. */
  remove(): void {
    this.#context.wheel.remove(this.#timer)
  }
}
