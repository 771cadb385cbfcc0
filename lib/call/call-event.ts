import type { Exchange, ResponseHead } from '../core/exchange.ts'
import type { Attempt } from './attempt.ts'

/** What the trawl:call channels publish; `call` is the same object from start to end. */
export interface CallEvent {
  client: number
  call: object
  /** Its last exchange so far; one that was never sent was answered without the server, as by the cache. */
  exchange: Exchange
  method: string
  url: string
  /** 0: there is no head. */
  status: number
  head: ResponseHead | null
  /** Bytes of its answer's body so far, as they came. */
  bytesOnWire: number
  /** The same, decoded; -1: not known. */
  bytesDecoded: number
}

export function callEvent(client: number, call: object, attempt: Attempt): CallEvent {
  const { exchange, request, url, head, answer, bytesOnWire } = attempt
  const status = head === null ? 0 : head.status
  const bytesDecoded = answer === null ? -1 : answer.bytesDecoded
  return { client, call, exchange, method: request.method, url, status, head, bytesOnWire, bytesDecoded }
}
