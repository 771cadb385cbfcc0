import type { Clock } from '../core/clock.ts'
import { ClosedError, LimitError, type RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import type { Target } from '../core/target.ts'
import { TimerWheel } from '../core/timer-wheel.ts'
import type { DialOptions, Network } from '../net/network.ts'
import type { ParserMode } from '../http1/response-decoder.ts'
import type { Connection } from './connection.ts'
import type { SchedulerContext } from './context.ts'
import { DialLine } from './dial-line.ts'
import { IdleList } from './idle-list.ts'
import type { Contention, PoolLimits, PoolOwner } from './pool-owner.ts'
import { Pool } from './pool.ts'
import { TargetRecord } from './target-record.ts'

export interface SchedulerOptions extends PoolLimits {
  readonly maxConn: number
  readonly maxQueued: number
  readonly keepAliveTimeout: number
  readonly maxHeadSize: number
  readonly parser: ParserMode
}

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
}

/** What `stats()` tells: sums over all targets, and each target. */
export interface SchedulerStats extends Omit<TargetStats, 'target' | 'depth'> {
  targets: TargetStats[]
}

let clients = 0

/**
 * All pools of one client: it finds an exchange's pool, shares out `maxConn` between the pools, and
 * has everything matched and written once a tick.
 */
export class Scheduler implements PoolOwner {
  readonly wheel: TimerWheel
  readonly #options: SchedulerOptions
  readonly #context: SchedulerContext
  readonly #pools = new Map<string, Pool>()
  /** By target key, the least recently used first; kept after the pool is gone. */
  readonly #records = new Map<string, TargetRecord>()
  readonly #makeDial: (target: Target) => DialOptions
  readonly #line = new DialLine()
  readonly #idle = new IdleList()
  /** Pools with dials under way that nobody waits for any more. */
  readonly #surplus = new Set<Pool>()
  #connections = 0
  #waiting = 0
  #serial = 1
  readonly #scheduled: Pool[] = []
  readonly #touched: Connection[] = []
  #ticking = false
  #closed = false
  #closing = false
  #onDrained: (() => void) | null = null
  readonly #onTick = (): void => this.#tick()

  constructor(
    options: SchedulerOptions,
    clock: Clock,
    network: Network,
    makeDial: (target: Target) => DialOptions,
  ) {
    this.#options = options
    this.#makeDial = makeDial
    this.wheel = new TimerWheel(clock)
    this.#context = {
      clock,
      wheel: this.wheel,
      network,
      decoder: { mode: options.parser, maxHeadSize: options.maxHeadSize },
      keepAliveTimeout: options.keepAliveTimeout,
      now: clock.now(),
      enter: () => (this.#context.now = clock.now()),
      clientId: ++clients,
      nextSerial: () => this.#serial,
      takeSerial: () => this.#serial++,
    }
  }

  get clientId(): number {
    return this.#context.clientId
  }

  /** Whether `close` or `destroy` was called: bodies that nobody has begun to read are given up. */
  get closing(): boolean {
    return this.#closing
  }

