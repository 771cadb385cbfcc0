import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LruMap } from '../../lib/core/lru-map.ts'
import { mapSteps } from '../map-steps.ts'

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

it('LruMap does what a list in order of use does', () => {
  const key = fc.integer({ min: 0, max: 6 })
  const deed = fc.tuple(fc.constantFrom('get', 'peek', 'set', 'delete', 'clear'), key)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(deed, { maxLength: 40 }), (max, deeds) => {
      const map = new LruMap<number, string>(max)
      let model: [number, string][] = []
      let serial = 0
      const got: unknown[] = []
      const wanted: unknown[] = []
      for (const [what, of] of deeds) {
        const known = model.find(([each]) => each === of)
        const others = model.filter((each) => each !== known)
        if (what === 'clear') {
          map.clear()
          model = []
        } else if (what === 'delete') {
          got.push(map.delete(of))
          wanted.push(known !== undefined)
          model = others
        } else if (what === 'set') {
          const value = `value ${serial++}`
          map.set(of, value)
          model = [...others, [of, value] as [number, string]].slice(-max)
        } else {
          got.push(map[what](of))
          wanted.push(known?.[1])
          if (what === 'get' && known !== undefined) model = [...others, known]
        }
        expect([...map]).toEqual(model)
        expect(map.size).toBe(model.length)
        expect(map.oldest?.key).toBe(model[0]?.[0])
      }
      expect(got).toEqual(wanted)
    }),
  )
})

it('LruMap walks no Map to find what it forgets: there, what was deleted before would be stepped over', () => {
  const map = new LruMap<number, number>(1_000)
  const steps = mapSteps(() => {
    for (let n = 0; n < 5_000; n++) map.set(n, n)
    for (let n = 4_000; n < 5_000; n++) map.get(n)
  })
  expect([steps, map.size, map.oldest?.key]).toEqual([0, 1_000, 4_000])
})
