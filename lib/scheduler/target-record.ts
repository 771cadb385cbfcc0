import type { DequeItem } from '../core/deque.ts'
import type { DownloadRate } from './download-rate.ts'

/**
 * What is remembered of a target while it has no pool: its counters, and whether it broke a
 * pipeline. Small, so that many can be kept.
 */
export class TargetRecord implements DequeItem<TargetRecord> {
  /** The target's. */
  readonly key: string
  /** For the line of those that have no pool. */
  previous: TargetRecord | null = null
  next: TargetRecord | null = null
  deque: object | null = null
  /** Dials started. */
  dialled = 0
  /** Exchanges sent on a connection that had carried one before. */
  reused = 0
  /** Exchanges answered in full. */
  requests = 0
  /** Bytes read from the server, heads and framing included. */
  bytes = 0
  /** Exchanges and dials that failed. */
  errors = 0
  /** Until then, on the clock's `now()`, the target runs at depth 1: it broke a pipeline. */
  depthOneUntil = 0

  /** What it is read at, see `DownloadRates`; null: as fast as it comes. */
  downloads: readonly DownloadRate[] | null = null

  constructor(key: string) {
    this.key = key
  }

  /** How many exchanges may be in flight on one of its connections now, of `most` that were asked for. */
  depth(most: number, now: number): number {
    return this.depthOneUntil > now ? 1 : most
  }
}
