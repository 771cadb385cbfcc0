import type { PacingOptions, TargetSettings } from '../core/target-settings.ts'
import type { Target } from '../core/target.ts'
import type { SchedulerContext } from './context.ts'
import { publishPause } from './events.ts'
import { HostRefusals, isSameHost } from './host-refusals.ts'
import { PacedTargets } from './paced-targets.ts'
import { Pacing } from './pacing.ts'
import type { Pool } from './pool.ts'

/** The paces of all targets: gives pools theirs, and pauses them when a server refuses (429, 503). */
export class TargetPaces {
  readonly #context: SchedulerContext
  readonly #paced: PacedTargets
  readonly #hosts = new HostRefusals()
  readonly #pools: ReadonlyMap<string, Pool>
  readonly #settingsOf: (target: Target) => TargetSettings
  readonly #schedule: (pool: Pool) => void

  /** `pools`: by target key. `schedule` has one matched anew at the end of this tick. */
  constructor(
    context: SchedulerContext,
    pools: ReadonlyMap<string, Pool>,
    settingsOf: (target: Target) => TargetSettings,
    schedule: (pool: Pool) => void,
  ) {
    this.#context = context
    this.#paced = new PacedTargets(context.clock)
    this.#pools = pools
    this.#settingsOf = settingsOf
    this.#schedule = schedule
  }

  find(key: string): Pacing | null {
    return this.#paced.find(key)
  }

  /** A target has a pool now. */
  enter(pool: Pool, pacing: PacingOptions, now: number): void {
    const { target } = pool
    if (Pacing.isAskedBy(pacing) || this.find(target.key) !== null) this.#open(pool, pacing, now)
    this.#hold(pool, this.#hosts.pausedUntil(target, now), 429, now)
  }

  /** The target's pool is gone. */
  leave(pool: Pool, now: number): void {
    if (pool.pacing !== null) this.#paced.leave(pool.target.key, now)
  }

  /** The server answered with 429 or 503: see `Scheduler.refused`. */
  refused(target: Target, status: number, retryAfter: number, sentAt: number, now: number): void {
    const { pacing: options } = this.#settingsOf(target)
    const pool = this.#pools.get(target.key)
    const pacing =
      pool === undefined ? this.#paced.open(target.key, options, now) : this.#open(pool, options, now)
    if (!pacing.refused(retryAfter, sentAt, now)) return
    publishPause(this.#context.clientId, target, pacing.pausedUntil - now, pacing.stalledAt - now, status)
    if (pool !== undefined) this.#schedule(pool)
    if (status !== 429) return
    const until = this.#hosts.refused(target, pacing.pausedUntil, now)
    if (until === -Infinity) return
    for (const each of this.#pools.values())
      if (isSameHost(each.target, target)) this.#hold(each, until, status, now)
  }

  /** For the sake of another client IP's target. */
  #hold(pool: Pool, until: number, status: number, now: number): void {
    if (until <= now) return
    const pacing = this.#open(pool, this.#settingsOf(pool.target).pacing, now)
    if (pacing.pausedUntil <= now)
      publishPause(this.#context.clientId, pool.target, until - now, pacing.stalledAt - now, status)
    pacing.hold(until, now)
    this.#schedule(pool)
  }

  #open(pool: Pool, options: PacingOptions, now: number): Pacing {
    const pacing = this.#paced.open(pool.target.key, options, now)
    pool.pacing = pacing
    pacing.inUse = true
    return pacing
  }
}
