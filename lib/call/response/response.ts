import type { CacheStatus } from '../../cache/cache-request.ts'
import { DecodingError } from '../../core/errors.ts'
import type { Exchange, Flight, ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { decodeText } from './charset.ts'
import { textOf } from './text.ts'
import type { CallHistory, Redirect } from '../history.ts'
import { validateJson, type StandardSchema } from './json-schema.ts'

/** Where the time of a call's last attempt went, ms; -1: not come to. */
export interface Timings {
  /** Waiting for a connection, but for its dial. */
  readonly queue: number
  /** Looking the host up, as far as this request waited for it; 0 where the connection was open already, as for the next two. */
  readonly dns: number
  readonly connect: number
  /** TLS, and the tunnel of a proxy. */
  readonly tls: number
  /** From the request's first byte to its last. */
  readonly send: number
  /** From then to the end of the response's head. */
  readonly head: number
  /** From then to the end of its body. */
  readonly body: number
  /** From the start of the call, redirects and retries included, to the end of the body. */
  readonly total: number
}

/** What a whole and a streamed response have in common. */
export abstract class ResponseBase {
  /** Bytes of the body as they came, before decoding. */
  bytesOnWire = 0
  /** Bytes of the body after decoding. */
  bytesDecoded = 0
  protected readonly responseHead: ResponseHead
  // Private: the fields of what was sent hold secrets, and whoever logs a response or a StatusError logs these.
  readonly #exchange: Exchange
  /** null: the cache answered, nothing was sent. */
  readonly #flight: Flight | null
  readonly #history: CallHistory | null
  protected trailerFields: Headers | null = null

  constructor(exchange: Exchange, head: ResponseHead, history: CallHistory | null) {
    this.#exchange = exchange
    this.#flight = exchange.flight
    this.responseHead = head
    this.#history = history
  }

  protected get exchange(): Exchange {
    return this.#exchange
  }

  protected get history(): CallHistory | null {
    return this.#history
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
    return this.#exchange.target.origin + this.#exchange.path
  }

  /** The URL's fragment, as `#part`, inherited over redirects (RFC 9110 section 10.2.2); '' for none. */
  get fragment(): string {
    return this.#history === null ? '' : this.#history.fragment
  }

  get method(): string {
    return this.#exchange.request.method
  }

  /** The redirects that were followed, the first one first. */
  get redirects(): readonly Redirect[] {
    return this.#history === null ? NO_REDIRECTS : this.#history.redirects
  }

  /** How often the call was tried again, after errors and statuses that may pass. */
  get retries(): number {
    return this.#history === null ? 0 : this.#history.retries
  }

  /** What the cache did: 'hit', 'miss', 'revalidated', 'stale'; null: it had no part in it. */
  get cache(): CacheStatus | null {
    return this.#history === null ? null : this.#history.cache
  }

  /** 1, or more when the exchange was sent again after lost connections. */
  get attempt(): number {
    return this.#exchange.attempt
  }

  /** The local address that the connection had; '' when the cache answered. */
  get clientIp(): string {
    return this.#flight === null ? '' : this.#flight.route.localAddress
  }

  /** The server's address, or its proxy's; '' when the cache answered. */
  get remoteAddress(): string {
    return this.#flight === null ? '' : this.#flight.route.remoteAddress
  }

  /** Whether the connection had carried another exchange before. */
  get reused(): boolean {
    return this.#flight !== null && this.#flight.reused
  }

  get timings(): Timings {
    if (this.#flight === null) return NO_TIMINGS
    const { queuedAt } = this.#exchange
    const { sentAt, headAt, endAt, sending, dial } = this.#flight
    const isEnded = !Number.isNaN(endAt)
    const startedAt = this.#history === null ? queuedAt : this.#history.startedAt
    // The dial may have begun before, for another: what counts is what this request waited for it.
    let waited = sentAt - queuedAt
    const share = (time: number): number => {
      const own = Math.min(time, waited)
      waited -= own
      return own
    }
    const tls = dial === null ? 0 : share(dial.tls)
    const connect = dial === null ? 0 : share(dial.connect)
    const dns = dial === null ? 0 : share(dial.dns)
    return {
      queue: waited,
      dns,
      connect,
      tls,
      send: sending,
      // An answer may come before the request is whole.
      head: Math.max(0, headAt - sentAt - sending),
      body: isEnded ? endAt - headAt : -1,
      total: isEnded ? endAt - startedAt : -1,
    }
  }
}

const NO_REDIRECTS: readonly Redirect[] = []
const NO_TIMINGS: Timings = { queue: 0, dns: 0, connect: 0, tls: 0, send: 0, head: 0, body: 0, total: 0 }

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

  /**
   * The body as text, in the charset that its byte order mark, its Content-Type or, for HTML and XML, its
   * first bytes name; else UTF-8. Bad bytes become U+FFFD.
   */
  text(): string {
    return textOf(this.#body, this.headers)
  }

  /**
   * The body as JSON, checked by `schema`, any Standard Schema. Where that is asynchronous, await it.
   * `json<T>()` without one is your word for it: nothing is checked.
   * Throws DecodingError when the body is no JSON, or not what the schema wants.
   */
  json<T = unknown>(schema?: StandardSchema<unknown, T>): T {
    return readJson(this.#body, schema, this) as T
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

/** JSON is UTF-8 (RFC 8259 section 8.1), whatever the Content-Type says. */
export function readJson<T>(
  body: Buffer,
  schema: StandardSchema<unknown, T> | undefined,
  response: ResponseBase,
): unknown {
  const about = (error: unknown): never => {
    if (error instanceof DecodingError) {
      const { method, url, attempt } = response
      error.about({ method, url, attempt, progress: 'done' })
    }
    throw error
  }
  try {
    const value = parseJson(decodeText(body, 'application/json'))
    if (schema === undefined) return value
    const valid = validateJson(schema, value)
    return valid instanceof Promise ? valid.catch(about) : valid
  } catch (error) {
    return about(error)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const start = JSON.stringify(text.slice(0, 60))
    throw new DecodingError(`the body is no JSON (it starts ${start})`, error)
  }
}
