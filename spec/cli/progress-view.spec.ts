import { describe, expect, it } from 'vitest'
import type { HostProgress } from '../../lib/cli/progress-counts.ts'
import { viewLines } from '../../lib/cli/progress-view.ts'
import { makeClientIp, makeHost, makeState } from './make-outcome.ts'

function host(name: string, fields: Partial<HostProgress> = {}): HostProgress {
  return makeHost(name, { done: 12_345, failed: 12, waiting: 100, perSecond: 245.3, ...fields })
}

const state = makeState({
  done: 450_000,
  total: 1_000_000,
  ok: 449_000,
  failed: 1_000,
  retrying: 12,
  pausedTargets: 2,
  connections: 64,
  donePerSecond: 4_512,
  hosts: [
    host('a.test'),
    host('b.test:8080', { pausedMs: 33_100, inFlight: 0, perSecond: 0 }),
    host(`${'long.'.repeat(12)}test`),
  ],
  clientIps: [
    makeClientIp('192.0.2.1'),
    makeClientIp('2001:db8::2', { setAsideMs: 500_000 }),
    makeClientIp('198.51.100.203', { refusedBy: 12 }),
  ],
})

/** As it stands on a terminal. */
function shown(columns: number, rows: number): string[] {
  return viewLines(state, columns, rows).map(({ text }) => text)
}

describe('the view', () => {
  it('tells all on 80 columns', () => {
    expect(shown(80, 24)).toEqual([
      '[##################......................]  45%  450,000/1,000,000  ETA 2:02',
      '449,000 ok  1,000 failed  12 retrying  4,512 req/s  12.3 MiB/s  2 paused',
      '                                      done   failed  flight/wait          req/s',
      'a.test                              12,345       12        6/100            245',
      'b.test:8080                         12,345       12        0/100    paused 34 s',
      'long.long.long.long.long.long.~     12,345       12        6/100            245',
      'from 192.0.2.1                         500        3           20            100',
      'from 2001:db8::2                       500        3           20     aside 8:20',
      'from 198.51.100.203                    500        3           20  refused by 12',
    ])
  })

  it('leaves out what matters least on 40 columns, and the table on fewer', () => {
    expect(shown(40, 24)).toEqual([
      '45%  450,000/1,000,000  ETA 2:02',
      '449,000 ok  1,000 failed  4,512 req/s',
      '                    done          req/s',
      'a.test            12,345            245',
      'b.test:8080       12,345    paused 34 s',
      'long.long.lo~     12,345            245',
      '192.0.2.1            500            100',
      '2001:db8::2          500     aside 8:20',
      '~8.51.100.203        500  refused by 12',
    ])
    expect(shown(39, 24)).toHaveLength(2)
  })

  it('takes at most half of the rows, and of them more for hosts than for client IPs', () => {
    expect(shown(80, 2)).toHaveLength(1)
    expect(shown(80, 4)).toHaveLength(2)
    expect(shown(80, 8).slice(3)).toEqual([expect.stringMatching(/^a\.test /)])
    const twelve = shown(80, 12).slice(3)
    expect(twelve.map((line) => line.split(' ')[0])).toEqual(['a.test', 'b.test:8080', 'from'])
  })

  it('is never wider or higher than it may be, and plain ASCII', () => {
    const odd = { ...state, hosts: [host('漢字.test'), ...state.hosts] }
    for (let columns = 0; columns < 140; columns++) {
      for (const rows of [0, 1, 2, 5, 10, 24, 60]) {
        const lines = viewLines(odd, columns, rows)
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows / 2))
        for (const { text } of lines) {
          expect(text.length).toBeLessThan(Math.max(1, columns))
          expect(text).toMatch(/^[\x20-\x7e]*$/)
        }
      }
    }
  })

  it('has no bar while the total is not known, and no table for one host that goes on', () => {
    const lines = viewLines({ ...state, total: -1, hosts: [host('a.test')], clientIps: [] }, 80, 24)
    expect(lines).toEqual([
      { text: '450,000 done  449,000 ok  1,000 failed  4,512 req/s  12.3 MiB/s  2 paused', style: 'plain' },
    ])
    const paused = viewLines({ ...state, hosts: state.hosts.slice(1, 2), clientIps: [] }, 80, 24)
    expect(paused.map(({ style }) => style)).toEqual(['plain', 'plain', 'dim', 'yellow'])
  })

  it('is full at the end, also when there was more than expected', () => {
    expect(viewLines({ ...state, done: 1_100_000 }, 80, 24)[0]!.text).toMatch(
      /^\[#{40}\] 100% {2}1,100,000\//,
    )
    expect(viewLines({ ...state, done: 999_999 }, 80, 24)[0]!.text).toMatch(/^\[#{39}\.\] {2}99%/)
  })
})
