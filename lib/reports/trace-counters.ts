import { LIMITS } from '../core/limits.ts'

/** How many connections and exchanges there are, of one target or of all, as it changes. */
export class TraceCounters {
  readonly #pid: number
  readonly #write: (text: string, time: number) => void
  #dialling = 0
  #open = 0
  #waiting = 0
  #inFlight = 0
  /** When it was last written down, and when it changed since; NaN: it did not. ms. */
  #writtenAt = -Infinity
  #connectionsChanged = false
  #exchangesChanged = false
  #changedAt = NaN

  /** `write` is given all of an event but its time. */
  constructor(pid: number, write: (text: string, time: number) => void) {
    this.#pid = pid
    this.#write = write
  }

  /** So many more of each, from `now` on. What changes more often than the interval is told at its end only. */
  change(now: number, dialling: number, open: number, waiting: number, inFlight: number): void {
    if (now - this.#changedAt >= LIMITS.traceCounterInterval) this.flush()
    // What was there before the trace began is not known to it.
    this.#dialling = Math.max(0, this.#dialling + dialling)
    this.#open = Math.max(0, this.#open + open)
    this.#waiting = Math.max(0, this.#waiting + waiting)
    this.#inFlight = Math.max(0, this.#inFlight + inFlight)
    this.#connectionsChanged ||= dialling !== 0 || open !== 0
    this.#exchangesChanged ||= waiting !== 0 || inFlight !== 0
    this.#changedAt = now
    if (now - this.#writtenAt >= LIMITS.traceCounterInterval) this.flush()
  }

  /** Writes down what is not yet. */
  flush(): void {
    if (Number.isNaN(this.#changedAt)) return
    const start = `{"ph":"C","pid":${this.#pid},"name":`
    const at = this.#changedAt
    if (this.#connectionsChanged) {
      this.#write(`${start}"connections","args":{"dialling":${this.#dialling},"open":${this.#open}}`, at)
    }
    if (this.#exchangesChanged) {
      this.#write(`${start}"exchanges","args":{"waiting":${this.#waiting},"in flight":${this.#inFlight}}`, at)
    }
    this.#connectionsChanged = false
    this.#exchangesChanged = false
    this.#writtenAt = at
    this.#changedAt = NaN
  }
}
