import { expect, test } from 'vitest'
import { byRound, median, percentile, ratios, spread } from '../../bench/statistics.ts'

test('the median of an odd and an even count, whatever their order', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([10, 2, 4, 1])).toBe(3)
  expect(median([])).toBeNaN()
})

test('a spread goes from the lowest to the highest, and there is none of nothing', () => {
  expect(spread([5, 1, 9, 7])).toEqual({ median: 6, lowest: 1, highest: 9 })
  expect(spread([])).toBeNull()
})

test('a percentile is the number that this share does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1)
  expect(percentile(hundred, 0.5)).toBe(50)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile([7], 0.99)).toBe(7)
  expect(percentile([], 0.5)).toBeNaN()
})

test('ratios are made round by round, and only of rounds that have both', () => {
  expect(ratios([2, 9, 4, undefined], [4, undefined, 2, 5])).toEqual([0.5, 2])
  expect(byRound([70, 80], [40, 45, 50], (one, other) => one - other)).toEqual([30, 35])
})

test('the ratio of two that slow down together stays, where that of their medians does not', () => {
  // Each is slow in rounds of its own choice, by chance; in each round the second takes twice as much.
  const ones = [10, 30, 10]
  const others = [20, 60, 20]
  expect(spread(ratios(others, ones))).toEqual({ median: 2, lowest: 2, highest: 2 })
})
