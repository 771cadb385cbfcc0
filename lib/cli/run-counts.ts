import type { Client, ClientIpStats } from '../index.ts'
import { CLI_LIMITS } from './limits.ts'
import type { ClientIpProgress, HostProgress, ProgressCounts } from './progress-counts.ts'
import { readable } from './readable.ts'
import { recentCount, type Recent } from './recent.ts'
import type { Tally } from './tally.ts'
import { targetLoads, type HostLoad, type TargetLoads } from './target-loads.ts'
import { top } from './top.ts'

/** Where the counts of a run come from. */
export interface RunSources {
  readonly client: Pick<Client, 'stats'>
  readonly tally: Tally
  /** All items of the list, those that were done before included; -1 while that is not known. */
  readonly total: () => number
  /** Items that are being tried again. */
  readonly retrying: () => number
  /** What a run before this one did of the same job. */
  readonly before?: { readonly ok: number; readonly failed: number } | undefined
}

/** No host has more to do, or less. */
const NO_LOAD: HostLoad = { inFlight: 0, waiting: 0, pausedMs: 0 }

/** Before those that are paused come so many of the busiest hosts. */
const BUSY_FIRST = 4

/** Reads where a run stands. Counts are those of this moment; what the client tells may be somewhat older. */
export class RunCounts {
  readonly #from: RunSources
  #loads: TargetLoads | null = null
  #hosts: readonly HostProgress[] = []
  #clientIps: readonly ClientIpProgress[] = []
  #readAgainAt = -Infinity
  /** ms. */
  #lastCost = 0
  #periodStart: number = performance.now()
  #periodBefore = 0

  constructor(from: RunSources) {
    this.#from = from
  }

  read(): ProgressCounts {
    const { tally, total, retrying, before } = this.#from
    const now = performance.now()
    if (now >= this.#readAgainAt) this.#readClient(now)
    const loads = this.#loads!
    const ok = tally.ok + (before?.ok ?? 0)
    const failed = tally.failed + (before?.failed ?? 0)
    return {
      done: ok + failed,
      total: total(),
      ok,
      failed,
      retrying: retrying(),
      connections: loads.connections,
      pausedTargets: loads.pausedTargets,
      bytes: loads.bytes,
      hosts: this.#hosts,
      clientIps: this.#clientIps,
    }
  }

  /** It visits every target: not more often than may be, however many there are. */
  #readClient(now: number): void {
    const { client, tally } = this.#from
    this.#loads = targetLoads(client.stats())
    const inPeriod = now - this.#periodStart
    const seconds = (inPeriod + this.#periodBefore) / 1000
    this.#hosts = this.#busiestHosts(this.#loads, seconds)
    this.#clientIps = this.#busiestIps(this.#loads.clientIps, seconds)
    if (inPeriod >= CLI_LIMITS.rateWindow / 2) {
      tally.period++
      this.#periodBefore = inPeriod
      this.#periodStart = now
    }
    const end = performance.now()
    const cost = end - now
    // One that was slow alone, as the first one is, says nothing.
    this.#readAgainAt = end + Math.min(cost, this.#lastCost) * CLI_LIMITS.statsShare
    this.#lastCost = cost
  }

  /** What has something to do or had of late, most of it first, and those that are paused not last. */
  #busiestHosts({ hosts }: TargetLoads, seconds: number): HostProgress[] {
    const { tally } = this.#from
    const most = CLI_LIMITS.shownHosts
    const recent = (count: Recent | undefined): number =>
      count === undefined ? 0 : recentCount(count, tally.period)
    // Entries, not names: looking each of 10,000 up by its name takes twice as long.
    const known = top(tally.hosts, most, ([name, count]) => recent(count) + busy(hosts.get(name)))
    const begun = top(hosts, most, ([name, load]) => (tally.hosts.has(name) ? 0 : busy(load)))
    const busiest = top(
      new Set([...known, ...begun].map(([name]) => name)),
      most,
      (name) => recent(tally.hosts.get(name)) + busy(hosts.get(name)),
    )
    const first = busiest.slice(0, BUSY_FIRST)
    // What waits for a paused host may wait outside the client.
    const stopped = ([name, { pausedMs, waiting }]: readonly [string, HostLoad]): number =>
      pausedMs > 0 && !first.includes(name) ? waiting + 1 : 0
    const paused = top(hosts, BUSY_FIRST, stopped).filter((entry) => stopped(entry) > 0)
    const names = new Set([...first, ...paused.map(([name]) => name), ...busiest])
    return [...names].slice(0, most).map((name) => {
      const count = tally.hosts.get(name)
      const { ok = 0, failed = 0 } = count ?? {}
      const { inFlight, waiting, pausedMs } = hosts.get(name) ?? NO_LOAD
      const perSecond = seconds > 0 ? recent(count) / seconds : 0
      return { host: readable(name), done: ok + failed, failed, inFlight, waiting, pausedMs, perSecond }
    })
  }

  #busiestIps(stats: readonly ClientIpStats[], seconds: number): ClientIpProgress[] {
    const { tally } = this.#from
    const recent = (ip: string): number => {
      const count = tally.clientIps.get(ip)
      return count === undefined ? 0 : recentCount(count, tally.period)
    }
    const busiest = top(stats, CLI_LIMITS.shownHosts, ({ clientIp, load }) => recent(clientIp) + load)
    return busiest.map(({ clientIp, load, setAside, refusedBy }) => {
      const { ok = 0, failed = 0 } = tally.clientIps.get(clientIp) ?? {}
      const perSecond = seconds > 0 ? recent(clientIp) / seconds : 0
      return { clientIp, done: ok + failed, failed, load, setAsideMs: setAside, refusedBy, perSecond }
    })
  }
}

function busy(load: HostLoad | undefined): number {
  return load === undefined ? 0 : load.inFlight + load.waiting
}
