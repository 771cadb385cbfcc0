import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Clock } from '../core/clock.ts'
import type { Exchange, Flight, ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'

/**
 * How a sending ended: answered whole; failed; left, its answer not wanted or no further; lost with its
 * connection, and sent again.
 */
export type Fate = 'answered' | 'failed' | 'left' | 'lost'

/** One connection, from its dial to its end. Times are ms on the client's clock; NaN: not yet. */
export class WatchedConnection {
  readonly client: number
  readonly serial: number
  readonly target: string
  readonly dialledAt: number
  openedAt: number = NaN
  closedAt: number = NaN
  /** Exchanges sent on it. */
  sent = 0
  /** The listener's own. */
  mark: object | null = null

  constructor(client: number, serial: number, target: string, dialledAt: number) {
    this.client = client
    this.serial = serial
    this.target = target
    this.dialledAt = dialledAt
  }
}

/** One time an exchange was on the wire, or its wait for that, where it never was. */
export class Sending {
  readonly exchange: Exchange
  readonly url: string
  /** When it began to wait. */
  readonly waitedFrom: number
  /** null: it never was sent. */
  readonly connection: WatchedConnection | null
  readonly flight: Flight | null
  head: ResponseHead | null = null
  endedAt: number = NaN
  fate: Fate = 'left'
  error: Error | null = null
  /** Bytes of its answer's body, as they came; -1: not known. */
  bytesOnWire = -1
  /** The number of its attempt. */
  readonly attempt: number
  /** The listener's own. */
  mark: object | null = null

  constructor(
    exchange: Exchange,
    url: string,
    waitedFrom: number,
    connection: WatchedConnection | null,
    flight: Flight | null,
  ) {
    this.exchange = exchange
    this.url = url
    this.attempt = exchange.attempt
    this.waitedFrom = waitedFrom
    this.connection = connection
    this.flight = flight
  }
}

/** Who is told. All of it is there while it is told; nothing is to throw. */
export interface WatchListener {
  onWait?(exchange: Exchange): void
  onSend?(sending: Sending): void
  /** Once for each time an exchange was sent, and for one that failed before it was. */
  onEnd(sending: Sending): void
  onConnect?(connection: WatchedConnection): void
  onOpen?(connection: WatchedConnection): void
  onClose?(connection: WatchedConnection): void
  /** A call goes on, or ends: `event.exchange` is its last one so far. */
  onCall?(event: CallMessage): void
}

export interface WatchOptions {
  /** The client's clock. */
  readonly clock: Clock
  /** Whose events; undefined: those of all clients of the process. */
  readonly clientId: number | undefined
}

interface ExchangeMessage {
  readonly client: number
  readonly exchange: Exchange
  readonly url: string
  readonly connection: number
  readonly bytesOnWire: number
  readonly error?: Error
  readonly head?: ResponseHead
}

interface ConnectionMessage {
  readonly client: number
  readonly connection: number
  readonly target: string
  readonly served: number
}

/** What is read of the trawl:call messages. */
export interface CallMessage {
  readonly client: number
  readonly exchange: Exchange
  readonly url: string
  readonly status: number
  readonly head: ResponseHead | null
  readonly bytesOnWire: number
  readonly bytesDecoded: number
}

/**
 * Follows exchanges and connections on the client's channels, and puts together what belongs to one sending:
 * the channels tell of one exchange object, which may be sent more than once.
 */
export class ChannelWatch {
  /** Sendings that were left out because too many were under way. */
  missed = 0
  readonly #clock: Clock
  readonly #clientId: number | undefined
  readonly #listener: WatchListener
  /** In flight, or lost and not yet sent again. */
  readonly #sendings = new Map<Exchange, Sending>()
  readonly #connections = new Map<number | string, WatchedConnection>()
  readonly #channels: readonly (readonly [name: string, onMessage: (message: unknown) => void])[]

  constructor(listener: WatchListener, { clock, clientId }: WatchOptions) {
    this.#clock = clock
    this.#clientId = clientId
    this.#listener = listener
    const channels: [name: string, onMessage: (message: unknown) => void][] = [
      ['trawl:exchange:send', (message) => this.#onSend(message as ExchangeMessage)],
      ['trawl:exchange:head', (message) => this.#onHead(message as ExchangeMessage)],
      ['trawl:exchange:end', (message) => this.#onEnd(message as ExchangeMessage)],
      ['trawl:connection:connect', (message) => this.#onConnect(message as ConnectionMessage)],
      ['trawl:connection:open', (message) => this.#onOpen(message as ConnectionMessage)],
      ['trawl:connection:close', (message) => this.#onClose(message as ConnectionMessage)],
    ]
    if (listener.onWait !== undefined) {
      channels.push(['trawl:exchange:wait', (message) => this.#onWait(message as ExchangeMessage)])
    }
    if (listener.onCall !== undefined) {
      const onCall = (message: unknown): void => this.#onCall(message as CallMessage)
      channels.push(['trawl:call:redirect', onCall], ['trawl:call:end', onCall])
    }
    this.#channels = channels
    for (const [name, onMessage] of channels) subscribe(name, onMessage)
  }

  /** Ends it. What is under way is told no more. */
  close(): void {
    for (const [name, onMessage] of this.#channels) unsubscribe(name, onMessage)
    this.#sendings.clear()
    this.#connections.clear()
  }

  #isOther(client: number): boolean {
    return this.#clientId !== undefined && client !== this.#clientId
  }

  /** Serial numbers are each client's own. */
  #key(client: number, serial: number): number | string {
    return this.#clientId === undefined ? `${client}-${serial}` : serial
  }

  #onWait({ client, exchange }: ExchangeMessage): void {
    if (!this.#isOther(client)) this.#listener.onWait!(exchange)
  }

  #onSend({ client, exchange, url, connection }: ExchangeMessage): void {
    if (this.#isOther(client)) return
    const before = this.#sendings.get(exchange)
    let waitedFrom = exchange.queuedAt
    if (before !== undefined) {
      waitedFrom = before.endedAt
      this.#sendings.delete(exchange)
      this.#tell(before, 'lost')
    } else if (this.#sendings.size >= LIMITS.maxWatchedExchanges) {
      this.missed++
      return
    }
    const over = this.#connection(client, connection, exchange.target.key)
    over.sent++
    const sending = new Sending(exchange, url, waitedFrom, over, exchange.flight)
    this.#sendings.set(exchange, sending)
    this.#listener.onSend?.(sending)
  }

  #onHead({ client, exchange, head }: ExchangeMessage): void {
    if (this.#isOther(client)) return
    const sending = this.#sendings.get(exchange)
    if (sending !== undefined) sending.head = head!
  }

  #onEnd({ client, exchange, url, bytesOnWire, error }: ExchangeMessage): void {
    if (this.#isOther(client)) return
    const known = this.#sendings.get(exchange)
    // It was sent before this watch began, or was one too many.
    if (known === undefined && exchange.flight !== null) return
    if (known !== undefined) this.#sendings.delete(exchange)
    const sending = known ?? new Sending(exchange, url, exchange.queuedAt, null, null)
    sending.bytesOnWire = bytesOnWire
    sending.error = error ?? null
    const { flight } = exchange
    if (exchange.progress === 'done' && flight !== null && !Number.isNaN(flight.endAt)) {
      sending.endedAt = flight.endAt
      this.#tell(sending, 'answered')
      return
    }
    if (Number.isNaN(sending.endedAt)) sending.endedAt = this.#clock.now()
    this.#tell(sending, error === undefined ? 'left' : 'failed')
  }

  #tell(sending: Sending, fate: Fate): void {
    sending.fate = fate
    this.#listener.onEnd(sending)
  }

  #onConnect({ client, connection, target }: ConnectionMessage): void {
    if (this.#isOther(client)) return
    this.#listener.onConnect?.(this.#connection(client, connection, target))
  }

  #onOpen({ client, connection, target }: ConnectionMessage): void {
    if (this.#isOther(client)) return
    const opened = this.#connection(client, connection, target)
    opened.openedAt = this.#clock.now()
    this.#listener.onOpen?.(opened)
  }

  #onClose({ client, connection, target, served }: ConnectionMessage): void {
    if (this.#isOther(client)) return
    const closed = this.#connection(client, connection, target)
    this.#connections.delete(this.#key(client, connection))
    const now = this.#clock.now()
    closed.closedAt = now
    // What is not answered by now ends here, whether it fails or is sent again.
    if (closed.sent !== served) {
      for (const sending of this.#sendings.values()) {
        if (sending.connection === closed && Number.isNaN(sending.endedAt)) sending.endedAt = now
      }
    }
    this.#listener.onClose?.(closed)
  }

  #onCall(message: CallMessage): void {
    if (!this.#isOther(message.client)) this.#listener.onCall!(message)
  }

  /** One that was dialled before this watch began is known from its first message on. */
  #connection(client: number, serial: number, target: string): WatchedConnection {
    const key = this.#key(client, serial)
    let connection = this.#connections.get(key)
    if (connection === undefined) {
      connection = new WatchedConnection(client, serial, target, this.#clock.now())
      this.#connections.set(key, connection)
    }
    return connection
  }
}
