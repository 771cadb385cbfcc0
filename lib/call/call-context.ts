import type { Clock } from '../core/clock.ts'
import type { RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Target } from '../core/target.ts'
import type { TimerWheel } from '../core/timer-wheel.ts'
import type { Between } from './between.ts'
import type { CacheContext } from './cache-stage.ts'
import type { DecodeEngine } from './coding/decode-stream.ts'
import type { RequestBuilder, RequestEncoder } from './request/request.ts'
import type { RetryBudget } from './retry-budget.ts'

/** What becomes of answers beyond their call: how hosts and client IPs are doing. */
export interface Health {
  /** An answer came to what was sent at `sentAt`. `retryAfter`: ms, or -1 where it is not said. */
  answered(target: Target, status: number, retryAfter: number, sentAt: number): void
  /** The client IP of `target` cannot be used. */
  unusable(target: Target, error: RequestError): void
}

/** What a call needs of its client. */
export interface CallContext {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly clientId: number
  readonly closing: boolean
  /** What undoes the codings of streams and large bodies: pako where time is simulated. */
  readonly decodeEngine: DecodeEngine
  readonly encoder: RequestEncoder
  readonly builder: RequestBuilder
  readonly between: Between
  /** Most calls that wait between two exchanges. */
  readonly maxBetween: number
  readonly retryBudget: RetryBudget
  /** The cache, for whoever wants a part in it; null: there is none. */
  readonly caching: CacheContext | null
  readonly health: Health
  /** Every answer is of interest, not only those that say that something is wrong. */
  readonly watchesAll: boolean
  /** What was refused is tried again from another client IP. */
  readonly movesAfterRefusal: boolean
  /**
   * Puts the exchange in its pool; throws when there is no room or the client is closed. `followUp`:
   * its call was under way before the client began to close.
   */
  submit(x: Exchange, followUp: boolean): void
}
