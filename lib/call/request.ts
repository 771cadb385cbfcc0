import { ArgumentError } from '../core/errors.ts'
import type { ExchangeRequest, ExchangeTimeouts, RequestBody } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { Target } from '../core/target.ts'
import { version } from '../core/version.ts'
import type { TlsOptions } from '../net/network.ts'
import { jsonBody, requestBody, type BodyInit } from './body.ts'
import { acceptEncoding } from './content-coding.ts'
import { checkOptions, requestChecks } from './options.ts'
import type { TlsIdentities } from './tls-identity.ts'
import { UrlParser } from './url.ts'

/** Header fields in any form; null and undefined leave a default field out. */
export type HeadersInit =
  | Readonly<Record<string, string | number | readonly string[] | null | undefined>>
  | Iterable<readonly [name: string, value: string]>

/** What a client's options and a request's have in common. A request's win over the client's. */
export interface SharedOptions {
  /** Fields to send, in this order and case. A request's replace a client's of the same name. */
  headers?: HeadersInit | undefined
  /** Local address that connections are bound to; it belongs to the pool's key. */
  clientIp?: string | undefined
  /** Merged over the client's; it belongs to the pool's key. Certificates are verified by default. */
  tlsOptions?: TlsOptions | undefined
  /** Longest wait for a connection, ms; default 0: none. */
  queueTimeout?: number | undefined
  /** Longest dial, ms: name lookup, TCP and TLS; default 10,000. */
  connectTimeout?: number | undefined
  /** Longest time the server may take no byte of the request, ms; default 60,000. */
  requestTimeout?: number | undefined
  /** Longest wait for the response's head once the request is sent, ms; default 60,000. */
  replyTimeout?: number | undefined
  /** Longest silence inside the body, the server's or the reader's, ms; default 30,000. */
  bodyTimeout?: number | undefined
  /** Longest time for the whole call, ms; default 0: none. */
  totalTimeout?: number | undefined
  /** Most bytes of a body, after decoding; default 256 MiB for `request`, none for `stream`. */
  maxBodySize?: number | undefined
  /** Most decoded bytes for each byte on the wire, above the first MiB; default 200. */
  maxDecodeRatio?: number | undefined
  /** Ask for compressed bodies and decode them; default true. */
  decompress?: boolean | undefined
}

/** Options of one request. */
export interface RequestOptions extends SharedOptions {
  /** Default GET. */
  method?: string | undefined
  /** Strings and forms bring a Content-Type; iterables are sent chunked unless Content-Length is given. */
  body?: BodyInit | null | undefined
  /** A value to send as JSON, instead of `body`. */
  json?: unknown
  /** Ends the call at once, wherever it is. */
  signal?: AbortSignal | undefined
  /** -10 to 10, higher first; default 0. */
  priority?: number | undefined
  /** May be sent again when its connection is lost; default by method (RFC 9110 section 9.2.2). */
  idempotent?: boolean | undefined
  /** Ask with `Expect: 100-continue` before sending the body; true waits 1,000 ms, a number so long. */
  expectContinue?: boolean | number | undefined
}

/** The codec's one serializer, handed in by the client: it refuses what must not get out. */
export interface RequestEncoder {
  /** Throws ArgumentError when the method is no token. */
  checkMethod(method: string): string
  /** Throws ArgumentError for a field that would break the head, or frame the body twice. */
  serializeFields(fields: Iterable<readonly [name: string, value: FieldValue]>): string
}

/** A request, ready for the scheduler, with what its call must know. */
export interface PreparedRequest extends ExchangeRequest {
  readonly totalTimeout: number
  readonly maxBodySize: number
  readonly maxDecodeRatio: number
  readonly decompress: boolean
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY', 'PROPFIND'])
/** Methods in lower case that fetch, too, sends in upper case; all others go as they are. */
const NORMALISED = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'])
/** Methods that mean nothing without a body: an empty one is announced (RFC 9110 section 8.6). */
const EXPECTS_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** Fields that a message cannot do without (RFC 9112 sections 3.2 and 6). */
const KEPT = new Set(['host', 'content-length', 'transfer-encoding'])

type FieldValue = string | number | readonly string[]
type Field = [name: string, value: FieldValue]
type Settings = Omit<PreparedRequest, keyof ExchangeRequest> & { readonly timeouts: ExchangeTimeouts }

/** Turns URLs and options into requests that the scheduler can take. One per client. */
export class RequestBuilder {
  readonly #urls = new UrlParser()
  readonly #encoder: RequestEncoder
  readonly #identities: TlsIdentities
  readonly #defaults: SharedOptions
  readonly #fields: readonly Field[]
  readonly #settings: Settings
  readonly #streamSettings: Settings
  /** The request of every plain GET of a target: all that differs between them is the path. */
  readonly #plain = new WeakMap<Target, PreparedRequest>()
  readonly #plainStream = new WeakMap<Target, PreparedRequest>()
  /** Targets with a client IP or a TLS identity, by key. */
  readonly #targets = new Map<string, Target>()

