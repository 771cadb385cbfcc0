import type { Channel } from 'node:diagnostics_channel'
import { channels } from '../core/diagnostics.ts'
import type { Exchange, ResponseHead } from '../core/exchange.ts'

/** What the trawl:connection channels publish. */
export interface ConnectionEvent {
  client: number
  /** The connection's serial number in its client. */
  connection: number
  target: string
  /** Exchanges it has answered. */
  served: number
}

/** What the trawl:exchange channels publish; `exchange` is the same object from wait to end. */
export interface ExchangeEvent {
  client: number
  exchange: Exchange
  method: string
  url: string
  /** Its connection; 0 while it waits. */
  connection: number
  /** Bytes of its answer's body so far, as they came; -1: not counted. */
  bytesOnWire: number
  error?: Error
  head?: ResponseHead
}

export function exchangeEvent(client: number, x: Exchange, connection: number): ExchangeEvent {
  const bytesOnWire = x.sink.bytesOnWire ?? -1
  return {
    client,
    exchange: x,
    method: x.request.method,
    url: x.target.origin + x.path,
    connection,
    bytesOnWire,
  }
}

/** What went over a connection. The event is made only if somebody listens: this is the hot path. */
export function publishBytes(
  connection: { readonly event: ConnectionEvent },
  direction: 'in' | 'out',
  data: string | Uint8Array,
): void {
  if (!channels.connectionBytes.hasSubscribers) return
  channels.connectionBytes.publish({ ...connection.event, direction, data })
}

/** What became of an exchange; `connection` is 0 while it waits. */
export function publishExchange(
  channel: Channel,
  client: number,
  x: Exchange,
  connection: number,
  head?: ResponseHead,
): void {
  if (!channel.hasSubscribers) return
  const event = exchangeEvent(client, x, connection)
  if (head !== undefined) event.head = head
  channel.publish(event)
}
