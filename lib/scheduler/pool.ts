import { channels } from '../core/diagnostics.ts'
import { RequestBodyError, type RequestError } from '../core/errors.ts'
import type { Exchange, ExchangeHolder } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import type { TargetSettings } from '../core/target-settings.ts'
import type { Target } from '../core/target.ts'
import type { Timer, TimerOwner } from '../core/timer-wheel.ts'
import type { DialOptions } from '../net/network.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { Connection } from './connection.ts'
import type { SchedulerContext } from './context.ts'
import { DialList } from './dial-list.ts'
import { DialPause } from './dial-pause.ts'
import { failExchange } from './fail-exchange.ts'
import { publishExchange } from './events.ts'
import { hasRecords } from './has-records.ts'
import { IdleCheck } from './idle-check.ts'
import type { IpLoad } from './ip-loads.ts'
import type { Pacing } from './pacing.ts'
import { PoolPace } from './pool-pace.ts'
import type { PoolOwner } from './pool-owner.ts'
import { QueueTimer, queueTimeoutError } from './queue-timer.ts'
import { ReadyList } from './ready-list.ts'
import type { TargetRecord } from './target-record.ts'
import { WaitingQueue } from './waiting-queue.ts'

/**
 * The pool of one target: its waiting exchanges and its connections, and `pump`, the one place that
 * matches them. Exchanges wait here and nowhere else; a dial belongs to no exchange, so that whatever
 * becomes free first serves whoever waits longest.
 */
export class Pool implements ConnectionOwner, ExchangeHolder, TimerOwner {
  readonly target: Target
  readonly record: TargetRecord
  /** Its connections hand out one record after the other: it is matched once all of a turn have come. */
  readonly awaitsRecords: boolean
  /** Standing in line for a connection, at this priority; null: not in line. */
  hungry: number | null = null
  /** Already in the scheduler's list for the end of this tick. */
  scheduled = false
  /** For the scheduler's line of hungry pools. */
  previous: Pool | null = null
  next: Pool | null = null
  deque: object | null = null

  readonly #context: SchedulerContext
  readonly #settings: TargetSettings
  readonly #owner: PoolOwner
  readonly #dial: DialOptions
  readonly #load: IpLoad
  readonly #waiting = new WaitingQueue()
  /** In no order; each knows its place. */
  #connections: Connection[] = []
  readonly #ready = new ReadyList()
  readonly #dialling = new DialList()
  #dialPause: DialPause | null = null
  /** null: as fast as it goes. */
  #pace: PoolPace | null
  readonly #idleCheck: IdleCheck

  constructor(
    target: Target,
    dial: DialOptions,
    record: TargetRecord,
    settings: TargetSettings,
    load: IpLoad,
    context: SchedulerContext,
    owner: PoolOwner,
  ) {
    this.target = target
    this.record = record
    this.#dial = dial
    this.awaitsRecords = hasRecords(dial)
    this.#settings = settings
    this.#load = load
    this.#context = context
    this.#owner = owner
    this.#pace = owner.totalPace === null ? null : new PoolPace(owner.totalPace, context, this)
    this.#idleCheck = new IdleCheck(context.clock)
  }

  /** How fast the target may be asked; null: as fast as it goes. */
  get pacing(): Pacing | null {
    return this.#pace === null ? null : this.#pace.target
  }

  set pacing(pacing: Pacing) {
    this.#pace ??= new PoolPace(null, this.#context, this)
    this.#pace.target = pacing
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get connectionCount(): number {
    return this.#connections.length
  }

  get inFlight(): number {
    let count = 0
    for (const connection of this.#connections) count += connection.load
    return count
  }

  /** How many exchanges may be in flight on one connection now. */
  get depth(): number {
    return this.record.depth(this.#settings.maxPipelinedRequests, this.#context.now)
  }

  /** How many of those that wait may start now. */
  #startable(): number {
    const { size } = this.#waiting
    return this.#pace === null || size === 0 ? size : this.#pace.startable(size)
  }

  /** The same, where it need not wait for the pace of all targets. */
  #room(): number {
    const { size } = this.#waiting
    return this.#pace === null || size === 0 ? size : this.#pace.room(size)
  }

  /** Whoever starts next, if the target's pace lets it. */
  #first(): Exchange | null {
    return this.#pace === null || this.#room() > 0 ? this.#waiting.first : null
  }

  /** The priority of whoever may start next. */
  get priority(): number {
    return this.#startable() > 0 ? this.#waiting.first!.request.priority : -Infinity
  }

  /** Whether it would take one more connection. */
  get wantsConnection(): boolean {
    return (
      this.#dialling.size < this.#startable() &&
      this.#connections.length < this.#settings.maxConnPerTarget &&
      !this.#isDialPaused()
    )
  }

  /** More dials than exchanges that may start on one. */
  get hasSurplus(): boolean {
    return this.#dialling.size > this.#startable()
  }

  /** Whether it only reads its idle connections once more before it uses them. */
  get checking(): boolean {
    return this.#idleCheck.isUnderWay && this.#startable() > 0
  }

