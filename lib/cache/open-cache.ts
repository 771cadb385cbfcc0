import type { Clock } from '../core/clock.ts'
import { HttpCache, type CacheOptions } from './http-cache.ts'
import { MemoryStore } from './memory-store.ts'
import { SqliteStore } from './sqlite-store.ts'
import type { CacheStore } from './store.ts'

/**
 * What the option `cache` says: true for memory, a path for a file, or a store of the user's own, which is
 * not closed with the client. Throws ArgumentError for a file that is no cache.
 */
export function openCache(
  option: true | string | CacheStore,
  clock: Pick<Clock, 'date'>,
  options: CacheOptions = {},
): HttpCache {
  if (option === true) return new HttpCache(new MemoryStore(), clock, options)
  if (typeof option === 'string') return new HttpCache(new SqliteStore(option), clock, options)
  return new HttpCache(option, clock, { ...options, ownsStore: false })
}
