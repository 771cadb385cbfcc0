import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'

interface Account {
  left: number
  /** When `left` was right, on the clock's `now()`. */
  at: number
}

/**
 * How many retries each target may still have: a host that is dying must not be asked four times for
 * every page it cannot give. A retry takes one; a call that succeeds in the end gives back what it
 * took, so that a host that only stumbles is never short of them; and one comes back each second.
 */
export class RetryBudget {
  readonly #most: number
  /** Targets that have less than all; the one used last is last. */
  readonly #accounts = new LruMap<string, Account>(LIMITS.maxRememberedTargets)

  constructor(most: number) {
    this.#most = most
  }

  /** Takes one, if there is one. `now`: on the clock's `now()`. */
  take(target: string, now: number): boolean {
    const account = this.#open(target, now)
    if (account.left < 1) return false
    account.left--
    return true
  }

  giveBack(target: string, now: number): void {
    const account = this.#open(target, now)
    account.left++
    if (account.left >= this.#most) this.#accounts.delete(target)
  }

  #open(target: string, now: number): Account {
    const account = this.#accounts.get(target) ?? { left: this.#most, at: now }
    account.left = Math.min(this.#most, account.left + (now - account.at) / 1000)
    account.at = now
    this.#accounts.set(target, account)
    return account
  }
}
