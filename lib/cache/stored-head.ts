import type { Framing, ResponseHead } from '../core/exchange.ts'
import { Headers } from '../core/headers.ts'
import type { StoredResponse } from './store.ts'

/** The head of a stored response, in the shape that every head has. */
class StoredHead implements ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly minorVersion: number
  readonly headers: Headers
  readonly framing: Framing['kind']
  readonly contentLength: number
  /** The jar was told when the response came; telling it again would undo what has changed since. */
  readonly setsCookie: boolean = false
  readonly contentEncoding: string
  readonly keepAlive: boolean = true
  readonly keepAliveTimeout: number = -1
  readonly keepAliveMax: number = -1

  constructor(stored: StoredResponse, headers: Headers) {
    this.status = stored.status
    this.statusText = stored.statusText
    this.minorVersion = stored.minorVersion
    this.headers = headers
    this.framing = stored.body.length === 0 ? 'none' : 'length'
    this.contentLength = stored.body.length
    this.contentEncoding = stored.contentEncoding
  }
}

/** The head of `stored` with the Age field that RFC 9111 section 5.1 wants. `age` is ms. */
export function headOf(stored: StoredResponse, age: number): ResponseHead {
  const seconds = Math.max(0, Math.floor(age / 1_000))
  return new StoredHead(stored, new Headers(`${stored.fields}Age: ${seconds}\r\n`))
}

/** The trailers of `stored`, or null. */
export function trailersOf(stored: StoredResponse): Headers | null {
  return stored.trailers === '' ? null : new Headers(stored.trailers)
}
