import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'
import type { PacingOptions } from '../core/target-settings.ts'
import { Pacing } from './pacing.ts'

/** How many are looked at to find one that may be forgotten without harm. */
const LOOK = 16

/**
 * The pacing of all targets that have one, by key. It outlives their pools: a pause that is forgotten
 * because its target has no connection left is none.
 */
export class PacedTargets {
  readonly #clock: Clock
  /** Bounded by `open`, which looks for one that may go. */
  readonly #all = new LruMap<string, Pacing>(Infinity)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(key: string): Pacing | null {
    return this.#all.peek(key) ?? null
  }

  /** The target's own; made if it has none. */
  open(key: string, options: PacingOptions, now: number): Pacing {
    const pacing = this.#all.get(key) ?? new Pacing(options, this.#clock)
    this.#all.set(key, pacing)
    if (this.#all.size > LIMITS.maxPacedTargets) this.#forgetOne(key, now)
    return pacing
  }

  /** The target's pool is gone. */
  leave(key: string, now: number): void {
    const pacing = this.#all.peek(key)
    if (pacing === undefined) return
    pacing.inUse = false
    if (pacing.isFree(now)) this.#all.delete(key)
  }

  /** One that is free, if one is among the oldest; else the oldest without a pool; else the oldest. */
  #forgetOne(newest: string, now: number): void {
    let unused: string | null = null
    for (let looked = 1; looked <= LOOK; looked++) {
      const { key, value: pacing } = this.#all.oldest!
      if (key === newest) break
      if (pacing.isFree(now)) {
        this.#all.delete(key)
        return
      }
      // To the end, so that the same ones are not looked at again and again.
      this.#all.get(key)
      if (!pacing.inUse || looked === LOOK) unused ??= key
    }
    if (unused !== null) this.#all.delete(unused)
  }
}
