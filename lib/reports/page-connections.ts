import type { Channel } from 'node:diagnostics_channel'
import type { Clock } from '../core/clock.ts'
import { channels } from '../core/diagnostics.ts'
import { LIMITS } from '../core/limits.ts'
import { cutText } from './page-figures.ts'
import { SliceKeeper, type ConnectionRow, type Slice, type SliceResult } from './page-slices.ts'

/** What the channels tell, as far as it is used here. */
interface WireEvent {
  readonly client: number
  readonly connection: number
  readonly target: string
  readonly served: number
  readonly exchange: object
  readonly method: string
  readonly url: string
  readonly error?: Error
  readonly head?: { readonly status: number }
  readonly why: { readonly kind: string; readonly status?: number }
}

export interface ConnectionWatchOptions {
  readonly clock: Clock
  /** Whose connections; null: those of all clients of the process. */
  readonly clientId: number | null
  /** An attempt has ended that is tried again. `status`: its answer's; 0: it had none. */
  readonly onRetry: (status: number) => void
  /** More are open, or in flight, than a moment ago. */
  readonly onLoad: (connections: number, inFlight: number) => void
}

/** Follows the connections of a run on the client's channels, and keeps some of what it sees. */
export class ConnectionWatch {
  readonly slices: SliceKeeper = new SliceKeeper()
  dialled = 0
  failedDials = 0
  /** Exchanges that were sent on a connection that had carried one before. */
  reused = 0
  open = 0
  mostOpen = 0
  inFlight = 0
  readonly #options: ConnectionWatchOptions
  readonly #live = new Map<number, ConnectionRow>()
  readonly #first: ConnectionRow[] = []
  readonly #last: ConnectionRow[] = []
  /** Those with the most failures, then with the deepest pipelines. */
  readonly #notable: ConnectionRow[] = []
  readonly #stops: readonly (() => void)[]

