import { ArgumentError } from '../core/errors.ts'
import type { ExchangeRequest, ExchangeTimeouts, RequestBody } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { Target } from '../core/target.ts'
import { version } from '../core/version.ts'
import type { TlsOptions } from '../net/network.ts'
import { jsonBody, requestBody, type BodyInit } from './body.ts'
import { acceptEncoding } from './content-coding.ts'
import { NO_OPTIONS, readOptions, requestChecks } from './options.ts'
import {
  readFields,
  RequestFields,
  type FieldValue,
  type GivenFields,
  type HeadersInit,
} from './request-fields.ts'
import type { TlsIdentities } from './tls-identity.ts'
import { UrlParser } from './url.ts'

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
  /** Most decoded bytes for each byte on the wire, above the first 8 MiB; default 200. */
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

type Settings = Omit<PreparedRequest, keyof ExchangeRequest> & { readonly timeouts: ExchangeTimeouts }

/** Turns URLs and options into requests that the scheduler can take. One per client. */
export class RequestBuilder {
  readonly #urls = new UrlParser()
  readonly #encoder: RequestEncoder
  readonly #identities: TlsIdentities
  readonly #defaults: SharedOptions
  readonly #fields: GivenFields
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
    this.#fields = readFields(defaults.headers)
    this.#settings = makeSettings(NO_OPTIONS, defaults, LIMITS.maxBodySize)
    this.#streamSettings = makeSettings(NO_OPTIONS, defaults, Infinity)
    // A bad default must fail when the client is made, not with its first request.
    encoder.serializeFields(this.#fields.fields)
  }

  /** Throws ArgumentError when URL or options are wrong. Options are read once, here. */
  build(
    url: string | URL,
    options: RequestOptions | undefined,
    streamed: boolean,
  ): { request: PreparedRequest; path: string; signal: AbortSignal | undefined } {
    const { target, path, credentials } = this.#urls.parse(url)
    if (options === undefined && credentials === '') {
      const plain = streamed ? this.#plainStream : this.#plain
      let request = plain.get(target)
      if (request === undefined) {
        request = this.#make(this.#target(target, NO_OPTIONS), NO_OPTIONS, '', streamed)
        plain.set(target, request)
      }
      return { request, path, signal: undefined }
    }
    const own = options === undefined ? NO_OPTIONS : readOptions('request', options, requestChecks)
    const request = this.#make(this.#target(target, own), own, credentials, streamed)
    return { request, path, signal: own.signal }
  }

  #make(target: Target, options: RequestOptions, credentials: string, streamed: boolean): PreparedRequest {
    const method = this.#encoder.checkMethod(normaliseMethod(options.method ?? 'GET'))
    const fields = new RequestFields(this.#fields, readFields(options.headers))
    const settings = this.#settingsOf(options, streamed)
    const body = addBody(method, options, fields)
    const expectContinue = addExpect(options, fields, body)
    if (!fields.has('host')) fields.list.unshift(['Host', target.authority])
    fields.addDefault('Accept', '*/*')
    if (settings.decompress) fields.addDefault('Accept-Encoding', acceptEncoding)
    fields.addDefault('User-Agent', `trawl/${version}`)
    if (credentials !== '') {
      fields.addDefault('Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
    }
    return {
      target,
      method,
      fields: this.#encoder.serializeFields(fields.list),
      body,
      priority: options.priority ?? 0,
      idempotent: options.idempotent ?? IDEMPOTENT.has(method),
      streamed,
      expectContinue,
      closes: fields.hasToken('connection', 'close'),
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
      proxy: '',
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

// --- body ----------------------------------------------------------------------------------------

/** Makes the body and adds the fields that frame it (RFC 9112 section 6). */
function addBody(method: string, options: RequestOptions, fields: RequestFields): RequestBody | null {
  const given = fields.valueOf('content-length')
  const length = given === undefined ? -1 : parseLength(given)
  const chunked = fields.has('transfer-encoding')
  if (options.json !== undefined && options.body !== undefined && options.body !== null) {
    throw new ArgumentError('both body and json are given; a request has one body: give one of them')
  }
  if (options.json === undefined && (options.body === undefined || options.body === null)) {
    if (chunked) throw new ArgumentError('Transfer-Encoding is set, but there is no body to send')
    if (length > 0) throw new ArgumentError(`Content-Length is ${length}, but there is no body to send`)
    if (length === -1 && EXPECTS_BODY.has(method)) fields.list.push(['Content-Length', 0])
    return null
  }
  const made = options.json === undefined ? requestBody(options.body!, length) : jsonBody(options.json)
  if (made.contentType !== '') fields.addDefault('Content-Type', made.contentType)
  if (chunked) {
    checkChunked(fields.valueOf('transfer-encoding'), made.body)
  } else if (given === undefined) {
    if (made.body.length === -1) fields.list.push(['Transfer-Encoding', 'chunked'])
    else fields.list.push(['Content-Length', made.body.length])
  } else if (made.body.length !== length) {
    throw new ArgumentError(
      `Content-Length is ${length}, but the body has ${made.body.length} bytes; leave it out`,
    )
  }
  return made.body
}

function parseLength(value: FieldValue): number {
  const text = String(value)
  const length = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length
  throw new ArgumentError(`Content-Length is ${JSON.stringify(text)}; it must be a whole number of bytes`)
}

function checkChunked(value: FieldValue | undefined, body: RequestBody): void {
  if (String(value).toLowerCase() === 'chunked' && body.length === -1) return
  throw new ArgumentError(
    `Transfer-Encoding is ${JSON.stringify(String(value))}; only "chunked" is sent, and only with a body of unknown length: leave it out`,
  )
}

function addExpect(options: RequestOptions, fields: RequestFields, body: RequestBody | null): number {
  const asked = options.expectContinue ?? fields.has('expect')
  if (asked === false || body === null || body.length === 0) return 0
  fields.addDefault('Expect', '100-continue')
  // Set to null, it is not asked for: then there is nothing to wait for.
  if (!fields.has('expect')) return 0
  return asked === true ? LIMITS.continueTimeout : asked
}
