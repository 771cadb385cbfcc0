import { modeFields } from '../cache/cache-request.ts'
import type { HttpCache, Lookup } from '../cache/http-cache.ts'
import type { StoredResponse } from '../cache/store.ts'
import type { Clock } from '../core/clock.ts'
import type { ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { BodyCollector } from './body-collector.ts'
import { CallCacheRequest } from './cache-request.ts'
import type { Joined, Joins } from './joins.ts'
import type { PreparedRequest } from './request.ts'

/** What is to become of an exchange whose answer's head is here. */
export type Verdict =
  /** Its answer is the answer. */
  | 'answer'
  /** The stored response is, updated where the server said that it still holds. */
  | 'give-stored'
  /** The server's 304 fits nothing that is stored: to be asked again, without conditions. */
  | 'ask-again'

/** What all stages of a client share. */
export interface CacheContext {
  readonly cache: HttpCache
  readonly joins: Joins
  readonly clock: Clock
}

/** The cache's part in one exchange of a call: what is looked up, revalidated, gathered and kept. */
export class CacheStage {
  /** What is revalidated, or given in place of an error. */
  stored: StoredResponse | null = null
  /** The fields that ask whether `stored` still holds, each line with its CR LF. */
  conditions = ''
  /** Those that tell caches on the way what the mode is. */
  readonly modeFields: string
  /** What becomes of a revalidation: 'revalidated', or 'stale' when it failed. */
  outcome: 'revalidated' | 'stale' = 'revalidated'
  readonly #context: CacheContext
  readonly #request: CallCacheRequest
  readonly #startedAt: number
  /** What it leads, or waits for; null: neither. */
  #joinKey: string | null = null
  #leads = false
  /** It has waited for another's answer: now it asks for itself. */
  #hasWaited = false
  /** The answer under way is to be stored. */
  #keeps = false
  #copy: BodyCollector | null = null
  #requestTime = 0
  #responseTime = 0

  constructor(context: CacheContext, request: PreparedRequest, path: string) {
    this.#context = context
    this.#request = new CallCacheRequest(request, path)
    this.#startedAt = context.clock.date()
    this.modeFields = modeFields(this.#request)
  }

  lookup(): Lookup | Promise<Lookup> {
    return this.#context.cache.lookup(this.#request)
  }

  /**
   * Whether what was found answers a call that has waited for another's answer: that one was asked for
   * after this call began, so it is as good as its own.
   */
  isShared(stored: StoredResponse): boolean {
    return this.#hasWaited && stored.responseTime >= this.#startedAt
  }

  /** Whether another call is asking for the same: then `call` is told when that one is done. */
  waits(call: Joined): boolean {
    this.#joinKey = this.#context.cache.joinKey(this.#request)
    if (this.#joinKey === null) return false
    this.#leads = this.#context.joins.lead(this.#joinKey, call)
    if (!this.#leads) this.#hasWaited = true
    return !this.#leads
  }

  /** Leads a revalidation that nobody waits for. false: somebody asks already. */
  leadsBehind(call: Joined): boolean {
    const key = this.#context.cache.joinKey(this.#request)
    if (key === null || this.#context.joins.isLed(key)) return false
    return !this.waits(call)
  }

  /** The server is asked whether `stored` still holds. */
  begin({ stored, conditions }: { stored: StoredResponse; conditions: string }): void {
    this.stored = stored
    this.conditions = conditions
  }

  onSend(): void {
    this.#requestTime = this.#context.clock.date()
  }

  onHead(head: ResponseHead): Verdict {
    this.#responseTime = this.#context.clock.date()
    const { stored } = this
    if (stored === null) return 'answer'
    if (head.status !== 304) {
      return head.status >= 500 && this.staleOnError() !== null ? 'give-stored' : 'answer'
    }
    if (this.conditions === '') return 'answer'
    const { cache } = this.#context
    this.stored = cache.freshen(this.#request, stored, head, this.#requestTime, this.#responseTime)
    this.conditions = ''
    return this.stored === null ? 'ask-again' : 'give-stored'
  }

  /** What may be given now that the server cannot say (RFC 5861 section 4); null: nothing. */
  staleOnError(): StoredResponse | null {
    if (this.stored === null || !this.#context.cache.mayServeOnError(this.#request, this.stored)) return null
    this.outcome = 'stale'
    return this.stored
  }

  ageOf(stored: StoredResponse): number {
    return this.#context.cache.ageOf(stored)
  }

  /** The answer is the server's: it may end what was, and may be kept. Gives whether it is. */
  keep(head: ResponseHead): boolean {
    const { cache } = this.#context
    void cache.invalidate(this.#request, head)
    this.#keeps = cache.storable(this.#request, head)
    return this.#keeps
  }

  /** The body is handed on at once, or dropped: here it is gathered. */
  gather(head: ResponseHead): void {
    if (this.#keeps) this.#copy = new BodyCollector(head.contentLength)
  }

  /** A piece of a body that is gathered. false: it has become too large to be kept. */
  onBody(chunk: Uint8Array): boolean {
    if (this.#copy === null) return this.#keeps
    this.#copy.push(chunk)
    if (this.#copy.size <= LIMITS.maxCacheEntry) return true
    this.#copy = null
    this.#keeps = false
    return false
  }

  /** `wire`: the body as it came; null: what was gathered. */
  store(head: ResponseHead, wire: Uint8Array | null, trailers: Headers | null): void {
    if (!this.#keeps) return
    this.#keeps = false
    const body = wire ?? this.#copy!.bytes()
    this.#copy = null
    const { cache } = this.#context
    void cache.store(this.#request, head, body, trailers, this.#requestTime, this.#responseTime)
  }

  /** The exchange is over, or given up: whoever waits for its answer goes on. */
  end(call: Joined): void {
    const key = this.#joinKey
    this.#joinKey = null
    if (key === null) return
    if (this.#leads) this.#context.joins.done(key)
    else this.#context.joins.leave(key, call)
  }
}
