import type { Clock } from '../core/clock.ts'
import { Deque } from '../core/deque.ts'
import { ClosedError, LimitError, type RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { NO_PACING, type TargetSettings } from '../core/target-settings.ts'
import type { Target } from '../core/target.ts'
import { TimerWheel } from '../core/timer-wheel.ts'
import type { DialOptions, Network } from '../net/network.ts'
import type { Connection } from './connection.ts'
import type { SchedulerContext } from './context.ts'
import { DialLine } from './dial-line.ts'
import { DownloadRates } from './download-rates.ts'
import { IdleList } from './idle-list.ts'
import { IpLoads } from './ip-loads.ts'
import { isRefusal } from './pacing.ts'
import type { Contention, PoolOwner } from './pool-owner.ts'
import { Pool } from './pool.ts'
import type { SchedulerOptions } from './scheduler-options.ts'
import { sumOf, targetStats, type SchedulerStats, type TargetStats } from './stats.ts'
import { TargetPaces } from './target-paces.ts'
import { TargetRecord } from './target-record.ts'
import { TotalPace } from './total-pace.ts'

// What the scheduler is made of, and what `stats` gives.
export type { SchedulerOptions } from './scheduler-options.ts'
export type { SchedulerStats, TargetStats } from './stats.ts'

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
  /** By target key; kept after the pool is gone. */
  readonly #records = new Map<string, TargetRecord>()
  /** Those without a pool. The one whose pool went first is the first to be forgotten. */
  readonly #unused = new Deque<TargetRecord>()
  readonly #makeDial: (target: Target) => DialOptions
  readonly #line = new DialLine()
  readonly #idle = new IdleList()
  /** Pools with dials under way that nobody waits for any more. */
  readonly #surplus = new Set<Pool>()
  readonly #settingsOf: (target: Target) => TargetSettings
  readonly #paces: TargetPaces
  readonly totalPace: TotalPace | null
  readonly #downloads: DownloadRates
  readonly #ipLoads = new IpLoads()
  #connections = 0
  #waiting = 0
  /** Calls between two exchanges. */
  #retained = 0
  #releaseHold: (() => void) | null = null
  #serial = 1
  readonly #scheduled: Pool[] = []
  readonly #touched: Connection[] = []
  #tickDue: 'not' | 'at the end of the turn' | 'now' = 'not'
  #closed = false
  #closing = false
  #destroyed = false
  #onDrained: (() => void) | null = null
  readonly #onTick = (): void => this.#tick()
  readonly #onTurnEnd = (): void => {
    this.#context.turn++
    this.#tick()
  }

  constructor(
    options: SchedulerOptions,
    clock: Clock,
    network: Network,
    makeDial: (target: Target) => DialOptions,
    settingsOf?: (target: Target) => TargetSettings,
  ) {
    this.#options = options
    this.#makeDial = makeDial
    const settings = { ...options, pacing: NO_PACING, maxDownloadRatePerTarget: Infinity }
    this.#settingsOf = settingsOf ?? ((): TargetSettings => settings)
    this.wheel = new TimerWheel(clock)
    this.#context = {
      clock,
      wheel: this.wheel,
      network,
      decoder: { mode: options.parser, maxHeadSize: options.maxHeadSize },
      keepAliveTimeout: options.keepAliveTimeout,
      now: clock.now(),
      turn: 0,
      enter: () => (this.#context.now = clock.now()),
      clientId: ++clients,
      nextSerial: () => this.#serial,
      takeSerial: () => this.#serial++,
    }
    this.#paces = new TargetPaces(this.#context, this.#pools, this.#settingsOf, (pool) => this.schedule(pool))
    this.#downloads = new DownloadRates(options.maxDownloadRate ?? Infinity, this.#context)
    this.totalPace =
      options.totalPacing === undefined
        ? null
        : new TotalPace(options.totalPacing, this.#context, (pool) => this.schedule(pool))
  }

  get clientId(): number {
    return this.#context.clientId
  }

  /** Whether `close` or `destroy` was called: bodies that nobody has begun to read are given up. */
  get closing(): boolean {
    return this.#closing
  }

  /**
   * Puts an exchange in its target's pool. Throws LimitError or ClosedError; the sink hears nothing then.
   *
   * @param followUp it belongs to a call that is under way: it finds room in a full queue, and is still
   *   taken while the client closes
   */
  submit(x: Exchange, followUp = false): void {
    if (this.#destroyed || this.#closed || (this.#closing && !followUp)) {
      throw new ClosedError('the client is closed')
    }
    if (!followUp && this.#waiting + this.#retained >= this.#options.maxQueued) {
      const { maxQueued } = this.#options
      throw new LimitError('maxQueued', maxQueued, `${maxQueued} exchanges are waiting for a connection`)
    }
    const key = x.request.target.key
    const pool = this.#pools.get(key) ?? this.#openPool(x.request.target)
    pool.enqueue(x)
  }

  /**
   * A call waits between two exchanges, as for a retry: `close` waits for it, and the process lives on.
   * Each must be followed by one `release`.
   */
  retain(): void {
    if (this.#retained++ === 0) this.#releaseHold = this.#context.clock.hold()
  }

  /** That call goes on, or is over. Submit its next exchange first. */
  release(): void {
    if (--this.#retained > 0) return
    this.#releaseHold?.()
    this.#releaseHold = null
    if (this.#closing && this.#isDrained()) this.#finish()
  }

  /**
   * The server answered `target` with `status`: 429 and 503 pause it, others change nothing. A 429 for a
   * second client IP while the first is paused pauses the host over all of them.
   *
   * @param retryAfter ms from now, at most `LIMITS.maxRetryAfter`; 0 or less: not said, or no help
   * @param sentAt when the request was sent: one that was on its way when a pause began is part of that event
   */
  refused(target: Target, status: number, retryAfter: number, sentAt: number = this.#context.now): void {
    if (!isRefusal(status) || this.#destroyed) return
    this.#paces.refused(target, status, retryAfter, sentAt, this.#context.enter())
  }

  /** Exchanges that wait or are in flight on this client IP. */
  loadOf(clientIp: string): number {
    return this.#ipLoads.of(clientIp)
  }

  stats(): SchedulerStats {
    const now = this.#context.enter()
    const targets: TargetStats[] = []
    for (const [key, record] of this.#records) {
      const pool = this.#pools.get(key)
      const depth = pool?.depth ?? record.depth(this.#options.maxPipelinedRequests, now)
      targets.push(targetStats(key, record, pool, this.#paces.find(key), depth, now))
    }
    return sumOf(targets, this.totalPace?.waiting ?? 0)
  }

  /** Takes nothing new, finishes what waits and what is in flight; resolves when all is closed. */
  async close(): Promise<void> {
    this.#context.enter()
    this.#closing = true
    for (const pool of this.#pools.values()) pool.closing()
    if (this.#isDrained()) this.#finish()
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
    this.#destroyed = true
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
    this.#wake(pool.awaitsRecords)
  }

  touch(connection: Connection): void {
    if (connection.touched) return
    connection.touched = true
    this.#touched.push(connection)
    this.#wake(connection.hasRecords)
  }

  /** Has the tick come before anything else is read. */
  wakeNow(): void {
    if (this.#tickDue === 'now') return
    this.#tickDue = 'now'
    this.#context.clock.defer(this.#onTick)
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
    while (this.#isRoomWanted() && pool.dropDial());
    if (pool.hasSurplus) this.#surplus.add(pool)
    else this.#surplus.delete(pool)
  }

  onEmpty(pool: Pool): void {
    const { key, clientIp } = pool.target
    this.#line.leave(pool)
    if (this.#pools.get(key) === pool) {
      this.#pools.delete(key)
      this.#ipLoads.leave(clientIp)
      this.#unused.push(pool.record)
      if (this.#unused.size > LIMITS.maxRememberedTargets) this.#records.delete(this.#unused.shift()!.key)
      this.#paces.leave(pool, this.#context.now)
    }
    if (this.#closing && this.#isDrained()) this.#finish()
  }

  // --- private ---------------------------------------------------------------------------------

  #openPool(target: Target): Pool {
    const { key, clientIp } = target
    const settings = this.#settingsOf(target)
    const record = this.#openRecord(key)
    this.#downloads.open(record, settings.maxDownloadRatePerTarget)
    const pool = new Pool(
      target,
      this.#downloads.apply(this.#makeDial(target), record),
      record,
      settings,
      this.#ipLoads.enter(clientIp),
      this.#context,
      this,
    )
    this.#pools.set(key, pool)
    this.#paces.enter(pool, settings.pacing, this.#context.enter())
    return pool
  }

  #openRecord(key: string): TargetRecord {
    let record = this.#records.get(key)
    if (record === undefined) {
      record = new TargetRecord(key)
      this.#records.set(key, record)
    } else {
      this.#unused.remove(record)
    }
    return record
  }

  /**
   * Has the tick come. While several connections are busy, at the end of the turn: other answers may be there
   * already, and one tick serves all (20 us of CPU a request became 13, with 10 connections). One that is busy
   * alone has nothing to wait for.
   */
  #wake(atTurnEnd = false): void {
    if (this.#tickDue !== 'not') return
    if (atTurnEnd || this.#connections - this.#idle.size > 1) {
      this.#tickDue = 'at the end of the turn'
      this.#context.clock.endOfTurn(this.#onTurnEnd)
    } else {
      this.wakeNow()
    }
  }

  /**
   * Once a tick: first match all waiting exchanges, then write what each connection got. Whatever
   * throws on the way is a fault and is seen as one, but costs nobody else the turn.
   */
  #tick(): void {
    // It came sooner than was asked for first.
    if (this.#tickDue === 'not') return
    this.#context.enter()
    let pumped = 0
    try {
      while (pumped < this.#scheduled.length) {
        const pool = this.#scheduled[pumped++]!
        pool.scheduled = false
        pool.pump()
        if (pumped === this.#scheduled.length) this.totalPace?.call()
      }
    } finally {
      this.#tickDue = 'not'
      dropFirst(this.#scheduled, pumped)
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
      dropFirst(this.#touched, settled)
    }
    this.#releaseIdle()
  }

  /** Makes room for the first in line: an idle connection goes, or a dial that nobody waits for. */
  #freeOne(): void {
    const oldest = this.#idle.oldest()
    // One that its target reads once more, and then uses, is not idle: the tick after that looks again.
    if (oldest !== null && !oldest.wanted) {
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
    while (this.#isRoomWanted()) {
      const oldest = this.#idle.oldest()
      if (oldest === null || oldest.wanted) return
      oldest.closeSpare()
    }
  }

  #isRoomWanted(): boolean {
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

  #isDrained(): boolean {
    return this.#pools.size === 0 && this.#retained === 0
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    this.#context.network.close()
    this.#onDrained?.()
  }
}

/** All of them, but for what was left behind by one that threw. */
function dropFirst(list: unknown[], count: number): void {
  if (count === list.length) list.length = 0
  else list.splice(0, count)
}
