import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyOf } from '../../lib/cache/cache-request.ts'
import { HttpCache } from '../../lib/cache/http-cache.ts'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import { openCache } from '../../lib/cache/open-cache.ts'
import type { CacheStore, StoredResponse } from '../../lib/cache/store.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { head, NOW, request, Stand, storedOf } from './stand.ts'

const CLOCK = { date: () => NOW }
const FRESH = head(['Cache-Control: max-age=60', 'ETag: "1"'])

interface Told {
  readonly client: number
  readonly doing: string
  readonly error: Error
}

let told: Told[]
const listen = (message: unknown): void => void told.push(message as Told)

beforeEach(() => {
  told = []
  subscribe('trawl:cache:error', listen)
})

afterEach(() => unsubscribe('trawl:cache:error', listen))

/** A store whose every method does this. */
function storeThat(does: () => never): CacheStore {
  return { get: does, set: does, delete: does, clear: does, close: does }
}

async function useAll(cache: HttpCache): Promise<void> {
  expect(await cache.lookup(request())).toEqual({ kind: 'miss' })
  expect(cache.storable(request(), FRESH)).toBe(true)
  await cache.store(request(), FRESH, Buffer.from('x'), null, NOW, NOW)
  await cache.store(request({}, { method: 'HEAD' }), FRESH, Buffer.from(''), null, NOW, NOW)
  await cache.invalidate(request({}, { method: 'POST' }), head(['Location: /x']))
  await cache.clear()
  await cache.close()
}

describe('a store that fails', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('broken')
      },
    ],
    ['later', () => Promise.reject(new Error('broken')) as never],
  ])('%s never fails a request, and is told', async (_, does) => {
    const cache = new HttpCache(storeThat(does), CLOCK, { clientId: 7 })
    await useAll(cache)
    expect(told.map((each) => each.doing)).toEqual([
      'get',
      'set',
      'get',
      'delete',
      'delete',
      'clear',
      'close',
    ])
    expect(told.every((each) => each.client === 7 && each.error.message === 'broken')).toBe(true)
    expect(cache.stats().errors).toBe(7)
  })

  it.each([
    undefined,
    null,
    'text',
    [null],
    [{}],
    [{ body: 'text', fields: '' }],
    [{ body: new Uint8Array(0) }],
  ])('by giving %j is a miss', async (nonsense) => {
    for (const given of [nonsense, Promise.resolve(nonsense)]) {
      const store = { ...storeThat(() => undefined as never), get: () => given as never }
      expect(await new HttpCache(store, CLOCK).lookup(request())).toEqual({ kind: 'miss' })
    }
    expect(told).toHaveLength(2)
  })

  it('by giving a response that lacks something is a miss, whatever it lacks', async () => {
    const memory = new MemoryStore()
    await new HttpCache(memory, CLOCK).store(request(), FRESH, Buffer.from('x'), null, NOW, NOW)
    const [whole] = memory.get(keyOf(request())) as [StoredResponse]
    const broken: object[] = Object.keys(whole).map((name) => ({ ...whole, [name]: undefined }))
    for (const name of ['birth', 'lifetime', 'noCacheFields', 'etag', 'lastModified'])
      broken.push({ ...whole, terms: { ...whole.terms, [name]: undefined } })
    for (const given of broken) {
      const store = { ...storeThat(() => undefined as never), get: () => [given] as never }
      expect(await new HttpCache(store, CLOCK).lookup(request())).toEqual({ kind: 'miss' })
    }
    expect(told).toHaveLength(broken.length)
  })
})

/** Answers by promises, as one over the network would. */
class Remote implements CacheStore {
  readonly inner = new MemoryStore()
  pending: (() => void)[] = []
  refreshed = 0

  async get(key: string): Promise<readonly StoredResponse[]> {
    await setImmediate()
    return this.inner.get(key)
  }

  set(key: string, stored: StoredResponse): Promise<void> {
    return new Promise((resolve) => {
      this.pending.push(() => {
        this.inner.set(key, stored)
        resolve()
      })
    })
  }

  async refresh(key: string, stored: StoredResponse): Promise<void> {
    await setImmediate()
    this.refreshed++
    this.inner.set(key, stored)
  }

  async delete(key: string): Promise<void> {
    await setImmediate()
    this.inner.delete(key)
  }

  async clear(): Promise<void> {
    await setImmediate()
    this.inner.clear()
  }

  async close(): Promise<void> {
    await setImmediate()
    this.inner.close()
  }

  flush(): void {
    for (const done of this.pending.splice(0)) done()
  }
}

describe('a store that answers by promises', () => {
  it('makes lookups promises, and its writes are waited for when the cache closes', async () => {
    const store = new Remote()
    const cache = openCache(store, CLOCK)
    const writing = cache.store(request(), FRESH, Buffer.from('x'), null, NOW, NOW)
    let isClosed = false
    const closing = Promise.resolve(cache.close()).then(() => (isClosed = true))
    await setImmediate()
    expect(isClosed).toBe(false)
    store.flush()
    await Promise.all([writing, closing])
    // It is the user's, and stays open.
    expect(await cache.lookup(request())).toMatchObject({ kind: 'hit' })
    expect(told).toEqual([])
  })

  it('has so many writes under way and no more', async () => {
    const store = new Remote()
    const cache = new HttpCache(store, CLOCK)
    for (let i = 0; i < LIMITS.maxCacheWrites + 5; i++) {
      void cache.store(request({}, { url: `http://a.example/${i}` }), FRESH, Buffer.from('x'), null, NOW, NOW)
    }
    expect(store.pending).toHaveLength(LIMITS.maxCacheWrites)
    expect(told).toHaveLength(5)
    expect(told[0]!.error.message).toMatch(/1000 writes are under way/)
    store.flush()
    await cache.close()
  })

  it('is told of a 304 by refresh, where it has that', async () => {
    const store = new Remote()
    const cache = new HttpCache(store, CLOCK)
    void cache.store(request(), FRESH, Buffer.from('x'), null, NOW, NOW)
    store.flush()
    const stored = storedOf(await cache.lookup(request()))
    expect(cache.freshen(request(), stored, head(['ETag: "1"', 'X: 2'], 304), NOW, NOW)).not.toBeNull()
    await cache.close()
    expect(store.refreshed).toBe(1)
  })
})

describe('what the option says', () => {
  it('true is memory, an object is a store, text is a file', () => {
    expect(openCache(true, CLOCK).lookup(request())).toEqual({ kind: 'miss' })
    expect(() => openCache('no/such/folder/cache.db', CLOCK)).toThrow(
      /no\/such\/folder\/cache.db.*folder must exist/,
    )
  })

  it('a store may be shared by caches', () => {
    const store = new MemoryStore()
    const first = new Stand(store)
    first.keep(request(), FRESH)
    const second = openCache(store, CLOCK)
    expect(second.lookup(request())).toMatchObject({ kind: 'hit' })
    void second.close()
    expect(first.ask().kind).toBe('hit')
  })
})
