import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { storedResponse } from './made-response.ts'

describe('the store in memory', () => {
  it('gives what was put, by key, and replaces the same variant only', () => {
    const store = new MemoryStore()
    store.set('a', storedResponse({ variant: '1', body: 'one' }))
    store.set('a', storedResponse({ variant: '2', body: 'two' }))
    store.set('a', storedResponse({ variant: '1', body: 'three' }))
    const bodies = store.get('a').map((each) => Buffer.from(each.body).toString())
    expect(bodies).toEqual(['three', 'two'])
    expect(store.get('b')).toEqual([])
    expect(store.stats().entries).toBe(2)
  })

  it('holds no more bytes than it may, and drops what was used longest ago', () => {
    const store = new MemoryStore(14_000)
    for (const key of ['a', 'b', 'c']) store.set(key, storedResponse({ body: 'x'.repeat(2_000) }))
    expect(store.get('a')).toHaveLength(1)
    store.set('d', storedResponse({ body: 'x'.repeat(2_000) }))
    expect(['a', 'b', 'c', 'd'].filter((key) => store.get(key).length > 0)).toEqual(['a', 'c', 'd'])
    expect(store.stats()).toMatchObject({ entries: 3, evicted: 1 })
    expect(store.stats().bytes).toBeLessThanOrEqual(14_000)
  })

  it('never passes its bound, whatever comes', () => {
    const store = new MemoryStore(20_000)
    for (let i = 0; i < 2_000; i++) {
      const body = 'x'.repeat((i * 7_919) % 9_000)
      store.set(`k${(i * 31) % 17}`, storedResponse({ variant: String((i * 13) % 5), body }))
      expect(store.stats().bytes).toBeLessThanOrEqual(20_000)
    }
    store.clear()
    expect(store.stats()).toMatchObject({ entries: 0, bytes: 0 })
  })

  it('does not take what is larger than all its room, and forgets the older one', () => {
    const store = new MemoryStore(5_000)
    store.set('a', storedResponse({ body: 'old' }))
    store.set('a', storedResponse({ body: 'x'.repeat(6_000) }))
    expect(store.get('a')).toEqual([])
    expect(store.stats().bytes).toBe(0)
  })

  it('keeps so many variants of one key and no more, the newest', () => {
    const store = new MemoryStore()
    for (let i = 0; i < LIMITS.maxCacheVariants + 5; i++)
      store.set('a', storedResponse({ variant: String(i) }))
    const variants = store.get('a').map((each) => Number(each.variant))
    expect(variants).toHaveLength(LIMITS.maxCacheVariants)
    expect(Math.min(...variants)).toBe(5)
  })
})
