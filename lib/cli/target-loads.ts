import type { ClientIpStats, ClientStats } from '../index.ts'

/** What the targets of one host do now. */
export interface HostLoad {
  inFlight: number
  waiting: number
  /** ms until the first of those that have something to do goes on; 0: one is not paused. */
  pausedMs: number
}

/** What a client does now, by host: a host has a target for each client IP, proxy and scheme. */
export interface TargetLoads {
  readonly connections: number
  readonly bytes: number
  readonly dialled: number
  readonly reused: number
  readonly pausedTargets: number
  /** Those that have something to do, or are paused. */
  readonly hosts: ReadonlyMap<string, HostLoad>
  readonly clientIps: readonly ClientIpStats[]
}

export function targetLoads(stats: ClientStats): TargetLoads {
  const hosts = new Map<string, HostLoad>()
  let pausedTargets = 0
  for (const { target, inFlight, waiting, paused } of stats.targets) {
    if (paused > 0) pausedTargets++
    if (inFlight === 0 && waiting === 0 && paused === 0) continue
    const name = hostOf(target)
    const load = hosts.get(name)
    if (load === undefined) {
      hosts.set(name, { inFlight, waiting, pausedMs: paused })
      continue
    }
    load.inFlight += inFlight
    load.waiting += waiting
    load.pausedMs = Math.min(load.pausedMs, paused)
  }
  const { connections, bytes, dialled, reused, clientIps } = stats
  return { connections, bytes, dialled, reused, pausedTargets, hosts, clientIps }
}

/** `host[:port]` of a target's name, `scheme://host[:port]` and what else sets it apart. */
function hostOf(target: string): string {
  const start = target.indexOf('://') + 3
  const end = target.indexOf(' ', start)
  return end === -1 ? target.slice(start) : target.slice(start, end)
}
