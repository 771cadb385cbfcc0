import { CLI_LIMITS } from './limits.ts'
import type { AsideCount, RefusalCount } from './refusal-watch.ts'
import type { RunFacts } from './run-facts.ts'
import type { ErrorCount, HostCount, Tally } from './tally.ts'
import { top } from './top.ts'

/** Figures of a run that are worked out once for the summary, as text or as JSON. */
export interface SummaryFigures {
  /** Statuses by number. */
  readonly statuses: readonly (readonly [status: number, count: number])[]
  /** The most frequent first. */
  readonly errors: readonly (readonly [code: string, seen: ErrorCount])[]
  /** Those with most items. */
  readonly hosts: readonly (readonly [name: string, count: HostCount])[]
  /** How many hosts are not among them, and their sums; at least so many where there were too many to count. */
  readonly otherHosts: { readonly hosts: number; readonly isMore: boolean; readonly sum: HostCount }
  /** Those whose heads took longest, by the mean, ms. */
  readonly slowest: readonly { readonly host: string; readonly meanHeadMs: number; readonly heads: number }[]
  readonly paused: PausedFigures
  /** Set aside longest. */
  readonly asides: readonly AsideCount[]
}

export interface PausedFigures {
  readonly targets: number
  readonly times: number
  /** ms of all of them together, up to now. */
  readonly ms: number
  /** Those that were paused longest. */
  readonly longest: readonly RefusalCount[]
}

export function summaryFigures(tally: Tally, facts: RunFacts): SummaryFigures {
  const { shownHosts, shownSlowHosts, shownClientIps } = CLI_LIMITS
  const hosts = top(tally.hosts, shownHosts, ([, { ok, failed }]) => ok + failed)
  const slow = top(tally.hosts, shownSlowHosts, ([, each]) => meanHead(each))
  const asides = facts.refusals?.asides.values() ?? []
  return {
    statuses: [...tally.statuses].toSorted(([a], [b]) => a - b),
    errors: [...tally.errors].toSorted(([, a], [, b]) => b.count - a.count),
    hosts,
    otherHosts: othersThan(hosts, tally),
    slowest: slow
      .filter(([, { heads }]) => heads > 0)
      .map(([host, each]) => ({ host, meanHeadMs: meanHead(each), heads: each.heads })),
    paused: pausedFigures(facts),
    asides: top(asides, shownClientIps, ({ ms }) => ms),
  }
}

function meanHead({ heads, headMs }: HostCount): number {
  return heads === 0 ? -1 : headMs / heads
}

function othersThan(
  shown: readonly (readonly [name: string, count: HostCount])[],
  tally: Tally,
): SummaryFigures['otherHosts'] {
  const sum: HostCount = { ...tally.otherHosts }
  const add = ({ ok, failed, bytesOnWire }: HostCount, sign: 1 | -1): void => {
    sum.ok += sign * ok
    sum.failed += sign * failed
    sum.bytesOnWire += sign * bytesOnWire
  }
  for (const count of tally.hosts.values()) add(count, 1)
  for (const [, count] of shown) add(count, -1)
  const isMore = tally.otherHosts.ok + tally.otherHosts.failed > 0
  return { hosts: tally.hosts.size - shown.length, isMore, sum }
}

function pausedFigures({ refusals }: RunFacts): PausedFigures {
  const all = [...(refusals?.pauses.values() ?? [])]
  const now = performance.now()
  return {
    targets: all.length,
    times: all.reduce((sum, { count }) => sum + count, 0),
    ms: all.reduce((sum, { ms, until }) => sum + ms - Math.max(0, until - now), 0),
    longest: top(all, CLI_LIMITS.shownSlowHosts, ({ ms }) => ms),
  }
}
