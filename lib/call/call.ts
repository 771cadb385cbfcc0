import type { Clock } from '../core/clock.ts'
import { channels } from '../core/diagnostics.ts'
import { AbortError, ClosedError, LimitError, RequestError, TimeoutError } from '../core/errors.ts'
import { Exchange, type ExchangeSink, type ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts'
import { BodyCollector } from './body-collector.ts'
import { BodyQueue, type BodySource } from './body-queue.ts'
import type { ContentCoding } from './coding.ts'
import type { DecodeEngine } from './decode-stream.ts'
import { decodeWhole, decodeWholeSync, parseContentEncoding } from './content-coding.ts'
import type { PreparedRequest } from './request.ts'
import { Response } from './response.ts'
import { StreamResponse } from './stream-response.ts'

/** What a call needs of its client. */
export interface CallContext {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly clientId: number
  readonly closing: boolean
  /** What undoes the codings of streams and large bodies: pako where time is simulated. */
  readonly decodeEngine: DecodeEngine
  /** Puts the exchange in its pool; throws when there is no room or the client is closed. */
  submit(x: Exchange): void
}

/**
 * One call: what the user asked for, from the promise it is given to the response or error that
 * settles it, exactly once. As the exchange's sink it gathers the body, or hands it on to a reader.
 */
export class Call implements ExchangeSink, TimerOwner, BodySource {
  readonly #context: CallContext
  readonly #exchange: Exchange
  #resolve!: (response: Response | StreamResponse) => void
  #reject!: (error: RequestError) => void
  /** Nothing more is to be told: the whole answer, or an error, has been. */
  #done = false
  #signal: AbortSignal | null = null
  #timer: Timer | null = null
  #head: ResponseHead | null = null
  /** The body of a whole response. */
  #whole: BodyCollector | null = null
  /** The body of a streamed response, once its head is here. */
  #queue: BodyQueue | null = null
  #response: StreamResponse | null = null

  constructor(context: CallContext, request: PreparedRequest, path: string) {
    this.#context = context
    this.#exchange = new Exchange(request, path, this)
  }

  /** Starts it. Never throws; what is wrong rejects the promise. */
  start(signal: AbortSignal | undefined): Promise<Response | StreamResponse> {
    const promise = new Promise<Response | StreamResponse>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#begin(signal)
    return promise
  }

  /** The signal's abort event. */
  handleEvent(): void {
    this.#cancel(new AbortError(this.#signal?.reason))
  }

  onTimer(): void {
    const { totalTimeout } = this.#request
    this.#cancel(new TimeoutError('total', totalTimeout, `not done within ${totalTimeout} ms`))
  }

  // --- the exchange's sink ---------------------------------------------------------------------

  onSend(): string {
    return ''
  }

  onInformational(): void {}

  onHead(x: Exchange, head: ResponseHead): void {
    this.#head = head
    if (this.#request.streamed) {
      this.#openStream(x, head)
      return
    }
    const { maxBodySize } = this.#request
    if (head.contentLength > maxBodySize && head.framing === 'length') {
      this.#cancel(this.#tooLarge(`the body has ${head.contentLength} bytes`))
    } else if (head.framing !== 'none') {
      this.#whole = new BodyCollector(head.contentLength)
    }
  }

  onBody(_x: Exchange, chunk: Uint8Array): boolean {
    if (this.#queue !== null) {
      this.#response!.bytesOnWire += chunk.length
      const room = this.#queue.push(chunk)
      if (!room && this.#context.closing) this.onClosing()
      return room
    }
    const whole = this.#whole!
    whole.push(chunk)
    const { maxBodySize } = this.#request
    if (whole.size > maxBodySize) this.#cancel(this.#tooLarge(`the body has more than ${maxBodySize} bytes`))
    return true
  }

  onEnd(x: Exchange, trailers: Headers | null): void {
    if (this.#queue !== null) {
      this.#response!.finish(trailers)
      this.#queue.end()
      this.#settle(null)
      return
    }
    const wire = this.#whole === null ? EMPTY : this.#whole.bytes()
    const head = this.#head!
    this.#whole = null
    if (head.contentEncoding === '' || wire.length === 0 || !this.#request.decompress) {
      this.#deliver(new Response(x, head, wire, wire.length, trailers))
      return
    }
    this.#decode(x, head, wire, trailers)
  }

  onError(_x: Exchange, error: RequestError): void {
    this.#settle(error)
  }

  onClosing(): void {
    const queue = this.#queue
    if (queue === null || queue.begun || !queue.full) return
    this.#cancel(new ClosedError('the client was closed before anybody read this body'))
  }

  // --- the streamed body's source --------------------------------------------------------------

  onRoom(): void {
    this.#exchange.holder?.resume(this.#exchange)
  }

  onTaken(): void {
    this.#exchange.holder?.taken(this.#exchange)
  }

  onAbandoned(): void {
    this.#exchange.holder?.cancel(this.#exchange)
    this.#settle(null)
  }

  // --- private ---------------------------------------------------------------------------------

  get #request(): PreparedRequest {
    return this.#exchange.request as PreparedRequest
  }

  #begin(signal: AbortSignal | undefined): void {
    if (channels.callStart.hasSubscribers) channels.callStart.publish(this.#event())
    if (signal?.aborted === true) {
      this.#settle(new AbortError(signal.reason))
      return
    }
    try {
      this.#context.submit(this.#exchange)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#settle(error)
      return
    }
    if (signal !== undefined) {
      this.#signal = signal
      signal.addEventListener('abort', this)
    }
    const { totalTimeout } = this.#request
    if (totalTimeout > 0) {
      this.#timer = new Timer(this)
      this.#context.wheel.set(this.#timer, this.#exchange.queuedAt + totalTimeout)
    }
  }

  #openStream(x: Exchange, head: ResponseHead): void {
    const { maxBodySize, maxDecodeRatio, decompress } = this.#request
    let codings: readonly ContentCoding[]
    try {
      codings = decompress && head.framing !== 'none' ? parseContentEncoding(head.contentEncoding) : []
    } catch (error) {
      this.#cancel(error as RequestError)
      return
    }
    this.#queue = new BodyQueue(this)
    this.#response = new StreamResponse(x, head, this.#queue, codings, {
      maxBodySize,
      maxDecodeRatio,
      engine: this.#context.decodeEngine,
    })
    this.#resolve(this.#response)
  }

  #decode(x: Exchange, head: ResponseHead, wire: Buffer<ArrayBuffer>, trailers: Headers | null): void {
    const limits = { maxBodySize: this.#request.maxBodySize, maxDecodeRatio: this.#request.maxDecodeRatio }
    const deliver = (body: Uint8Array): void => {
      this.#deliver(new Response(x, head, asBuffer(body), wire.length, trailers))
    }
    try {
      const codings = parseContentEncoding(head.contentEncoding)
      if (wire.length <= LIMITS.syncDecodeSize) {
        deliver(decodeWholeSync(codings, wire, limits))
        return
      }
      decodeWhole(codings, wire, limits, this.#context.decodeEngine).then(deliver, (error: RequestError) =>
        this.#settle(error),
      )
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#settle(error)
    }
  }

  #tooLarge(what: string): LimitError {
    return new LimitError('maxBodySize', this.#request.maxBodySize, what)
  }

  /** Ends the call and takes its exchange out of wherever it is. */
  #cancel(error: RequestError): void {
    if (this.#done) return
    const { progress } = this.#exchange
    this.#exchange.holder?.cancel(this.#exchange)
    this.#settle(error, progress)
  }

  #deliver(response: Response): void {
    if (this.#done) return
    this.#settle(null)
    this.#resolve(response)
  }

  #settle(error: RequestError | null, progress = this.#exchange.progress): void {
    if (this.#done) return
    this.#done = true
    this.#signal?.removeEventListener('abort', this)
    this.#signal = null
    if (this.#timer !== null) this.#context.wheel.remove(this.#timer)
    this.#timer = null
    this.#request.body?.discard?.()
    if (error !== null) {
      const { target, path, attempt, request } = this.#exchange
      error.about({ method: request.method, url: target.origin + path, attempt, progress })
      if (this.#queue === null) this.#reject(error)
      else this.#queue.fail(error)
    }
    if (channels.callEnd.hasSubscribers) channels.callEnd.publish({ ...this.#event(), error })
  }

  #event(): object {
    const { target, path, request } = this.#exchange
    return {
      client: this.#context.clientId,
      call: this,
      method: request.method,
      url: target.origin + path,
      status: this.#head?.status ?? 0,
    }
  }
}

const EMPTY = Buffer.alloc(0)

function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
}
