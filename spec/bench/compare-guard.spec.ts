import { expect, test } from 'vitest'
import { ALL_CASES } from '../../bench/all-cases.ts'
import {
  chosenLines,
  compareWith,
  type Guarded,
  guardTable,
  lineFor,
  nameOf,
  restless,
} from '../../bench/compare-guard.ts'
import { GUARDED } from '../../bench/guarded.ts'
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

test('a case that is not guarded, and a line that is on one side only, are errors', () => {
  const line = lineFor(guarded, resultOf([40]))!
  const other: Guarded = { ...guarded, case: 'other' }
  expect(chosenLines([guarded], [line], undefined)).toEqual([line])
  expect(chosenLines([guarded, other], [line], ['small'])).toEqual([line])
  expect(() => chosenLines([guarded], [line], ['small', 'smal'])).toThrow('is called smal')
  expect(() => chosenLines([guarded, other], [line], undefined)).toThrow('lacks other, trawl to undici, cpu')
  expect(() => chosenLines([{ ...guarded, to: 'x' }], [{ ...line, to: 'x' }, line], undefined)).toThrow(
    'has what is not guarded: small, trawl to undici, cpu',
  )
})

test('a line whose rounds are more than 30 % of its ratio apart is called restless', () => {
  const steady = lineFor(guarded, resultOf([40, 36, 46]))!
  const wide = lineFor(guarded, resultOf([40, 36, 50]))!
  expect(restless([steady, wide])).toEqual([wide])
})

test('each guarded line is about a case, clients and a metric that there are, and there only once', () => {
  for (const { case: name, client, to, metric } of GUARDED) {
    const found = ALL_CASES.find((each) => each.name === name)!
    expect(Object.keys(found.clients)).toEqual(expect.arrayContaining([client, to]))
    expect(found.metrics).toContain(metric)
    expect(found.onceOnly ?? []).not.toContain(client)
    expect(found.onceOnly ?? []).not.toContain(to)
  }
  expect(new Set(GUARDED.map(nameOf)).size).toBe(GUARDED.length)
})
