import { assert } from 'vitest'
import { Call } from '../../lib/call/call.ts'
import { Between } from '../../lib/call/between.ts'
import type { RequestBuilder } from '../../lib/call/request/request.ts'
import { RetryBudget } from '../../lib/call/retry-budget.ts'
import { checkMethod, serializeFields } from '../../lib/http1/request-encoder.ts'
import { Response } from '../../lib/call/response/response.ts'
import { StreamResponse } from '../../lib/call/response/stream-response.ts'
import type { RequestError } from '../../lib/core/errors.ts'
import type { Exchange } from '../../lib/core/exchange.ts'
import type { Headers } from '../../lib/core/headers.ts'
import { TimerWheel } from '../../lib/core/timer-wheel.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { madeHead, madeRequest, sent, type RequestParts } from './made-exchange.ts'

/** One call, with the scheduler played by the spec. */
export class CallStand {
  readonly clock = new SimClock()
  readonly wheel = new TimerWheel(this.clock)
  readonly cancelled: string[] = []
  readonly told: string[] = []
  readonly promise: Promise<Response | StreamResponse>
  x!: Exchange
  closing = false

  constructor(parts: RequestParts = {}, signal?: AbortSignal, refusal?: RequestError) {
    const isClosing = (): boolean => this.closing
    const context = {
      clock: this.clock,
      wheel: this.wheel,
      clientId: 7,
      decodeEngine: 'zlib' as const,
      encoder: { checkMethod, serializeFields },
      builder: null as unknown as RequestBuilder,
      between: new Between({
        retain: () => this.told.push('retain'),
        release: () => this.told.push('release'),
      }),
      maxBetween: 10,
      retryBudget: new RetryBudget(10),
      caching: null,
      health: { answered: () => undefined, unusable: () => undefined },
      watchesAll: false,
      movesAfterRefusal: false,
      get closing(): boolean {
        return isClosing()
      },
      submit: (x: Exchange): void => {
        if (refusal !== undefined) throw refusal
        this.x = sent(x)
        x.progress = 'waiting'
        x.queuedAt = this.clock.now()
        x.holder = {
          cancel: (each) => this.cancelled.push(each.path),
          resume: () => this.told.push('resume'),
          taken: () => this.told.push('taken'),
        }
      },
    }
    this.promise = new Call(context, { request: madeRequest(parts), path: '/path?q', fragment: '' }).start(
      signal,
    )
  }

  head(fields = '', parts: Parameters<typeof madeHead>[1] = {}): this {
    this.x.progress = 'answered'
    this.x.sink.onHead(this.x, madeHead(fields, parts))
    return this
  }

  /** Each piece as the connection gives it: a view on a buffer that is used again. */
  body(...pieces: (string | Uint8Array)[]): boolean {
    let room = true
    for (const piece of pieces) {
      const reused = Buffer.from(piece as Uint8Array)
      room = this.x.sink.onBody(this.x, reused)
      reused.fill(0)
    }
    return room
  }

  end(trailers: Headers | null = null): this {
    this.x.progress = 'done'
    this.x.holder = null
    this.x.sink.onEnd(this.x, trailers)
    return this
  }

  async whole(): Promise<Response> {
    const response = await this.promise
    assert(response instanceof Response)
    return response
  }

  async stream(): Promise<StreamResponse> {
    const response = await this.promise
    assert(response instanceof StreamResponse)
    return response
  }

  failure(): Promise<RequestError> {
    return this.promise.then(
      () => Promise.reject(new Error('it was to fail')),
      (error: unknown) => error as RequestError,
    )
  }

  /** Timers that are left: none, once it has settled. */
  get left(): number {
    return this.wheel.size + this.clock.pending
  }
}
