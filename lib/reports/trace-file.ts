import { systemClock, type Clock } from '../core/clock.ts'
import type { DialTimes, Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { ChannelWatch, type Sending, type WatchedConnection, type WatchListener } from './channel-watch.ts'
import { JsonListFile } from './json-list-file.ts'
import { TraceCounters } from './trace-counters.ts'
import { processText, TraceTarget, type TracePlace, type TraceRow } from './trace-rows.ts'

export interface TraceOptions {
  /** The client that is traced; default: all clients of the process. */
  readonly clientId?: number | undefined
  /** The client's clock, where it has one of its own. */
  readonly clock?: Clock | undefined
  /** Told, in one sentence, what the trace lacks and why it ends; it never fails the run. */
  readonly note: (text: string) => void
}

/** What is shown of a target. */
interface ShownTarget {
  readonly rows: TraceTarget
  readonly counters: TraceCounters
}

/** What is shown of a connection. */
interface ShownConnection {
  readonly target: ShownTarget
  readonly place: TracePlace
  /** Its dial is told in parts, once somebody knows them. */
  isDialTold: boolean
}

/** Where a sending is shown, and from when on. */
interface ShownSending {
  readonly slot: TraceRow
  readonly from: number
}

/** Viewers keep 0 for the idle process. */
const ALL_PID = 1
/** A shorter wait in the pool is none, ms: it is the rest of a tick. */
const SHORT_WAIT = 0.05

/**
 * Writes a trace in Chrome's event format, for ui.perfetto.dev and chrome://tracing: a process for each target,
 * in it rows for each connection (a later one takes the rows of one that has closed): one for the connection
 * itself, and one for each exchange in flight on it, so that pipelined ones do not overlap.
 */
export class TraceFile implements WatchListener {
  readonly #file: JsonListFile
  readonly #clock: Clock
  readonly #watch: ChannelWatch
  readonly #note: (text: string) => void
  /** What all times are counted from, on the clock's `now()`. */
  readonly #start: number
  readonly #targets = new Map<string, ShownTarget>()
  readonly #all: TraceCounters
  /** All targets that have no rows of their own. */
  #others: ShownTarget | null = null
  #lastTid = 0

  private constructor(file: JsonListFile, clock: Clock, start: number, options: TraceOptions) {
    this.#file = file
    this.#clock = clock
    this.#note = options.note
    this.#start = start
    this.#add(processText(ALL_PID, 'all targets'))
    this.#all = new TraceCounters(ALL_PID, this.#writeAt)
    this.#watch = new ChannelWatch(this, { clock, clientId: options.clientId })
  }

  /** Begins to watch; overwrites the file. Rejects with the system's error where it cannot be written. */
  static async open(path: string, options: TraceOptions): Promise<TraceFile> {
    const { clock = systemClock, note } = options
    const start = clock.now()
    const startedAt = new Date(clock.date()).toISOString()
    const opening = `{"displayTimeUnit":"ms","otherData":{"startedAt":"${startedAt}"},"traceEvents":[`
    const file = await JsonListFile.open(path, {
      name: 'trace',
      opening,
      closing: ']}',
      goesOn: false,
      clock,
      note,
    })
    return new TraceFile(file, clock, start, options)
  }

  /** All that has ended is in the file. Never rejects. */
  async close(): Promise<void> {
    this.#watch.close()
    this.#all.flush()
    for (const { counters } of this.#targets.values()) counters.flush()
    this.#others?.counters.flush()
    if (this.#watch.missed > 0) {
      this.#note(`the trace lacks ${this.#watch.missed} exchanges: too many were in flight at once`)
    }
    await this.#file.close()
  }

  // --- the watch's listener: connections -----------------------------------------------------------

  onConnect(connection: WatchedConnection): void {
    this.#count(this.#shown(connection).target, connection.dialledAt, 1, 0, 0, 0)
  }

  onOpen(connection: WatchedConnection): void {
    const { target, place } = this.#shown(connection)
    const { dialledAt, openedAt } = connection
    this.#slice(target, place.row, 'connect', dialledAt, openedAt)
    this.#opened(connection, target, place, openedAt)
    this.#count(target, openedAt, -1, 1, 0, 0)
  }

  onClose(connection: WatchedConnection): void {
    const { target, place } = this.#shown(connection)
    const { dialledAt, openedAt, closedAt, sent } = connection
    if (Number.isNaN(openedAt) && sent === 0) {
      this.#slice(target, place.row, 'connect, given up or failed', dialledAt, closedAt)
      this.#count(target, closedAt, -1, 0, 0, 0)
    } else {
      const args = `"args":{"exchanges":${sent}}`
      this.#writeAt(`{"ph":"E",${placeText(target, place.row)},${args}`, closedAt)
      this.#count(target, closedAt, 0, -1, 0, 0)
    }
    place.free(closedAt)
    if (this.#file.failed) this.#watch.close()
  }

  // --- exchanges -----------------------------------------------------------------------------------

  onWait({ target, queuedAt }: Exchange): void {
    this.#count(this.#target(target.key), queuedAt, 0, 0, 1, 0)
  }

  onSend(sending: Sending): void {
    const { waitedFrom } = sending
    const flight = sending.flight!
    const shown = this.#shown(sending.connection!)
    const { target, place } = shown
    const slot = place.takeSlot()
    sending.mark = { slot, from: Math.max(flight.sentAt, slot.freeAt) } satisfies ShownSending
    this.#waited(target, 'waiting', waitedFrom, flight.sentAt)
    if (flight.dial !== null && !shown.isDialTold) this.#dial(sending.connection!, shown, flight.dial)
    this.#count(target, flight.sentAt, 0, 0, -1, 1)
  }

  onEnd(sending: Sending): void {
    const { exchange, connection, endedAt, fate } = sending
    const target = this.#target(exchange.target.key)
    if (connection === null) {
      this.#waited(target, `not sent: ${outcomeOf(sending)}`, sending.waitedFrom, endedAt)
      this.#count(target, this.#clock.now(), 0, 0, -1, 0)
      return
    }
    const { slot, from } = sending.mark as ShownSending
    const to = Math.max(from, endedAt)
    this.#exchange(sending, target, slot, from, to)
    if (Number.isNaN(connection.closedAt)) {
      slot.isBusy = false
      slot.freeAt = to
    }
    this.#count(target, this.#clock.now(), 0, 0, fate === 'lost' ? 1 : 0, -1)
  }

  #exchange(sending: Sending, target: ShownTarget, slot: TraceRow, from: number, to: number): void {
    const { exchange, flight, head, bytesOnWire, error } = sending
    const place = placeText(target, slot)
    const { localAddress, remoteAddress } = flight!.route
    const name = `${outcomeOf(sending)} ${exchange.path.slice(0, LIMITS.traceName)}`
    const message = error === null ? '' : `,"error":${JSON.stringify(error.message)}`
    const args =
      `"method":${JSON.stringify(exchange.request.method)},"url":${JSON.stringify(sending.url)},` +
      `"status":${head === null ? 0 : head.status},"fate":"${sending.fate}","bytes":${bytesOnWire},` +
      `"attempt":${sending.attempt},"connection":${sending.connection!.serial},` +
      `"clientIp":"${localAddress}","server":"${remoteAddress}"${message}`
    const start = this.#micros(from)
    const end = this.#micros(to)
    const headAt = head === null ? end : Math.min(Math.max(this.#micros(flight!.headAt), start), end)
    const times = `"ts":${start},"dur":${end - start}`
    // The outer one first: viewers go by the order of the file where slices begin at the same time.
    let text =
      `{"ph":"X",${place},"cat":"exchange","name":${JSON.stringify(name)},${times},"args":{${args}}},\n` +
      `{"ph":"X",${place},"name":"wait","ts":${start},"dur":${headAt - start}}`
    if (headAt < end) text += `,\n{"ph":"X",${place},"name":"receive","ts":${headAt},"dur":${end - headAt}}`
    this.#file.add(text)
  }

  /** Time in the pool, on the first lane that is free then. */
  #waited(target: ShownTarget, name: string, from: number, to: number): void {
    if (to - from < SHORT_WAIT) return
    const { rows } = target
    const lane = rows.takeLane(from, to)
    if (lane === -1) return
    const text = `"cat":"pool","id":"${rows.pid}.${lane}","pid":${rows.pid},"tid":${rows.waitTid},"name":${JSON.stringify(name)}`
    this.#add(`{"ph":"b",${text},"ts":${this.#micros(from)}},\n{"ph":"e",${text},"ts":${this.#micros(to)}}`)
  }

  // --- private -------------------------------------------------------------------------------------

  #target(key: string): ShownTarget {
    let target = this.#targets.get(key)
    if (target !== undefined) return target
    if (this.#targets.size >= LIMITS.maxTraceTargets) {
      this.#others ??= this.#newTarget('all other targets')
      return this.#others
    }
    target = this.#newTarget(key)
    this.#targets.set(key, target)
    return target
  }

  #newTarget(name: string): ShownTarget {
    const pid = ALL_PID + 1 + this.#targets.size
    const nextTid = (): number => ++this.#lastTid
    const rows = new TraceTarget(pid, name, nextTid, (text) => this.#add(text))
    return { rows, counters: new TraceCounters(pid, this.#writeAt) }
  }

  /** One that was dialled before the trace began is shown from the first that is heard of it. */
  #shown(connection: WatchedConnection): ShownConnection {
    if (connection.mark !== null) return connection.mark as ShownConnection
    const target = this.#target(connection.target)
    const place = target.rows.takePlace()
    const shown = { target, place, isDialTold: false }
    connection.mark = shown
    if (connection.sent > 0) {
      this.#opened(connection, target, place, connection.dialledAt)
      this.#count(target, connection.dialledAt, 0, 1, 0, 0)
    }
    return shown
  }

  #opened({ serial }: WatchedConnection, target: ShownTarget, { row }: TracePlace, at: number): void {
    this.#writeAt(`{"ph":"B",${placeText(target, row)},"name":"connection ${serial}"`, at)
  }

  /** What its dial went through. */
  #dial(connection: WatchedConnection, shown: ShownConnection, times: DialTimes): void {
    const { dialledAt, openedAt } = connection
    const { target, place } = shown
    shown.isDialTold = true
    let from = dialledAt
    for (const [name, time] of [
      ['dns', times.dns],
      ['tcp', times.connect],
      ['tls or proxy', times.tls],
    ] as const) {
      const to = Math.min(from + time, openedAt)
      if (to > from) this.#slice(target, place.row, name, from, to)
      from = to
    }
  }

  #count(
    { counters }: ShownTarget,
    now: number,
    dialling: number,
    open: number,
    waiting: number,
    inFlight: number,
  ): void {
    counters.change(now, dialling, open, waiting, inFlight)
    this.#all.change(now, dialling, open, waiting, inFlight)
  }

  #slice(target: ShownTarget, row: TraceRow, name: string, from: number, to: number): void {
    this.#sliceText(`{"ph":"X",${placeText(target, row)},"name":"${name}"`, from, to)
  }

  #sliceText(text: string, from: number, to: number): void {
    const start = this.#micros(from)
    this.#add(`${text},"ts":${start},"dur":${this.#micros(to) - start}}`)
  }

  readonly #writeAt = (text: string, time: number): void => {
    this.#add(`${text},"ts":${this.#micros(time)}}`)
  }

  #add(text: string): void {
    this.#file.add(text)
  }

  /** Whole microseconds since the trace began; what began before begins with it. */
  #micros(time: number): number {
    return Math.max(0, Math.round((time - this.#start) * 1000))
  }
}

function placeText({ rows }: ShownTarget, row: TraceRow): string {
  return `"pid":${rows.pid},"tid":${row.tid}`
}

/** Its status, or why it has none. */
function outcomeOf({ head, fate, error }: Sending): string {
  if (fate === 'failed') return (error as NodeJS.ErrnoException).code ?? 'failed'
  if (head !== null) return String(head.status)
  return fate
}