  /** Puts an exchange in its target's pool. Throws LimitError or ClosedError; the sink hears nothing then. */
  submit(x: Exchange): void {
    if (this.#closing) throw new ClosedError('the client is closed')
    if (this.#waiting >= this.#options.maxQueued) {
      const { maxQueued } = this.#options
      throw new LimitError('maxQueued', maxQueued, `${maxQueued} exchanges are waiting for a connection`)
    }
    const key = x.request.target.key
    const pool = this.#pools.get(key) ?? this.#openPool(x.request.target)
    pool.enqueue(x)
  }

  stats(): SchedulerStats {
    this.#context.enter()
    const sum: SchedulerStats = {
      waiting: 0,
      connections: 0,
      inFlight: 0,
      dialled: 0,
      reused: 0,
      requests: 0,
      bytes: 0,
      errors: 0,
      targets: [],
    }
    for (const [key, record] of this.#records) {
      const pool = this.#pools.get(key)
      const target: TargetStats = {
        target: key,
        waiting: pool?.waiting ?? 0,
        connections: pool?.connectionCount ?? 0,
        inFlight: pool?.inFlight ?? 0,
        depth: record.depth(this.#options.maxPipelinedRequests, this.#context.now),
        dialled: record.dialled,
        reused: record.reused,
        requests: record.requests,
        bytes: record.bytes,
        errors: record.errors,
      }
      sum.targets.push(target)
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

  /** Takes nothing new, finishes what waits and what is in flight; resolves when all is closed. */
  async close(): Promise<void> {
    this.#closing = true
    for (const pool of this.#pools.values()) pool.closing()
    if (this.#isDrained) this.#finish()
    if (this.#closed) return
    await new Promise<void>((resolve) => {
      const before = this.#onDrained
      this.#onDrained = () => {
        before?.()
        resolve()
      }
    })
  }

  /** Fails everything that waits or is in flight, and closes every connection, now. */
  destroy(makeError: () => RequestError): void {
    this.#closing = true
    // Nobody is to dial for what the others give up now.
    for (const pool of this.#pools.values()) this.#line.leave(pool)
    for (const pool of this.#pools.values()) pool.destroy(makeError)
    this.#pools.clear()
    this.#finish()
  }

  // --- the pools' owner ------------------------------------------------------------------------

  schedule(pool: Pool): void {
    if (pool.scheduled) return
    pool.scheduled = true
    this.#scheduled.push(pool)
    this.#wake()
  }

  touch(connection: Connection): void {
    if (connection.touched) return
    connection.touched = true
    this.#touched.push(connection)
    this.#wake()
  }

  mayDial(pool: Pool): boolean {
    const isFirst = !this.#line.isAhead(pool)
    if (isFirst && this.#connections < this.#options.maxConn) {
      this.#line.leave(pool)
      this.#connections++
      return true
    }
    this.#line.join(pool)
    if (isFirst) this.#freeOne()
    return false
  }

  onConnectionGone(pool: Pool, connection: Connection): void {
    this.#connections--
    this.#idle.forget(connection)
    if (pool.hungry !== null) this.#line.join(pool)
    this.#feed()
  }

  waitingChanged(by: number): void {
    this.#waiting += by
  }

  contention(pool: Pool): Contention {
    return this.#line.contention(pool)
  }

  onMatched(pool: Pool): void {
    if (!pool.wantsConnection) this.#line.leave(pool)
    while (this.#isRoomWanted && pool.dropDial());
    if (pool.hasSurplus) this.#surplus.add(pool)
    else this.#surplus.delete(pool)
  }

  onEmpty(pool: Pool): void {
    const key = pool.target.key
    this.#line.leave(pool)
    if (this.#pools.get(key) === pool) this.#pools.delete(key)
    if (this.#closing && this.#isDrained) this.#finish()
  }

  // --- private ---------------------------------------------------------------------------------

  #openPool(target: Target): Pool {
    const pool = new Pool(
      target,
      this.#makeDial(target),
      this.#openRecord(target.key),
      this.#options,
      this.#context,
      this,
    )
    this.#pools.set(target.key, pool)
    return pool
  }

  /** The target's record, most recently used now; the oldest without a pool goes when there are too many. */
  #openRecord(key: string): TargetRecord {
    const record = this.#records.get(key) ?? new TargetRecord()
    this.#records.delete(key)
    this.#records.set(key, record)
    if (this.#records.size > LIMITS.maxRememberedTargets + this.#pools.size) {
      for (const oldest of this.#records.keys()) {
        const inUse = this.#pools.has(oldest)
        const kept = this.#records.get(oldest)!
        this.#records.delete(oldest)
        if (!inUse) break
        // To the end, so that it is not passed over again and again.
        this.#records.set(oldest, kept)
      }
    }
    return record
  }

  #wake(): void {
    if (this.#ticking) return
    this.#ticking = true
    this.#context.clock.defer(this.#onTick)
  }

  /**
   * Once a tick: first match all waiting exchanges, then write what each connection got. Whatever
   * throws on the way is a fault and is seen as one, but costs nobody else the turn.
   */
  #tick(): void {
    this.#context.enter()
    let pumped = 0
    try {
      while (pumped < this.#scheduled.length) {
        const pool = this.#scheduled[pumped++]!
        pool.scheduled = false
        pool.pump()
      }
    } finally {
      this.#ticking = false
      this.#scheduled.splice(0, pumped)
      this.#settleTouched()
      if (this.#scheduled.length + this.#touched.length > 0) this.#wake()
    }
  }

  #settleTouched(): void {
    let settled = 0
    try {
      while (settled < this.#touched.length) {
        const connection = this.#touched[settled++]!
        connection.touched = false
        connection.settle()
        if (connection.idle) this.#idle.note(connection)
        else this.#idle.forget(connection)
      }
    } finally {
      this.#touched.splice(0, settled)
    }
    this.#releaseIdle()
  }

  /** Makes room for the first in line: an idle connection goes, or a dial that nobody waits for. */
  #freeOne(): void {
    const oldest = this.#idle.oldest()
    if (oldest !== null) {
      oldest.closeSpare()
      return
    }
    for (const pool of this.#surplus) {
      this.#surplus.delete(pool)
      if (pool.dropDial()) return
    }
  }

  /** Nothing stays idle while somebody waits for its place. */
  #releaseIdle(): void {
    while (this.#isRoomWanted) {
      const oldest = this.#idle.oldest()
      if (oldest === null || oldest.wanted) return
      oldest.closeSpare()
    }
  }

  get #isRoomWanted(): boolean {
    return this.#closing || this.#line.size > 0
  }

  /** Gives free connections to whoever stands in line. */
  #feed(): void {
    while (this.#connections < this.#options.maxConn) {
      const pool = this.#line.shift()
      if (pool === null) return
      this.#connections++
      if (!pool.dialGranted()) {
        this.#connections--
        this.schedule(pool)
      }
    }
  }

  get #isDrained(): boolean {
    return this.#pools.size === 0
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    this.#context.network.close()
    this.#onDrained?.()
  }
}
