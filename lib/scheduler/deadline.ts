import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'

/** What a connection may be waiting for. */
export type Wait = 'connect' | 'idle' | 'continue' | 'send' | 'head' | 'body' | 'muted'

/** What one connection waits for, and until when. One at a time: its front is what it waits for. */
export class Deadline {
  wait: Wait = 'connect'
  /** How long that may take, ms; 0: as long as it takes. */
  timeout = 0
  /** Our own side does not read: what the server may be late with is not waited for. */
  #held = false
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
    if (timeout > 0 && !(this.#held && isOfServer(wait)))
      this.#context.wheel.set(this.#timer, this.#context.now + timeout)
    else this.#context.wheel.clear(this.#timer)
  }

  /** Waits for the head of the answer to `x`. */
  armHead(x: Exchange): void {
    if (x.muted) this.armMuted()
    else this.arm('head', x.request.timeouts.replyTimeout)
  }

  /** Reads an answer that nobody waits for: so long, whoever is late. */
  armMuted(): void {
    this.arm('muted', LIMITS.mutedTimeout)
  }

  /** Stops the clock for what the server has to do; or starts it anew. */
  hold(on: boolean): void {
    this.#held = on
    if (isOfServer(this.wait)) this.arm(this.wait, this.timeout)
  }

  /** Waits for nothing any more. */
  remove(): void {
    this.#context.wheel.remove(this.#timer)
  }
}

/** A server whose answer is not read may take no more of a request, too. */
function isOfServer(wait: Wait): boolean {
  return wait === 'head' || wait === 'body' || wait === 'send'
}
