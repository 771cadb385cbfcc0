import type { RequestError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import type { DecodeEngine } from '../coding/decode-stream.ts'
import type { CallHistory } from '../history.ts'
import type { Response } from './response.ts'
import type { CallRules } from '../rules.ts'
import type { StreamResponse } from './stream-response.ts'

/** The call whose answer it is. */
export interface AnswerOwner {
  readonly exchange: Exchange
  readonly rules: CallRules
  readonly history: CallHistory | null
  readonly decodeEngine: DecodeEngine
  /** The caller can have it: a streamed one at its head, a whole one at its end. */
  onResponse(response: Response | StreamResponse): void
  /** It cannot be had. The exchange may still be under way. */
  onBadAnswer(error: RequestError): void
  /** Nobody will read on. */
  onAbandoned(): void
}

/** An answer on its way to the caller: gathered and decoded, or handed on as it comes. */
export interface Answer {
  /** Bytes of the body so far, as they are on the wire. */
  readonly bytesOnWire: number
  /** Bytes of the whole body, decoded; -1: not known, or not yet. */
  readonly bytesDecoded: number
  /** The body as it came, where it is gathered; null: it was handed on. */
  readonly wire: Uint8Array | null
  /** The fields behind the body, once it has ended. */
  readonly trailers: Headers | null
  readonly isEnded: boolean
  /** Its reader has given the rest of the body up: the caller, or `validate` before. */
  readonly isAbandoned: boolean
  /** `chunk` is a view that is valid during the call only. false: stop reading. */
  push(chunk: Uint8Array): boolean
  /** The last byte has come. */
  end(trailers: Headers | null): void
  /** It ends here, for whoever reads it. */
  fail(error: Error): void
}
