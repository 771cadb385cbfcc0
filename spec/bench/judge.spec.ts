import { expect, test } from 'vitest'
import { ALL_CASES } from '../../bench/all-cases.ts'
import { GOALS } from '../../bench/goals.ts'
import { type Goal, judge } from '../../bench/judge.ts'
import { referencesOf, resultFor } from '../../bench/results.ts'
import { makeResult } from './make-result.ts'

const results = [
  makeResult('small', 'cpu', { trawl: [10, 20, 11], undici: [20, 50, 44], 'raw socket': [5, null, 5] }),
  makeResult('start', 'wall', { 'empty node': [40, 42], trawl: [60, 70] }),
]
const small = (rest: Partial<Goal>): Goal => ({ what: 'small', of: ['small', 'trawl', 'cpu'], ...rest })

test('a goal is judged by the median of the ratios of one round each', () => {
  const goal = small({ to: ['small', 'undici', 'cpu'], atMost: 0.45 })
  expect(judge(goal, results)).toEqual({
    goal,
    measured: { median: 0.4, lowest: 0.25, highest: 0.5 },
    verdict: 'reached',
  })
  expect(judge({ ...goal, atMost: 0.39 }, results).verdict).toBe('missed')
})

test('a goal may be that something is more', () => {
  const goal: Goal = {
    what: 'x',
    of: ['small', 'undici', 'cpu'],
    to: ['small', 'trawl', 'cpu'],
    atLeast: 2.5,
  }
  expect(judge(goal, results).verdict).toBe('reached')
  expect(judge({ ...goal, atLeast: 2.6 }, results).verdict).toBe('missed')
})

test('rounds in which one of both failed do not count', () => {
  const { measured } = judge(small({ to: ['small', 'raw socket', 'cpu'], atMost: 2.1 }), results)
  expect(measured).toEqual({ median: 2.1, lowest: 2, highest: 2.2 })
})

test('a goal may be a number, and what one takes more than another', () => {
  expect(judge(small({ atMost: 11 }), results).verdict).toBe('reached')
  const import_: Goal = {
    what: 'import',
    of: ['start', 'trawl', 'wall'],
    minus: ['start', 'empty node', 'wall'],
    atMost: 24,
  }
  expect(judge(import_, results)).toMatchObject({
    measured: { median: 24, lowest: 20, highest: 28 },
    verdict: 'reached',
  })
  expect(judge({ ...import_, atMost: 23 }, results).verdict).toBe('missed')
})

test('what was not measured is not called reached', () => {
  for (const of of [
    ['none', 'trawl', 'cpu'],
    ['small', 'nobody', 'cpu'],
    ['small', 'trawl', 'p99'],
  ] as const) {
    expect(judge({ what: 'x', of, atMost: 1e9 }, results)).toMatchObject({
      measured: null,
      verdict: 'not measured',
    })
  }
})

test('each goal is about a case, a client and a metric that there are, and has one bound', () => {
  const measured = ALL_CASES.flatMap(({ name, clients, metrics }) =>
    Object.keys(clients).flatMap((client) => metrics.map((metric) => `${name}, ${client}, ${metric}`)),
  )
  for (const { of, to, minus, atMost, atLeast } of GOALS) {
    const figures = [of, to, minus].filter((figure) => figure !== undefined)
    expect(measured).toEqual(expect.arrayContaining(figures.map((figure) => figure.join(', '))))
    expect([atMost, atLeast].filter((bound) => bound !== undefined)).toHaveLength(1)
  }
})

test('cases have names of their own, and speak of clients that they have', () => {
  const names = ALL_CASES.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { clients, quickClients = [], onceOnly = [], peer, floor } of ALL_CASES) {
    const named = [...quickClients, ...onceOnly, peer, floor].filter((client) => client !== undefined)
    expect(Object.keys(clients)).toEqual(expect.arrayContaining(named))
  }
})

test('each quick case compares trawl with someone', () => {
  for (const each of ALL_CASES.filter(({ quick }) => quick)) {
    const result = resultFor(each, each.quickClients ?? Object.keys(each.clients))
    expect([each.name, referencesOf(result).peer]).not.toContain(undefined)
  }
})

test('what a goal is about runs in each round of its case', () => {
  const once = GOALS.flatMap(({ of, to, minus }) => [of, to, minus])
    .filter((figure) => figure !== undefined)
    .filter(([name, client]) => ALL_CASES.find((each) => each.name === name)!.onceOnly?.includes(client))
  expect(once).toEqual([])
})
