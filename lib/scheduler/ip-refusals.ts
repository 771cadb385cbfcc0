import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'

/** How one client IP fares with one host. */
interface Pair {
  /** Refusals in a row. */
  row: number
  /** When the last one that counted came: what was sent before it belongs to it. */
  countedAt: number
  /** Set aside until then. */
  until: number
}

/**
 * Which client IPs which hosts refuse. Most pairs are never refused, and have no state: an answer
 * costs one look-up.
 */
export class IpRefusals {
  /** By host; then by client IP, the one refused first first. Bounded by `#forgetOne`. */
  readonly #hosts = new LruMap<string, Map<string, Pair>>(Infinity)
  #pairs = 0

  /** A refusal counts when its request was sent after the one before it had come: a burst is one. true: the pair is set aside now. */
  refused(ip: string, host: string, sentAt: number, now: number): boolean {
    const pair = this.#open(ip, host)
    if (sentAt < pair.countedAt) return false
    pair.countedAt = now
    pair.row++
    if (pair.row < LIMITS.refusalsInRow) return false
    const isNew = pair.until <= now
    pair.until = now + LIMITS.pairQuarantine
    // Afterwards the first refusal is enough, until an answer says otherwise.
    pair.row = LIMITS.refusalsInRow - 1
    return isNew
  }

  accepted(ip: string, host: string): void {
    if (this.#hosts.size === 0) return
    const pairs = this.#hosts.peek(host)
    if (pairs === undefined || !pairs.delete(ip)) return
    this.#pairs--
    if (pairs.size === 0) this.#hosts.delete(host)
  }

  /** Until when the pair is set aside; 0: it is not. */
  until(ip: string, host: string): number {
    if (this.#hosts.size === 0) return 0
    return this.#hosts.peek(host)?.get(ip)?.until ?? 0
  }

  /** How many hosts each client IP is set aside for; none where it has no entry. */
  counts(now: number): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [, pairs] of this.#hosts) {
      for (const [ip, { until }] of pairs) if (until > now) counts.set(ip, (counts.get(ip) ?? 0) + 1)
    }
    return counts
  }

  #open(ip: string, host: string): Pair {
    const pairs = this.#hosts.get(host) ?? new Map<string, Pair>()
    this.#hosts.set(host, pairs)
    let pair = pairs.get(ip)
    if (pair === undefined) {
      pair = { row: 0, countedAt: -Infinity, until: 0 }
      pairs.set(ip, pair)
      if (++this.#pairs > LIMITS.maxIpPairs) this.#forgetOne()
    }
    return pair
  }

  /** One pair of the host refused longest ago; which is not the newest unless it is the only one. */
  #forgetOne(): void {
    const { key: host, value: pairs } = this.#hosts.oldest!
    for (const ip of pairs.keys()) {
      pairs.delete(ip)
      this.#pairs--
      break
    }
    if (pairs.size === 0) this.#hosts.delete(host)
  }
}