  constructor(options: ConnectionWatchOptions) {
    this.#options = options
    const listeners: readonly [Channel, (event: WireEvent, now: number) => void][] = [
      [channels.connectionConnect, (event, now) => this.#onConnect(event, now)],
      [channels.connectionOpen, (event, now) => this.#onOpen(event, now)],
      [channels.connectionClose, (event, now) => this.#onClose(event, now)],
      [channels.exchangeSend, (event, now) => this.#onSend(event, now)],
      [channels.exchangeHead, (event, now) => this.#onHead(event, now)],
      [channels.exchangeEnd, (event, now) => this.#onEnd(event, now)],
      [channels.callRetry, ({ why }) => options.onRetry(why.status ?? 0)],
    ]
    this.#stops = listeners.map(([channel, listen]) => this.#subscribe(channel, listen))
  }

  /** Ends it; what is open counts as open to the end. */
  close(): void {
    for (const stop of this.#stops) stop()
    for (const row of this.#live.values()) {
      for (const slice of row.flying) this.slices.add(slice)
      this.#note(row)
    }
    this.#live.clear()
  }

  /** The first connections, the last and the most notable of those that are closed, by their time. */
  rows(): ConnectionRow[] {
    const rows = new Set([...this.#first, ...this.#notable, ...this.#last])
    return [...rows].toSorted((a, b) => a.connectAt - b.connectAt)
  }

  #subscribe(channel: Channel, listen: (event: WireEvent, now: number) => void): () => void {
    const { clock, clientId } = this.#options
    const listener = (message: unknown): void => {
      const event = message as WireEvent
      if (clientId === null || event.client === clientId) listen(event, clock.now())
    }
    channel.subscribe(listener)
    return () => channel.unsubscribe(listener)
  }

  #onConnect(event: WireEvent, now: number): void {
    this.dialled++
    if (this.#live.size >= LIMITS.maxReportConnections) return
    const { connection, target } = event
    const row: ConnectionRow = {
      serial: connection,
      target: cutText(target),
      connectAt: now,
      openAt: NaN,
      closeAt: NaN,
      served: 0,
      peak: 0,
      failed: 0,
      flying: [],
    }
    this.#live.set(keyOf(event), row)
    if (this.#first.length < LIMITS.reportConnections) this.#first.push(row)
  }

  #onOpen(event: WireEvent, now: number): void {
    const row = this.#live.get(keyOf(event))
    if (row === undefined) return
    row.openAt = now
    this.open++
    this.mostOpen = Math.max(this.mostOpen, this.open)
    this.#options.onLoad(this.open, this.inFlight)
  }

  #onClose(event: WireEvent, now: number): void {
    const key = keyOf(event)
    const row = this.#live.get(key)
    if (row === undefined) return
    this.#live.delete(key)
    row.closeAt = now
    row.served = event.served
    if (Number.isNaN(row.openAt)) {
      this.failedDials++
      row.failed++
    } else this.open--
    // They are sent again, or fail after this: on this connection they end here.
    for (const slice of row.flying.splice(0)) this.#end(slice, 'lost', now)
    this.#note(row)
  }

  #onSend(event: WireEvent, now: number): void {
    const row = this.#live.get(keyOf(event))
    if (row === undefined) return
    if (row.served > 0 || row.peak > 0) this.reused++
    row.flying.push({
      exchange: event.exchange,
      row,
      lane: freeLane(row.flying),
      sentAt: now,
      headAt: NaN,
      endAt: NaN,
      status: 0,
      method: event.method,
      url: cutText(event.url),
      result: 'open',
    })
    row.peak = Math.max(row.peak, row.flying.length)
    this.inFlight++
    this.#options.onLoad(this.open, this.inFlight)
  }

  #onHead(event: WireEvent, now: number): void {
    const slice = this.#find(event)
    if (slice === undefined) return
    slice.headAt = now
    slice.status = event.head?.status ?? 0
  }

  #onEnd(event: WireEvent, now: number): void {
    const slice = this.#find(event)
    if (slice === undefined) return
    const { row } = slice
    row.flying.splice(row.flying.indexOf(slice), 1)
    const failed = event.error !== undefined || Number.isNaN(slice.headAt)
    if (!failed) row.served++
    this.#end(slice, failed ? 'failed' : 'answered', now)
  }

  #find(event: WireEvent): Slice | undefined {
    return this.#live.get(keyOf(event))?.flying.find(({ exchange }) => exchange === event.exchange)
  }

  #end(slice: Slice, result: SliceResult, now: number): void {
    slice.endAt = now
    slice.result = result
    slice.exchange = null
    if (result !== 'answered') slice.row.failed++
    this.inFlight--
    this.slices.add(slice)
  }

  /** It is closed, or the run has ended: whether it is one of those that are kept. */
  #note(row: ConnectionRow): void {
    const most = LIMITS.reportConnections
    this.#last.push(row)
    if (this.#last.length > most) this.#last.shift()
    if (row.failed === 0 && row.peak < 2) return
    const place = this.#notable.findIndex((other) => isMoreNotable(row, other))
    this.#notable.splice(place === -1 ? this.#notable.length : place, 0, row)
    if (this.#notable.length > most) this.#notable.pop()
  }
}

/** A client's number, and that of the connection in it, in one: a string would be made for each event. */
function keyOf({ client, connection }: WireEvent): number {
  return client * 0x1_0000_0000 + connection
}

function isMoreNotable(a: ConnectionRow, b: ConnectionRow): boolean {
  return a.failed === b.failed ? a.peak > b.peak : a.failed > b.failed
}

function freeLane(flying: readonly Slice[]): number {
  // In order and without pipelining, which is most of them.
  if (flying.length === 0) return 0
  const taken = new Set(flying.map(({ lane }) => lane))
  let lane = 0
  while (taken.has(lane)) lane++
  return lane
}
