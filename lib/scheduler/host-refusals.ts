import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'
import type { Target } from '../core/target.ts'

interface HostRefusal {
  /** The client IP that was refused first. */
  readonly clientIp: string
  /** How long that one's pause, or the longest since, lasts. */
  until: number
  /** Whether others were refused meanwhile: then the host counts over all client IPs. */
  overall: boolean
}

/**
 * Which hosts count their requests over all client IPs. A 429 pauses the target it came for, as most
 * servers count per address; when it comes for a second client IP while the first is paused, the host
 * is taken to count them together, and pauses as a whole.
 */
export class HostRefusals {
  /** The one refused longest ago goes first. */
  readonly #hosts = new LruMap<string, HostRefusal>(LIMITS.maxPacedTargets)

  /** A 429 paused `target` until then. Until when all of its host's targets pause; -Infinity: they do not. */
  refused(target: Target, until: number, now: number): number {
    const key = target.origin
    const known = this.#hosts.get(key)
    if (known === undefined || known.until <= now) {
      this.#hosts.set(key, { clientIp: target.clientIp, until, overall: false })
      return -Infinity
    }
    known.until = Math.max(known.until, until)
    known.overall ||= known.clientIp !== target.clientIp
    return known.overall ? known.until : -Infinity
  }

  /** Until when a target that comes into use now has to pause for the others' sake. */
  pausedUntil(target: Target, now: number): number {
    if (this.#hosts.size === 0) return -Infinity
    const known = this.#hosts.peek(target.origin)
    return known !== undefined && known.overall && known.until > now ? known.until : -Infinity
  }
}

/** Whether two targets differ in nothing but how they are reached. */
export function isSameHost(a: Target, b: Target): boolean {
  return a.host === b.host && a.port === b.port && a.scheme === b.scheme
}
