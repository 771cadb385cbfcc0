import type { Channel } from 'node:diagnostics_channel'
import { channels } from '../core/diagnostics.ts'
import type { Exchange, ResponseHead } from '../core/exchange.ts'
import type { Target } from '../core/target.ts'

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

/** What trawl:target:pause publishes: a server's refusal keeps a target from being asked. */
export interface PauseEvent {
  client: number
  /** Its key: `scheme://host[:port]`, and what else sets it apart. */
  target: string
  host: string
  /** '' where the system chooses. */
  clientIp: string
  /** How long, from now. */
  ms: number
  /** ms until the target is given up (`stallLimit`), if it goes on like this; Infinity: it is not. */
  stallsIn: number
  /** 429 or 503. */
  status: number
}

/** What trawl:client-ip:aside publishes: an address is not used for a while, or not for one host. */
export interface AsideEvent {
  client: number
  clientIp: string
  /** `host[:port]` that refuses it; null: it cannot be bound, for whatever host. */
  host: string | null
  /** How long, from now. */
  ms: number
  why: string
}

export function publishPause(
  client: number,
  target: Target,
  ms: number,
  stallsIn: number,
  status: number,
): void {
  if (!channels.targetPause.hasSubscribers) return
  const { key, host, clientIp } = target
  const event: PauseEvent = { client, target: key, host, clientIp, ms, stallsIn, status }
  channels.targetPause.publish(event)
}

export function publishAside(event: AsideEvent): void {
  if (channels.clientIpAside.hasSubscribers) channels.clientIpAside.publish(event)
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
