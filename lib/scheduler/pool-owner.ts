import type { Connection } from './connection.ts'
import type { Pool } from './pool.ts'
import type { TotalPace } from './total-pace.ts'

/** 'turn': another pool has an equal right to a connection; 'now': a better one. */
export type Contention = 'none' | 'turn' | 'now'

/** The scheduler, as its pools see it: who shares out the connections in all. */
export interface PoolOwner {
  /** The client is closing: nobody waits longer than need be. */
  readonly closing: boolean
  /** How fast all targets together are asked; null: as fast as it goes. */
  readonly totalPace: TotalPace | null
  /** Have `pump` called at the end of this tick. */
  schedule(pool: Pool): void
  touch(connection: Connection): void
  /** Have the tick before anything else is read. */
  wakeNow(): void
  /**
   * Asks for one connection out of `maxConn`; closes another target's idle one where that helps.
   * false: the pool stands in line now, and `dialGranted` comes when it is its turn.
   */
  mayDial(pool: Pool): boolean
  /** A connection out of `maxConn` is free again. */
  onConnectionGone(pool: Pool, connection: Connection): void
  /** So many more, or fewer, exchanges are waiting. */
  waitingChanged(by: number): void
  /** Whether another pool waits for a connection that this one should give up. */
  contention(pool: Pool): Contention
  /** The pool has matched what it could: what it asked for and needs no more is for others. */
  onMatched(pool: Pool): void
  onEmpty(pool: Pool): void
}
