import { LIMITS } from '../core/limits.ts'

/** What happened in one stretch of a run. */
export class TimeBucket {
  ok = 0
  /** Answered, but with a status that is no success. */
  badStatus = 0
  /** Failed in another way. */
  errors = 0
  retries = 0
  /** Those of them that came of a refusal. */
  refusedRetries = 0
  /** Answers with 403, 429 or 503, those that were tried again included. */
  refusals = 0
  /** Bytes read. */
  bytes = 0
  /** The most that was seen; -1: nobody looked. */
  connections = -1
  inFlight = -1
  waiting = -1
  paused = -1

  /** Takes the next stretch into this one. */
  merge(next: TimeBucket): void {
    this.ok += next.ok
    this.badStatus += next.badStatus
    this.errors += next.errors
    this.retries += next.retries
    this.refusedRetries += next.refusedRetries
    this.refusals += next.refusals
    this.bytes += next.bytes
    this.connections = Math.max(this.connections, next.connections)
    this.inFlight = Math.max(this.inFlight, next.inFlight)
    this.waiting = Math.max(this.waiting, next.waiting)
    this.paused = Math.max(this.paused, next.paused)
  }
}

/** A run in stretches of equal length. When there are too many, two become one, and all are twice as long. */
export class TimeBuckets {
  /** ms that each stands for. */
  width: number = LIMITS.reportBucket
  list: TimeBucket[] = []
  readonly #startedAt: number

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  at(now: number): TimeBucket {
    let index = this.#index(now)
    while (index >= LIMITS.maxReportBuckets) {
      this.#halve()
      index = this.#index(now)
    }
    while (this.list.length <= index) this.list.push(new TimeBucket())
    return this.list[index]!
  }

  /** Bytes that came between the two times, nobody knows when: evenly. */
  addBytes(from: number, to: number, bytes: number): void {
    this.at(to)
    const first = this.#index(from)
    const last = this.#index(to)
    for (let i = first; i <= last; i++) {
      const begin = Math.max(from, this.#startedAt + i * this.width)
      const end = Math.min(to, this.#startedAt + (i + 1) * this.width)
      const share = to > from ? (end - begin) / (to - from) : 1
      this.list[i]!.bytes += bytes * share
    }
  }

  #index(now: number): number {
    return Math.max(0, Math.floor((now - this.#startedAt) / this.width))
  }

  #halve(): void {
    this.width *= 2
    const merged: TimeBucket[] = []
    for (const [i, bucket] of this.list.entries()) {
      if (i % 2 === 0) merged.push(bucket)
      else merged.at(-1)!.merge(bucket)
    }
    this.list = merged
  }
}
