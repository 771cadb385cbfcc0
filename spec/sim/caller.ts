import type { Client, RequestOptions, Response, StreamResponse } from '../../lib/index.ts'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import { NO_BODY, pathOf, requestBody, sentBody, type SentBody } from './answers.ts'
import { withSecret } from './twists.ts'
import type { CallSpec } from './workload.ts'

/** What the checkers ask of a response, by whatever way it came. */
export interface Answer extends Pick<
  Response,
  'status' | 'method' | 'url' | 'redirects' | 'retries' | 'cache' | 'clientIp'
> {
  readonly headers: Pick<Headers, 'get' | 'has'>
}

/** How a call ended, as its caller saw it. */
export type Outcome =
  | {
      kind: 'answer'
      response: Answer
      /** What was read; null where the caller did not read to the end. */
      body: Buffer | null
    }
  | { kind: 'error'; error: unknown; whileReading: boolean }

/** One call, from its start to its end, with the times at which things happened. */
export class CallRecord {
  readonly spec: CallSpec
  readonly sent: SentBody
  startedAt = -1
  abortedAt = -1
  /** When the promise settled, and when the caller was done with the body too. */
  settledAt = -1
  doneAt = -1
  settlements = 0
  outcome: Outcome | null = null
  /** Of a stream: its head, and what its reader was given until it left or failed. */
  response: Answer | null = null
  readonly pieces: Uint8Array[] = []
  signal: AbortSignal | null = null
  /** Bytes that have come for it so far. */
  readonly read: () => number
  /** The most that had come while nobody read any. */
  unread = 0

  constructor(spec: CallSpec, readFor: (id: number) => number) {
    this.spec = spec
    this.read = () => readFor(spec.id)
    this.sent = spec.bodyKind === 'none' ? NO_BODY : sentBody(bodyBytes(spec))
  }

  /** Without what is secret. */
  get url(): string {
    return this.spec.server.origin + this.path
  }

  get path(): string {
    const { page, size, status } = this.spec
    return pathOf(page, size, status)
  }
}

/** Makes one call as its specification says, and writes down what comes of it. Never rejects. */
export async function makeCall(client: Client, clock: SimClock, record: CallRecord): Promise<void> {
  const { spec } = record
  record.startedAt = clock.now()
  const options = requestOptions(spec, clock)
  const signal = abortSignal(record, clock)
  if (signal !== null) options.signal = signal
  record.signal = signal
  const url = urlOf(record)
  const promise = spec.reader === null ? client.request(url, options) : client.stream(url, options)
  const settled = (): void => {
    record.settledAt = clock.now()
    record.settlements++
  }
  let response: Response | StreamResponse
  try {
    response = await promise
    settled()
  } catch (error) {
    settled()
    record.outcome = { kind: 'error', error, whileReading: false }
    record.doneAt = clock.now()
    return
  }
  record.response = response
  try {
    record.outcome = { kind: 'answer', response, body: await read(response, record, clock) }
  } catch (error) {
    record.outcome = { kind: 'error', error, whileReading: true }
  }
  record.doneAt = clock.now()
}

/** ms for which a reader does nothing; shorter than any timeout. */
const HOLD = 60

export function urlOf({ spec, path, url }: CallRecord): string {
  return spec.secret === 'url' ? withSecret(spec.server.origin) + path : url
}

async function read(
  response: Response | StreamResponse,
  record: CallRecord,
  clock: SimClock,
): Promise<Buffer | null> {
  const { spec } = record
  if (spec.reader === null) return Buffer.from(await response.bytes())
  if (spec.reader === 'hold') {
    await sleep(clock, HOLD)
    record.unread = record.read()
  }
  if (spec.reader === 'never') return null
  if (spec.reader === 'discard') {
    await (response as StreamResponse).discard()
    return null
  }
  const { pieces } = record
  for await (const piece of (response as StreamResponse).body) {
    pieces.push(piece)
    if (spec.reader === 'slow') await sleep(clock, spec.id % 20)
    if (spec.reader === 'some' && pieces.length > spec.id % 3) return null
  }
  return Buffer.concat(pieces)
}

export function abortSignal(record: CallRecord, clock: SimClock): AbortSignal | null {
  const { abortAfter } = record.spec
  if (abortAfter === null) return null
  const controller = new AbortController()
  const abort = (): void => {
    record.abortedAt = clock.now()
    controller.abort(new Error('no longer wanted'))
  }
  if (abortAfter < 0) abort()
  else clock.after(abortAfter, abort)
  return controller.signal
}

export function requestOptions(spec: CallSpec, clock: SimClock): RequestOptions {
  const options: RequestOptions = { method: spec.method, ...spec.timeouts }
  const headers: Record<string, string> = { 'X-Call': String(spec.id), ...secretFields(spec) }
  if (spec.session !== '') {
    options.session = spec.session
    headers['X-Session'] = spec.session
  }
  if (spec.variant !== '') headers['X-Variant'] = spec.variant
  if (spec.redirect !== null) options.redirect = spec.redirect
  if (spec.cacheMode !== null) options.cache = spec.cacheMode
  if (spec.priority !== 0) options.priority = spec.priority
  if (spec.clientIp !== '') options.clientIp = spec.clientIp
  if (spec.closes) headers['Connection'] = 'close'
  if (spec.maxBodySize !== null) options.maxBodySize = spec.maxBodySize
  if (spec.expectContinue) options.expectContinue = 100
  if (spec.idempotent !== null) {
    options.idempotent = spec.idempotent
    headers['X-Idempotent'] = '1'
  }
  if (spec.bodyKind === 'sized stream') headers['Content-Length'] = String(bodyBytes(spec).length)
  if (spec.bodyKind === 'json') options.json = requestBody(spec.id, spec.bodySize).toString('latin1')
  else if (spec.bodyKind !== 'none') options.body = bodyInit(spec, clock)
  return { ...options, headers }
}

/** Each names the origin that alone may see it, and one of two users. */
function secretFields({ id, secret, server }: CallSpec): Record<string, string> {
  const value = `${server.origin}~${id % 2}`
  if (secret === 'authorization') return { Authorization: `Bearer ${value}` }
  if (secret === 'cookie') return { Cookie: `own=${value}` }
  return secret === 'key' ? { 'X-Api-Key': value } : {}
}

function bodyInit(spec: CallSpec, clock: SimClock): string | Uint8Array | AsyncIterable<Uint8Array> {
  const bytes = bodyBytes(spec)
  if (spec.bodyKind === 'text') return bytes.toString('latin1')
  return spec.bodyKind === 'bytes' ? bytes : produce(bytes, spec, clock)
}

async function* produce(
  bytes: Buffer,
  spec: CallSpec,
  clock: SimClock,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Math.max(1, Math.ceil(bytes.length / 4))
  for (let at = 0; at < bytes.length; at += size) {
    if (spec.bodyKind === 'failing stream' && at >= 2 * size) throw new Error('the source has failed')
    yield bytes.subarray(at, at + size)
    if (spec.id % 3 > 0) await sleep(clock, spec.id % 7)
  }
}

/** The bytes on the wire. */
function bodyBytes(spec: CallSpec): Buffer {
  const body = requestBody(spec.id, spec.bodySize)
  return spec.bodyKind === 'json' ? Buffer.from(JSON.stringify(body.toString('latin1'))) : body
}

export function sleep(clock: SimClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
