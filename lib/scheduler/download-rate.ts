import { Deque } from '../core/deque.ts'
import { LIMITS } from '../core/limits.ts'
import type { TimerOwner } from '../core/timer-wheel.ts'
import type { SchedulerContext } from './context.ts'
import { PaceWait } from './pace-wait.ts'
import type { ReadGate } from './read-gate.ts'

/**
 * How many bytes a second are read, of one target or of all: a token bucket. What is read is known afterwards, so the
 * bucket may owe, by no more than one read of each connection; until that is paid back nobody reads. Those who have to
 * wait stand in line, and the line goes on as tokens come.
 */
export class DownloadRate implements TimerOwner {
  /** Bytes that a connection reads in one go: small enough for many to take turns. */
  readonly readSize: number
  readonly #context: SchedulerContext
  /** Bytes a ms. */
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #filledAt: number
  readonly #line = new Deque<ReadGate>()
  /** Gates opened since the timer came last, that nobody is known to have read through. */
  #opened = 0
  readonly #wait: PaceWait

  /** `rate`: bytes a second. */
  constructor(rate: number, context: SchedulerContext) {
    this.#context = context
    this.#rate = rate / 1000
    this.#burst = this.#rate * LIMITS.downloadBurst
    this.#tokens = this.#burst
    this.#filledAt = context.now
    this.readSize = Math.min(
      Math.max(Math.ceil(rate / LIMITS.readsPerSecond), LIMITS.minReadSize),
      LIMITS.readBuffer,
    )
    this.#wait = new PaceWait(context, this)
  }

  /** Whether whoever would read now has to stand in line. */
  get isShut(): boolean {
    return this.isEmpty || this.#line.size > 0
  }

  get isEmpty(): boolean {
    this.#fill()
    return this.#tokens <= 0
  }

  /** So many bytes have been read. `endsTurn`: by a gate that was opened, and has had its share now. */
  take(bytes: number, endsTurn: boolean): void {
    this.#fill()
    this.#tokens -= bytes
    if (endsTurn && this.#opened > 0) this.#opened--
  }

  join(gate: ReadGate): void {
    this.#line.push(gate)
    if (this.#line.size === 1) this.#arm()
  }

  leave(gate: ReadGate): void {
    this.#line.remove(gate)
    if (this.#line.size === 0) this.#wait.clear()
  }

  /** Opens gates, first come first served, as far as there are tokens for a read of each. */
  feed(): void {
    if (this.#line.size === 0) return
    this.#fill()
    while (this.#line.size > 0 && this.#tokens > this.#opened * this.readSize) {
      this.#opened++
      this.#line.shift()!.pass()
    }
    this.#arm()
  }

  onTimer(): void {
    this.#context.enter()
    // Behind some the server is silent: they have had their time.
    this.#opened = 0
    this.feed()
  }

  #fill(): void {
    const { now } = this.#context
    if (now <= this.#filledAt) return
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#rate)
    this.#filledAt = now
  }

  #arm(): void {
    if (this.#line.size === 0) this.#wait.clear()
    else this.#wait.arm(this.#context.now + Math.max(0, -this.#tokens / this.#rate))
  }
}
