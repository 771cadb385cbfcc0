import { types } from 'node:util'
import { FetchBody } from './fetch-body.ts'
import { hasNoBody, networkResponse } from './fetch-response.ts'
import { requestStream } from './fetch-request-body.ts'
import type { BodyInit } from '../request/body.ts'
import { resolveUrl } from '../request/query.ts'

/** What a fetch asks of the client. */
export interface FetchOptions {
  readonly method: string
  readonly headers: [name: string, value: string][]
  readonly body: BodyInit | null
  readonly signal: AbortSignal | undefined
  readonly redirect: 'follow' | 'manual' | 'error'
  readonly cache?: Exclude<Request['cache'], 'default'>
  /** A fetch resolves with any status, whatever the client's default is. */
  readonly expectSuccess: false
}

/** What a fetch needs of a streamed response. */
export interface FetchAnswer {
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly redirects: readonly unknown[]
  readonly headers: Iterable<[name: string, value: string]>
  readonly body: AsyncIterableIterator<Uint8Array>
  discard(): Promise<void>
}

export interface FetchEngine {
  /** Without options a GET, by the client's defaults. */
  stream(url: string, options?: FetchOptions): Promise<FetchAnswer>
}

type Input = Parameters<typeof globalThis.fetch>[0]
type Init = Parameters<typeof globalThis.fetch>[1]

/** Read once, in this order: an init may be a Request, or have getters. */
const INIT_NAMES = [
  'method',
  'headers',
  'body',
  'referrer',
  'referrerPolicy',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'integrity',
  'keepalive',
  'signal',
  'duplex',
  'priority',
  'window',
] as const

/** What each of them is where it is not given, by the standard. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['method', 'GET'],
  ['headers', []],
  ['body', null],
  ['referrer', 'about:client'],
  ['referrerPolicy', ''],
  ['mode', 'cors'],
  ['credentials', 'same-origin'],
  ['cache', 'default'],
  ['redirect', 'follow'],
  ['integrity', ''],
  ['keepalive', false],
  ['signal', null],
  ['duplex', 'half'],
  ['window', null],
])

/**
 * The fetch of the fetch standard, on a client: Node's own Request, Response and Headers, with the
 * client's pools, limits, cookies, cache and retries underneath.
 *
 * Rejects with a TypeError whose `cause` is the RequestError; with the signal's reason when aborted.
 * `baseUrl`: what a relative URL given as text is resolved against; '' for nothing, as in Node.
 * `isPlain`: what the client does by default is what fetch does, so that a GET needs no options.
 */
export function makeFetch(
  engine: FetchEngine,
  baseUrl: string = '',
  isPlain: boolean = false,
): typeof globalThis.fetch {
  const fetchRequest = async (input: Input, init: Init): Promise<Response> => {
    const given = typeof input === 'string' && baseUrl !== '' ? resolveUrl(baseUrl, input) : input
    const { request, signal, body } = readArguments(given, init)
    checkRequest(request)
    if (signal?.aborted === true) {
      // Whoever made the body may hold a file for it.
      request.body?.cancel(signal.reason).catch(ignore)
      throw signal.reason
    }
    try {
      const options: FetchOptions = {
        method: request.method,
        headers: [...request.headers],
        body: body ?? (request.body === null ? null : await requestStream(request.body, signal)),
        signal,
        redirect: request.redirect,
        ...(request.cache === 'default' ? undefined : { cache: request.cache }),
        expectSuccess: false,
      }
      return respond(request.method, await engine.stream(request.url, options), signal)
    } catch (error) {
      throw failure(error, signal)
    }
  }
  return (input: Input, init?: Init): Promise<Response> => {
    // A Request to read the arguments, and options for the client to check, cost 15 us.
    if (isPlain && init === undefined && typeof input === 'string' && isUsual(input)) {
      return engine.stream(input).then(respondToGet, rejectPlain)
    }
    return fetchRequest(input, init)
  }
}

