import { LIMITS } from '../core/limits.ts'

/** `lost`: its connection was, before it was answered. */
export type SliceResult = 'open' | 'answered' | 'failed' | 'lost'

/** One connection, as the page shows it. Times are ms on the clock's `now()`; NaN: not yet. */
export interface ConnectionRow {
  readonly serial: number
  readonly target: string
  readonly connectAt: number
  openAt: number
  closeAt: number
  served: number
  /** The most exchanges that were in flight on it at once. */
  peak: number
  /** Exchanges that failed on it, or were lost with it. */
  failed: number
  /** Exchanges in flight. */
  readonly flying: Slice[]
}

/** One exchange on its connection. */
export interface Slice {
  /** Whose it is, while it is in flight. */
  exchange: object | null
  readonly row: ConnectionRow
  /** Which of those in flight at once on its connection, from 0. */
  readonly lane: number
  readonly sentAt: number
  headAt: number
  endAt: number
  status: number
  readonly method: string
  readonly url: string
  result: SliceResult
}

/** Slices that stand together in one plot, in the order in which they ended. */
export interface SliceWindow {
  readonly name: string
  readonly slices: readonly Slice[]
}

/** Keeps the first slices of a run, the last, and those around the first failure between them. */
export class SliceKeeper {
  seen = 0
  readonly #first: Slice[] = []
  /** A ring of the last. */
  readonly #last: Slice[] = []
  #lastNext = 0
  readonly #trouble: Slice[] = []
  #troubleLeft = -1

  add(slice: Slice): void {
    this.seen++
    if (this.#first.length < LIMITS.maxReportSlices) {
      this.#first.push(slice)
      return
    }
    if (this.#troubleLeft > 0) {
      this.#trouble.push(slice)
      this.#troubleLeft--
    } else if (this.#troubleLeft === -1 && (slice.result === 'failed' || slice.result === 'lost')) {
      const half = LIMITS.maxReportSlices / 2
      this.#trouble.push(...this.#inOrder().slice(-half + 1), slice)
      this.#troubleLeft = half
    }
    if (this.#last.length < LIMITS.maxReportSlices) this.#last.push(slice)
    else {
      this.#last[this.#lastNext] = slice
      this.#lastNext = (this.#lastNext + 1) % this.#last.length
    }
  }

  /** One window where they all have room; none is in two, but for trouble at the end. */
  windows(): SliceWindow[] {
    const windows = [
      { name: this.#last.length === 0 ? 'the whole run' : 'the beginning', slices: this.#first },
      { name: 'around the first failure after that', slices: this.#trouble },
      { name: 'the end', slices: this.#inOrder() },
    ]
    return windows.filter(({ slices }) => slices.length > 0)
  }

  #inOrder(): Slice[] {
    return [...this.#last.slice(this.#lastNext), ...this.#last.slice(0, this.#lastNext)]
  }
}
