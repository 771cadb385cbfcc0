import { expect, test } from 'vitest'
import { GOALS } from '../../bench/goals.ts'
import { withoutLocalPaths } from '../../bench/local-paths.ts'
import { page, type RunReport } from '../../bench/page.ts'
import { unmeasured } from '../../bench/results.ts'
import { makeResult } from './make-result.ts'

const report: RunReport = {
  date: '2026-01-02',
  machine: '2 x CPU',
  load: { start: 0.25, end: 1.5 },
  versions: { trawl: '0.1.0 of 1234567', node: '24.0.0' },
  settings: 'Up to 2 rounds.',
  cases: [makeResult('small', 'cpu', { trawl: [10, 12], got: [400], broken: [null, null] })],
}

test('a report tells the day, the machine, its load, and the versions', () => {
  expect(page(report, GOALS)).toContain(
    'On 2026-01-02, on 2 x CPU; its load average was 0.25 at the start and 1.5 at the end. ' +
      'With trawl 0.1.0 of 1234567, node 24.0.0. Up to 2 rounds.',
  )
})

test('a report says who took part in fewer rounds than others', () => {
  expect(page(report, GOALS)).toContain('Text of small. In one round: got.')
  const alike = { ...report, cases: [makeResult('small', 'cpu', { trawl: [1, 2], got: [1, 2] })] }
  expect(page(alike, GOALS)).not.toContain('In one round')
})

test('failures do not tell where things lie on the machine', () => {
  const folders = ['/srv/project', '/tmp', '/srv/project/node_modules/node/bin']
  const strip = (text: string): string => withoutLocalPaths(text, folders)
  expect(strip('Command failed: /srv/project/node_modules/node/bin/node /srv/project/bench/x.ts')).toBe(
    'Command failed: node bench/x.ts',
  )
  expect(strip("ENOENT: '/tmp/trawl-1/site', file:///srv/project/a.ts:3")).toBe(
    "ENOENT: 'trawl-1/site', a.ts:3",
  )
  expect(strip('no folder /tmp')).toBe('no folder .')
  const failing = makeResult('small', 'cpu', { trawl: [null] })
  failing.clients[0]!.failures[0] = `Error: no ${import.meta.dirname}/x`
  expect(page({ ...report, cases: [failing] }, GOALS)).toContain('- small, trawl: Error: no spec/bench/x')
})

test('what was never measured is named: a case, or clients of one', () => {
  const results = [
    makeResult('a', 'cpu', { x: [1], y: [null] }),
    makeResult('b', 'cpu', { x: [], y: [] }),
    makeResult('c', 'cpu', { x: [1], y: [] }),
  ]
  expect(unmeasured(results)).toEqual(['b', 'c, y'])
})
