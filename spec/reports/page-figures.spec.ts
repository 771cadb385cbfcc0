import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { OTHERS, RunFigures } from '../../lib/reports/page-figures.ts'
import { HostTable } from '../../lib/reports/page-hosts.ts'
import { makeOutcome } from './made-outcome.ts'

describe('figures of a run', () => {
  it('tell apart what a coding saved and what the cache saved', () => {
    const figures = new RunFigures(0, true)
    figures.add(makeOutcome({ bytesOnWire: 100, bytesDecoded: 400 }), 0)
    figures.add(makeOutcome({ bytesOnWire: 0, bytesDecoded: 1_000, cache: 'hit' }), 0)
    figures.add(makeOutcome({ bytesOnWire: 50, bytesDecoded: 30 }), 0)
    figures.add(makeOutcome({ ok: false, status: 0, bytesOnWire: -1, bytesDecoded: -1, error: 'ERR_X' }), 0)
    expect(figures).toMatchObject({
      done: 4,
      ok: 3,
      savedByCoding: 300,
      savedByCache: 1_000,
      fromCache: 1,
      bytesOnWire: 150,
      bytesDecoded: 1_430,
    })
  })

  it('leave times of answers out of the cache, and of no answer, out of the percentiles', () => {
    const figures = new RunFigures(0, true)
    figures.add(makeOutcome({ totalMs: 100 }), 0)
    figures.add(makeOutcome({ totalMs: 1, cache: 'hit' }), 0)
    figures.add(makeOutcome({ totalMs: 9_000, status: 0, ok: false, error: 'ERR_TIMEOUT_HEAD' }), 0)
    figures.add(makeOutcome({ totalMs: 200, status: 503, ok: false }), 0)
    const { total } = figures.hosts.top(1).hosts[0]!
    expect([total.count, total.min, total.max]).toEqual([2, 100, 200])
  })

  it('put each item in its stretch: ok, a bad status, or failed', () => {
    const figures = new RunFigures(0, true)
    figures.add(makeOutcome(), 10)
    figures.add(makeOutcome({ ok: false, status: 404 }), 150)
    figures.add(makeOutcome({ ok: false, status: 429 }), 150)
    figures.add(makeOutcome({ ok: false, status: 200, error: 'ERR_FILE' }), 250)
    figures.addRetry(503, 250)
    figures.addRetry(0, 250)
    expect(figures.times.list).toMatchObject([
      { ok: 1, badStatus: 0, errors: 0, refusals: 0 },
      { ok: 0, badStatus: 2, errors: 0, refusals: 1 },
      { ok: 0, badStatus: 0, errors: 1, refusals: 1, retries: 2 },
    ])
  })

  it('keep the first message of each code, cut, and no more codes and client IPs than the limit', () => {
    const figures = new RunFigures(0, true)
    const many = LIMITS.maxReportNames + 20
    for (let i = 0; i < many; i++) {
      const text = `${i}${'x'.repeat(10_000)}`
      const given = {
        ok: false,
        error: `ERR_${i}`,
        message: text,
        url: `http://a.test/${text}`,
        clientIp: `ip${i}`,
      }
      figures.add(makeOutcome({ ...given, status: 0 }), 0)
      figures.add(makeOutcome({ ...given, message: 'later', status: 403 }), 0)
    }
    expect(figures.errors.size).toBe(LIMITS.maxReportNames + 1)
    expect(figures.errors.get('ERR_7')).toMatchObject({ count: 2 })
    expect(figures.errors.get('ERR_7')!.message).toBe(`7${'x'.repeat(LIMITS.maxReportText - 1)}...`)
    expect(figures.errors.get(OTHERS)!.count).toBe(40)
    expect(figures.clientIps.size).toBe(LIMITS.maxReportNames + 1)
    expect(figures.clientIps.get('ip3')).toEqual({ done: 2, ok: 0, refused: 1, bytesOnWire: 200 })
    expect(figures.clientIps.get(OTHERS)!.done).toBe(40)
  })
})

describe('figures of hosts', () => {
  it('are exact below the limit, and all beyond what is shown are one', () => {
    const table = new HostTable()
    for (let i = 0; i < 50; i++) {
      for (let n = 0; n <= i; n++)
        table.add(makeOutcome({ host: `h${i}`, status: n === 0 ? 404 : 200, ok: n > 0 }))
    }
    const { hosts, others } = table.top(10)
    expect(hosts.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, i) => `h${49 - i}`))
    expect(hosts[0]).toMatchObject({ done: 50, ok: 49, failed: 1 })
    expect(hosts[0]!.classes).toEqual([0, 0, 49, 0, 1, 0, 0])
    expect(others.done).toBe((40 * 41) / 2)
    expect(table.merged).toBe(0)
  })

  it('stay within the limit with the busy ones among them, and lose no item', () => {
    const table = new HostTable()
    const items = LIMITS.maxReportHosts * 3
    for (let i = 0; i < items; i++) {
      table.add(makeOutcome({ host: `rare${i}` }))
      table.add(makeOutcome({ host: `busy${i % 20}` }))
      expect(table.size).toBeLessThanOrEqual(LIMITS.maxReportHosts)
    }
    const { hosts, others } = table.top(20)
    expect(hosts.every(({ name, done }) => name.startsWith('busy') && done === items / 20)).toBe(true)
    expect(others.done).toBe(items)
    expect(table.merged).toBeGreaterThan(0)
  })
})