  enqueue(x: Exchange): void {
    const now = this.#context.clock.now()
    x.queuedAt = now
    this.#load.exchanges++
    this.#waiting.push(x)
    // Not from `queuedAt`, which is rounded down: nobody is to time out too soon.
    this.#startWait(x, now)
    publishExchange(channels.exchangeWait, this.#context.clientId, x, 0)
    this.#owner.schedule(this)
  }

  /**
   * Matches waiting exchanges to capacity, once a tick: idle connections first, then new ones as far
   * as the limits allow, then room in pipelines; `prefer: 'pipeline'` swaps the last two. An exchange
   * whose dial is under way is not pipelined meanwhile: it would wait behind a slow answer.
   */
  pump(): void {
    if (this.#pace !== null) this.#giveUp(this.#pace)
    const pipelineFirst = this.#settings.prefer === 'pipeline'
    for (let x = this.#first(); x !== null; x = this.#first()) {
      const idle = this.#idle(x)
      if (idle === 'unchecked') return
      const connection = idle ?? (pipelineFirst ? this.#ready.leastLoaded(x, this.depth) : null)
      if (connection === null || this.#pace?.maySend(0) === false) break
      this.#assign(x, connection)
    }
    while (this.#dialling.size < this.#room() && this.#mayDial()) this.#startDial()
    while (this.#room() > this.#dialling.size) {
      const x = this.#waiting.first!
      const connection = this.#ready.leastLoaded(x, this.depth)
      if (connection === null || this.#pace?.maySend(this.#dialling.size) === false) break
      this.#assign(x, connection)
    }
    this.#idleCheck.endRound()
    this.#pace?.await(this.#waiting.size, this.hungry === null ? this.#dialling.size : Infinity)
    this.#owner.onMatched(this)
    if (!this.isEmpty) return
    this.#removeTimers()
    this.#owner.onEmpty(this)
  }

  /** It is this pool's turn: one connection out of `maxConn` is set aside for it. */
  dialGranted(): boolean {
    if (!this.wantsConnection) return false
    this.#startDial()
    if (this.#dialling.size < this.#startable()) this.#owner.schedule(this)
    return true
  }

  /** Ends a dial that nobody waits for, the one begun last. false: there is none. */
  dropDial(): boolean {
    if (!this.hasSurplus) return false
    this.#dialling.last!.closeSpare()
    return true
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#connections.length === 0
  }

  /** Fails everything that waits and everything in flight. */
  destroy(makeError: () => RequestError): void {
    for (const connection of this.#connections.slice()) connection.destroy(makeError)
    // After them: who is told of an error may cancel others, and that may send their neighbours here.
    for (let x = this.#takeFirst(); x !== null; x = this.#takeFirst()) this.#fail(x, makeError())
    this.#removeTimers()
  }

  /** The client closes: idle connections and dials for nobody go at once. */
  closing(): void {
    for (const connection of this.#connections.slice()) {
      if (connection.idle || (connection.state === 'connecting' && this.hasSurplus)) {
        connection.closeSpare()
      } else {
        connection.closing()
      }
    }
    // What waits for the end of a pause may not have that long.
    if (this.#pace !== null) this.#owner.schedule(this)
  }

  // --- the exchange's holder, while it waits ---------------------------------------------------

  cancel(x: Exchange): void {
    this.#leave(x)
    this.onEnded()
    publishExchange(channels.exchangeEnd, this.#context.clientId, x, 0)
    this.#owner.schedule(this)
  }

  resume(): void {}

  taken(): void {}

  onTimer(timer: Timer): void {
    this.#context.enter()
    if (timer instanceof QueueTimer) {
      const x = timer.exchange
      this.#leave(x)
      this.#fail(x, queueTimeoutError(x.request.timeouts.queueTimeout))
    }
    this.#owner.schedule(this)
  }

  // --- the connections' owner ------------------------------------------------------------------

  onEnded(): void {
    this.#load.exchanges--
  }

  touch(connection: Connection): void {
    this.#owner.touch(connection)
  }

  onOpen(connection: Connection): void {
    this.#dialling.end(connection)
    // Used unread, before anything is read: the FIN of a server that closes what it accepts counts then.
    connection.openedIn = this.#idleCheck.round
    this.onRoom(connection)
    this.#owner.wakeNow()
  }

  onRoom(connection: Connection): void {
    if (this.#mustYield(connection)) {
      this.#ready.take(connection)
      connection.drain()
      return
    }
    this.#ready.place(connection, this.depth)
    this.#owner.touch(connection)
    this.#owner.schedule(this)
  }

  onAllMuted(connection: Connection): void {
    this.#ready.placeMuted(connection)
    this.#owner.schedule(this)
  }

  onDialFailed(connection: Connection, error: RequestError): void {
    const wisher = this.#dialling.end(connection)
    this.#drop(connection)
    this.record.errors++
    this.#pace?.dialFailed()
    if (this.#connections.length > this.#dialling.size) {
      // Others are open: the server is there, it only wants no more of us. Nobody fails for that.
      this.#dialPause ??= new DialPause(this.#context, this)
      this.#dialPause.begin()
    } else if (wisher !== null && this.#take(wisher)) {
      this.#fail(wisher, error)
    }
    this.#owner.onConnectionGone(this, connection)
    this.#owner.schedule(this)
  }

  onClosed(connection: Connection, lost: Exchange[], brokePipeline: boolean): void {
    this.#ready.take(connection)
    this.#dialling.end(connection)
    this.#drop(connection)
    if (brokePipeline && this.#settings.maxPipelinedRequests > 1) {
      this.record.depthOneUntil = this.#context.now + LIMITS.brokenPipelineTime
    }
    for (let i = lost.length - 1; i >= 0; i--) {
      const x = lost[i]!
      this.#waiting.unshift(x)
      this.#startWait(x, this.#context.now)
    }
    this.#owner.onConnectionGone(this, connection)
    this.#owner.schedule(this)
  }

  // --- private ---------------------------------------------------------------------------------

  /** It waits from `now` on, whether for the first time or to be sent again. */
  #startWait(x: Exchange, now: number): void {
    x.holder = this
    this.#owner.waitingChanged(1)
    const timeout = x.request.timeouts.queueTimeout
    if (timeout === 0) return
    x.timer = new QueueTimer(this, x)
    this.#context.wheel.set(x.timer, now + timeout)
  }

  /** An idle connection that this exchange may take. */
  #idle(x: Exchange): Connection | 'unchecked' | null {
    const connection = this.#ready.idle(x)
    if (connection === null) return null
    if (!this.#idleCheck.isNeeded(connection, this.#context)) return connection
    this.#idleCheck.start(() => this.#owner.schedule(this))
    return 'unchecked'
  }

  #assign(x: Exchange, connection: Connection): void {
    this.#take(x)
    if (x.isDetached) {
      this.#fail(x, new RequestBodyError("the body's ArrayBuffer was transferred before it was sent"))
      return
    }
    if (connection.served > 0) this.record.reused++
    this.#pace?.started()
    connection.turn++
    connection.send(x)
    this.#ready.place(connection, this.depth)
  }

  #isDialPaused(): boolean {
    // Without a connection there is nothing to wait for.
    return this.#dialPause !== null && this.#dialPause.lasts && this.#connections.length > 0
  }

  #mayDial(): boolean {
    if (this.#isDialPaused()) return false
    const isFull = this.#connections.length >= this.#settings.maxConnPerTarget
    if (isFull && this.#ready.spare === null) return false
    if (this.#pace?.mayDial(this.#dialling.size) === false) return false
    if (isFull) {
      // Idle ones that the first in line may not use (see `minSerial`) only stand in the way, as do
      // those that only drop an answer.
      this.#ready.spare!.closeSpare()
      // Its place may have gone to whoever stands in line, this pool included.
      if (!this.wantsConnection) return false
    }
    return this.#owner.mayDial(this)
  }

  #startDial(): void {
    const wisher = this.#dialling.nextWisher(this.#waiting, this)
    const connection = new Connection(this.#context.takeSerial(), this.#context, this, this.#dial)
    connection.index = this.#connections.length
    // The first push on an empty array reserves 17 places, and many pools never have two connections.
    if (connection.index === 0) this.#connections = [connection]
    else this.#connections.push(connection)
    this.#dialling.add(connection, wisher)
    this.record.dialled++
    connection.connect(wisher.request.timeouts.connectTimeout)
  }

  /** The last one takes its place. */
  #drop(connection: Connection): void {
    const last = this.#connections.pop()!
    if (last === connection) return
    this.#connections[connection.index] = last
    last.index = connection.index
  }

  /** Whether this connection has had its turn while others starve. */
  #mustYield(connection: Connection): boolean {
    const contention = this.#owner.contention(this)
    if (contention === 'none') connection.turn = 0
    return contention === 'now' || (contention === 'turn' && connection.turn >= LIMITS.exchangesPerTurn)
  }

  #take(x: Exchange): boolean {
    if (!this.#waiting.remove(x)) return false
    x.holder = null
    if (x.timer !== null) {
      this.#context.wheel.remove(x.timer)
      x.timer = null
    }
    this.#owner.waitingChanged(-1)
    return true
  }

  /** It waits no longer. Its dial may hang, and whoever comes next should not inherit that. */
  #leave(x: Exchange): void {
    this.#take(x)
    if (this.hasSurplus && x.wish !== null) (x.wish as Connection).closeSpare()
  }

  /** Fails what waits, when there is nothing to wait for. */
  #giveUp(pace: PoolPace): void {
    const makeError = pace.giveUp(this.#owner.closing)
    if (makeError === null) return
    for (let left = this.#waiting.size; left > 0; left--) {
      const x = this.#takeFirst()
      if (x !== null) this.#fail(x, makeError())
    }
  }

  #removeTimers(): void {
    this.#dialPause?.remove()
    this.#pace?.clear()
  }

  #takeFirst(): Exchange | null {
    const x = this.#waiting.first
    if (x !== null) this.#take(x)
    return x
  }

  #fail(x: Exchange, error: RequestError): void {
    this.onEnded()
    failExchange(x, error, this.record, this.#context.clientId, 0)
  }
}