/** A URL that Request would not refuse for its scheme or its credentials; if it is one, its client says. */
function isUsual(url: string): boolean {
  return (url.startsWith('http://') || url.startsWith('https://')) && !url.includes('@') && URL.canParse(url)
}

function respondToGet(answer: FetchAnswer): Response {
  return respond('GET', answer, undefined)
}

function rejectPlain(error: unknown): never {
  throw failure(error, undefined)
}

/** As undici has it, which is what callers look for. */
function failure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  // An ArgumentError, which names the remedy.
  if (error instanceof TypeError) return error
  return new TypeError('fetch failed', { cause: error })
}

interface Arguments {
  readonly request: Request
  readonly signal: AbortSignal | undefined
  /** A body that can be sent again and has a length; null: none, or it is the request's stream. */
  readonly body: BodyInit | null
}

/**
 * The standard's Request does the reading and refusing. But the signal it makes costs more than a
 * request, and of a body it keeps only a stream: both are taken out where they can be.
 */
function readArguments(input: Input, init: Init): Arguments {
  const isGiven = typeof init === 'object' && init !== null
  if (!isGiven && !isPolluted()) {
    return { request: new Request(input, init), signal: signalOf(input, undefined), body: null }
  }
  const given = (isGiven ? init : {}) as Record<string, unknown>
  const own = Object.create(null) as Record<string, unknown>
  for (const name of INIT_NAMES) {
    const value = isOfPrototype(given, name) ? undefined : given[name]
    if (value !== undefined) own[name] = value
    // Node's Request would look it up on Object.prototype.
    else if (name in Object.prototype && !(input instanceof Request)) own[name] = DEFAULTS.get(name)
  }
  const { signal } = own
  if (signal instanceof AbortSignal) delete own['signal']
  const body = replayable(own['body'])
  // Empty bytes, which bring no Content-Type, but make Request refuse a GET with a body.
  if (body !== null) own['body'] = new Uint8Array(0)
  return { request: new Request(input, own), signal: signalOf(input, signal), body }
}

function isPolluted(): boolean {
  return INIT_NAMES.some((name) => name in Object.prototype)
}

/** An init may inherit, as a Request does; but what somebody has put on Object.prototype is nobody's. */
function isOfPrototype(init: object, name: string): boolean {
  if (!(name in Object.prototype)) return false
  for (let one: unknown = init; one !== null && one !== Object.prototype; one = Object.getPrototypeOf(one)) {
    if (Object.hasOwn(one as object, name)) return false
  }
  return true
}

function signalOf(input: Input, own: unknown): AbortSignal | undefined {
  if (own instanceof AbortSignal) return own
  return own === undefined && input instanceof Request ? input.signal : undefined
}

/** null: nothing, or what Request makes a stream or a text of. */
function replayable(body: unknown): BodyInit | null {
  if (typeof body === 'string') return body
  // A copy: the standard lets the caller change it at once.
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
  }
  if (types.isArrayBuffer(body)) return new Uint8Array(body).slice()
  if (body instanceof URLSearchParams) return body.toString() === '' ? body : new URLSearchParams(body)
  return body instanceof Blob || body instanceof FormData ? body : null
}

function checkRequest(request: Request): void {
  const scheme = request.url.slice(0, request.url.indexOf(':'))
  if (scheme !== 'http' && scheme !== 'https') {
    throw new TypeError(
      `a ${scheme}: URL is not fetched here, only http and https; Node's own fetch takes data: and blob:`,
    )
  }
  if (request.integrity !== '') {
    throw new TypeError('integrity is not checked here; leave it out and compare the hash of the bytes')
  }
}

function respond(method: string, answer: FetchAnswer, signal: AbortSignal | undefined): Response {
  const isEmpty = method === 'HEAD' || hasNoBody(answer.status)
  if (isEmpty) void answer.discard()
  return networkResponse(isEmpty ? null : new FetchBody(answer, signal), answer)
}

function ignore(): void {}
