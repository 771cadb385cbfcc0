import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { LIMITS } from '../../lib/index.ts'
import type { ResponseHead } from '../../lib/core/exchange.ts'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import type { World } from './world.ts'
import type { Written, WriteTap } from './write-tap.ts'

/** Times are sums of fractions. */
const EPSILON = 1e-6

/** Starts that came too close upon each other, by target. */
export function checkPace({ tap, stages }: World): string[] {
  if (!stages.pacing) return []
  const wrong: string[] = []
  for (const [target, written] of Map.groupBy(tap.written, targetOf)) {
    const pace = stages.paceOf.get(written[0]!.host) ?? stages.pace
    if (pace === null) continue
    const times = written.map(({ at }) => at)
    const least = Math.max(pace.minInterval, pace.autoThrottle === false ? 0 : pace.autoThrottle.minDelay)
    const gap = least * (1 - pace.jitter) - EPSILON
    const most = pace.requestsPerInterval
    for (const [index, at] of times.entries()) {
      const before = times[index - 1]
      if (before !== undefined && at - before < gap) {
        wrong.push(`${target}: ${at - before} ms between two starts, at least ${least} is asked for`)
      }
      const first = times[index - most]
      if (first !== undefined && at - first < pace.interval - EPSILON) {
        wrong.push(`${target}: more than ${most} starts in ${at - first} ms`)
      }
    }
  }
  return wrong
}

/** Starts that came too close upon each other, over all targets. */
export function checkTotalPace({ tap, caps }: World): string[] {
  const pace = caps.totalPace
  if (pace === null) return []
  const wrong: string[] = []
  const times = tap.written.map(({ at }) => at)
  const most = pace.requestsPerInterval
  for (const [index, at] of times.entries()) {
    const before = times[index - 1]
    if (before !== undefined && at - before < pace.minInterval - EPSILON) {
      wrong.push(`${at - before} ms between two starts in all, at least ${pace.minInterval} is asked for`)
    }
    const first = times[index - most]
    if (first !== undefined && at - first < pace.interval - EPSILON) {
      wrong.push(`more than ${most} starts in all in ${at - first} ms`)
    }
  }
  return wrong
}

function targetOf({ origin, clientIp }: Written): string {
  return clientIp === '' ? origin : `${origin} from ${clientIp}`
}

interface HeadEvent {
  readonly exchange: {
    readonly target: { readonly key: string; readonly origin: string }
    readonly flight: { readonly sentAt: number } | null
  }
  readonly head: ResponseHead
}

interface Pause {
  readonly target: string
  readonly from: number
  readonly until: number
}

/** What an origin's refusals have led to, as far as that can be known from outside. */
interface Refused {
  /** When the last one came: what was sent before belongs to it. */
  at: number
  /** From then on no pause lasts, whatever the client drew. */
  over: number
  count: number
}

/**
 * Hears, as the client does, which targets ask for a pause: in it they are to get nothing. Judged is
 * what begins a pause for sure: of answers to what was under way together the first one counts.
 */
export class PauseWatch {
  readonly #pauses: Pause[] = []
  readonly #refused = new Map<string, Refused>()
  readonly #clock: SimClock
  readonly #listener: (message: unknown) => void

  constructor(clock: SimClock) {
    this.#clock = clock
    this.#listener = (message) => this.#onHead(message as HeadEvent)
    subscribe('trawl:exchange:head', this.#listener)
  }

  /** Stops listening; what was sent in a pause is wrong. */
  stop(tap: WriteTap): string[] {
    unsubscribe('trawl:exchange:head', this.#listener)
    const written = Map.groupBy(tap.written, targetOf)
    return this.#pauses.flatMap(({ target, from, until }) => {
      const early = written.get(target)?.find(({ at }) => at > from && at < until - EPSILON)
      return early === undefined
        ? []
        : [`${target} pauses from ${from} to ${until}, and was asked at ${early.at}`]
    })
  }

  #onHead({ exchange, head }: HeadEvent): void {
    if (head.status !== 429 && head.status !== 503) return
    const now = this.#clock.now()
    const { key, origin } = exchange.target
    const refused = this.#refused.get(origin) ?? { at: -Infinity, over: -Infinity, count: 0 }
    this.#refused.set(origin, refused)
    const asked = head.headers.get('retry-after') ?? ''
    const ms = /^\d+$/.test(asked) ? Math.min(Number(asked) * 1000, LIMITS.maxRetryAfter) : 0
    const isNew = exchange.flight!.sentAt > refused.at && now >= refused.over
    if (isNew && ms > 0) this.#pauses.push({ target: key, from: now, until: now + ms })
    // Without a number the client draws one.
    const most = Math.min(LIMITS.refusalPause * 2 ** refused.count++, LIMITS.maxRefusalPause)
    refused.at = now
    refused.over = Math.max(refused.over, now + Math.max(ms, most))
  }
}
