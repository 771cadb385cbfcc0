import type { RequestError } from '../../lib/core/errors.ts'
import {
  Exchange,
  type ExchangeRequest,
  type ExchangeSink,
  type RequestBody,
  type ResponseHead,
} from '../../lib/core/exchange.ts'
import type { Headers } from '../../lib/core/headers.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Target } from '../../lib/core/target.ts'

/** What a spec asks for; all that is left out is that of a plain GET. */
export type Wish = Partial<Omit<ExchangeRequest, 'target' | 'timeouts'>> & {
  host?: string
  clientIp?: string
  path?: string
} & Partial<ExchangeRequest['timeouts']>

const targets = new Map<string, Target>()

export function targetOf(host: string, clientIp = ''): Target {
  const key = `${host} ${clientIp}`
  const target = targets.get(key) ?? new Target({ scheme: 'http', host, port: 80, clientIp })
  targets.set(key, target)
  return target
}

/** One exchange, and all that its sink heard of it. */
export class Asked implements ExchangeSink {
  readonly x: Exchange
  readonly informational: number[] = []
  head: ResponseHead | null = null
  body = ''
  error: RequestError | null = null
  /** Times that it ended, one way or the other. Must be 1, or 0 when it was cancelled. */
  ends = 0
  cancelled = false
  closingHeard = 0
  /** What `onBody` says. */
  takes = true
  /** The fields of this sending alone. */
  ownFields: (attempt: number) => string = () => ''
  /** Called once it has ended. */
  onSettled: () => void = () => undefined
  /** Called at its head. */
  onHeadHeard: () => void = () => undefined

  constructor(wish: Wish, path: string) {
    this.x = new Exchange(requestOf(wish), path, this)
  }

  get done(): boolean {
    return this.ends > 0 || this.cancelled
  }

  /** Whether it ended well, with its own answer. */
  get answered(): boolean {
    return this.ends === 1 && this.error === null && this.body === this.x.path
  }

  cancel(): void {
    this.cancelled = true
    this.x.holder?.cancel(this.x)
  }

  onSend(): string {
    return this.ownFields(this.x.attempt)
  }

  onInformational(_x: Exchange, head: ResponseHead): void {
    this.informational.push(head.status)
  }

  onHead(_x: Exchange, head: ResponseHead): void {
    this.#must(!this.done, 'a head after its end')
    this.head = head
    this.onHeadHeard()
  }

  onBody(_x: Exchange, chunk: Uint8Array): boolean {
    this.#must(!this.done, 'a body after its end')
    this.body += Buffer.from(chunk).toString('latin1')
    return this.takes
  }

  onEnd(_x: Exchange, _trailers: Headers | null): void {
    this.#must(!this.done, 'a second end')
    this.ends++
    this.onSettled()
  }

  onError(_x: Exchange, error: RequestError): void {
    this.#must(!this.done, 'an error after its end')
    this.ends++
    this.error = error
    this.onSettled()
  }

  onClosing(): void {
    this.closingHeard++
  }

  #must(condition: boolean, what: string): void {
    if (!condition) throw new Error(`${this.x.path} was told of ${what}`)
  }
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

function requestOf(wish: Wish): ExchangeRequest {
  const method = wish.method ?? 'GET'
  const body = wish.body ?? null
  return {
    target: targetOf(wish.host ?? 'a.test', wish.clientIp),
    method,
    fields: wish.fields ?? fieldsFor(wish.host ?? 'a.test', body),
    body,
    priority: wish.priority ?? 0,
    idempotent: wish.idempotent ?? IDEMPOTENT.has(method),
    streamed: wish.streamed ?? false,
    expectContinue: wish.expectContinue ?? 0,
    closes: wish.closes ?? false,
    timeouts: {
      queueTimeout: wish.queueTimeout ?? 0,
      connectTimeout: wish.connectTimeout ?? LIMITS.connectTimeout,
      requestTimeout: wish.requestTimeout ?? LIMITS.requestTimeout,
      replyTimeout: wish.replyTimeout ?? LIMITS.replyTimeout,
      bodyTimeout: wish.bodyTimeout ?? LIMITS.bodyTimeout,
      minBodyRate: wish.minBodyRate ?? LIMITS.minBodyRate,
      minBodyRateWindow: wish.minBodyRateWindow ?? LIMITS.minBodyRateWindow,
    },
  }
}

function fieldsFor(host: string, body: RequestBody | null): string {
  if (body === null) return `Host: ${host}\r\n`
  if (body.length === -1) return `Host: ${host}\r\nTransfer-Encoding: chunked\r\n`
  return `Host: ${host}\r\nContent-Length: ${body.length}\r\n`
}

/** A body that is whole. */
export function wholeBody(text: string): RequestBody {
  const bytes = Buffer.from(text, 'latin1')
  return { bytes, length: bytes.length, replayable: true, open: () => piecesOf([text]) }
}

/** A body that is made while it is sent. */
export function madeBody(pieces: AsyncIterable<Uint8Array>, more: Partial<RequestBody> = {}): RequestBody {
  return { bytes: null, length: -1, replayable: false, open: () => pieces, ...more }
}

// eslint-disable-next-line typescript/require-await -- what reads it wants it asynchronous
export async function* piecesOf(texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield Buffer.from(text, 'latin1')
}
