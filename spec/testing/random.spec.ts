import { expect, test } from 'vitest'
import { Random } from '../../lib/testing/random.ts'

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next())

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(new Random(7), 50)).toEqual(draw(new Random(7), 50))
  expect(draw(new Random(7), 50)).not.toEqual(draw(new Random(8), 50))
  expect(draw(new Random(7), 50)).not.toEqual(draw(new Random(7 + 2 ** 32), 50))
})

test('numbers stay the same from release to release, so that a seed in a report can be replayed', () => {
  const random = new Random(42)
  expect(Array.from({ length: 6 }, () => random.int(0, 999))).toMatchInlineSnapshot(`
    [
      430,
      983,
      27,
      906,
      33,
      755,
    ]
  `)
})

test('neighbouring seeds are unlike from the first number on', () => {
  const first = Array.from({ length: 1000 }, (_, seed) => new Random(seed).next())
  const mean = first.reduce((sum, value) => sum + value) / first.length
  expect(mean).toBeGreaterThan(0.45)
  expect(mean).toBeLessThan(0.55)
  expect(new Set(first).size).toBe(1000)
})

test('int reaches both bounds and nothing beyond', () => {
  const random = new Random(3)
  const seen = new Set(Array.from({ length: 500 }, () => random.int(2, 5)))
  expect([...seen].toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5])
})

test('between stays inside', () => {
  const random = new Random(3)
  for (let round = 0; round < 500; round++) {
    const value = random.between(1.5, 2)
    expect(value >= 1.5 && value < 2).toBe(true)
  }
})

test('chance of 0 never happens and draws nothing; chance of 1 always happens', () => {
  const random = new Random(5)
  const twin = new Random(5)
  for (let round = 0; round < 100; round++) expect(random.chance(0)).toBe(false)
  expect(random.next()).toBe(twin.next())
  for (let round = 0; round < 100; round++) expect(random.chance(1)).toBe(true)
})

test('pick takes every item; an empty list is an error', () => {
  const random = new Random(9)
  expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c']))).size).toBe(3)
  expect(() => random.pick([])).toThrow('the list is empty')
})

test('shuffle keeps the items and moves them', () => {
  const items = Array.from({ length: 50 }, (_, index) => index)
  const shuffled = new Random(1).shuffle([...items])
  expect(shuffled).not.toEqual(items)
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(items)
})

test('a fork does not hang on what its parent draws later', () => {
  const one = new Random(4)
  const other = new Random(4)
  const fork = one.fork()
  one.next()
  expect(draw(fork, 10)).toEqual(draw(other.fork(), 10))
})
