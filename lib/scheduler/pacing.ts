import type { Clock } from '../core/clock.ts'
import { ClosedError, LimitError, type RequestError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { PacingOptions } from '../core/target-settings.ts'
import { nextDelay } from './auto-throttle.ts'
import { StartWindow } from './start-window.ts'

/**
 * How fast one target is asked: a gap between starts, so many starts in an interval, and pauses that
 * the server asks for by 429 and 503. It knows times and counts only: the pool asks it before it starts
 * an exchange, and tells it when it did. Made for targets that need it, and kept when their pool goes.
 */
export class Pacing {
  readonly options: PacingOptions
  /** Whether its target has a pool: then it is not forgotten. */
  inUse = false
  /** AutoThrottle's gap, ms; else `minInterval`. */
  delay: number
  /** Refusals in a row; a burst of them counts once. */
  refusals = 0
  /** Nothing starts before that. */
  pausedUntil: number = -Infinity
  /** When the last pause began: what was sent until then knew nothing of it. */
  #pausedAt = -Infinity
  /** When the first refusal of the row came. */
  #refusedSince = Infinity
  #lastStart = -Infinity
  /** Drawn anew for each gap. */
  #factor = 1
  readonly #window: StartWindow | null
  readonly #clock: Clock

  constructor(options: PacingOptions, clock: Clock) {
    this.options = options
    this.#clock = clock
    const { requestsPerInterval, interval, autoThrottle, minInterval } = options
    this.#window = requestsPerInterval === Infinity ? null : new StartWindow(requestsPerInterval, interval)
    this.delay = autoThrottle === false ? minInterval : Math.max(minInterval, autoThrottle.startDelay)
  }

  /** Whether these options ask for any, before the server does. */
  static isAskedBy(options: PacingOptions): boolean {
    return options.minInterval > 0 || options.requestsPerInterval < Infinity || options.autoThrottle !== false
  }

  /** How many exchanges may start now. */
  room(now: number): number {
    if (this.pausedUntil > now) return 0
    const room = this.#window === null ? Infinity : this.#window.room(now)
    if (this.delay === 0) return room
    return this.#lastStart + this.delay * this.#factor > now ? 0 : Math.min(1, room)
  }

  /** When the next may start, if none does before; not later than `now`: at once. */
  readyAt(now: number): number {
    const full = this.#window !== null && this.#window.room(now) === 0 ? this.#window.roomAt : -Infinity
    return Math.max(this.pausedUntil, this.#lastStart + this.delay * this.#factor, full)
  }

  /** An exchange starts, for the first time or again: the server cannot tell them apart. */
  started(now: number): void {
    const { jitter } = this.options
    this.#lastStart = now
    if (jitter > 0) this.#factor = 1 + jitter * (2 * this.#clock.random() - 1)
    this.#window?.add(now)
  }

  /** A head came, `latency` ms after its request, or after the answer before it where that was later. */
  answered(status: number, latency: number, sentAt: number): void {
    const { autoThrottle, minInterval } = this.options
    if (autoThrottle !== false) {
      this.delay = Math.max(minInterval, nextDelay(this.delay, latency, status, autoThrottle))
    }
    if (isRefusal(status) || sentAt <= this.#pausedAt) return
    this.refusals = 0
    this.#refusedSince = Infinity
  }

  /**
   * The server refused a request: the target pauses. What was sent before the last pause began belongs
   * to that event and counts for nothing; but what it asks for by Retry-After is waited for. `retryAfter`: ms from now; 0 or less: not said, or no help.
   * false: it was nothing new.
   */
  refused(retryAfter: number, sentAt: number, now: number): boolean {
    if (sentAt <= this.#pausedAt || this.pausedUntil > now) {
      if (retryAfter > 0) this.pausedUntil = Math.max(this.pausedUntil, now + this.#pauseAfter(retryAfter))
      return false
    }
    // After a long silence it is not the same trouble.
    const lapse = this.options.stallLimit || LIMITS.stallLimit
    if (this.refusals === 0 || now - this.pausedUntil > lapse) {
      this.refusals = 0
      this.#refusedSince = now
    }
    this.refusals++
    this.hold(now + this.#pauseAfter(retryAfter), now)
    return true
  }

  /** Nothing starts before `until`. */
  hold(until: number, now: number): void {
    if (until <= this.pausedUntil) return
    this.#pausedAt = now
    this.pausedUntil = until
  }

  /** When what waits fails, unless an answer ends the row of refusals. */
  get stalledAt(): number {
    const { stallLimit } = this.options
    return this.refusals === 0 || stallLimit === 0 ? Infinity : this.#refusedSince + stallLimit
  }

  /** What makes it vain to wait on; null: nothing does. Once the pause is over, one more try is. */
  giveUp(now: number, closing: boolean): (() => RequestError) | null {
    if (this.pausedUntil <= now) return null
    const { stallLimit } = this.options
    if (this.stalledAt <= now) {
      const what = `the server has only refused (429, 503) for ${stallLimit} ms, ${this.refusals} times in a row`
      return () => new LimitError('stallLimit', stallLimit, `${what}: ask later, or ask less`)
    }
    const left = Math.ceil(this.pausedUntil - now)
    if (!closing || left <= LIMITS.closingPause) return null
    return () => new ClosedError(`the client is closing, and the server refuses for ${left} ms more`)
  }

  /** Whether nothing would change if it were forgotten. */
  isFree(now: number): boolean {
    const { requestsPerInterval, autoThrottle } = this.options
    if (this.inUse || this.refusals > 0 || autoThrottle !== false) return false
    return this.readyAt(now) <= now && (this.#window?.room(now) ?? Infinity) === requestsPerInterval
  }

  #pauseAfter(retryAfter: number): number {
    if (retryAfter > 0) {
      return Math.min(Math.max(retryAfter, LIMITS.timerGranularity), LIMITS.maxRetryAfter)
    }
    // Full jitter: those who were refused together do not come back together.
    const most = Math.min(LIMITS.refusalPause * 2 ** (this.refusals - 1), LIMITS.maxRefusalPause)
    return Math.max(this.#clock.random() * most, LIMITS.timerGranularity)
  }
}

/** Whether this status says: not now. */
export function isRefusal(status: number): boolean {
  return status === 429 || status === 503
}