  constructor(defaults: SharedOptions, identities: TlsIdentities, encoder: RequestEncoder) {
    this.#encoder = encoder
    this.#defaults = defaults
    this.#identities = identities
    this.#fields = fieldList(defaults.headers)
    this.#settings = makeSettings({}, defaults, LIMITS.maxBodySize)
    this.#streamSettings = makeSettings({}, defaults, Infinity)
    // A bad default must fail when the client is made, not with its first request.
    encoder.serializeFields(this.#fields)
  }

  /** Throws ArgumentError when URL or options are wrong. */
  build(
    url: string | URL,
    options: RequestOptions | undefined,
    streamed: boolean,
  ): { request: PreparedRequest; path: string } {
    const { target, path, credentials } = this.#urls.parse(url)
    if (options === undefined && credentials === '') {
      const plain = streamed ? this.#plainStream : this.#plain
      let request = plain.get(target)
      if (request === undefined) {
        request = this.#make(this.#target(target, {}), {}, '', streamed)
        plain.set(target, request)
      }
      return { request, path }
    }
    if (options !== undefined) checkOptions('request', options, requestChecks)
    const known = options ?? {}
    return { request: this.#make(this.#target(target, known), known, credentials, streamed), path }
  }

  #make(target: Target, options: RequestOptions, credentials: string, streamed: boolean): PreparedRequest {
    const method = this.#encoder.checkMethod(normaliseMethod(options.method ?? 'GET'))
    const fields = mergeFields(this.#fields, fieldList(options.headers))
    const settings = this.#settingsOf(options, streamed)
    const body = addBody(method, options, fields)
    const expectContinue = addExpect(options, fields, body)
    if (!has(fields, 'host')) fields.unshift(['Host', target.authority])
    addDefault(fields, 'Accept', '*/*')
    if (settings.decompress) addDefault(fields, 'Accept-Encoding', acceptEncoding)
    addDefault(fields, 'User-Agent', `trawl/${version}`)
    if (credentials !== '') {
      addDefault(fields, 'Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
    }
    return {
      target,
      method,
      fields: this.#encoder.serializeFields(fields.filter(([name]) => !isRemoved(options.headers, name))),
      body,
      priority: options.priority ?? 0,
      idempotent: options.idempotent ?? IDEMPOTENT.has(method),
      streamed,
      expectContinue,
      closes: /(^|,)\s*close\s*(,|$)/i.test(String(valueOf(fields, 'connection') ?? '')),
      timeouts: settings.timeouts,
      totalTimeout: settings.totalTimeout,
      maxBodySize: settings.maxBodySize,
      maxDecodeRatio: settings.maxDecodeRatio,
      decompress: settings.decompress,
    }
  }

  #settingsOf(options: RequestOptions, streamed: boolean): Settings {
    const defaults = streamed ? this.#streamSettings : this.#settings
    const own =
      options.queueTimeout ??
      options.connectTimeout ??
      options.requestTimeout ??
      options.replyTimeout ??
      options.bodyTimeout ??
      options.totalTimeout ??
      options.maxBodySize ??
      options.maxDecodeRatio ??
      options.decompress
    if (own === undefined) return defaults
    return makeSettings(options, this.#defaults, streamed ? Infinity : LIMITS.maxBodySize)
  }

  /** The target as this request wants it: from its client IP, with its TLS options. */
  #target(plain: Target, options: RequestOptions): Target {
    const clientIp = options.clientIp ?? this.#defaults.clientIp ?? ''
    const tls = plain.scheme === 'https' ? options.tlsOptions : undefined
    if (clientIp === '' && tls === undefined) return plain
    const tlsIdentity = tls === undefined ? '' : this.#identities.name(tls)
    const target = new Target({
      scheme: plain.scheme,
      host: plain.host,
      port: plain.port,
      clientIp,
      tlsIdentity,
    })
    const known = this.#targets.get(target.key)
    if (known !== undefined) return known
    if (this.#targets.size >= LIMITS.maxOrigins) this.#targets.clear()
    this.#targets.set(target.key, target)
    return target
  }
}

function makeSettings(options: SharedOptions, defaults: SharedOptions, maxBodySize: number): Settings {
  const pick = (name: keyof SharedOptions & keyof typeof LIMITS): number =>
    options[name] ?? defaults[name] ?? LIMITS[name]
  return {
    timeouts: {
      queueTimeout: pick('queueTimeout'),
      connectTimeout: pick('connectTimeout'),
      requestTimeout: pick('requestTimeout'),
      replyTimeout: pick('replyTimeout'),
      bodyTimeout: pick('bodyTimeout'),
    },
    totalTimeout: pick('totalTimeout'),
    maxBodySize: options.maxBodySize ?? defaults.maxBodySize ?? maxBodySize,
    maxDecodeRatio: pick('maxDecodeRatio'),
    decompress: options.decompress ?? defaults.decompress ?? true,
  }
}

function normaliseMethod(method: string): string {
  const upper = method.toUpperCase()
  if (upper === 'CONNECT') {
    throw new ArgumentError('method CONNECT opens a tunnel, which a request cannot hold; use a proxy instead')
  }
  return NORMALISED.has(upper) ? upper : method
}

// --- fields --------------------------------------------------------------------------------------

function fieldList(headers: HeadersInit | undefined): Field[] {
  if (headers === undefined) return []
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  const fields: Field[] = []
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new ArgumentError('option headers holds something that is no [name, value] pair')
    }
    const [name, value] = entry as [unknown, Field[1] | null | undefined]
    if (typeof name !== 'string') {
      throw new ArgumentError(`option headers has a ${typeof name} for a name; names are strings`)
    }
    if (value !== null && value !== undefined) fields.push([name, value])
  }
  return fields
}

/** A request's fields replace the client's of the same name where those stand; new ones follow. */
function mergeFields(defaults: readonly Field[], own: readonly Field[]): Field[] {
  if (defaults.length === 0) return [...own]
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...own]
}

/** Whether the request sets this field to null: then not even the default is sent. */
function isRemoved(headers: HeadersInit | undefined, name: string): boolean {
  if (headers === undefined || Symbol.iterator in headers || KEPT.has(name.toLowerCase())) return false
  for (const key of Object.keys(headers)) {
    if (key.toLowerCase() === name.toLowerCase()) return headers[key] === null
  }
  return false
}

function valueOf(fields: readonly Field[], name: string): Field[1] | undefined {
  return fields.find(([field]) => field.toLowerCase() === name)?.[1]
}

function has(fields: readonly Field[], name: string): boolean {
  return valueOf(fields, name) !== undefined
}

function addDefault(fields: Field[], name: string, value: string): void {
  if (!has(fields, name.toLowerCase())) fields.push([name, value])
}

// --- body ----------------------------------------------------------------------------------------

/** Makes the body and adds the fields that frame it (RFC 9112 section 6). */
function addBody(method: string, options: RequestOptions, fields: Field[]): RequestBody | null {
  const given = valueOf(fields, 'content-length')
  const length = given === undefined ? -1 : parseLength(given)
  const chunked = has(fields, 'transfer-encoding')
  if (options.json !== undefined && options.body !== undefined && options.body !== null) {
    throw new ArgumentError('both body and json are given; a request has one body: give one of them')
  }
  if (options.json === undefined && (options.body === undefined || options.body === null)) {
    if (chunked) throw new ArgumentError('Transfer-Encoding is set, but there is no body to send')
    if (length > 0) throw new ArgumentError(`Content-Length is ${length}, but there is no body to send`)
    if (length === -1 && EXPECTS_BODY.has(method)) fields.push(['Content-Length', 0])
    return null
  }
  const made = options.json === undefined ? requestBody(options.body!, length) : jsonBody(options.json)
  if (made.contentType !== '') addDefault(fields, 'Content-Type', made.contentType)
  if (chunked) {
    checkChunked(valueOf(fields, 'transfer-encoding'), made.body)
  } else if (given === undefined) {
    if (made.body.length === -1) fields.push(['Transfer-Encoding', 'chunked'])
    else fields.push(['Content-Length', made.body.length])
  } else if (made.body.length !== length) {
    throw new ArgumentError(
      `Content-Length is ${length}, but the body has ${made.body.length} bytes; leave it out`,
    )
  }
  return made.body
}

function parseLength(value: Field[1]): number {
  const text = String(value)
  const length = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length
  throw new ArgumentError(`Content-Length is ${JSON.stringify(text)}; it must be a whole number of bytes`)
}

function checkChunked(value: Field[1] | undefined, body: RequestBody): void {
  if (String(value).toLowerCase() === 'chunked' && body.length === -1) return
  throw new ArgumentError(
    `Transfer-Encoding is ${JSON.stringify(String(value))}; only "chunked" is sent, and only with a body of unknown length: leave it out`,
  )
}

function addExpect(options: RequestOptions, fields: Field[], body: RequestBody | null): number {
  const asked = options.expectContinue ?? has(fields, 'expect')
  if (asked === false || body === null || body.length === 0) return 0
  addDefault(fields, 'Expect', '100-continue')
  return asked === true ? LIMITS.continueTimeout : asked
}
