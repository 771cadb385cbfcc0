import { hasUtf8Mark } from '../response/charset.ts'
import type { FetchBody } from './fetch-body.ts'

/** What the standard's constructor does not let one say. */
interface Origin {
  readonly status: number
  readonly statusText: string
  readonly headers: Iterable<[name: string, value: string]>
  readonly url: string
  readonly redirects: readonly unknown[]
}

type Bytes = Uint8Array<ArrayBuffer>

/** Statuses whose responses have no body (fetch standard, "null body status"). */
export function hasNoBody(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304
}

/** A Response that came from the network: it has a URL, and any status. */
export function networkResponse(body: FetchBody | null, origin: Origin): Response {
  if (!isReady) makeReady()
  return new FetchResponse(origin, body, null, null)
}

/**
 * A Response by the standard, whose dear parts are made when somebody asks for them. With Node's own a
 * fetch took 150 us: its fields cost 8 us, its stream 5 and reading that 15, and it knows no statuses from
 * 600 up. A body that is gathered needs no stream; what else is asked of one is left to Node's.
 */
class FetchResponse implements Response {
  readonly #origin: Origin
  readonly #body: FetchBody | null
  #headers: Headers | null
  /** Carries the body once it is asked for as a stream; null: it has not been. */
  #native: Response | null
  #isGathered = false
  /** What stands for the stream of a body that was gathered. */
  #spent: ReadableStream<Bytes> | null = null

  constructor(origin: Origin, body: FetchBody | null, native: Response | null, headers: Headers | null) {
    this.#origin = origin
    this.#body = body
    this.#native = native
    this.#headers = headers
  }

  get type(): 'basic' {
    return 'basic'
  }

  get url(): string {
    return this.#origin.url
  }

  get redirected(): boolean {
    return this.#origin.redirects.length > 0
  }

  get status(): number {
    return this.#origin.status
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get statusText(): string {
    return this.#origin.statusText.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '')
  }

  get headers(): Headers {
    this.#headers ??= new globalThis.Headers([...this.#origin.headers])
    return this.#headers
  }

  get body(): ReadableStream<Bytes> | null {
    if (!this.#isGathered) return this.#open().body as ReadableStream<Bytes> | null
    this.#spent ??= spentStream()
    return this.#spent
  }

  get bodyUsed(): boolean {
    return this.#native === null ? this.#isGathered : this.#native.bodyUsed
  }

  clone(): Response {
    if (this.#isGathered) throw new TypeError('Response.clone: Body has already been consumed.')
    return new FetchResponse(this.#origin, null, this.#open().clone(), new globalThis.Headers(this.headers))
  }

  text(): Promise<string> {
    return this.#native === null ? this.#gather().then(textOf) : this.#native.text()
  }

  json(): Promise<unknown> {
    return this.#native === null ? this.#gather().then(jsonOf) : this.#native.json()
  }

  bytes(): Promise<Bytes> {
    return this.#native === null ? this.#gather().then(ownBytes) : this.#native.arrayBuffer().then(ownBytes)
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#native === null ? this.#gather().then(ownBuffer) : this.#native.arrayBuffer()
  }

  async blob(): Promise<Blob> {
    return this.#typed().blob()
  }

  async formData(): Promise<FormData> {
    return this.#typed().formData()
  }

  #gather(): Promise<Uint8Array> {
    if (this.#body === null) return Promise.resolve(EMPTY)
    if (this.#isGathered) return Promise.reject(alreadyRead())
    this.#isGathered = true
    return this.#body.gather()
  }

  #open(): Response {
    this.#native ??= new globalThis.Response(this.#body === null ? null : this.#body.stream())
    return this.#native
  }

  /** What carries the body, with the Content-Type that these read. */
  #typed(): Response {
    if (this.#isGathered) throw alreadyRead()
    const native = this.#open()
    const type = this.headers.get('content-type')
    if (type === null) native.headers.delete('content-type')
    else native.headers.set('content-type', type)
    return native
  }
}

let isReady = false

/** With the first response, not with the import: to name Node's own takes 10 ms or more to load it. */
function makeReady(): void {
  isReady = true
  const { prototype } = FetchResponse
  for (const name of Object.getOwnPropertyNames(prototype)) {
    Object.defineProperty(prototype, name, { enumerable: true })
  }
  Reflect.deleteProperty(prototype, 'constructor')
  Object.setPrototypeOf(prototype, globalThis.Response.prototype)
}

const EMPTY = new Uint8Array(0)

function alreadyRead(): TypeError {
  return new TypeError('Body is unusable: Body has already been read')
}

/** As whoever has read it leaves it: disturbed, closed and locked. */
function spentStream(): ReadableStream<Bytes> {
  const stream = new ReadableStream<Bytes>()
  void stream.getReader().cancel()
  return stream
}

/** Fetch takes any text for UTF-8. */
function textOf(bytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = bytes
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8', hasUtf8Mark(bytes) ? 3 : 0)
}

function jsonOf(bytes: Uint8Array): unknown {
  return JSON.parse(textOf(bytes)) as unknown
}

/** A view of a buffer that holds these bytes and no others. */
function ownBytes(bytes: Uint8Array | ArrayBuffer): Bytes {
  if (!ArrayBuffer.isView(bytes)) return new Uint8Array(bytes)
  const { buffer, byteLength } = bytes
  if (byteLength > 0 && byteLength === buffer.byteLength) return new Uint8Array(buffer as ArrayBuffer)
  return new Uint8Array(bytes)
}

function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return ownBytes(bytes).buffer
}
