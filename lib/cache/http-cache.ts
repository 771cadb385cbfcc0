import type { Clock } from '../core/clock.ts'
import type { ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import { cacheChannels } from './cache-channels.ts'
import { NO_DIRECTIVES, type CacheControl } from './cache-control.ts'
import {
  asksServer,
  directivesOf,
  isCacheable,
  isConditional,
  isSafe,
  keyOf,
  type CacheRequest,
} from './cache-request.ts'
import {
  conditionsOf,
  fits,
  isRangeValid,
  isUnchanged,
  judge,
  mayServeStale,
  select,
  type Verdict,
} from './policy.ts'
import { SafeStore } from './safe-store.ts'
import type { CacheStore, StoredResponse, StoreStats } from './store.ts'
import { notModified, partOf, withoutBody, withoutFields } from './stored-parts.ts'
import { agrees, keeps, makeStored, update } from './stored-response.ts'
import { EndedKeys } from './ended-keys.ts'
import { mayReplay } from './terms.ts'
import { UnkeptKeys } from './unkept-keys.ts'

/** What the cache says to a request. `age` is ms. */
export type Lookup =
  /** Answer with it. */
  | {
      readonly kind: 'hit'
      readonly stored: StoredResponse
      readonly status: 'hit' | 'stale'
      readonly age: number
    }
  /** Answer with it, and revalidate behind. */
  | {
      readonly kind: 'stale-while-revalidate'
      readonly stored: StoredResponse
      readonly age: number
      readonly conditions: string
    }
  /** Ask the server, with these field lines on top; '': with none, but `mayServeOnError` may allow the stored one. */
  | { readonly kind: 'revalidate'; readonly stored: StoredResponse; readonly conditions: string }
  /** Ask the server; its answer may be kept. */
  | { readonly kind: 'miss' }
  /** Ask the server; the cache has no part in it. */
  | { readonly kind: 'bypass' }
  /** Only what is stored was wanted, and nothing is: 504 (RFC 9111 section 5.2.1.7). */
  | { readonly kind: 'unavailable' }

export interface CacheOptions {
  /** Larger bodies are not kept, bytes; default `LIMITS.maxCacheEntry`. */
  readonly maxEntry?: number
  /** Whether the store is closed with the cache; default true. */
  readonly ownsStore?: boolean
  /** Named in diagnostics. */
  readonly clientId?: number
}

export interface CacheStats extends Partial<StoreStats> {
  readonly hits: number
  readonly stale: number
  readonly misses: number
  readonly revalidated: number
  /** Failures of the store. */
  readonly errors: number
}

const MISS: Lookup = { kind: 'miss' }
const BYPASS: Lookup = { kind: 'bypass' }
const UNAVAILABLE: Lookup = { kind: 'unavailable' }

/** A private cache after RFC 9111: what is stored, and what of it answers a request. */
export class HttpCache {
  readonly #raw: CacheStore
  readonly #store: SafeStore
  readonly #clock: Pick<Clock, 'date'>
  readonly #maxEntry: number
  readonly #ownsStore: boolean
  readonly #clientId: number
  readonly #unkept = new UnkeptKeys(LIMITS.maxUnkeptKeys)
  readonly #ended = new EndedKeys(LIMITS.maxEndedKeys)
  #hits = 0
  #stale = 0
  #misses = 0
  #revalidated = 0

  constructor(store: CacheStore, clock: Pick<Clock, 'date'>, given: CacheOptions = {}) {
    const options = ownOptions(given)
    this.#raw = store
    this.#clientId = options.clientId ?? 0
    this.#store = new SafeStore(store, this.#clientId)
    this.#clock = clock
    this.#maxEntry = options.maxEntry ?? LIMITS.maxCacheEntry
    this.#ownsStore = options.ownsStore ?? true
  }

  /** Synchronous for a synchronous store. Never throws, never rejects. */
  lookup(request: CacheRequest): Lookup | Promise<Lookup> {
    const { mode } = request
    if (mode === 'no-store' || !isCacheable(request.method) || asksServer(request)) return BYPASS
    const control = mode === 'replay' ? NO_DIRECTIVES : directivesOf(request)
    if (control.noStore) return BYPASS
    if (mode === 'reload') return request.field('range') === null ? MISS : BYPASS
    const found = this.#store.get(keyOf(request))
    if (found instanceof Promise) return found.then((responses) => this.#answer(request, control, responses))
    return this.#answer(request, control, found)
  }

  /**
   * What identical requests share while one of them is under way; null: this one waits for nobody. A key
   * whose last answer was not kept is not shared, so that no queue waits in vain.
   */
  joinKey(request: CacheRequest): string | null {
    const { mode, method } = request
    if (mode === 'no-store' || mode === 'reload' || mode === 'only-if-cached' || method !== 'GET') return null
    if (request.field('range') !== null || isConditional(request)) return null
    const key = keyOf(request)
    if (this.#unkept.has(key) || (mode !== 'replay' && directivesOf(request).noStore)) return null
    const ends = this.#ended.count(key)
    return ends === 0 ? key : `${key}\n${ends}`
  }

  /** What was found missing is asked for by another: that it was missing counts once, there. */
  looksAgain(): void {
    this.#misses--
  }

  /** Whether the answer with this head is to be gathered for `store`: decided before its body comes. */
  storable(request: CacheRequest, head: ResponseHead): boolean {
    const isKept = this.#isStorable(request, head)
    if (request.method === 'GET') this.#unkept.note(keyOf(request), isKept)
    // The user insisted on the server's answer, which may not be kept: the older one is not to come back.
    if (
      !isKept &&
      (request.mode === 'reload' || request.mode === 'no-cache') &&
      isCacheable(request.method)
    ) {
      if (head.status < 400 && head.status !== 304 && head.status !== 206)
        void this.#store.delete(keyOf(request))
    }
    return isKept
  }

  /** The body of a storable answer is too large after all: nobody is to wait for the next one. */
  unkept(request: CacheRequest): void {
    this.#unkept.note(keyOf(request), false)
  }

  /** How often what was kept for `request` has been ended: an answer from before the last time is not to be kept. */
  ends(request: CacheRequest): number {
    return this.#ended.count(keyOf(request))
  }

  /** What is kept for `request` is not to be given again. */
  forget(request: CacheRequest): void | Promise<void> {
    return this.#store.delete(keyOf(request))
  }

  /** Keeps a whole answer. The body is copied: the caller's may be the user's. */
  store(
    request: CacheRequest,
    head: ResponseHead,
    body: Uint8Array,
    trailers: Headers | null,
    requestTime: number,
    responseTime: number,
  ): void | Promise<void> {
    if (body.length > this.#maxEntry) return this.unkept(request)
    if (!this.#isStorable(request, head)) return
    const key = keyOf(request)
    if (request.method === 'HEAD' && request.mode !== 'replay') {
      return this.#learnFromHead(key, request, head, requestTime, responseTime)
    }
    const stored = makeStored(request, head, copyOf(body), trailers, requestTime, responseTime)
    if (cacheChannels.store.hasSubscribers) {
      cacheChannels.store.publish({ client: this.#clientId, url: request.url, status: head.status })
    }
    return this.#store.set(key, stored)
  }

  /**
   * A 304 came for `stored`: gives and keeps the updated one (RFC 9111 section 4.3.4). null: the 304 is about
   * something else; then ask again without conditions.
   */
  freshen(
    request: CacheRequest,
    stored: StoredResponse,
    head304: ResponseHead,
    requestTime: number,
    responseTime: number,
  ): StoredResponse | null {
    if (!fits(stored.terms, head304)) return null
    this.#revalidated++
    const updated = update(request, stored, head304, requestTime, responseTime)
    if (updated === null) void this.#store.delete(keyOf(request))
    else if (updated.variant === stored.variant && updated.vary === stored.vary) {
      void this.#store.refresh(keyOf(request), updated)
    } else void this.#store.set(keyOf(request), updated)
    return updated ?? stored
  }

  /** After a 5xx or a transport error instead of a revalidation: whether the stale one may be given. */
  mayServeOnError(request: CacheRequest, stored: StoredResponse): boolean {
    return mayServeStale(stored.terms, this.ageOf(stored), request.mode, directivesOf(request))
  }

  /** After a non-error answer to an unsafe method (RFC 9111 section 4.4). Asks itself whether it is one. */
  invalidate(request: CacheRequest, head: ResponseHead): void | Promise<void> {
    if (isSafe(request.method) || head.status < 200 || head.status >= 400 || request.mode === 'replay') return
    const keys = [keyOf(request)]
    for (const name of ['location', 'content-location']) {
      const url = sameOrigin(request.url, head.headers.get(name))
      if (url !== null) keys.push(`${request.partition}\n${url}`)
    }
    for (const key of keys) this.#ended.note(key)
    return this.#store.deleteAll(keys)
  }

  /** How old `stored` is now, ms. */
  ageOf(stored: StoredResponse): number {
    return Math.max(0, this.#clock.date() - stored.terms.birth)
  }

  clear(): void | Promise<void> {
    return this.#store.clear()
  }

  close(): void | Promise<void> {
    return this.#store.close(this.#ownsStore)
  }

  stats(): CacheStats {
    const counts = {
      hits: this.#hits,
      stale: this.#stale,
      misses: this.#misses,
      revalidated: this.#revalidated,
    }
    return { ...this.#raw.stats?.(), ...counts, errors: this.#store.errors }
  }

  // --- private ---------------------------------------------------------------------------------

  #answer(request: CacheRequest, control: CacheControl, responses: readonly StoredResponse[]): Lookup {
    const result = this.#decide(request, control, responses)
    if (result.kind === 'hit' && result.status === 'hit') this.#hits++
    else if (result.kind === 'hit' || result.kind === 'stale-while-revalidate') this.#stale++
    else if (result.kind !== 'bypass') this.#misses++
    if (cacheChannels.lookup.hasSubscribers) {
      cacheChannels.lookup.publish({ client: this.#clientId, url: request.url, result: result.kind })
    }
    return result
  }

  #decide(request: CacheRequest, control: CacheControl, responses: readonly StoredResponse[]): Lookup {
    const onlyCached = request.mode === 'only-if-cached' || control.onlyIfCached
    const stored = responses.length === 0 ? null : select(responses, request)
    const range = request.field('range')
    if (stored === null) return onlyCached ? UNAVAILABLE : range === null ? MISS : BYPASS
    const age = this.ageOf(stored)
    const verdict = judge(stored.terms, age, request.mode, control)
    if (range !== null)
      return answerRange(request, stored, verdict, age, range) ?? (onlyCached ? UNAVAILABLE : BYPASS)
    const isOwnCondition =
      request.field('if-none-match') !== null || request.field('if-modified-since') !== null
    if (verdict === 'fresh' || verdict === 'stale') {
      const given =
        isOwnCondition && isUnchanged(request, stored) ? notModified(stored) : visible(request, stored)
      return { kind: 'hit', stored: given, status: verdict === 'fresh' ? 'hit' : 'stale', age }
    }
    if (verdict === 'stale-while-revalidate' && !isOwnCondition && request.method === 'GET') {
      return { kind: verdict, stored: visible(request, stored), age, conditions: conditionsOf(stored.terms) }
    }
    if (onlyCached) return UNAVAILABLE
    // The answer to the user's own condition is the user's, and HEAD costs no more than a revalidation.
    if (isOwnCondition || request.method === 'HEAD') return MISS
    const conditions = conditionsOf(stored.terms)
    const isOfUse = conditions !== '' || this.mayServeOnError(request, stored)
    return isOfUse ? { kind: 'revalidate', stored, conditions } : MISS
  }

  #isStorable(request: CacheRequest, head: ResponseHead): boolean {
    const { method, mode } = request
    if (mode === 'no-store' || !isCacheable(method) || request.field('range') !== null) return false
    if (head.contentLength > this.#maxEntry) return false
    if (mode === 'replay') return mayReplay(head.status)
    if (directivesOf(request).noStore) return false
    if (method === 'HEAD') return head.status !== 304
    return keeps(head, this.#clock.date(), mode === 'force-cache')
  }

  /** A newer head of what GET has stored updates it, or shows that it is outdated (section 4.3.5). */
  #learnFromHead(
    key: string,
    request: CacheRequest,
    head: ResponseHead,
    requestTime: number,
    responseTime: number,
  ): void | Promise<void> {
    const learn = (responses: readonly StoredResponse[]): void | Promise<void> => {
      const stored = select(responses, request)
      if (stored === null || stored.method !== 'GET') return
      const isSame = head.status === stored.status && agrees(stored, head)
      const updated = isSame ? update(request, stored, head, requestTime, responseTime) : null
      return updated === null ? this.#store.delete(key) : this.#store.refresh(key, updated)
    }
    const found = this.#store.get(key)
    return found instanceof Promise ? found.then(learn) : learn(found)
  }
}

/** Bytes of its own: neither a slab shared with others, nor the buffer that the user gets. */
function copyOf(body: Uint8Array): Uint8Array {
  const own = Buffer.allocUnsafeSlow(body.length)
  own.set(body)
  return own
}

/** What `request` may see of `stored` without asking the server. */
function visible(request: CacheRequest, stored: StoredResponse): StoredResponse {
  const { noCacheFields } = stored.terms
  const given =
    noCacheFields.length === 0 || request.mode === 'replay' ? stored : withoutFields(stored, noCacheFields)
  return request.method === 'HEAD' ? withoutBody(given) : given
}

function answerRange(
  request: CacheRequest,
  stored: StoredResponse,
  verdict: Verdict,
  age: number,
  range: string,
): Lookup | null {
  if (request.method !== 'GET' || (verdict !== 'fresh' && verdict !== 'stale')) return null
  if (isConditional(request) || !isRangeValid(request, stored)) return null
  const part = partOf(visible(request, stored), range)
  return part === null
    ? null
    : { kind: 'hit', stored: part, status: verdict === 'fresh' ? 'hit' : 'stale', age }
}

/** `location` against `url`, without fragment, if it is of the same origin; else null. */
function sameOrigin(url: string, location: string | null): string | null {
  if (location === null || !URL.canParse(location, url)) return null
  const target = new URL(location, url)
  target.hash = ''
  return target.origin === new URL(url).origin ? target.href : null
}
