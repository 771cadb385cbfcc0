import type { Clock } from '../../lib/core/clock.ts'

/** Passes everything on and counts what its user has pending: a leaked timer shows. */
export class CountedClock implements Clock {
  readonly #clock: Clock
  #timers = 0
  #callbacks = 0
  #holds = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Timers set and neither fired nor cancelled, and deferred callbacks. */
  get pending(): number {
    return this.#timers + this.#callbacks
  }

  /** What keeps the process alive. */
  get holds(): number {
    return this.#holds
  }

  now(): number {
    return this.#clock.now()
  }

  date(): number {
    return this.#clock.date()
  }

  random(): number {
    return this.#clock.random()
  }

  defer(callback: () => void): void {
    this.#callbacks++
    this.#clock.defer(() => {
      this.#callbacks--
      callback()
    })
  }

  /** Not counted: it comes in this very turn, and one may be left that has nothing to do any more. */
  endOfTurn(callback: () => void): void {
    this.#clock.endOfTurn(callback)
  }

  afterIo(callback: () => void): void {
    this.#callbacks++
    this.#clock.afterIo(() => {
      this.#callbacks--
      callback()
    })
  }

  hold(): () => void {
    let held = true
    this.#holds++
    return () => {
      if (held) this.#holds--
      held = false
    }
  }

  after(ms: number, callback: () => void): () => void {
    let pending = true
    this.#timers++
    const end = (): boolean => {
      if (!pending) return false
      pending = false
      this.#timers--
      return true
    }
    const cancel = this.#clock.after(ms, () => {
      if (end()) callback()
    })
    return () => {
      if (end()) cancel()
    }
  }
}
