import { TimeoutError } from '../core/errors.ts'
import type { ExchangeTimeouts } from '../core/exchange.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'

/** Who is told that a body comes too slowly. */
export type OnSlowBody = (error: TimeoutError) => void

/**
 * Whether a body comes at `minBodyRate`, judged over one window after the other. A server that gives a byte now
 * and then keeps every timeout happy, and a connection busy for ever (Slowloris, the other way round).
 *
 * Time in which our own side did not read is not counted: nobody else is to blame for that.
 */
export class BodyRate implements TimerOwner {
  /** Bytes of the body since the window began. */
  bytes = 0
  readonly #context: SchedulerContext
  readonly #onSlow: OnSlowBody
  readonly #timer: Timer
  /** Bytes per second; 0: nothing is measured. */
  #rate = 0
  /** ms. */
  #window = 0
  /** When the window ends, on the clock's `now()`; while not read: what is left of it. */
  #end = 0
  #paused = false

  constructor(context: SchedulerContext, onSlow: OnSlowBody) {
    this.#context = context
    this.#onSlow = onSlow
    this.#timer = new Timer(this)
  }

  /** A body begins. */
  start({ minBodyRate, minBodyRateWindow }: ExchangeTimeouts): void {
    this.#rate = minBodyRate
    this.#window = minBodyRateWindow
    this.#paused = false
    this.#open()
  }

  /** Our own side stops reading. */
  pause(): void {
    if (this.#rate === 0 || this.#paused) return
    this.#paused = true
    this.#end -= this.#context.now
    this.#context.wheel.clear(this.#timer)
  }

  /** It reads on. */
  resume(): void {
    if (this.#rate === 0 || !this.#paused) return
    this.#paused = false
    this.#end += this.#context.now
    this.#context.wheel.set(this.#timer, this.#end)
  }

  /** The body has ended, or nobody waits for it any more. */
  stop(): void {
    this.#rate = 0
    this.#context.wheel.remove(this.#timer)
  }

  onTimer(): void {
    const now = this.#context.enter()
    // Much later than asked for: this process stood still, and what came meanwhile is not read yet.
    const stoodStill = (now - this.#end) * 10 > this.#window
    if (stoodStill || this.bytes * 1000 >= this.#rate * this.#window) this.#open()
    else this.#onSlow(this.#error())
  }

  #open(): void {
    this.bytes = 0
    this.#end = this.#context.now + this.#window
    this.#context.wheel.set(this.#timer, this.#end)
  }
  #error(): TimeoutError {
    const seen = `${this.bytes} bytes of the body came in ${this.#window} ms (minBodyRateWindow)`
    return new TimeoutError('body', this.#window, `${seen}: fewer than ${this.#rate} a second (minBodyRate)`)
  }
}
