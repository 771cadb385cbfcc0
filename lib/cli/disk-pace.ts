import { CLI_LIMITS } from './limits.ts'

/**
 * Whether the disk is quick enough to be waited for. A call through the thread pool takes 20 to 40 us of
 * CPU, and a small file needs six; a disk that answers from memory takes 2 to 8 us for each. But a
 * disk that has to be waited for, as one behind a network, would hold all connections up with it.
 */
export class DiskPace {
  /** Slow visits of late, less the quick ones: a busy machine makes some of any disk's slow. */
  #slow = 0
  /** Visits still to be made without waiting. */
  #left = 0

  /** Whether the next visit may wait for the disk; its time is told to `took` then. */
  mayWait(): boolean {
    if (this.#left === 0) return true
    this.#left--
    return false
  }

  /** A visit that was waited for has taken `ms`. */
  took(ms: number): void {
    if (ms < CLI_LIMITS.slowVisit) {
      if (this.#slow > 0) this.#slow--
    } else if (++this.#slow >= CLI_LIMITS.slowVisits || ms >= CLI_LIMITS.hangingVisit) {
      this.failed()
    }
  }

  /** The quick way does not work here, or not now. */
  failed(): void {
    this.#slow = 0
    this.#left = CLI_LIMITS.visitsBySide
  }
}
