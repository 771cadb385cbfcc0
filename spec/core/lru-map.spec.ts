import { expect, it } from 'vitest'
import { LruMap } from '../../lib/core/lru-map.ts'

it('LruMap forgets what was used longest ago', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect(map.get('b')).toBeUndefined()
  map.set('a', 4)
  map.set('d', 5)
  expect([map.get('a'), map.get('c'), map.get('d')]).toEqual([4, undefined, 5])
  expect(map.size).toBe(2)
  map.delete('a')
  expect(map.size).toBe(1)
  map.clear()
  expect(map.size).toBe(0)
})

it('LruMap takes a peek for no use', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.peek('a')).toBe(1)
  map.set('c', 3)
  expect([map.peek('a'), map.peek('b'), map.peek('c')]).toEqual([undefined, 2, 3])
})
