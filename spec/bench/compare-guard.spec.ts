import { expect, test } from 'vitest'
import { compareWith, type Guarded, guardTable, lineFor } from '../../bench/compare-guard.ts'
import { makeResult } from './make-result.ts'

const guarded: Guarded = { case: 'small', client: 'trawl', to: 'undici', metric: 'cpu' }
const perSecond = (trawl: number) => [makeResult('small', 'perSecond', { trawl: [trawl], undici: [100] })]
const resultOf = (trawl: readonly number[], undici = [100, 100, 100]) => [
  makeResult('small', 'cpu', { trawl, undici }),
]

test('the tolerance is the range of the rounds, within bounds', () => {
  expect(lineFor(guarded, resultOf([40, 36, 46]))).toEqual({
    ...guarded,
    ratio: 0.4,
    lowest: 0.36,
    highest: 0.46,
    tolerance: 0.25,
  })
  expect(lineFor(guarded, resultOf([40, 40, 41]))!.tolerance).toBe(0.12)
  expect(lineFor(guarded, resultOf([40, 10, 90]))!.tolerance).toBe(0.5)
  expect(lineFor(guarded, [])).toBeNull()
})

test('a ratio is worse, or better, when its median leaves the tolerance', () => {
  const line = lineFor(guarded, resultOf([40, 36, 46]))!
  const verdictOf = (...trawl: number[]) => compareWith(line, resultOf(trawl)).verdict
  expect(verdictOf(49, 40, 90)).toBe('same')
  expect(verdictOf(51, 40, 90)).toBe('worse')
  expect(verdictOf(33, 30, 90)).toBe('same')
  expect(verdictOf(31, 30, 90)).toBe('better')
})

test('what slows down both is no change', () => {
  const line = lineFor(guarded, resultOf([40, 40, 40]))!
  expect(compareWith(line, resultOf([80, 120, 200], [200, 300, 500])).verdict).toBe('same')
})

test('fewer of them a second are worse, and more are better', () => {
  const more: Guarded = { ...guarded, metric: 'perSecond' }
  const line = lineFor(more, perSecond(300))!
  expect(compareWith(line, perSecond(200)).verdict).toBe('worse')
  expect(compareWith(line, perSecond(290)).verdict).toBe('same')
  expect(compareWith(line, perSecond(400)).verdict).toBe('better')
})

test('what was not measured is said to be so', () => {
  const line = lineFor(guarded, resultOf([40, 40, 40]))!
  const verdict = compareWith(line, [])
  expect(verdict.verdict).toBe('not measured')
  expect(
    guardTable([verdict, compareWith(line, resultOf([60]))])
      .split('\n')
      .slice(2),
  ).toEqual([
    '| small, trawl to undici |    cpu |      0.40 |      12 % |          | not measured |',
    '| small, trawl to undici |    cpu |      0.40 |      12 % |     0.60 |        worse |',
  ])
})
