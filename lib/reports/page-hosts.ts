import { LIMITS } from '../core/limits.ts'
import { LogHistogram } from './log-histogram.ts'
import { isFromCache, type RunOutcome } from './run-outcome.ts'

/** Classes of answers: none, 1xx to 5xx, and beyond. */
const CLASSES = 7

/** What one host, or all others together, did. */
export class HostFigures {
  readonly name: string
  done = 0
  ok = 0
  retries = 0
  bytesOnWire = 0
  /** Answers by the hundreds of their status; 0: no answer; 6: 600 and above. */
  readonly classes: number[] = Array.from({ length: CLASSES }, () => 0)
  /** Of what was answered, and not out of the cache. */
  readonly head: LogHistogram = new LogHistogram()
  readonly total: LogHistogram = new LogHistogram()

  constructor(name: string) {
    this.name = name
  }

  get failed(): number {
    return this.done - this.ok
  }

  add(outcome: RunOutcome): void {
    this.done++
    if (outcome.ok) this.ok++
    this.retries += Math.max(0, outcome.retries)
    this.bytesOnWire += Math.max(0, outcome.bytesOnWire)
    this.classes[Math.min(CLASSES - 1, Math.max(0, Math.floor(outcome.status / 100)))]!++
    if (outcome.status === 0 || isFromCache(outcome)) return
    if (outcome.headMs >= 0) this.head.add(outcome.headMs)
    if (outcome.totalMs >= 0) this.total.add(outcome.totalMs)
  }

  merge(other: HostFigures): void {
    this.done += other.done
    this.ok += other.ok
    this.retries += other.retries
    this.bytesOnWire += other.bytesOnWire
    for (const [i, count] of other.classes.entries()) this.classes[i]! += count
    this.head.merge(other.head)
    this.total.merge(other.total)
  }
}

/**
 * Figures of each host. When there are too many, the half with the fewest items goes into "other hosts"; one that
 * comes again begins anew, so that its figures may be short by as many as `merged` says. Exact below the limit.
 */
export class HostTable {
  /** Those that have no figures of their own. */
  readonly others: HostFigures = new HostFigures('other hosts')
  /** The most items that a host may have among the others; 0: all figures are exact. */
  merged = 0
  #hosts = new Map<string, HostFigures>()

  add(outcome: RunOutcome): void {
    if (outcome.host === '') return
    let host = this.#hosts.get(outcome.host)
    if (host === undefined) {
      if (this.#hosts.size >= LIMITS.maxReportHosts) this.#mergeFewest()
      host = new HostFigures(outcome.host)
      this.#hosts.set(outcome.host, host)
    }
    host.add(outcome)
  }

  get size(): number {
    return this.#hosts.size
  }

  /** The `count` with the most items, most first; and all others together. */
  top(count: number): { hosts: HostFigures[]; others: HostFigures } {
    const sorted = byItems(this.#hosts)
    const others = new HostFigures('other hosts')
    others.merge(this.others)
    for (const host of sorted.slice(count)) others.merge(host)
    return { hosts: sorted.slice(0, count), others }
  }

  #mergeFewest(): void {
    const sorted = byItems(this.#hosts)
    const kept = sorted.slice(0, Math.floor(LIMITS.maxReportHosts / 2))
    const rest = sorted.slice(kept.length)
    this.merged += rest[0]!.done
    for (const host of rest) this.others.merge(host)
    this.#hosts = new Map(kept.map((host) => [host.name, host]))
  }
}

function byItems(hosts: ReadonlyMap<string, HostFigures>): HostFigures[] {
  return [...hosts.values()].toSorted((a, b) => b.done - a.done)
}
