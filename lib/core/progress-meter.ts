import { LIMITS } from './limits.ts'

/** How far a transfer has come. */
export interface TransferProgress {
  /** Bytes so far. */
  readonly transferred: number
  /** Of so many; null: not known. */
  readonly total: number | null
}

/**
 * Tells of a transfer now and then instead of with every piece: at its first byte, at most once in
 * `interval` ms, and at its end. It has no timer: a transfer that stalls tells nothing. What `report` throws
 * goes to whoever called.
 */
export class ProgressMeter {
  readonly #now: () => number
  readonly #report: (progress: TransferProgress) => void
  readonly #interval: number
  #reportedAt = -Infinity
  #transferred = -1
  #total: number | null = null

  /** `now` is the clock's monotonic ms. */
  constructor(
    now: () => number,
    report: (progress: TransferProgress) => void,
    interval: number = LIMITS.progressInterval,
  ) {
    this.#now = now
    this.#report = report
    this.#interval = interval
  }

  update(transferred: number, total: number | null): void {
    const now = this.#now()
    if (now - this.#reportedAt < this.#interval) return
    this.#reportedAt = now
    this.#tell(transferred, total)
  }

  /** The last word; not said twice. */
  finish(transferred: number, total: number | null): void {
    if (transferred !== this.#transferred || total !== this.#total) this.#tell(transferred, total)
  }

  #tell(transferred: number, total: number | null): void {
    this.#transferred = transferred
    this.#total = total
    this.#report({ transferred, total })
  }
}
