/** Buckets for each doubling. */
const PER_DOUBLING = 8
/** The shortest time that is told apart, ms; all below stand in the first bucket. */
const LEAST = 0.05
/** 0.05 ms to 14 hours. */
const DOUBLINGS = 30
const BUCKETS = PER_DOUBLING * DOUBLINGS

/**
 * How often which time was seen, in buckets that are each 9.05 % wider than the one before: a percentile is at most
 * 4.5 % off (half a bucket), from 0.05 ms to 14 hours, in 960 bytes. Least, most and count are exact.
 */
export class LogHistogram {
  readonly #counts = new Uint32Array(BUCKETS)
  count = 0
  /** ms; NaN while there is none. */
  min: number = NaN
  max: number = NaN

  add(ms: number): void {
    this.#counts[bucketOf(ms)]!++
    if (this.count === 0 || ms < this.min) this.min = ms
    if (this.count === 0 || ms > this.max) this.max = ms
    this.count++
  }

  /** Adds all that the other has seen. */
  merge(other: LogHistogram): void {
    if (other.count === 0) return
    for (let i = 0; i < BUCKETS; i++) this.#counts[i]! += other.#counts[i]!
    this.min = this.count === 0 ? other.min : Math.min(this.min, other.min)
    this.max = this.count === 0 ? other.max : Math.max(this.max, other.max)
    this.count += other.count
  }

  /** The time that the share `part` of all is not above, ms: the nearest rank. NaN: there is none. */
  percentile(part: number): number {
    if (this.count === 0) return NaN
    const rank = Math.max(1, Math.ceil(part * this.count))
    if (rank === this.count) return this.max
    let seen = 0
    let bucket = -1
    while (seen < rank) seen += this.#counts[++bucket]!
    return Math.min(this.max, Math.max(this.min, middleOf(bucket)))
  }
}

function bucketOf(ms: number): number {
  if (!(ms > LEAST)) return 0
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(ms / LEAST) * PER_DOUBLING))
}

/** The middle on the same scale, so that both ends are equally far. */
function middleOf(bucket: number): number {
  return LEAST * 2 ** ((bucket + 0.5) / PER_DOUBLING)
}
