import type { Framing, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'

/** A head as the decoder hands it out: one shape for every response. */
export class DecodedHead implements ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly minorVersion: number
  readonly headers: Headers
  readonly framing: Framing['kind']
  readonly contentLength: number
  readonly setsCookie: boolean
  readonly contentEncoding: string
  readonly keepAlive: boolean
  readonly keepAliveTimeout: number
  readonly keepAliveMax: number

  constructor(
    status: number,
    statusText: string,
    minorVersion: number,
    headers: Headers,
    framing: Framing['kind'],
    contentLength: number,
    setsCookie: boolean,
    contentEncoding: string,
    keepAlive: boolean,
    keepAliveTimeout: number,
    keepAliveMax: number,
  ) {
    this.status = status
    this.statusText = statusText
    this.minorVersion = minorVersion
    this.headers = headers
    this.framing = framing
    this.contentLength = contentLength
    this.setsCookie = setsCookie
    this.contentEncoding = contentEncoding
    this.keepAlive = keepAlive
    this.keepAliveTimeout = keepAliveTimeout
    this.keepAliveMax = keepAliveMax
  }
}
