import { ClosedError, type Progress, type RequestError } from '../core/errors.ts'
import { Exchange, type ExchangeSink, type ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import type { ProgressMeter } from '../core/progress-meter.ts'
import type { Target } from '../core/target.ts'
import type { Answer, AnswerOwner } from './response/answer.ts'
import type { CacheStage } from './cache-stage.ts'
import type { CallContext } from './call-context.ts'
import type { DecodeEngine } from './coding/decode-stream.ts'
import type { CallHistory } from './history.ts'
import type { Joined } from './joins.ts'
import { ownFields } from './request/own-fields.ts'
import { meterOf } from './progress.ts'
import type { BuiltRequest, PreparedRequest } from './request/request.ts'
import type { Response } from './response/response.ts'
import type { CallRules } from './rules.ts'
import type { StreamResponse } from './response/stream-response.ts'
import { StreamedAnswer } from './response/streamed-answer.ts'
import { WholeAnswer } from './response/whole-answer.ts'

/** The call that an attempt is one of. */
export interface AttemptOwner extends Joined {
  readonly context: CallContext
  readonly history: CallHistory | null
  readonly isOver: boolean
  /** The head is here. The call takes the answer, or leaves it. */
  onHead(head: ResponseHead): void
  /** The caller can have this: a streamed answer at its head, a whole one once it is decoded. */
  onResponse(response: Response | StreamResponse): void
  /** The last byte is here; a whole answer may still be decoded. */
  onEnded(): void
  /** Neither this answer nor any other by this attempt. */
  onFailed(error: RequestError): void
  /** Ends the call: this error would come again. */
  cancel(error: Error): void
  /** The reader of a streamed answer has left it. */
  onAbandoned(): void
}

/** One exchange of a call, and the answer to it on its way to the caller. */
export class Attempt implements ExchangeSink, AnswerOwner {
  readonly exchange: Exchange
  head: ResponseHead | null = null
  /** Once it is taken. */
  answer: Answer | null = null
  /** What broke its body off while `validate` had the response; null: nothing. */
  brokenBy: RequestError | null = null
  readonly #call: AttemptOwner
  #meter: ProgressMeter | null = null
  /** The call has gone on: what comes is for the cache alone. */
  #stored: CacheStage | null = null

  constructor(call: AttemptOwner, { request, path }: BuiltRequest) {
    this.#call = call
    this.exchange = new Exchange(request, path, this)
  }

  get request(): PreparedRequest {
    return this.exchange.request as PreparedRequest
  }

  get rules(): CallRules {
    return this.request.rules
  }

  get history(): CallHistory | null {
    return this.#call.history
  }

  get decodeEngine(): DecodeEngine {
    return this.#call.context.decodeEngine
  }

  get target(): Target {
    return this.exchange.target
  }

  get url(): string {
    return this.target.origin + this.exchange.path
  }

  /** Whether nothing of it was ever sent. */
  get isUnsent(): boolean {
    return this.exchange.progress === 'waiting'
  }

  /** Whether the request's body can be sent once more: there is none, or it can, or it never was. */
  get canRepeatBody(): boolean {
    const { body } = this.request
    return body === null || body.replayable || this.isUnsent
  }

  get bytesOnWire(): number {
    return this.answer === null ? 0 : this.answer.bytesOnWire
  }

  /** The body's length on the wire; null: not told. */
  get #total(): number | null {
    return this.head === null || this.head.contentLength === -1 ? null : this.head.contentLength
  }

  /** Says in the error which request it is about, and how far that had come. */
  about(error: RequestError, progress: Progress = this.exchange.progress): void {
    error.about({ method: this.request.method, url: this.url, attempt: this.exchange.attempt, progress })
  }

  /** Whoever reads its body now is told, and nobody else yet. */
  breakOff(error: RequestError): void {
    this.brokenBy = error
    this.answer!.fail(error)
  }

  /** Takes it out of wherever it is: the rest of its answer is dropped, or its connection goes. */
  leave(): void {
    // Once: a call that waits for its retry has left it already, though its answer may still be dropped.
    if (!this.exchange.muted) this.exchange.holder?.cancel(this.exchange)
  }

  /** The call goes on without this answer, which the cache keeps: its body is read to its end, if that is near. */
  storeOnly(stage: CacheStage, head: ResponseHead): void {
    this.#stored = stage
    stage.gather(head, () => this.#leaveStored(stage))
  }

  #storeMore(stage: CacheStage, chunk: Uint8Array): boolean {
    if (!stage.onBody(chunk)) this.#leaveStored(stage)
    return true
  }

  /** What is gathered for the caller, or handed on, is the cache's too. */
  #watch(stage: CacheStage, answer: Answer, chunk: Uint8Array, room: boolean): void {
    if (this.request.streamed) stage.onBody(chunk)
    else stage.checkSize(answer.bytesOnWire)
    // Whoever waits for this answer is not to wait for its reader.
    if (!room) stage.end()
  }

  #endStored(stage: CacheStage, trailers: Headers | null): void {
    stage.store(this.head!, null, trailers)
    stage.end()
  }

  /** It is too large, or too slow: then it is not kept. */
  #leaveStored(stage: CacheStage): void {
    this.leave()
    stage.end()
  }

  /** The answer is for the caller. */
  take(head: ResponseHead): void {
    const { onDownloadProgress } = this.rules
    if (onDownloadProgress !== null) {
      const { clock } = this.#call.context
      this.#meter = meterOf(onDownloadProgress, clock, (error) => this.#call.cancel(error))
    }
    if (!this.request.streamed) {
      const answer = new WholeAnswer(this, head)
      this.answer = answer
      answer.open()
      return
    }
    try {
      const answer = new StreamedAnswer(this, head)
      this.answer = answer
      this.onResponse(answer.response)
    } catch (error) {
      this.#call.cancel(error as Error)
    }
  }

  /** The whole answer is here at once, and was never sent for. Both kinds copy `body`. */
  answerAtOnce(head: ResponseHead, body: Uint8Array, trailers: Headers | null): void {
    this.head = head
    this.take(head)
    if (body.length > 0 && !this.#call.isOver) this.onBody(this.exchange, body)
    if (!this.#call.isOver) this.onEnd(this.exchange, trailers)
  }

  // --- the exchange's sink -------------------------------------------------------------------------

  /** The fields of this sending alone: cookies, credentials, conditions. */
  onSend(x: Exchange): string {
    const { context, history } = this.#call
    if (this.request.jar === null && history === null) return ''
    try {
      return ownFields(this.request, x.path, history, context.encoder)
    } catch (error) {
      // In the midst of the scheduler's turn nothing may throw, and nothing be taken out of it.
      context.clock.defer(() => this.#call.cancel(error as Error))
      return ''
    }
  }

  onInformational(): void {}

  onHead(_x: Exchange, head: ResponseHead): void {
    this.head = head
    this.#call.onHead(head)
  }

  onBody(_x: Exchange, chunk: Uint8Array): boolean {
    if (this.#stored !== null) return this.#storeMore(this.#stored, chunk)
    const { context, history } = this.#call
    const answer = this.answer!
    const room = answer.push(chunk)
    if (history !== null && history.stage !== null) this.#watch(history.stage, answer, chunk, room)
    this.#meter?.update(answer.bytesOnWire, this.#total)
    if (!room && context.closing) this.onClosing()
    return room
  }

  onEnd(_x: Exchange, trailers: Headers | null): void {
    if (this.#stored !== null) return this.#endStored(this.#stored, trailers)
    const answer = this.answer!
    // Before the caller has the response: the last word, and it may be that the call is to end.
    this.#meter?.finish(answer.bytesOnWire, answer.bytesOnWire)
    if (this.#call.isOver) return
    answer.end(trailers)
    this.#call.onEnded()
  }

  onError(_x: Exchange, error: RequestError): void {
    if (this.#stored === null) this.#call.onFailed(error)
    else this.#stored.end()
  }

  onClosing(): void {
    if (this.#stored !== null) return this.#leaveStored(this.#stored)
    if (!(this.answer instanceof StreamedAnswer) || !this.answer.isForgotten) return
    this.#call.cancel(new ClosedError('the client was closed before anybody read this body'))
  }

  // --- the answer's owner --------------------------------------------------------------------------

  onResponse(response: Response | StreamResponse): void {
    this.#call.onResponse(response)
  }

  onBadAnswer(error: RequestError): void {
    if (error.code === 'ERR_DECODING') this.history?.stage?.spoil()
    // A body that is too large will be the next time.
    if (error.code === 'ERR_LIMIT') this.#call.cancel(error)
    else this.#call.onFailed(error)
  }

  onAbandoned(): void {
    this.#call.onAbandoned()
  }
}
