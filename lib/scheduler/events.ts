import type { Exchange } from '../core/exchange.ts'

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
  error?: Error
}

export function exchangeEvent(client: number, x: Exchange, connection: number): ExchangeEvent {
  return { client, exchange: x, method: x.request.method, url: x.target.origin + x.path, connection }
}
