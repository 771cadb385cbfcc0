import type { CacheStatus } from '../cache/cache-request.ts'
import { DecodingError } from '../core/errors.ts'
import type { Exchange, Flight, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import type { CallHistory, Redirect } from './history.ts'

/** Where a call's time went, ms; -1: not come to. */
export interface Timings {
  /** Waiting for a connection, its dial included. */
  readonly queue: number
  /** From the start to the end of the response's head. */
  readonly head: number
  /** From the start to the end of the body. */
  readonly total: number
}

/** What a whole and a streamed response have in common. */
export abstract class ResponseBase {
  /** Bytes of the body as they came, before decoding. */
  bytesOnWire = 0
  /** Bytes of the body after decoding. */
  bytesDecoded = 0
  protected readonly responseHead: ResponseHead
  protected readonly exchange: Exchange
  /** null: the cache answered, nothing was sent. */
  protected readonly flight: Flight | null
  protected readonly history: CallHistory | null
  protected trailerFields: Headers | null = null

  constructor(exchange: Exchange, head: ResponseHead, history: CallHistory | null) {
    this.exchange = exchange
    this.flight = exchange.flight
    this.responseHead = head
    this.history = history
  }

  /** The status code: to a scraper a 404 is data, so no status is an error. */
  get status(): number {
    return this.responseHead.status
  }

  /** The reason phrase, Latin-1; often empty. */
  get statusText(): string {
    return this.responseHead.statusText
  }

  /** '1.0' or '1.1'. */
  get httpVersion(): string {
    return `1.${this.responseHead.minorVersion}`
  }

  /** 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get headers(): Headers {
    return this.responseHead.headers
  }

  /** Names and values in turn, in the server's order and case. */
  get rawHeaders(): string[] {
    return this.responseHead.headers.raw
  }

  /** Fields after a chunked body; null: none came, or not yet. */
  get trailers(): Headers | null {
    return this.trailerFields
  }

  /** The URL that was asked for last, after all redirects; without fragment and credentials. */
  get url(): string {
    return this.exchange.target.origin + this.exchange.path
  }

  /** The URL's fragment, as `#part`, inherited over redirects (RFC 9110 section 10.2.2); '' for none. */
  get fragment(): string {
    return this.history === null ? '' : this.history.fragment
  }

  get method(): string {
    return this.exchange.request.method
  }

  /** The redirects that were followed, the first one first. */
  get redirects(): readonly Redirect[] {
    return this.history === null ? NO_REDIRECTS : this.history.redirects
  }

  /** How often the call was tried again, after errors and statuses that may pass. */
  get retries(): number {
    return this.history === null ? 0 : this.history.retries
  }

  /** What the cache did: 'hit', 'miss', 'revalidated', 'stale'; null: it had no part in it. */
  get cache(): CacheStatus | null {
    return this.history === null ? null : this.history.cache
  }

  /** 1, or more when the exchange was sent again after lost connections. */
  get attempt(): number {
    return this.exchange.attempt
  }

  /** The local address that the connection had; '' when the cache answered. */
  get clientIp(): string {
    return this.flight === null ? '' : this.flight.route.localAddress
  }

  /** The server's address, or its proxy's; '' when the cache answered. */
  get remoteAddress(): string {
    return this.flight === null ? '' : this.flight.route.remoteAddress
  }

  /** Whether the connection had carried another exchange before. */
  get reused(): boolean {
    return this.flight !== null && this.flight.reused
  }

  get timings(): Timings {
    if (this.flight === null) return NO_TIMINGS
    const { queuedAt } = this.exchange
    const { sentAt, headAt, endAt } = this.flight
    return {
      queue: sentAt - queuedAt,
      head: headAt - queuedAt,
      total: Number.isNaN(endAt) ? -1 : endAt - queuedAt,
    }
  }
}

const NO_REDIRECTS: readonly Redirect[] = []
const NO_TIMINGS: Timings = { queue: 0, head: 0, total: 0 }

/** A response whose body is here, decoded. Its views are synchronous; awaiting them does no harm. */
export class Response extends ResponseBase {
  readonly #body: Buffer<ArrayBuffer>

  constructor(
    exchange: Exchange,
    head: ResponseHead,
    body: Buffer<ArrayBuffer>,
    bytesOnWire: number,
    trailers: Headers | null,
    history: CallHistory | null = null,
  ) {
    super(exchange, head, history)
    this.#body = body
    this.bytesOnWire = bytesOnWire
    this.bytesDecoded = body.length
    this.trailerFields = trailers
  }

  /** The body; its `buffer` holds these bytes and no others. */
  bytes(): Uint8Array<ArrayBuffer> {
    const body = this.#body
    // Small bodies share a slab: handing that out would show other bodies (CVE-2024-38372). And all empty
    // ones share a buffer, which whoever transfers it takes away from the others.
    if (body.length > 0 && body.length === body.buffer.byteLength) return new Uint8Array(body.buffer)
    return new Uint8Array(body)
  }

  /** The body as UTF-8; a byte order mark is left out, bad bytes become U+FFFD. */
  text(): string {
    return decodeUtf8(this.#body)
  }

  /** Throws DecodingError when the body is no JSON. */
  json(): unknown {
    return parseJson(this.text(), this)
  }

  arrayBuffer(): ArrayBuffer {
    return this.bytes().buffer
  }

  blob(): Blob {
    return new Blob([this.bytes()], {
      type: this.headers.get('content-type') ?? '',
    })
  }
}

export function decodeUtf8(bytes: Buffer): string {
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return marked ? bytes.toString('utf8', 3) : bytes.toString('utf8')
}

export function parseJson(text: string, response: ResponseBase): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const start = JSON.stringify(text.slice(0, 60))
    throw new DecodingError(`the body is no JSON (it starts ${start})`, error).about({
      method: response.method,
      url: response.url,
      attempt: response.attempt,
      progress: 'done',
    })
  }
}
