import type { Lookup } from '../cache/http-cache.ts'
import { trailersOf } from '../cache/stored-head.ts'
import type { StoredResponse } from '../cache/store.ts'
import { channels } from '../core/diagnostics.ts'
import { AbortError, ClosedError, LimitError, RequestError, TimeoutError } from '../core/errors.ts'
import type { ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'
import { judgeResponse } from './response/asked-of-response.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { Waiter } from './between.ts'
import { concernsCache } from './cache-request.ts'
import { CacheStage } from './cache-stage.ts'
import type { CallContext } from './call-context.ts'
import { callEvent } from './call-event.ts'
import type { CallState } from './call-state.ts'
import { gatewayTimeout } from './gateway-timeout.ts'
import { CallHistory } from './history.ts'
import type { Joined } from './joins.ts'
import { learn } from './learn.ts'
import { followRedirect } from './redirect.ts'
import type { BuiltRequest } from './request/request.ts'
import type { Response } from './response/response.ts'
import { nextTry } from './retried-request.ts'
import { isAddressTrouble, isRetryableError, isRetryableStatus } from './retry.ts'
import { Revalidation } from './revalidation.ts'
import type { RetryReason } from './rules.ts'
import type { StreamResponse } from './response/stream-response.ts'
import { asError, rejected } from './thrown.ts'

/**
 * One call: what the user asked for, from the promise it is given to the response or error that
 * settles it, exactly once. The path of a request reads from top to bottom: down to the scheduler, up
 * through the stages (cookies, cache, credentials, retries, redirects), and on to the caller. What each
 * stage decides stands in a file of its own.
 */
export class Call implements AttemptOwner, TimerOwner, Waiter, Joined {
  readonly context: CallContext
  history: CallHistory | null = null
  #attempt: Attempt
  #state: CallState = 'asking'
  /** Rejects, too, by a promise that is rejected: to hold on to both functions takes 64 bytes more of each call that waits. */
  #resolve!: (outcome: Response | StreamResponse | Promise<never>) => void
  #signal: AbortSignal | null = null
  /** The total timeout's. */
  #timer: Timer | null = null

  constructor(context: CallContext, built: BuiltRequest) {
    this.context = context
    this.#attempt = new Attempt(this, built)
    if (built.fragment !== '') this.#open().fragment = built.fragment
    const { credentials } = built.request
    if (credentials !== null) this.#open().auth = credentials.forCall()
  }

  get isOver(): boolean {
    return this.#state === 'settled'
  }

  /** Starts it. Never throws; what is wrong rejects the promise. */
  start(signal: AbortSignal | undefined): Promise<Response | StreamResponse> {
    const promise = new Promise<Response | StreamResponse>((resolve) => {
      this.#resolve = resolve
    })
    if (channels.callStart.hasSubscribers) channels.callStart.publish(this.#event())
    if (signal?.aborted === true) this.#settle(new AbortError(signal.reason))
    else this.#ask()
    if (this.isOver) return promise
    if (signal !== undefined) {
      this.#signal = signal
      signal.addEventListener('abort', this)
    }
    const { totalTimeout } = this.#attempt.rules
    if (totalTimeout > 0) {
      this.#timer = new Timer(this)
      this.context.wheel.set(this.#timer, this.context.clock.now() + totalTimeout)
    }
    return promise
  }

  // --- down: cache, credentials, the scheduler ---------------------------------------------------

  #ask(): void {
    const { caching } = this.context
    const { request, exchange } = this.#attempt
    if (caching === null || !concernsCache(request)) return this.#submit()
    const history = this.#open()
    history.stage ??= new CacheStage(caching, request, exchange.path, this)
    this.#lookUp(history.stage)
  }

  #lookUp(stage: CacheStage): void {
    const found = stage.lookup()
    if (!(found instanceof Promise)) this.#found(stage, found)
    else if (this.#mayWait()) this.#await(found, (value) => this.#found(stage, value))
  }

  #found(stage: CacheStage, found: Lookup): void {
    switch (found.kind) {
      case 'hit':
        return this.#give(found.stored, found.status)
      case 'stale-while-revalidate':
        new Revalidation(this.context, this.context.caching!, this.#same()).start(found)
        return this.#give(found.stored, 'stale')
      case 'unavailable':
        return this.#attempt.answerAtOnce(gatewayTimeout, new Uint8Array(0), null)
      case 'revalidate':
        if (stage.isShared(found.stored)) return this.#give(found.stored, 'hit')
        stage.begin(found)
        break
      case 'miss':
      case 'bypass':
    }
    this.#open().cache = found.kind === 'bypass' ? null : 'miss'
    if (found.kind === 'bypass' || !stage.waits()) this.#submit()
    else if (this.#mayWait()) this.#pause()
  }

  /** Another call has asked for the same: what it got is in the cache. */
  onLeaderDone(): void {
    if (this.#state === 'between') this.#goOn(() => this.#lookUp(this.history!.stage!))
  }

  #submit(): void {
    const auth = this.history === null ? null : this.history.auth
    const pending = auth === null ? null : auth.prepare(this.#attempt.target.origin)
    if (pending === null) this.#send()
    else if (this.#mayWait()) this.#await(pending, () => this.#send())
  }

  /** Whether there is room for a call that waits before it has asked for anything: as in the queue. */
  #mayWait(): boolean {
    const { between, maxBetween } = this.context
    if (this.#open().isUnderWay || between.size < maxBetween) return true
    this.#settle(new LimitError('maxQueued', maxBetween, `${maxBetween} calls are waiting already`))
    return false
  }

  #send(): void {
    try {
      this.context.submit(this.#attempt.exchange, this.history !== null && this.history.isUnderWay)
    } catch (error) {
      // Whatever it is: others, such as those that wait for the same answer, come after this call.
      this.#settle(error as Error)
    }
  }

  // --- up: cookies, cache, credentials, retries, redirects ----------------------------------------

  onHead(head: ResponseHead): void {
    const isPlain = head.status < 300 && !head.setsCookie && this.history === null
    if (isPlain && !this.context.watchesAll) return this.#attempt.take(head)
    const retryAfter = learn(this.#attempt, head, this.context)
    if (this.#isGiven(head)) return
    if (this.#authenticates(head)) return
    if (isRetryableStatus(head.status, this.#attempt.rules)) {
      if (this.#retries({ kind: 'status', status: head.status }, retryAfter)) return
    }
    const stage = this.history === null ? null : this.history.stage
    const isKept = stage !== null && stage.keep(head)
    if (this.#follows(head, isKept)) return
    if (isKept && this.#attempt.request.streamed) stage.gather(head)
    this.#attempt.take(head)
  }

  /** Whether what is stored is the answer: it still holds, or the server is in no state to say. */
  #isGiven(head: ResponseHead): boolean {
    const stage = this.history === null ? null : this.history.stage
    const verdict = stage === null ? 'answer' : stage.onHead(head)
    if (verdict === 'answer') return false
    this.#leave()
    if (verdict === 'give-stored') this.#give(stage!.stored!, stage!.outcome)
    else this.#next(this.#same())
    return true
  }

  #authenticates(head: ResponseHead): boolean {
    const auth = this.history === null ? null : this.history.auth
    if (head.status !== 401 || auth === null || !this.#attempt.canRepeatBody) return false
    const { request, target, exchange } = this.#attempt
    const challenges = head.headers.getAll('www-authenticate')
    const used = this.history!.authorization
    const outcome = auth.challenged(target.origin, request.method, exchange.path, challenges, used)
    if (outcome === false) return false
    this.#leave()
    // Where waiting brings nothing better, the same 401 is asked for again, to be the answer.
    if (outcome === true) this.#next(this.#same())
    else this.#await(outcome, () => this.#next(this.#same()))
    return true
  }

  #follows(head: ResponseHead, isKept: boolean): boolean {
    if (head.status < 300 || head.status > 399) return false
    const from = this.#same()
    let to: BuiltRequest | null
    try {
      to = followRedirect(from, this.#attempt.canRepeatBody, head, this.#open(), this.context.builder)
    } catch (error) {
      this.cancel(asError(error))
      return true
    }
    if (to === null) return false
    if (channels.callRedirect.hasSubscribers) {
      channels.callRedirect.publish({ ...this.#event(), location: to.request.target.origin + to.path })
    }
    if (to.request.body === null) from.request.body?.discard?.()
    if (isKept) this.#attempt.storeOnly(this.history!.releaseStage(), head)
    else this.#leave()
    this.#next(to)
    return true
  }

  // --- on to the caller --------------------------------------------------------------------------

  /** What is stored is the answer, or leads to it. */
  #give(stored: StoredResponse, status: 'hit' | 'stale' | 'revalidated'): void {
    const history = this.#open()
    history.cache = status
    const head = history.stage!.give(stored)
    this.#goOn(() => {
      this.#attempt.head = head
      if (!this.#follows(head, false)) this.#attempt.answerAtOnce(head, stored.body, trailersOf(stored))
    })
  }

  onResponse(response: Response | StreamResponse): void {
    if (this.isOver) return
    const { rules, request } = this.#attempt
    // What the user has yet to look at may be a block page: that is not to come back for hours.
    if (!request.streamed && rules.validate === null) this.#keep()
    if (!rules.expectSuccess && rules.validate === null) return this.#hand(response)
    const verdict = judgeResponse(response, rules)
    if (verdict === null) this.#hand(response)
    else if (verdict instanceof Error) this.cancel(verdict)
    else {
      this.#await(verdict, (error) => this.#judged(response, error))
      if (!this.isOver) this.#state = 'judging'
    }
  }

  #judged(response: Response | StreamResponse, error: Error | null): void {
    const { brokenBy } = this.#attempt
    if (error === null) {
      this.#hand(response)
      // `validate` had not come so far: its caller will.
      if (brokenBy !== null) this.#settle(brokenBy)
    } else if (error === brokenBy) this.onFailed(brokenBy)
    else this.cancel(error)
  }

  #hand(response: Response | StreamResponse): void {
    if (this.isOver) return
    const { isEnded, isAbandoned } = this.#attempt.answer!
    if (isEnded) this.#keep()
    if (isEnded || isAbandoned) this.#settle(null)
    else this.#state = 'reading'
    this.#resolve(response)
  }

  onEnded(): void {
    if (this.isOver) return
    if (this.#state === 'reading') {
      this.#keep()
      this.#settle(null)
      // It is being decoded: the client must not close on it.
    } else if (this.#state === 'asking') this.#pause()
  }

  /** Stores the answer, where it is one that is kept. */
  #keep(): void {
    const { head, answer } = this.#attempt
    this.history?.stage?.store(head!, answer!.wire, answer!.trailers)
  }

  onAbandoned(): void {
    this.#attempt.leave()
    if (this.#state === 'reading') this.#settle(null)
  }

  // --- again -------------------------------------------------------------------------------------

  onFailed(error: RequestError): void {
    if (this.isOver || this.#state === 'reading') return this.#settle(error)
    if (this.#state === 'judging') return this.#attempt.breakOff(error)
    const stage = this.history === null ? null : this.history.stage
    const stale = stage === null ? null : stage.staleOnError(error)
    if (stale !== null) return this.#give(stale, 'stale')
    if (this.#moves(error)) return
    this.#attempt.about(error)
    if (isRetryableError(error, this.#attempt.rules) && this.#retries({ kind: 'error', error }, -1)) return
    this.#settle(error)
  }

  /** Goes on from another client IP where this one cannot be used: nothing was sent, so nothing is counted. */
  #moves(error: RequestError): boolean {
    if (!isAddressTrouble(error) || !this.#attempt.isUnsent) return false
    this.context.health.unusable(this.#attempt.target, error)
    try {
      const moved = this.#open().move(this.#same(), this.context.builder, false)
      if (moved !== null) this.#next(moved)
      return moved !== null
    } catch (none) {
      this.#settle(asError(none))
      return true
    }
  }

  /** Whether the call waits now, to be tried again. `retryAfter`: ms that the server asks for, or -1. */
  #retries(why: RetryReason, retryAfter: number): boolean {
    const { rules, request, target, isUnsent, canRepeatBody } = this.#attempt
    if (rules.maxRetries === 0 || !(request.idempotent || isUnsent) || !canRepeatBody) return false
    const history = this.#open()
    const due = history.planRetry(this.context, target, rules, retryAfter)
    if (due === -1) return false
    history.why = why
    if (channels.callRetry.hasSubscribers) {
      channels.callRetry.publish({ ...this.#event(), retries: history.retries, why })
    }
    this.#leave()
    if (this.isOver) return true
    history.retryTimer = new Timer(this)
    this.context.wheel.set(history.retryTimer, due)
    return true
  }

  #tryAgain(history: CallHistory): void {
    try {
      const next = nextTry(this.#same(), history, this.context)
      if (next instanceof Promise) {
        this.#await(next, (built) => (built instanceof Error ? this.#settle(built) : this.#next(built, true)))
      } else this.#next(next, true)
    } catch (error) {
      this.#settle(asError(error))
    }
  }

  /** The same request once more. */
  #same(): BuiltRequest {
    const { request, exchange } = this.#attempt
    return { request, path: exchange.path, fragment: this.history?.fragment ?? '' }
  }

  #next(built: BuiltRequest, isRetry = false): void {
    this.#goOn(() => {
      const before = this.#attempt
      this.#open().startAttempt(built, before)
      this.#attempt = new Attempt(this, built)
      if (isRetry || built.request === before.request)
        this.#attempt.exchange.sendAgain().attempt += before.exchange.attempt
      this.#ask()
    })
  }

  // --- between two attempts -----------------------------------------------------------------------

  /** Gives the present attempt up. */
  #leave(): void {
    // Paused first, so that a client that closes does not close before the next attempt.
    this.#pause()
    this.#attempt.leave()
  }

  #pause(): void {
    // The user's code runs in between: a watcher, or `validate`, may have aborted it.
    if (this.isOver) return
    this.#open().isUnderWay = true
    this.#state = 'between'
    this.context.between.enter(this)
  }

  /** What comes next comes first: a client that closes must not close before it. */
  #goOn(step: () => void): void {
    if (this.isOver) return
    this.#state = 'asking'
    step()
    if ((this.#state as CallState) !== 'between') this.context.between.leave(this)
  }

  #await<T>(promise: Promise<T>, then: (value: T) => void): void {
    this.#pause()
    promise
      .then((value) => this.#goOn(() => then(value)))
      .catch((error: Error) => {
        if (error instanceof RequestError) this.onFailed(error)
        else this.#settle(error)
      })
  }

  // --- the end -------------------------------------------------------------------------------------

  /** The signal's abort event. */
  handleEvent(): void {
    this.cancel(new AbortError(this.#signal?.reason))
  }

  onTimer(timer: Timer): void {
    if (timer !== this.#timer) return this.#tryAgain(this.history!)
    const { totalTimeout } = this.#attempt.rules
    this.cancel(new TimeoutError('total', totalTimeout, `not done within ${totalTimeout} ms`))
  }

  onClientClosing(): void {
    const timer = this.history!.retryTimer
    if (timer === null || timer.due - this.context.clock.now() <= LIMITS.closingPause) return
    this.cancel(new ClosedError('the client was closed while this call waited to be tried again'))
  }

  /** Ends the call and takes its exchange out of wherever it is. */
  cancel(error: Error): void {
    if (this.isOver) return
    const { progress } = this.#attempt.exchange
    this.#attempt.leave()
    this.#settle(error, progress)
  }

  #settle(error: Error | null, progress = this.#attempt.exchange.progress): void {
    if (this.isOver) return
    const attempt = this.#attempt
    const { request, head } = attempt
    const was = this.#state
    this.#state = 'settled'
    if (this.history !== null) {
      this.context.between.leave(this)
      const wentWell = error === null && head !== null && !isRetryableStatus(head.status, request.rules)
      this.history.end(this.context, wentWell)
    }
    this.#signal?.removeEventListener('abort', this)
    this.#signal = null
    if (this.#timer !== null) this.context.wheel.remove(this.#timer)
    this.#timer = null
    request.body?.discard?.()
    if (error instanceof RequestError) attempt.about(error, progress)
    // `validate` has the response, too, and a StatusError: its body must not be waited for.
    if (error !== null) attempt.answer?.fail(error)
    if (error !== null && was !== 'reading') this.#resolve(rejected(error))
    if (channels.callEnd.hasSubscribers) channels.callEnd.publish({ ...this.#event(), error })
  }

  #open(): CallHistory {
    this.history ??= new CallHistory(this.#attempt.exchange.queuedAt || this.context.clock.now())
    return this.history
  }

  #event(): object {
    return callEvent(this.context.clientId, this, this.#attempt)
  }
}
