import { describe, expect, it } from 'vitest'
import { EXIT, type ExitCode } from '../../lib/cli/exit-codes.ts'
import type { Outcome } from '../../lib/cli/outcome.ts'
import { formatBytes, formatCount, formatDuration, formatRate } from '../../lib/cli/quantities.ts'
import { summaryText, type RunFacts } from '../../lib/cli/summary.ts'
import { Tally } from '../../lib/cli/tally.ts'
import { makeOutcome } from './make-outcome.ts'

function outcome(fields: Partial<Outcome>): Outcome {
  return makeOutcome({ clientIp: '127.0.0.1', bytesDecoded: 300, ...fields })
}

function failure(error: string, message: string, exitCode: ExitCode): Partial<Outcome> {
  return { status: 0, error, message, exitCode, bytesOnWire: -1, bytesDecoded: -1, headMs: -1, file: '' }
}

const facts: RunFacts = {
  elapsedMs: 2_000,
  dialled: 3,
  reused: 1_200,
  outputDir: 'out',
  report: 'report.jsonl',
  stopped: '',
}

describe('the summary', () => {
  it('counts by status, error and host', () => {
    const tally = new Tally()
    for (let i = 0; i < 1_200; i++) tally.add(outcome({}))
    tally.add(
      outcome({
        status: 404,
        exitCode: EXIT.status,
        message: 'answered 404',
        file: '',
        host: 'b:80',
        headMs: 40,
      }),
    )
    tally.add(outcome(failure('ERR_CONNECT_TCP', 'GET http://c/: refused', EXIT.network)))
    tally.add(outcome(failure('ERR_CONNECT_TCP', 'GET http://d/: refused', EXIT.network)))
    tally.add(outcome({ ...failure('ERR_URL', 'line 9: "x" is not a URL', EXIT.other), host: '' }))
    expect(tally.exitCode).toBe(EXIT.other)
    expect(summaryText(tally, facts)).toBe(`1,204 done in 2.0 s (602/s): 1,200 ok, 4 failed
  ended        at the end of the list
  received     117 KiB, decoded 352 KiB
  saved        235 KiB by compression
  connections  3 opened, 1,200 requests on an open one
  status       200: 1,200   404: 1
  error        ERR_CONNECT_TCP: 2
               first: GET http://c/: refused
  error        ERR_URL: 1
               first: line 9: "x" is not a URL
  host         a: 1,200 ok, 2 failed, 117 KiB
  host         b:80: 0 ok, 1 failed, 100 B
  slowest      b:80: 40 ms to the head, mean of 1
  slowest      a: 1.0 ms to the head, mean of 1,200
  files        1,200 in out
  report       report.jsonl
`)
  })

  it('counts by client IP where there are several, and those for which it is not known', () => {
    const tally = new Tally()
    tally.add(outcome({ clientIp: '127.0.0.1' }))
    tally.add(outcome({ clientIp: '', ...failure('ERR_CONNECT_TCP', 'refused', EXIT.network) }))
    expect(summaryText(tally, facts)).not.toContain('client IP')
    tally.add(outcome({ clientIp: '127.0.0.2', status: 429, exitCode: EXIT.status }))
    expect(summaryText(tally, facts)).toContain(`
  client IP    127.0.0.1: 1 ok, 0 failed
  client IP    not known: 0 ok, 1 failed
  client IP    127.0.0.2: 0 ok, 1 failed, 1 of them refused
  host         a`)
  })

  it('tells what redirects, retries and the cache did, where they did anything', () => {
    const tally = new Tally()
    tally.add(outcome({ redirects: 2, retries: 1, cache: 'miss' }))
    tally.add(outcome({ redirects: -1, retries: -1, cache: 'hit' }))
    tally.add(outcome({ redirects: 1, retries: 3, cache: 'hit' }))
    expect(summaryText(tally, facts)).toContain(`
  redirects    3 followed
  retries      4
  cache        miss: 1   hit: 2
  status       200: 3
`)
  })

  it('tells a job what was done before, and what has to be done again', () => {
    const tally = new Tally()
    for (let i = 0; i < 6; i++) tally.add(outcome({}))
    tally.add(outcome({ status: 0, skipped: true }))
    tally.add(outcome({ resumedFrom: 2_048 }))
    tally.add(outcome({ ...failure('ERR_CLOSED', 'closed', EXIT.other), unfinished: true }))
    const job = { ...facts, before: { ok: 1_000, failed: 20 }, duplicates: 3, finish: null }
    expect(summaryText(tally, job).split('\n').slice(0, 8)).toEqual([
      '9 done in 2.0 s (4.5/s): 8 ok, 1 failed',
      '  duplicates   3 dropped',
      '  skipped      1: their files were there',
      '  unfinished   1 of the failed were broken off',
      '  job          1,020 done before (1,000 ok, 20 failed), 8 in this run: 1,028 in all',
      '  received     800 B, decoded 2.3 KiB',
      '  saved        1.6 KiB by compression',
      '  resumed      1 file; 2.0 KiB of them were there',
    ])
  })

  it('says so when the run was stopped, and is short when there was nothing', () => {
    const nothing = { ...facts, elapsedMs: 0, dialled: 0, reused: 0, outputDir: '', report: '' }
    expect(summaryText(new Tally(), { ...nothing, stopped: 'interrupted' }))
      .toBe(`0 done in 0.0 s (0.0/s): 0 ok, 0 failed
stopped early: interrupted
  received     0 B, decoded 0 B
  connections  0 opened, 0 requests on an open one
`)
  })

  it('shows ten hosts, and counts any number of them in bounded memory', () => {
    const tally = new Tally()
    for (let i = 0; i < 10_100; i++) tally.add(outcome({ host: `h${i}` }))
    tally.add(outcome({ host: 'h7' }))
    expect(tally.hosts.size).toBe(10_000)
    const hosts = summaryText(tally, facts)
      .split('\n')
      .filter((line) => line.startsWith('  host'))
    expect(hosts).toHaveLength(11)
    expect(hosts[0]).toBe('  host         h7: 2 ok, 0 failed, 200 B')
    expect(hosts[10]).toBe('  host         9,990 or more other hosts: 10,090 ok, 0 failed, 985 KiB')
  })
})

describe('quantities', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567.6, '1,234,568'],
  ])('count %d is %s', (value, expected) => {
    expect(formatCount(value)).toBe(expected)
  })

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [102_400, '100 KiB'],
    [1_023_999, '1.0 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [1024 ** 6, '1024 PiB'],
  ])('%d bytes are %s', (value, expected) => {
    expect(formatBytes(value)).toBe(expected)
  })

  it.each([
    [0, '0.0 s'],
    [840, '0.8 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1:00'],
    [187_000, '3:07'],
    [7_209_000, '2:00:09'],
    [356_400_000, '4d 03:00'],
  ])('%d ms are %s', (value, expected) => {
    expect(formatDuration(value)).toBe(expected)
  })

  it('rates have a decimal where it says something', () => {
    expect([0, 0.54, 99.94, 99.96, 1234.5].map(formatRate)).toEqual(['0.0', '0.5', '99.9', '100', '1,235'])
  })
})
