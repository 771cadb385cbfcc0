import { keyOf, modeFields } from '../cache/cache-request.ts'
import type { HttpCache, Lookup } from '../cache/http-cache.ts'
import { headOf } from '../cache/stored-head.ts'
import type { StoredResponse } from '../cache/store.ts'
import type { Clock } from '../core/clock.ts'
import type { RequestError } from '../core/errors.ts'
import type { ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { BodyCollector } from './response/body-collector.ts'
import { CallCacheRequest, type CacheClient } from './cache-request.ts'
import type { Joined, Joins } from './joins.ts'
import type { PreparedRequest } from './request/request.ts'

/** What is to become of an exchange whose answer's head is here. */
export type Verdict =
  /** Its answer is the answer. */
  | 'answer'
  /** The stored response is, updated where the server said that it still holds. */
  | 'give-stored'
  /** The server's 304 fits nothing that is stored: to be asked again, without conditions. */
  | 'ask-again'

/** What all stages of a client share. */
export interface CacheContext extends CacheClient {
  readonly cache: HttpCache
  readonly joins: Joins
  readonly clock: Clock
}

/**
 * The cache's part in one request of a call, however often it is tried: what is looked up, revalidated,
 * gathered and kept.
 */
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
  readonly #call: Joined
  readonly #startedAt: number
  /** What it leads, or waits for; null: neither. */
  #joinKey: string | null = null
  #leads = false
  /** How often it has waited for another's answer. */
  #waits = 0
  readonly #replyTimeout: number
  /** What is stored was denied: the server is asked as if there were nothing. */
  #asksAnew = false
  /** The answer under way is to be stored. */
  #keeps = false
  #copy: BodyCollector | null = null
  /** Cancels what waits for the end of a body. */
  #cancelLate: (() => void) | null = null
  /** The store takes its time with the answer. */
  #storing: Promise<void> | null = null
  /** What the caller gets is in the store. */
  #isInStore = false
  #requestTime = 0
  #ends = 0
  #responseTime = 0

  constructor(context: CacheContext, request: PreparedRequest, path: string, call: Joined) {
    this.#context = context
    this.#request = new CallCacheRequest(request, path, context)
    this.#call = call
    this.#startedAt = context.clock.date()
    this.modeFields = modeFields(this.#request)
    this.#replyTimeout = request.timeouts.replyTimeout
  }

  lookup(): Lookup | Promise<Lookup> {
    this.#cancelLate?.()
    this.#cancelLate = null
    this.stored = null
    this.conditions = ''
    this.#drop()
    const found = this.#context.cache.lookup(this.#request)
    return found instanceof Promise ? this.#inTime(found) : found
  }

  /** A store of the user's own that hangs is to hold up no request: then nothing is stored. */
  #inTime(found: Promise<Lookup>): Promise<Lookup> {
    return new Promise((resolve) => {
      const cancel = this.#context.clock.after(LIMITS.cacheStoreTimeout, () => resolve({ kind: 'miss' }))
      // Never rejects.
      void found.finally(cancel).then(resolve)
    })
  }

  /**
   * Whether what was found answers a call that has waited for another's answer: that one was asked for
   * after this call began, so it is as good as its own.
   */
  isShared(stored: StoredResponse): boolean {
    return this.#waits > 0 && stored.responseTime >= this.#startedAt
  }

  /**
   * Whether another call is asking for the same: then the call is told when that one is done. Where that
   * has brought nothing some times, it asks for itself: a line of calls that fail one by one has no end.
   */
  waits(): boolean {
    if (this.#leads || this.#waits >= LIMITS.maxJoinWaits) return false
    const key = this.#context.cache.joinKey(this.#request)
    this.#joinKey = key
    if (key === null) return false
    this.#leads = this.#context.joins.lead(key, this.#call)
    if (this.#leads) return false
    this.#waits++
    this.#context.cache.looksAgain()
    this.#boundWait(key)
    return true
  }

  /** A caller that gives its own server less time than that gives another's no more. */
  #boundWait(key: string): void {
    const { joins, clock } = this.#context
    if (this.#replyTimeout === 0 || this.#replyTimeout >= LIMITS.joinTimeout) return
    this.#cancelLate = clock.after(this.#replyTimeout, () => {
      this.#waits = LIMITS.maxJoinWaits
      joins.leave(key, this.#call)
      this.#call.onLeaderDone()
    })
  }

  /** Leads a revalidation that nobody waits for. false: somebody asks already. */
  leadsBehind(): boolean {
    // Not `joinKey`: that is null after a 503, which is not kept, and then nobody would ask any more.
    const key = keyOf(this.#request)
    if (this.#context.joins.isLed(key)) return false
    this.#joinKey = key
    this.#leads = this.#context.joins.lead(key, this.#call)
    return this.#leads
  }

  /** The server is asked whether `stored` still holds. */
  begin({ stored, conditions }: { stored: StoredResponse; conditions: string }): void {
    if (this.#asksAnew) return
    this.stored = stored
    this.conditions = conditions
  }

  onSend(): void {
    this.#requestTime = this.#context.clock.date()
    this.#ends = this.#context.cache.ends(this.#request)
  }

  /** Whether an unsafe method has ended what was stored since this was sent: then it is not to be kept. */
  get #isOutdated(): boolean {
    return this.#context.cache.ends(this.#request) !== this.#ends
  }

  onHead(head: ResponseHead): Verdict {
    this.#responseTime = this.#context.clock.date()
    const { stored } = this
    if (stored === null) return 'answer'
    if (head.status !== 304) {
      return head.status >= 500 && this.staleOnError(null) !== null ? 'give-stored' : 'answer'
    }
    if (this.conditions === '') return 'answer'
    const { cache } = this.#context
    this.stored = cache.freshen(this.#request, stored, head, this.#requestTime, this.#responseTime)
    this.conditions = ''
    if (this.#isOutdated) void cache.forget(this.#request)
    this.#asksAnew = this.stored === null
    return this.#asksAnew ? 'ask-again' : 'give-stored'
  }

  /**
   * What may be given now that the server cannot say (RFC 5861 section 4); null: nothing. `error`: why it
   * cannot; null: it answered with one.
   */
  staleOnError(error: RequestError | null): StoredResponse | null {
    if (this.stored === null || error?.code === 'ERR_CLOSED') return null
    if (!this.#context.cache.mayServeOnError(this.#request, this.stored)) return null
    this.#drop()
    this.outcome = 'stale'
    return this.stored
  }

  /** `stored` is the answer: its head, as it is now. */
  give(stored: StoredResponse): ResponseHead {
    this.#isInStore = true
    return headOf(stored, this.#context.cache.ageOf(stored))
  }

  /** The answer is the server's: it may end what was, and may be kept. Gives whether it is. */
  keep(head: ResponseHead): boolean {
    const { cache } = this.#context
    void cache.invalidate(this.#request, head)
    this.#keeps = cache.storable(this.#request, head)
    // Nobody gets anything out of this one's body.
    if (!this.#keeps) this.end()
    return this.#keeps
  }

  /**
   * The body is handed on at once, or dropped: here it is gathered. `onLate`: nobody but the cache wants
   * it, and it takes longer than that is worth.
   */
  gather(head: ResponseHead, onLate: (() => void) | null = null): void {
    if (!this.#keeps) return
    this.#copy = new BodyCollector(head.contentLength)
    if (onLate === null || head.framing === 'none') return
    this.#cancelLate = this.#context.clock.after(LIMITS.mutedTimeout, onLate)
  }

  /** A piece of a body that is gathered. false: it is too large to be kept. */
  onBody(chunk: Uint8Array): boolean {
    if (this.#copy === null) return this.#keeps
    this.#copy.push(chunk)
    this.checkSize(this.#copy.size)
    return this.#keeps
  }

  /** So many bytes of the body have come. One that is too large is not kept, and nobody waits for it. */
  checkSize(size: number): void {
    if (!this.#keeps || size <= LIMITS.maxCacheEntry) return
    this.#context.cache.unkept(this.#request)
    this.#drop()
    this.end()
  }

  /** `wire`: the body as it came; null: what was gathered. */
  store(head: ResponseHead, wire: Uint8Array | null, trailers: Headers | null): void {
    if (!this.#keeps) return
    const body = wire ?? this.#copy!.bytes()
    this.#drop()
    if (this.#isOutdated) return
    const { cache } = this.#context
    const done = cache.store(this.#request, head, body, trailers, this.#requestTime, this.#responseTime)
    if (done instanceof Promise) this.#storing = done
    this.#isInStore = true
  }

  /** The body that the caller got cannot be decoded: nobody is to get it again. */
  spoil(): void {
    if (!this.#isInStore) return
    this.#isInStore = false
    // Nor by this call, in place of the error that it has just brought.
    this.stored = null
    void this.#context.cache.forget(this.#request)
  }

  /** The call is over, or its answer will take a reader's time: whoever waits for it goes on. */
  end(): void {
    this.#cancelLate?.()
    this.#cancelLate = null
    const key = this.#joinKey
    if (key === null) return
    this.#joinKey = null
    const { joins } = this.#context
    if (!this.#leads) joins.leave(key, this.#call)
    else if (this.#storing === null) joins.done(key, this.#call)
    // Never rejects.
    else void this.#storing.then(() => joins.done(key, this.#call))
  }

  #drop(): void {
    this.#keeps = false
    this.#copy = null
  }
}
