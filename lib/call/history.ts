import type { CacheStatus } from '../cache/cache-request.ts'
import { LIMITS } from '../core/limits.ts'
import type { Target } from '../core/target.ts'
import type { Timer } from '../core/timer-wheel.ts'
import type { Attempt } from './attempt.ts'
import type { Authenticator } from './auth/authenticator.ts'
import type { CacheStage } from './cache-stage.ts'
import type { CallContext } from './call-context.ts'
import type { BuiltRequest, RequestBuilder } from './request/request.ts'
import { retryDue } from './retry.ts'
import type { CallRules, RetryReason } from './rules.ts'

/** One redirect that was followed. */
export interface Redirect {
  readonly status: number
  /** Who answered with it, without fragment. */
  readonly url: string
  /** Where it led, without fragment. */
  readonly location: string
}

/**
 * What a call has been through besides its present exchange, and what it needs for going on. Made when
 * there is something to keep: a plain request that is answered at once has none, because a million of
 * them may wait.
 */
export class CallHistory {
  /** When the call began, on the clock's `now()`. */
  readonly startedAt: number
  readonly redirects: Redirect[] = []
  /** How often the chain has led to each request: method, URL and cookies. */
  visits: Map<string, number> | null = null
  /** `#...` of the URL, inherited over redirects (RFC 9110 section 10.2.2); or ''. */
  fragment = ''

  /** It has waited for something, or sent something: a client that closes lets it finish. */
  isUnderWay = false
  retries = 0
  /** Why the next retry is made; it waits for `retryTimer`. */
  why: RetryReason | null = null
  retryTimer: Timer | null = null
  /** The targets whose budgets its retries have taken from, by their keys, each as often as it did. */
  readonly #taken: string[] = []
  /** Client IPs that the call has moved away from. */
  avoided: Set<string> | null = null

  auth: Authenticator | null = null
  /** The Authorization field that was sent last. */
  authorization = ''

  /** The cache's part in the present exchange. */
  stage: CacheStage | null = null
  /** What the cache did for the response. */
  cache: CacheStatus | null = null

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  /** When the call is tried again; -1: not at all. `retryAfter`: ms that the server asks for, or -1. */
  planRetry(context: CallContext, target: Target, rules: CallRules, retryAfter: number): number {
    const { clock, between, maxBetween, retryBudget } = context
    const { maxRetries, totalTimeout } = rules
    if (this.retries >= maxRetries || between.size >= maxBetween) return -1
    const now = clock.now()
    const deadline = totalTimeout > 0 ? this.startedAt + totalTimeout : Infinity
    const due = retryDue(this.retries, retryAfter, now, clock.random(), deadline)
    if (context.closing && due - now > LIMITS.closingPause) return -1
    if (due === -1 || !retryBudget.take(target.key, now)) return -1
    this.#taken.push(target.key)
    this.retries++
    return due
  }

  /** The same request from another client IP; null: there is no other, or none that has not `refused`. */
  move(from: BuiltRequest, builder: RequestBuilder, refused: boolean): BuiltRequest | null {
    this.avoided ??= new Set()
    this.avoided.add(from.request.target.clientIp)
    const moved = builder.moved(from.request, this.avoided, refused)
    return moved === null ? null : { ...from, request: moved }
  }

  /** The stage stays with the attempt that is left. */
  releaseStage(): CacheStage {
    const stage = this.stage!
    this.stage = null
    return stage
  }

  /** Goes on with this request. The same once more keeps its stage: whoever waits for it waits on. */
  startAttempt({ request, path, fragment }: BuiltRequest, before: Attempt): void {
    const { credentials } = request
    if (credentials !== before.request.credentials) this.auth = credentials?.forCall() ?? null
    if (request !== before.request || path !== before.exchange.path) {
      this.stage?.end()
      this.stage = null
    }
    this.cache = null
    this.fragment = fragment
    this.isUnderWay = true
  }

  /** The call has ended; what its retries took from their targets' budgets comes back if it went well. */
  end({ clock, retryBudget, wheel }: CallContext, wentWell: boolean): void {
    this.stage?.end()
    if (this.retryTimer !== null) wheel.remove(this.retryTimer)
    if (!wentWell) return
    for (const key of this.#taken) retryBudget.giveBack(key, clock.now())
  }
}
