import { systemClock, type Clock } from '../../lib/core/clock.ts'

/** A clock that stands until a spec moves it. */
export class HandClock implements Clock {
  #now = 1
  #timers = new Set<{ due: number; callback: () => void }>()

  get waiting(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  defer(callback: () => void): void {
    systemClock.defer(callback)
  }

  endOfTurn(callback: () => void): void {
    systemClock.endOfTurn(callback)
  }

  afterIo(callback: () => void): void {
    systemClock.afterIo(callback)
  }

  hold(): () => void {
    return () => {}
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  advance(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) {
      if (timer.due <= this.#now && this.#timers.delete(timer)) timer.callback()
    }
  }
}
