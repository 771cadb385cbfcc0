import { describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import type { Outcome } from '../../lib/cli/outcome.ts'
import { countRecent, recentCount, type Recent } from '../../lib/cli/recent.ts'
import { OTHERS, Tally } from '../../lib/cli/tally.ts'
import { top } from '../../lib/cli/top.ts'
import { makeOutcome } from './make-outcome.ts'

/** Every kind of outcome that there is. */
const KINDS: readonly Partial<Outcome>[] = [
  {},
  { status: 304, cache: 'revalidated' },
  { status: 404, exitCode: EXIT.status, message: 'answered 404' },
  { status: 403, exitCode: EXIT.status, clientIp: '192.0.2.1' },
  { status: 0, error: 'ERR_CONNECT_TCP', message: 'refused', exitCode: EXIT.network },
  // The body broke off: there was a status.
  { status: 200, error: 'ERR_CONNECTION_CLOSED', message: 'closed', exitCode: EXIT.network },
  { status: 302, error: 'ERR_REDIRECT', message: 'too many', exitCode: EXIT.status, clientIp: '192.0.2.2' },
  { status: 0, error: 'ERR_URL', message: 'no URL', exitCode: EXIT.other, host: '' },
  { status: 0, error: 'ERR_CLOSED', message: 'closed', exitCode: EXIT.other, unfinished: true },
  { status: 0, skipped: true },
  { resumedFrom: 1_000, clientIp: '192.0.2.1' },
]

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((all, count) => all + count, 0)
}

describe('the tally', () => {
  it('adds up, whatever becomes of the items', () => {
    const tally = new Tally()
    for (let i = 0; i < 1_000; i++) {
      tally.add(makeOutcome(KINDS[(i * 7) % KINDS.length]!))
      expect(tally.done).toBe(i + 1)
      const errors = sum([...tally.errors.values()].map(({ count }) => count))
      expect(sum(tally.statuses.values()) + errors + tally.skipped).toBe(tally.done)
      expect(sum([...tally.clientIps.values()].map(({ ok, failed }) => ok + failed))).toBe(tally.done)
      const hosts = sum([...tally.hosts.values()].map(({ ok, failed }) => ok + failed))
      expect(hosts + (tally.errors.get('ERR_URL')?.count ?? 0)).toBe(tally.done)
    }
    expect([...tally.statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 304, 403, 404])
    expect(tally.clientIps.get('192.0.2.1')!.refused).toBe(tally.statuses.get(403))
    expect(tally.unfinished).toBe(tally.errors.get('ERR_CLOSED')!.count)
    expect(tally.bytesResumed).toBe(tally.resumed * 1_000)
  })

  it('takes as saved what came coded, and what the cache gave, and no body that was thrown away', () => {
    const tally = new Tally()
    tally.add(makeOutcome({ bytesOnWire: 100, bytesDecoded: 400 }))
    tally.add(makeOutcome({ bytesOnWire: 100, bytesDecoded: 100 }))
    tally.add(makeOutcome({ bytesOnWire: 100, bytesDecoded: 0, status: 404, exitCode: EXIT.status }))
    tally.add(makeOutcome({ bytesOnWire: 0, bytesDecoded: 50, cache: 'hit' }))
    tally.add(makeOutcome({ bytesOnWire: 30, bytesDecoded: 50, cache: 'miss' }))
    tally.add(makeOutcome({ bytesOnWire: -1, bytesDecoded: -1, error: 'ERR_FILE', exitCode: EXIT.file }))
    expect(tally).toMatchObject({ savedByCoding: 320, fromCache: 1, bytesFromCache: 50 })
    expect(tally).toMatchObject({ bytesOnWire: 330, bytesDecoded: 600 })
  })

  it('means the time to the head of what came over the network', () => {
    const tally = new Tally()
    tally.add(makeOutcome({ headMs: 10 }))
    tally.add(makeOutcome({ headMs: 20 }))
    tally.add(makeOutcome({ headMs: 0, cache: 'hit' }))
    tally.add(makeOutcome({ headMs: -1, error: 'ERR_CONNECT_TCP', exitCode: EXIT.network }))
    expect(tally.hosts.get('a')).toMatchObject({ heads: 2, headMs: 30, ok: 3, failed: 1 })
  })

  it('holds no more than it may, and loses none', () => {
    const tally = new Tally()
    const many = CLI_LIMITS.maxHosts + 500
    for (let i = 0; i < many; i++) {
      const error = { error: `ERR_${i}`, message: `message ${i}`, exitCode: EXIT.other }
      tally.add(makeOutcome({ host: `h${i}`, clientIp: `ip ${i}`, ...error }))
    }
    expect(tally.hosts.size).toBe(CLI_LIMITS.maxHosts)
    expect(tally.clientIps.size).toBe(CLI_LIMITS.maxClientIps + 1)
    expect(tally.errors.size).toBe(CLI_LIMITS.maxErrorCodes + 1)
    expect(tally.errors.get(OTHERS)).toEqual({
      count: many - CLI_LIMITS.maxErrorCodes,
      example: `message ${CLI_LIMITS.maxErrorCodes}`,
    })
    expect(sum([...tally.errors.values()].map(({ count }) => count))).toBe(many)
    expect(tally.otherHosts.failed).toBe(500)
    expect(tally.clientIps.get(OTHERS)!.failed).toBe(many - CLI_LIMITS.maxClientIps)
  })
})

describe('recent counts', () => {
  it('are of this period and the one before', () => {
    const recent: Recent = { period: 0, inPeriod: 0, inPeriodBefore: 0 }
    countRecent(recent, 0)
    countRecent(recent, 0)
    expect([0, 1, 2].map((period) => recentCount(recent, period))).toEqual([2, 2, 0])
    countRecent(recent, 1)
    expect([1, 2, 3].map((period) => recentCount(recent, period))).toEqual([3, 1, 0])
    countRecent(recent, 5)
    expect(recentCount(recent, 5)).toBe(1)
  })
})

describe('the top', () => {
  it('is as of sorting all, ties in the order they come', () => {
    const items = Array.from({ length: 200 }, (_, id) => ({ id, score: (id * 37) % 23 }))
    for (const most of [0, 1, 7, 199, 200, 300]) {
      const sorted = items.toSorted((a, b) => b.score - a.score).slice(0, most)
      expect(top(items, most, ({ score }) => score)).toEqual(sorted)
    }
  })
})
