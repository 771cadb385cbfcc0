import { LIMITS } from '../core/limits.ts'
import { cacheChannels } from './cache-channels.ts'
import type { CacheStore, StoredResponse } from './store.ts'

const NONE: readonly StoredResponse[] = []

/** A store that never fails: what goes wrong is told on `trawl:cache:error`, and is a miss. */
export class SafeStore {
  readonly #store: CacheStore
  readonly #clientId: number
  /** Writes under way, where the store answers by promises. */
  readonly #writes = new Set<Promise<void>>()
  errors = 0

  constructor(store: CacheStore, clientId: number) {
    this.#store = store
    this.#clientId = clientId
  }

  get(key: string): readonly StoredResponse[] | Promise<readonly StoredResponse[]> {
    try {
      const found = this.#store.get(key)
      if (!isPromise(found)) return this.#checked(found)
      return Promise.resolve(found).then(
        (responses) => this.#checked(responses),
        (error: unknown) => {
          this.#report('get', error)
          return NONE
        },
      )
    } catch (error) {
      this.#report('get', error)
      return NONE
    }
  }

  set(key: string, stored: StoredResponse): void | Promise<void> {
    return this.#write('set', () => this.#store.set(key, stored))
  }

  refresh(key: string, stored: StoredResponse): void | Promise<void> {
    const store = this.#store
    return this.#write('refresh', () =>
      typeof store.refresh === 'function' ? store.refresh(key, stored) : store.set(key, stored),
    )
  }

  delete(key: string): void | Promise<void> {
    return this.#write('delete', () => this.#store.delete(key))
  }

  deleteAll(keys: readonly string[]): void | Promise<void> {
    const done = keys.map((key) => this.delete(key)).filter((each) => each instanceof Promise)
    if (done.length > 0) return Promise.all(done).then(nothing)
  }

  clear(): void | Promise<void> {
    return this.#write('clear', () => this.#store.clear())
  }

  /** Waits for the writes under way, and then closes the store, if it is ours to close. */
  close(isOurs: boolean): void | Promise<void> {
    const end = (): void | Promise<void> =>
      isOurs ? this.#write('close', () => this.#store.close()) : undefined
    return this.#writes.size === 0 ? end() : Promise.all(this.#writes).then(end)
  }

  /** A store of the user's own may give anything. */
  #checked(found: readonly StoredResponse[]): readonly StoredResponse[] {
    if (Array.isArray(found) && found.every((each) => isStoredResponse(each))) return found
    this.#report('get', new TypeError('the store gave something that is no array of stored responses'))
    return NONE
  }

  #write(doing: string, act: () => void | Promise<void>): void | Promise<void> {
    if (this.#writes.size >= LIMITS.maxCacheWrites && doing !== 'close') {
      this.#report(
        doing,
        new Error(`${LIMITS.maxCacheWrites} writes are under way in the store; this one is left out`),
      )
      return
    }
    try {
      const done = act()
      if (!isPromise(done)) return
      const settled: Promise<void> = Promise.resolve(done)
        .catch((error: unknown) => this.#report(doing, error))
        .finally(() => this.#writes.delete(settled))
      this.#writes.add(settled)
      return settled
    } catch (error) {
      this.#report(doing, error)
    }
  }

  #report(doing: string, error: unknown): void {
    this.errors++
    const { error: channel } = cacheChannels
    if (channel.hasSubscribers) channel.publish({ client: this.#clientId, doing, error })
  }
}

/** All of it: what is wrong with one field would throw where it is used, in the midst of a call. */
function isStoredResponse(value: Partial<StoredResponse> | null): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    value.body instanceof Uint8Array &&
    haveType(value, TEXTS, 'string') &&
    haveType(value, NUMBERS, 'number') &&
    typeof value.terms === 'object' &&
    value.terms !== null &&
    haveType(value.terms, TERM_NUMBERS, 'number') &&
    typeof value.terms.etag === 'string' &&
    typeof value.terms.lastModified === 'string' &&
    Array.isArray(value.terms.noCacheFields)
  )
}

const TEXTS = ['method', 'statusText', 'fields', 'contentEncoding', 'trailers', 'vary', 'variant'] as const
const NUMBERS = ['status', 'minorVersion', 'requestTime', 'responseTime'] as const
const TERM_NUMBERS = ['birth', 'lifetime', 'staleWhileRevalidate', 'staleIfError'] as const

function haveType<T>(value: T, names: readonly (keyof T)[], type: string): boolean {
  return names.every((name) => typeof value[name] === type)
}

function nothing(): undefined {
  return undefined
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
