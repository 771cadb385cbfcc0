import { headOf, trailersOf } from '../cache/stored-head.ts'
import type { Lookup } from '../cache/http-cache.ts'
import type { StoredResponse } from '../cache/store.ts'
import { channels } from '../core/diagnostics.ts'
import { AbortError, ClosedError, RequestError, TimeoutError } from '../core/errors.ts'
import { Exchange, type ExchangeSink, type ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import type { Target } from '../core/target.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import type { Answer, AnswerOwner } from './answer.ts'
import type { Waiter } from './between.ts'
import { CacheStage } from './cache-stage.ts'
import type { CallContext } from './call-context.ts'
import { Caller, type CallerOwner } from './caller.ts'
import { gatewayTimeout } from './gateway-timeout.ts'
import { CallHistory } from './history.ts'
import type { Joined } from './joins.ts'
import { ownFields } from './own-fields.ts'
import { tellProgress } from './progress.ts'
import { followRedirect } from './redirect.ts'
import type { BuiltRequest, PreparedRequest } from './request.ts'
import type { Response } from './response.ts'
import { modified } from './retried-request.ts'
import { isAddressTrouble, isRetryableError, isRetryableStatus, retryAfterOf } from './retry.ts'
import type { CallRules, RetryReason } from './rules.ts'
import type { StreamResponse } from './stream-response.ts'
import { StreamedAnswer } from './streamed-answer.ts'
import { WholeAnswer } from './whole-answer.ts'

type State =
  /** An exchange waits or is in flight, or what is stored is being looked for. */
  | 'asking'
  /** Between two exchanges, and in none: `Between` keeps it alive. */
  | 'between'
  /** The caller has the response, and its body is on its way. */
  | 'reading'
  | 'settled'

/**
 * One call: what the user asked for, from the promise it is given to the response or error that
 * settles it, exactly once. The path of a request reads from top to bottom: down to the scheduler, up
 * through the five stages (cookies, cache, credentials, retries, redirects), and on to the caller. What
 * each stage decides stands in a file of its own.
 */
export class Call implements ExchangeSink, TimerOwner, AnswerOwner, CallerOwner, Waiter, Joined {
  readonly #context: CallContext
  #exchange: Exchange
  #state: State = 'asking'
  #history: CallHistory | null = null
  readonly #caller: Caller
  #head: ResponseHead | null = null
  /** What becomes of the answer, once its head is here. */
  #answer: Answer | null = null

  constructor(context: CallContext, { request, path, fragment }: BuiltRequest) {
    this.#context = context
    this.#caller = new Caller(this)
    this.#exchange = new Exchange(request, path, this)
    if (fragment !== '') this.#open().fragment = fragment
    if (request.credentials !== null) this.#open().auth = request.credentials.forCall()
  }

  /** Starts it. Never throws; what is wrong rejects the promise. */
  start(signal: AbortSignal | undefined): Promise<Response | StreamResponse> {
    const promise = this.#caller.promise()
    if (channels.callStart.hasSubscribers) channels.callStart.publish(this.#event())
    if (signal?.aborted === true) this.#settle(new AbortError(signal.reason))
    else this.#ask()
    if (this.#isOver) return promise
    const { totalTimeout } = this.#rules
    if (signal !== undefined || totalTimeout > 0) {
      this.#caller.watch(signal, totalTimeout, this.#startedAt, this.#context.wheel)
    }
    return promise
  }

  // --- down: cache, credentials, the scheduler ---------------------------------------------------

  #ask(): void {
    const { caching } = this.#context
    if (caching === null || this.#rules.cacheMode === 'no-store') return this.#submit()
    const history = this.#open()
    history.stage = new CacheStage(caching, this.#request, this.#exchange.path)
    this.#lookUp(history.stage)
  }

  #lookUp(stage: CacheStage): void {
    const found = stage.lookup()
    if (found instanceof Promise) this.#await(found, (value) => this.#found(stage, value))
    else this.#found(stage, found)
  }

  #found(stage: CacheStage, found: Lookup): void {
    switch (found.kind) {
      case 'hit':
        return this.#give(found.stored, found.status)
      case 'stale-while-revalidate':
        new Call(this.#context, this.#same()).revalidate(found)
        return this.#give(found.stored, 'stale')
      case 'unavailable':
        return this.#complete(gatewayTimeout, NOTHING, null)
      case 'revalidate':
        if (stage.isShared(found.stored)) return this.#give(found.stored, 'hit')
        stage.stored = found.stored
        stage.conditions = found.conditions
        break
      default:
    }
    this.#open().cache = found.kind === 'bypass' ? null : 'miss'
    if (found.kind !== 'bypass' && stage.waits(this)) this.#pause()
    else this.#submit()
  }

  /** Asks whether what is stored still holds, and tells nobody but the cache. */
  revalidate(found: Lookup & { kind: 'stale-while-revalidate' }): void {
    const stage = new CacheStage(this.#context.caching!, this.#request, this.#exchange.path)
    if (!stage.leadsBehind(this)) return
    // What goes wrong here was nobody's wish: the stale response has been given.
    this.#caller.promise().then(discard, ignore)
    this.#open().stage = stage
    stage.stored = found.stored
    stage.conditions = found.conditions
    this.#submit()
  }

  #submit(): void {
    const auth = this.#history === null ? null : this.#history.auth
    const pending = auth === null ? null : auth.prepare(this.#target.origin)
    if (pending === null) this.#send()
    else this.#await(pending, () => this.#send())
  }

  #send(): void {
    try {
      this.#context.submit(this.#exchange, this.#history !== null)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#settle(error)
    }
  }

  /** The fields of this sending alone: cookies, credentials, conditions. */
  onSend(x: Exchange): string {
    if (this.#request.jar === null && this.#history === null) return ''
    return ownFields(this.#request, x.path, this.#history, this.#context.encoder)
  }

  // --- up: cookies, cache, credentials, retries, redirects ----------------------------------------

  onInformational(): void {}

  onHead(x: Exchange, head: ResponseHead): void {
    this.#head = head
    const isPlain = head.status < 300 && !head.setsCookie && this.#history === null
    if (isPlain && !this.#context.watchesAll) return this.#take(head)
    const retryAfter = this.#learn(x, head)
    if (this.#isGiven(head)) return
    if (this.#authenticates(x, head)) return
    if (isRetryableStatus(head.status, this.#rules)) {
      if (this.#retries({ kind: 'status', status: head.status }, retryAfter)) return
    }
    if (this.#follows(head)) return
    this.#history?.stage?.keep(head, this.#request.streamed)
    this.#take(head)
  }

  /** Stores cookies, and tells how the host is doing. Gives what Retry-After asks for, ms, or -1. */
  #learn(x: Exchange, head: ResponseHead): number {
    const { jar, target } = this.#request
    const { headers, status } = head
    const { clock, health } = this.#context
    if (head.setsCookie && jar !== null) jar.learn(target, x.path, headers.getAll('set-cookie'))
    const isRefusal = status === 429 || status === 503 || isRetryableStatus(status, this.#rules)
    const asked = isRefusal ? headers.get('retry-after') : null
    const retryAfter = asked === null ? -1 : retryAfterOf(asked, headers.get('date'), clock.date())
    health.answered(target, status, retryAfter, x.flight!.sentAt)
    return retryAfter
  }

  /** Whether what is stored is the answer: it still holds, or the server is in no state to say. */
  #isGiven(head: ResponseHead): boolean {
    const stage = this.#history === null ? null : this.#history.stage
    const verdict = stage === null ? 'answer' : stage.onHead(head)
    if (verdict === 'answer') return false
    this.#leave()
    if (verdict === 'give-stored') this.#give(stage!.stored!, stage!.outcome)
    else this.#next(this.#same())
    return true
  }

  #authenticates(x: Exchange, head: ResponseHead): boolean {
    const auth = this.#history === null ? null : this.#history.auth
    if (head.status !== 401 || auth === null || !this.#canRepeatBody) return false
    const { method, target } = this.#request
    const challenges = head.headers.getAll('www-authenticate')
    const used = this.#history!.authorization
    const outcome = auth.challenged(target.origin, method, x.path, challenges, used)
    if (outcome === false) return false
    this.#leave()
    // Where waiting brings nothing better, the same 401 is asked for again, to be the answer.
    if (outcome === true) this.#next(this.#same())
    else this.#await(outcome, () => this.#next(this.#same()))
    return true
  }

  #follows(head: ResponseHead): boolean {
    if (head.status < 300 || head.status > 399) return false
    const from = this.#same()
    let to: BuiltRequest | null
    try {
      to = followRedirect(from, this.#canRepeatBody, head, this.#open(), this.#context.builder)
    } catch (error) {
      this.cancel(error as Error)
      return true
    }
    if (to === null) return false
    if (channels.callRedirect.hasSubscribers) {
      channels.callRedirect.publish({ ...this.#event(), location: to.request.target.origin + to.path })
    }
    if (to.request.body === null) from.request.body?.discard?.()
    this.#leave()
    this.#next(to)
    return true
  }

  // --- on to the caller --------------------------------------------------------------------------

  #take(head: ResponseHead): void {
    const { decodeEngine } = this.#context
    const parts = [this, this.#exchange, head, this.#history, this.#rules, decodeEngine] as const
    if (!this.#request.streamed) {
      const answer = new WholeAnswer(...parts)
      this.#answer = answer
      answer.open()
      return
    }
    try {
      const answer = new StreamedAnswer(...parts)
      this.#answer = answer
      this.onResponse(answer.response)
    } catch (error) {
      this.cancel(error as Error)
    }
  }

  onBody(_x: Exchange, chunk: Uint8Array): boolean {
    const answer = this.#answer!
    const room = answer.push(chunk)
    if (this.#history !== null && this.#request.streamed) this.#history.stage?.onBody(chunk)
    const { onDownloadProgress } = this.#rules
    if (onDownloadProgress !== null) {
      tellProgress(onDownloadProgress, this.#head!, answer.bytesOnWire, this.#context.clock)
    }
    if (!room && this.#context.closing) this.onClosing()
    return room
  }

  onEnd(_x: Exchange, trailers: Headers | null): void {
    this.#answer!.end(trailers)
    if (this.#state === 'reading') {
      this.#history?.stage?.store(this.#head!, null, trailers)
      this.#settle(null)
    } else if (this.#state === 'asking') {
      // It is being decoded, or looked at: the client must not close on it.
      this.#pause()
    }
  }

  /** What is stored is the answer. */
  #give(stored: StoredResponse, status: 'hit' | 'stale' | 'revalidated'): void {
    const history = this.#open()
    history.cache = status
    const head = headOf(stored, history.stage!.ageOf(stored))
    this.#goOn(() => this.#complete(head, stored.body, trailersOf(stored)))
  }

  /** A whole answer is here at once. */
  #complete(head: ResponseHead, body: Uint8Array, trailers: Headers | null): void {
    this.#head = head
    if (this.#follows(head)) return
    this.#take(head)
    // Both copy it: what is stored must not change when the caller writes to its bytes.
    if (body.length > 0 && !this.#isOver) this.onBody(this.#exchange, body)
    if (!this.#isOver) this.onEnd(this.#exchange, trailers)
  }

  onResponse(response: Response | StreamResponse): void {
    if (this.#isOver) return
    if (!this.#request.streamed && this.#history !== null) {
      const { wire, trailers } = this.#answer!
      this.#history.stage?.store(this.#head!, wire, trailers)
    }
    const { expectSuccess, validate } = this.#rules
    if (expectSuccess || validate !== null) this.#caller.judge(response, this.#rules)
    else this.hand(response)
  }

  hand(response: Response | StreamResponse): void {
    if (this.#isOver) return
    if (this.#answer!.isEnded) this.#settle(null)
    else this.#state = 'reading'
    this.#caller.resolve(response)
  }

  onBadAnswer(error: RequestError): void {
    if (error.code === 'ERR_LIMIT') this.cancel(error)
    else this.#failed(error)
  }

  onAbandoned(): void {
    this.#exchange.holder?.cancel(this.#exchange)
    this.#settle(null)
  }

  onClosing(): void {
    if (this.#state !== 'reading' || !(this.#answer as StreamedAnswer).isForgotten) return
    this.cancel(new ClosedError('the client was closed before anybody read this body'))
  }

  // --- again -------------------------------------------------------------------------------------

  onError(_x: Exchange, error: RequestError): void {
    this.#failed(error)
  }

  #failed(error: RequestError): void {
    if (this.#isOver || this.#state === 'reading') return this.#settle(error)
    const stage = this.#history === null ? null : this.#history.stage
    const stale = stage === null ? null : stage.staleOnError()
    if (stale !== null) return this.#give(stale, 'stale')
    if (this.#moves(error)) return
    if (isRetryableError(error, this.#rules) && this.#retries({ kind: 'error', error }, -1)) return
    this.#settle(error)
  }

  /** Goes on from another client IP where this one cannot be used: nothing was sent, so nothing is counted. */
  #moves(error: RequestError): boolean {
    const { health } = this.#context
    const request = this.#request
    if (!isAddressTrouble(error) || this.#exchange.progress !== 'waiting') return false
    health.unusable(request.target, error)
    try {
      const moved = this.#move()
      if (moved !== null) this.#next(moved)
      return moved !== null
    } catch (none) {
      this.#settle(none as Error)
      return true
    }
  }

  /** The same request from another client IP; null: there is no other. */
  #move(): BuiltRequest | null {
    const avoided = (this.#open().avoided ??= new Set())
    avoided.add(this.#target.clientIp)
    const request = this.#context.builder.moved(this.#request, avoided)
    return request === null ? null : { ...this.#same(), request }
  }

  /** What is tried again: from where it was, unless that was refused and the client is to move then. */
  #elsewhere(): BuiltRequest {
    const { why } = this.#history!
    const isRefused = why!.kind === 'status' && (why!.status === 429 || why!.status === 403)
    const moved = isRefused && this.#context.movesAfterRefusal ? this.#move() : null
    return moved ?? this.#same()
  }

  /** Whether the call waits now, to be tried again. `retryAfter`: ms that the server asks for, or -1. */
  #retries(why: RetryReason, retryAfter: number): boolean {
    const maySend = this.#request.idempotent || this.#exchange.progress === 'waiting'
    if (this.#rules.maxRetries === 0 || !maySend || !this.#canRepeatBody) return false
    const history = this.#open()
    const due = history.planRetry(this.#context, this.#target, this.#rules, retryAfter)
    if (due === -1) return false
    history.why = why
    if (channels.callRetry.hasSubscribers) {
      channels.callRetry.publish({ ...this.#event(), retries: history.retries, why })
    }
    this.#leave()
    history.retryTimer = new Timer(this)
    this.#context.wheel.set(history.retryTimer, due)
    return true
  }

  /** The time of a retry has come. */
  onTimer(): void {
    const { modifyRequest } = this.#rules
    try {
      const again = this.#elsewhere()
      if (modifyRequest === null) return this.#next(again)
      const next = modified(again, modifyRequest, this.#history!, this.#context.builder)
      if (next instanceof Promise) this.#await(next, (built) => this.#next(built))
      else this.#next(next)
    } catch (error) {
      this.#settle(error as Error)
    }
  }

  /** The same request once more. */
  #same(): BuiltRequest {
    const fragment = this.#history === null ? '' : this.#history.fragment
    return { request: this.#request, path: this.#exchange.path, fragment }
  }

  #next(built: BuiltRequest): void {
    this.#goOn(() => {
      this.#begin(built)
      this.#ask()
    })
  }

  #begin({ request, path, fragment }: BuiltRequest): void {
    const { attempt, request: before } = this.#exchange
    const history = this.#open()
    history.stage?.end(this)
    history.stage = null
    history.fragment = fragment
    if (request.credentials !== (before as PreparedRequest).credentials) {
      history.auth = request.credentials === null ? null : request.credentials.forCall()
    }
    this.#head = null
    this.#answer = null
    this.#exchange = new Exchange(request, path, this)
    if (request === before) this.#exchange.attempt = attempt + 1
  }

  // --- between two exchanges -----------------------------------------------------------------------

  /** Gives the present exchange up: the rest of its answer is dropped, or its connection goes. */
  #leave(): void {
    // First, so that a client that closes does not close before the next exchange.
    this.#pause()
    this.#exchange.holder?.cancel(this.#exchange)
  }

  #pause(): void {
    this.#state = 'between'
    this.#context.between.enter(this)
  }

  /** What comes next comes first: a client that closes must not close before it. */
  #goOn(step: () => void): void {
    if (this.#isOver) return
    this.#state = 'asking'
    step()
    if ((this.#state as State) !== 'between') this.#context.between.leave(this)
  }

  #await<T>(promise: Promise<T>, then: (value: T) => void): void {
    this.#pause()
    promise
      .then((value) => this.#goOn(() => then(value)))
      .catch((error: Error) => {
        if (error instanceof RequestError) this.#failed(error)
        else this.#settle(error)
      })
  }

  onLeaderDone(): void {
    if (this.#state === 'between') this.#goOn(() => this.#lookUp(this.#history!.stage!))
  }

  // --- the end ---------------------------------------------------------------------------------------

  onTotalTimeout(): void {
    const { totalTimeout } = this.#rules
    this.cancel(new TimeoutError('total', totalTimeout, `not done within ${totalTimeout} ms`))
  }

  destroy(error: RequestError): void {
    this.cancel(error)
  }

  /** Ends the call and takes its exchange out of wherever it is. */
  cancel(error: Error): void {
    if (this.#isOver) return
    const { progress } = this.#exchange
    this.#exchange.holder?.cancel(this.#exchange)
    this.#settle(error, progress)
  }

  #settle(error: Error | null, progress = this.#exchange.progress): void {
    if (this.#isOver) return
    const wasReading = this.#state === 'reading'
    this.#state = 'settled'
    this.#context.between.leave(this)
    this.#caller.unwatch(this.#context.wheel)
    if (this.#history !== null) {
      this.#history.stage?.end(this)
      const wentWell = error === null && this.#head !== null && this.#head.status < 400
      this.#history.close(this.#context, this.#target, wentWell)
    }
    this.#request.body?.discard?.()
    if (error !== null) {
      if (error instanceof RequestError) {
        const { attempt } = this.#exchange
        error.about({ method: this.#request.method, url: this.#url, attempt, progress })
      }
      if (wasReading) this.#answer!.fail(error as RequestError)
      else this.#caller.reject(error)
    }
    if (channels.callEnd.hasSubscribers) channels.callEnd.publish({ ...this.#event(), error })
  }

  #open(): CallHistory {
    this.#history ??= new CallHistory(this.#startedAt)
    return this.#history
  }

  get #startedAt(): number {
    if (this.#history !== null) return this.#history.startedAt
    const { queuedAt } = this.#exchange
    return queuedAt === 0 ? this.#context.clock.now() : queuedAt
  }

  get #isOver(): boolean {
    return this.#state === 'settled'
  }

  get #request(): PreparedRequest {
    return this.#exchange.request as PreparedRequest
  }

  get #rules(): CallRules {
    return this.#request.rules
  }

  get #target(): Target {
    return this.#exchange.target
  }

  get #url(): string {
    return this.#target.origin + this.#exchange.path
  }

  /** Whether the request's body can be sent once more: there is none, or it can, or it never was. */
  get #canRepeatBody(): boolean {
    const { body } = this.#request
    return body === null || body.replayable || this.#exchange.progress === 'waiting'
  }

  #event(): object {
    return {
      client: this.#context.clientId,
      call: this,
      method: this.#request.method,
      url: this.#url,
      status: this.#head === null ? 0 : this.#head.status,
    }
  }
}

const NOTHING = new Uint8Array(0)

function ignore(): void {}

/** Nobody reads what a revalidation brings. */
function discard(response: Response | StreamResponse): void {
  if ('discard' in response) void response.discard()
}
