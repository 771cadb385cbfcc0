import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { RunCounts, type RunSources } from '../../lib/cli/run-counts.ts'
import { Tally } from '../../lib/cli/tally.ts'
import type { ClientStats, TargetStats } from '../../lib/index.ts'
import { makeOutcome } from './make-outcome.ts'

let tally: Tally
let targets: Partial<TargetStats>[]
let clientIps: ClientStats['clientIps']
let reads = 0
/** What reading the statistics takes, ms. */
let cost = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  tally = new Tally()
  targets = []
  clientIps = []
  reads = 0
  cost = 0
})

afterEach(() => {
  vi.useRealTimers()
})

function stats(): ClientStats {
  reads++
  vi.advanceTimersByTime(cost)
  const full = targets.map((each) => Object.assign({ inFlight: 0, waiting: 0, paused: 0 }, each))
  const sums = { connections: 7, dialled: 3, reused: 4, bytes: 5_000 }
  return { ...sums, targets: full, clientIps } as unknown as ClientStats
}

function ip(clientIp: string, busy: number): ClientStats['clientIps'][0] {
  return { clientIp, chosen: 9, load: busy, setAside: busy === 0 ? 5_000 : 0, reason: '', refusedBy: 1 }
}

function makeCounts(more: Partial<RunSources> = {}): RunCounts {
  return new RunCounts({ client: { stats }, tally, total: () => 100, retrying: () => 2, ...more })
}

function done(host: string, times: number, fields = {}): void {
  for (let i = 0; i < times; i++) tally.add(makeOutcome({ host, ...fields }))
}

function load(host: string, inFlight: number, waiting = 0, paused = 0): Partial<TargetStats> {
  return { target: `http://${host}`, inFlight, waiting, paused }
}

describe('the counts of a run', () => {
  it('are of this moment, and of all runs of a job', () => {
    const counts = makeCounts({ before: { ok: 40, failed: 2 } })
    done('a.test', 3)
    done('a.test', 1, { exitCode: EXIT.status })
    expect(counts.read()).toMatchObject({ done: 46, ok: 43, failed: 3, total: 100, retrying: 2 })
    expect(counts.read()).toMatchObject({ connections: 7, bytes: 5_000, pausedTargets: 0 })
  })

  it('sum up a host over its targets, paused when all are that have something to do', () => {
    targets = [
      { target: 'http://a.test from 192.0.2.1', inFlight: 2, waiting: 5, paused: 0 },
      { target: 'https://a.test from 192.0.2.2 via proxy', inFlight: 1, waiting: 0, paused: 3_000 },
      { target: 'http://[::1]:8080 from 192.0.2.1', inFlight: 0, waiting: 2, paused: 9_000 },
      { target: 'http://[::1]:8080 from 192.0.2.2', inFlight: 0, waiting: 0, paused: 0 },
      { target: 'http://idle.test' },
    ]
    done('idle.test', 1)
    const { hosts, pausedTargets } = makeCounts().read()
    expect(pausedTargets).toBe(2)
    expect(hosts).toMatchObject([
      { host: 'a.test', inFlight: 3, waiting: 5, pausedMs: 0, done: 0 },
      { host: '[::1]:8080', inFlight: 0, waiting: 2, pausedMs: 9_000, done: 0 },
      { host: 'idle.test', inFlight: 0, waiting: 0, pausedMs: 0, done: 1 },
    ])
  })

  it('show the busiest hosts of late first', () => {
    const counts = makeCounts()
    const names = (): string[] => counts.read().hosts.map(({ host }) => host)
    done('early.test', 100)
    done('late.test', 10)
    expect(names()).toEqual(['early.test', 'late.test'])
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(CLI_LIMITS.rateWindow / 2)
      done('late.test', 5)
      counts.read()
    }
    expect(names()).toEqual(['late.test', 'early.test'])
    expect(counts.read().hosts).toMatchObject([
      { done: 30, perSecond: 2 },
      { done: 100, perSecond: 0 },
    ])
  })

  it('show paused hosts among the busiest, but not instead of all of them', () => {
    for (let i = 0; i < 50; i++) done(`busy${i}.test`, 100 - i)
    targets = Array.from({ length: 50 }, (_, i) => load(`paused${i}.test`, 0, i % 2, 1_000))
    const names = makeCounts()
      .read()
      .hosts.map(({ host }) => host.replace('.test', ''))
    expect(names).toHaveLength(CLI_LIMITS.shownHosts)
    expect(names.slice(0, 4)).toEqual(['busy0', 'busy1', 'busy2', 'busy3'])
    expect(names.slice(4, 8)).toEqual(['paused1', 'paused3', 'paused5', 'paused7'])
    expect(names.slice(8)).toEqual(['busy4', 'busy5'])
  })

  it('show the busiest client IPs', () => {
    clientIps = [ip('192.0.2.1', 0), ip('192.0.2.2', 30)]
    done('a.test', 5, { clientIp: '192.0.2.1' })
    done('a.test', 1, { clientIp: '192.0.2.1', exitCode: EXIT.status })
    expect(makeCounts().read().clientIps).toEqual([
      { clientIp: '192.0.2.2', done: 0, failed: 0, load: 30, setAsideMs: 0, refusedBy: 1, perSecond: 0 },
      { clientIp: '192.0.2.1', done: 6, failed: 1, load: 0, setAsideMs: 5_000, refusedBy: 1, perSecond: 0 },
    ])
  })

  it('have the client read each time after one that was slow alone', () => {
    const counts = makeCounts()
    for (cost of [20, 1, 20, 1]) {
      counts.read()
      vi.advanceTimersByTime(100)
    }
    expect(reads).toBe(4)
  })

  it('have the client read for at most a hundredth of the time, and the tally always', () => {
    cost = 20
    const counts = makeCounts()
    for (let i = 0; i < 100; i++) {
      done('a.test', 1)
      expect(counts.read().done).toBe(i + 1)
      vi.advanceTimersByTime(200)
    }
    // 20 s, and some more for reading; the first one does not count.
    expect(reads).toBe(11)
  })
})
