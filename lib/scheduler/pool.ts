import { Deque } from '../core/deque.ts'
import { channels } from '../core/diagnostics.ts'
import { RequestBodyError, type RequestError } from '../core/errors.ts'
import type { Exchange, ExchangeHolder } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import type { Target } from '../core/target.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { DialOptions } from '../net/network.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { Connection } from './connection.ts'
import type { SchedulerContext } from './context.ts'
import { failExchange } from './fail-exchange.ts'
import { publishExchange } from './events.ts'
import type { PoolLimits, PoolOwner } from './pool-owner.ts'
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
  /** Standing in line for a connection, at this priority; null: not in line. */
  hungry: number | null = null
  /** Already in the scheduler's list for the end of this tick. */
  scheduled = false
  /** For the scheduler's line of hungry pools. */
  previous: Pool | null = null
  next: Pool | null = null
  deque: object | null = null

  readonly #context: SchedulerContext
  readonly #limits: PoolLimits
  readonly #owner: PoolOwner
  readonly #dial: DialOptions
  readonly #waiting = new WaitingQueue()
  /** In no order; each knows its place. */
  #connections: Connection[] = []
  readonly #ready = new ReadyList()
  readonly #dialling = new Deque<Connection>()
  #lastWisher: Exchange | null = null
  /** Until then no dial: the last one failed while other connections are doing well. */
  #dialPausedUntil = 0
  #pauseTimer: Timer | null = null
  /** The idle connections have been read since the tick began: see `#idle`. */
  #checked = false
  #checking = false

  constructor(
    target: Target,
    dial: DialOptions,
    record: TargetRecord,
    limits: PoolLimits,
    context: SchedulerContext,
    owner: PoolOwner,
  ) {
    this.target = target
    this.record = record
    this.#dial = dial
    this.#limits = limits
    this.#context = context
    this.#owner = owner
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
  get #depth(): number {
    return this.record.depth(this.#limits.maxPipelinedRequests, this.#context.now)
  }

  /** The priority of whoever is next. */
  get priority(): number {
    return this.#waiting.first?.request.priority ?? -Infinity
  }

  /** Whether it would take one more connection. */
  get wantsConnection(): boolean {
    return (
      this.#dialling.size < this.#waiting.size &&
      this.#connections.length < this.#limits.maxConnPerTarget &&
      !this.#isDialPaused
    )
  }

  /** More dials than exchanges that wait for one. */
  get hasSurplus(): boolean {
    return this.#dialling.size > this.#waiting.size
  }

  /** Whether it only reads its idle connections once more before it uses them. */
  get checking(): boolean {
    return this.#checking && this.#waiting.size > 0
  }

  enqueue(x: Exchange): void {
    x.queuedAt = this.#context.clock.now()
    this.#waiting.push(x)
    this.#startWait(x, x.queuedAt)
    publishExchange(channels.exchangeWait, this.#context.clientId, x, 0)
    this.#owner.schedule(this)
  }

  /**
   * Matches waiting exchanges to capacity, once a tick: idle connections first, then new ones as far
   * as the limits allow, then room in pipelines; `prefer: 'pipeline'` swaps the last two. An exchange
   * whose dial is under way is not pipelined meanwhile: it would wait behind a slow answer.
   */
  pump(): void {
    const pipelineFirst = this.#limits.prefer === 'pipeline'
    for (let x = this.#waiting.first; x !== null; x = this.#waiting.first) {
      const idle = this.#idle(x)
      if (idle === 'unchecked') return
      const connection = idle ?? (pipelineFirst ? this.#ready.leastLoaded(x, this.#depth) : null)
      if (connection === null) break
      this.#assign(x, connection)
    }
    while (this.#dialling.size < this.#waiting.size && this.#mayDial()) this.#startDial()
    while (this.#waiting.size > this.#dialling.size) {
      const x = this.#waiting.first!
      const connection = this.#ready.leastLoaded(x, this.#depth)
      if (connection === null) break
      this.#assign(x, connection)
    }
    this.#checked = false
    this.#owner.onMatched(this)
    if (!this.isEmpty) return
    if (this.#pauseTimer !== null) this.#context.wheel.remove(this.#pauseTimer)
    this.#owner.onEmpty(this)
  }

  /** It is this pool's turn: one connection out of `maxConn` is set aside for it. */
  dialGranted(): boolean {
    if (!this.wantsConnection) return false
    this.#startDial()
    if (this.#dialling.size < this.#waiting.size) this.#owner.schedule(this)
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
    if (this.#pauseTimer !== null) this.#context.wheel.remove(this.#pauseTimer)
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
  }

  // --- the exchange's holder, while it waits ---------------------------------------------------

  cancel(x: Exchange): void {
    if (!this.#leave(x)) return
    publishExchange(channels.exchangeEnd, this.#context.clientId, x, 0)
    this.#owner.schedule(this)
  }

  resume(): void {}

  taken(): void {}

  onTimer(timer: Timer): void {
    this.#context.enter()
    if (timer instanceof QueueTimer) {
      const x = timer.exchange
      if (this.#leave(x)) this.#fail(x, queueTimeoutError(x.request.timeouts.queueTimeout))
    }
    this.#owner.schedule(this)
  }

  // --- the connections' owner ------------------------------------------------------------------

  touch(connection: Connection): void {
    this.#owner.touch(connection)
  }

  onOpen(connection: Connection): void {
    this.#dialling.remove(connection)
    this.#endWish(connection)
    this.onRoom(connection)
  }

  onRoom(connection: Connection): void {
    if (this.#mustYield(connection)) {
      this.#ready.remove(connection)
      connection.drain()
      return
    }
    this.#ready.place(connection, this.#depth)
    this.#owner.touch(connection)
    this.#owner.schedule(this)
  }

  onAllMuted(connection: Connection): void {
    this.#ready.placeMuted(connection)
    this.#owner.schedule(this)
  }

  onDialFailed(connection: Connection, error: RequestError): void {
    this.#dialling.remove(connection)
    const wisher = this.#endWish(connection)
    this.#drop(connection)
    this.record.errors++
    if (this.#connections.length > this.#dialling.size) {
      // Others are open: the server is there, it only wants no more of us. Nobody fails for that.
      this.#pauseDialling()
    } else if (wisher !== null && this.#take(wisher)) {
      this.#fail(wisher, error)
    }
    this.#owner.onConnectionGone(this, connection)
    this.#owner.schedule(this)
  }

  onClosed(connection: Connection, lost: Exchange[], brokePipeline: boolean): void {
    this.#ready.remove(connection)
    this.#endWish(connection)
    this.#drop(connection)
    if (brokePipeline && this.#limits.maxPipelinedRequests > 1) {
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
    const age = this.#context.now - connection.lastReadAt
    if (age > LIMITS.idleCheckAge && !this.#checked) {
      // Unasked bytes may lie in its socket, and would be taken for the answer (CVE-2026-6733); or a
      // FIN. Read first, then decide.
      this.#check()
      return 'unchecked'
    }
    return connection
  }

  #check(): void {
    if (this.#checking) return
    this.#checking = true
    this.#context.clock.afterIo(() => {
      this.#checking = false
      this.#checked = true
      this.#owner.schedule(this)
    })
  }

  #assign(x: Exchange, connection: Connection): void {
    this.#take(x)
    if (x.isDetached) {
      this.#fail(x, new RequestBodyError("the body's ArrayBuffer was transferred before it was sent"))
      return
    }
    if (connection.served > 0) this.record.reused++
    connection.turn++
    connection.send(x)
    this.#ready.place(connection, this.#depth)
  }

  get #isDialPaused(): boolean {
    // Without a connection there is nothing to wait for.
    return this.#dialPausedUntil > this.#context.now && this.#connections.length > 0
  }

  #mayDial(): boolean {
    if (this.#isDialPaused) return false
    if (this.#connections.length >= this.#limits.maxConnPerTarget) {
      // Idle ones that the first in line may not use (see `minSerial`) only stand in the way, as do
      // those that only drop an answer.
      this.#ready.spare?.closeSpare()
      // Its place may have gone to whoever stands in line, this pool included.
      if (!this.wantsConnection) return false
    }
    return this.#owner.mayDial(this)
  }

  #startDial(): void {
    const wisher = this.#nextWisher()
    const connection = new Connection(this.#context.takeSerial(), this.#context, this, this.#dial)
    connection.index = this.#connections.length
    // The first push on an empty array reserves 17 places, and many pools never have two connections.
    if (connection.index === 0) this.#connections = [connection]
    else this.#connections.push(connection)
    this.#dialling.push(connection)
    this.record.dialled++
    connection.wisher = wisher
    wisher.wish = connection
    connection.connect(wisher.request.timeouts.connectTimeout)
  }

  /** The first in line without a dial: mostly the one behind the last that got one. */
  #nextWisher(): Exchange {
    const last = this.#lastWisher
    const next = last !== null && last.holder === this ? last.next : null
    this.#lastWisher = next !== null && next.wish === null ? next : this.#waiting.firstWithoutWish!
    return this.#lastWisher
  }

  #endWish(connection: Connection): Exchange | null {
    const { wisher } = connection
    connection.wisher = null
    if (wisher !== null && wisher.wish === connection) wisher.wish = null
    if (this.#dialling.size === 0) this.#lastWisher = null
    return wisher
  }

  /** The last one takes its place. */
  #drop(connection: Connection): void {
    const last = this.#connections.pop()!
    if (last === connection) return
    this.#connections[connection.index] = last
    last.index = connection.index
  }

  #pauseDialling(): void {
    this.#dialPausedUntil = this.#context.now + LIMITS.dialPause
    this.#pauseTimer ??= new Timer(this)
    this.#context.wheel.set(this.#pauseTimer, this.#dialPausedUntil)
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
  #leave(x: Exchange): boolean {
    if (!this.#take(x)) return false
    if (this.hasSurplus && x.wish !== null) (x.wish as Connection).closeSpare()
    return true
  }

  #takeFirst(): Exchange | null {
    const x = this.#waiting.first
    if (x !== null) this.#take(x)
    return x
  }

  #fail(x: Exchange, error: RequestError): void {
    failExchange(x, error, this.record, this.#context.clientId, 0)
  }
}
