import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'

/** A call that waits for another's answer to the same request. */
export interface Joined {
  /** The other has ended, or takes too long. What it stored, if anything, is in the cache. */
  onLeaderDone(): void
}

interface Lead {
  readonly leader: Joined
  readonly waiting: Set<Joined>
  /** Cancels the timer that sets out with the first who waits. */
  cancel: (() => void) | null
}

/**
 * Requests in flight whose answer others wait for: of several calls that ask for the same at once, one
 * goes to the server, and the others look in the cache when it is done.
 */
export class Joins {
  readonly #clock: Pick<Clock, 'after'>
  readonly #byKey = new Map<string, Lead>()

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** Requests that are led; 0 once all calls have ended. */
  get size(): number {
    return this.#byKey.size
  }

  /** Whether the caller leads now. false: somebody else does, and `call` is told when that one is done. */
  lead(key: string, call: Joined): boolean {
    const lead = this.#byKey.get(key)
    if (lead === undefined) {
      this.#byKey.set(key, { leader: call, waiting: new Set(), cancel: null })
      return true
    }
    lead.waiting.add(call)
    // A leader may be slow, hang without timeouts of its own, or wait for an hour to be let in again.
    lead.cancel ??= this.#clock.after(LIMITS.joinTimeout, () => this.done(key, lead.leader))
    return false
  }

  isLed(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Gives up waiting. */
  leave(key: string, call: Joined): void {
    this.#byKey.get(key)?.waiting.delete(call)
  }

  /** `leader` leads no longer: another may by now, whom this does not concern. */
  done(key: string, leader: Joined): void {
    const lead = this.#byKey.get(key)
    if (lead?.leader !== leader) return
    this.#byKey.delete(key)
    lead.cancel?.()
    for (const call of lead.waiting) call.onLeaderDone()
  }
}
