import type { Lookup } from '../cache/http-cache.ts'
import { RequestError } from '../core/errors.ts'
import { Exchange, type ExchangeSink, type ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { CacheStage, type CacheContext } from './cache-stage.ts'
import type { CallContext } from './call-context.ts'
import { CallHistory } from './history.ts'
import type { Joined } from './joins.ts'
import { learn } from './learn.ts'
import { ownFields } from './request/own-fields.ts'
import type { BuiltRequest, PreparedRequest } from './request/request.ts'

/**
 * Asks whether a stale response still holds that has been given already (RFC 5861 section 3). What comes
 * is for the cache alone: no caller, no callback and no retry hears of it, and what goes wrong leaves all
 * as it was.
 */
export class Revalidation implements ExchangeSink, Joined {
  readonly #context: CallContext
  readonly #request: PreparedRequest
  readonly #path: string
  readonly #history: CallHistory
  readonly #stage: CacheStage
  #head: ResponseHead | null = null

  constructor(context: CallContext, caching: CacheContext, { request, path }: BuiltRequest) {
    this.#context = context
    this.#request = request
    this.#path = path
    this.#stage = new CacheStage(caching, request, path, this)
    this.#history = new CallHistory(context.clock.now())
    this.#history.stage = this.#stage
    this.#history.auth = request.credentials === null ? null : request.credentials.forCall()
  }

  /** Asks, unless somebody else does. */
  start(found: Lookup & { kind: 'stale-while-revalidate' }): void {
    const stage = this.#stage
    if (!stage.leadsBehind()) return
    stage.begin(found)
    const { auth } = this.#history
    const pending = auth === null ? null : auth.prepare(this.#request.target.origin)
    if (pending === null) return this.#send()
    pending.then(
      () => this.#send(),
      () => stage.end(),
    )
  }

  #send(): void {
    try {
      this.#context.submit(new Exchange(this.#request, this.#path, this), false)
    } catch (error) {
      this.#stage.end()
      if (!(error instanceof RequestError)) throw error
    }
  }

  onSend(x: Exchange): string {
    return ownFields(this.#request, x.path, this.#history, this.#context.encoder)
  }

  onInformational(): void {}

  onHead(x: Exchange, head: ResponseHead): void {
    const { rules, target } = this.#request
    learn({ request: this.#request, exchange: x, rules, target }, head, this.#context)
    const verdict = this.#stage.onHead(head)
    this.#head = head
    if (verdict === 'answer' && this.#stage.keep(head)) return this.#stage.gather(head)
    x.holder?.cancel(x)
    if (verdict === 'ask-again') this.#send()
    else this.#stage.end()
  }

  onBody(x: Exchange, chunk: Uint8Array): boolean {
    if (this.#stage.onBody(chunk)) return true
    x.holder?.cancel(x)
    this.#stage.end()
    return true
  }

  onEnd(_x: Exchange, trailers: Headers | null): void {
    this.#stage.store(this.#head!, null, trailers)
    this.#stage.end()
  }

  onError(): void {
    this.#stage.end()
  }

  /** A client that closes waits for it. */
  onClosing(): void {}

  /** It leads, or there is none. */
  onLeaderDone(): void {}
}
