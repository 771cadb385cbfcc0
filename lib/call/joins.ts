/** A call that waits for another's answer to the same request. */
export interface Joined {
  /** The other has ended. What it stored, if anything, is in the cache. */
  onLeaderDone(): void
}

/**
 * Requests in flight whose answer others wait for: of several calls that ask for the same at once, one
 * goes to the server, and the others look in the cache when it is done.
 */
export class Joins {
  readonly #byKey = new Map<string, Set<Joined>>()

  /** Whether the caller leads now. false: somebody else does, and `call` is told when that one is done. */
  lead(key: string, call: Joined): boolean {
    const waiting = this.#byKey.get(key)
    if (waiting === undefined) {
      this.#byKey.set(key, new Set())
      return true
    }
    waiting.add(call)
    return false
  }

  isLed(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Gives up waiting. */
  leave(key: string, call: Joined): void {
    this.#byKey.get(key)?.delete(call)
  }

  done(key: string): void {
    const waiting = this.#byKey.get(key)
    this.#byKey.delete(key)
    if (waiting !== undefined) for (const call of waiting) call.onLeaderDone()
  }
}
