import { expect, test } from 'vitest'
import { judge } from '../../bench/judge.ts'
import { failuresOf } from '../../bench/results.ts'
import { caseTable, figure, goalsTable, quickTable, withRange } from '../../bench/tables.ts'
import { makeResult } from './make-result.ts'

const small = makeResult('small', 'cpu', {
  'undici request': [40, 30],
  trawl: [10, 15],
  'raw socket': [5, 5],
  broken: [null, null],
})

test('figures have three digits that mean something, and thousands are parted', () => {
  expect([0.123, 1, 12.34, 123.4, 1_234_567].map(figure)).toEqual([
    '0.12',
    '1.00',
    '12.3',
    '123',
    '1,234,567',
  ])
})

test('a range is told where the rounds differ', () => {
  expect(withRange({ median: 12, lowest: 11, highest: 14 })).toBe('12.0 (11.0 to 14.0)')
  expect(withRange({ median: 12, lowest: 12, highest: 12.001 })).toBe('12.0')
  expect(withRange(null)).toBe('')
})

test('the table of a case has the cheapest client first, one that failed last, and ratios of rounds', () => {
  expect(caseTable(small)).toBe(
    [
      '| client         |    CPU us a request | to undici | to the floor |',
      '| -------------- | ------------------: | --------: | -----------: |',
      '| raw socket     |                5.00 |      0.15 |         1.00 |',
      '| trawl          | 12.5 (10.0 to 15.0) |      0.38 |         2.50 |',
      '| undici request | 35.0 (30.0 to 40.0) |      1.00 |         7.00 |',
      '| broken         |                     |           |              |',
    ].join('\n'),
  )
})

test('a case of what is better when it is more has the best first', () => {
  const first = caseTable(makeResult('x', 'perSecond', { slow: [10], fast: [20] })).split('\n')[2]
  expect(first).toContain('fast')
})

test('the quick table has a line for each client, and no ratio of one to itself', () => {
  const rows = quickTable([small])
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
  expect(rows.find((row) => row[2] === 'trawl')!.slice(1, 7)).toEqual([
    'small',
    'trawl',
    'CPU us a request',
    '12.5 (10.0 to 15.0)',
    '0.38 (0.25 to 0.50)',
    '2.50 (2.00 to 3.00)',
  ])
  expect(rows.find((row) => row[2] === 'undici request')![5]).toBe('')
})

test('the table of goals tells the bound, what was measured, and the verdict', () => {
  const goal = { what: 'small body', of: ['small', 'trawl', 'cpu'], atMost: 13, unit: ' us' } as const
  const missing = { what: 'other', of: ['none', 'trawl', 'cpu'], atLeast: 3 } as const
  const lines = goalsTable([goal, missing].map((each) => judge(each, [small]))).split('\n')
  expect(lines[2]).toBe('| small body | at most 13 us | 12.5 (10.0 to 15.0) |      reached |')
  expect(lines[3]).toBe('| other      |    at least 3 |                     | not measured |')
})

test('failures are told with their case and client', () => {
  expect(failuresOf([small])).toEqual(['small, broken: it fell over', 'small, broken: it fell over'])
})

test('a case may say whom its clients are compared with', () => {
  const result = makeResult('get', 'cpu', { trawl: [30], curl: [20], 'empty node': [10] })
  const named = { ...result, peer: 'curl', floor: 'empty node' }
  expect(caseTable(named).split('\n')[0]).toMatch(/ to curl \| to the floor \|$/)
  const row = quickTable([named])
    .split('\n')
    .find((line) => line.includes(' trawl |'))
  expect(row).toContain('| 1.50 of curl |         3.00 |')
})
