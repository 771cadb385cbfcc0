import type { Terms } from './terms.ts'

/**
 * What a store keeps of a response: plain data that survives structured cloning; all but `body`
 * survives JSON too. Whoever hands the body to a user copies it first, unless it is decoded anew.
 */
export interface StoredResponse {
  readonly method: 'GET' | 'HEAD'
  readonly status: number
  readonly statusText: string
  readonly minorVersion: number
  /** Fields as lines, each with its CR LF, without hop-by-hop fields and Age; Latin-1. */
  readonly fields: string
  /** As in `ResponseHead`: codings to undo on `body`. */
  readonly contentEncoding: string
  /** As it came on the wire, content codings and all. */
  readonly body: Uint8Array
  /** Trailer lines, each with its CR LF; '' for none. */
  readonly trailers: string
  /** When the request was sent and the response came, ms since 1970. */
  readonly requestTime: number
  readonly responseTime: number
  /** Names of the fields that Vary lists, lower case, sorted, joined by commas; '' for none. */
  readonly vary: string
  /** The request's values of those fields, normalised, and hashed where they may be secret. */
  readonly variant: string
  /** What the response says about its own use, read once. */
  readonly terms: Terms
}

export interface StoreStats {
  readonly entries: number
  /** Bodies, heads and keys. */
  readonly bytes: number
  /** Entries given up because there was no room. */
  readonly evicted: number
}

/**
 * Where responses are kept. Any method may return a promise instead; what it throws is told on
 * the channel `trawl:cache:error` and counts as a miss: a store never fails a request.
 *
 * A key has several responses, told apart by `method`, `vary` and `variant`: `set` replaces the one
 * that agrees in all three, and keeps at most `LIMITS.maxCacheVariants`, the newest.
 */
export interface CacheStore {
  /** All that is kept for `key`, in any order. */
  get(key: string): readonly StoredResponse[] | Promise<readonly StoredResponse[]>
  set(key: string, stored: StoredResponse): void | Promise<void>
  /** The same body under a new head, after a 304; without this method, `set` is called. */
  refresh?(key: string, stored: StoredResponse): void | Promise<void>
  /** Removes all responses of `key`. */
  delete(key: string): void | Promise<void>
  clear(): void | Promise<void>
  close(): void | Promise<void>
  stats?(): StoreStats
}

/** Whether `set` puts one in the place of the other. */
export function isSameVariant(a: StoredResponse, b: StoredResponse): boolean {
  return a.variant === b.variant && a.vary === b.vary && a.method === b.method
}

/** What an entry costs in memory beyond its bytes: objects, numbers, links, an index entry; measured. */
const ENTRY_OVERHEAD = 1_900

/** What `stored` counts for in a store that bounds bytes. */
export function sizeOf(key: string, stored: StoredResponse): number {
  const { body, fields, trailers, variant, terms } = stored
  const text = key.length + fields.length + trailers.length + variant.length + terms.etag.length
  return body.length + text + ENTRY_OVERHEAD
}
