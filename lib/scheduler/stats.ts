import type { Pacing } from './pacing.ts'
import type { Pool } from './pool.ts'
import type { TargetRecord } from './target-record.ts'

/** One target in `stats()`. */
export interface TargetStats {
  /** `scheme://host[:port]`, and what else sets it apart. */
  target: string
  /** Exchanges waiting for a connection. */
  waiting: number
  /** Connections, those being dialled included. */
  connections: number
  /** Exchanges sent and not yet fully answered. */
  inFlight: number
  /** Exchanges that may be in flight on one connection now; 1 after a broken pipeline. */
  depth: number
  /** Dials started so far. */
  dialled: number
  /** Exchanges sent so far on a connection that had carried one before. */
  reused: number
  /** Exchanges answered so far. */
  requests: number
  /** Bytes read so far. */
  bytes: number
  /** Exchanges and dials that failed so far. */
  errors: number
  /** ms for which it is paused, because the server refused (429, 503); 0: it is not. */
  paused: number
  /** ms between the starts of two exchanges; 0: none. */
  delay: number
  /** Refusals in a row; a burst of them counts once. */
  refusals: number
}

/** What `stats()` tells: sums over all targets, and each target. */
export interface SchedulerStats extends Omit<
  TargetStats,
  'target' | 'depth' | 'paused' | 'delay' | 'refusals'
> {
  /** Targets that could start an exchange and wait for `totalPacing`. */
  paced: number
  targets: TargetStats[]
}

export function targetStats(
  key: string,
  record: TargetRecord,
  pool: Pool | undefined,
  pacing: Pacing | null,
  depth: number,
  now: number,
): TargetStats {
  return {
    target: key,
    waiting: pool?.waiting ?? 0,
    connections: pool?.connectionCount ?? 0,
    inFlight: pool?.inFlight ?? 0,
    depth,
    dialled: record.dialled,
    reused: record.reused,
    requests: record.requests,
    bytes: record.bytes,
    errors: record.errors,
    paused: pacing === null ? 0 : Math.max(0, pacing.pausedUntil - now),
    delay: pacing?.delay ?? 0,
    refusals: pacing?.refusals ?? 0,
  }
}

export function sumOf(targets: TargetStats[], paced: number): SchedulerStats {
  const sum = {
    waiting: 0,
    connections: 0,
    inFlight: 0,
    dialled: 0,
    reused: 0,
    requests: 0,
    bytes: 0,
    errors: 0,
    paced,
    targets,
  }
  for (const target of targets) {
    sum.waiting += target.waiting
    sum.connections += target.connections
    sum.inFlight += target.inFlight
    sum.dialled += target.dialled
    sum.reused += target.reused
    sum.requests += target.requests
    sum.bytes += target.bytes
    sum.errors += target.errors
  }
  return sum
}
