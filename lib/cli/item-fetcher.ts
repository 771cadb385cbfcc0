import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  LIMITS,
  LimitError,
  RequestError,
  Response,
  RETRY_ERRORS,
  type Client,
  type RequestOptions,
  type StreamResponse,
} from '../index.ts'
import type { BodySink, BodyStore } from './body-sink.ts'
import { CallWatch } from './call-watch.ts'
import type { CookieFiles } from './cookie-files.ts'
import { EXIT } from './exit-codes.ts'
import { Fetching } from './fetching.ts'
import type { Gate } from './gate.ts'
import type { InputItem } from './input.ts'
import { blankOutcome, failureOf, judge } from './item-outcome.ts'
import { parseItemUrl, showUrlText, withoutCredentials } from './item-url.ts'
import type { Outcome } from './outcome.ts'
import { isRetryTimeOver, untilRetryTime } from './retry-time.ts'

/** How items are fetched: the same for all of a run. Times are ms. */
export interface FetchPlan {
  /** undefined: a plain GET with the client's own settings. */
  readonly request: RequestOptions | undefined
  /**
   * Fetch bodies whole first, up to the client's own `maxBodySize`. Only whole bodies may share a
   * pipeline: a streamed one stops all behind it when its reader is slow.
   */
  readonly whole: boolean
  /** Most bytes of a body that is streamed; the client's own `maxBodySize`, unless that is for whole ones. */
  readonly maxFileSize: number
  /** The client follows redirects. */
  readonly follows: boolean
  /** An answer that broke off may be asked for again. */
  readonly mayRepeat: boolean
  /** Most retries of one item; the client's own `maxRetries`. */
  readonly retries: number
  /** No retry begins later; 0: no limit. */
  readonly retryMaxTime: number
  /** For one item, its retries included; 0: no limit. The client's own `totalTimeout`. */
  readonly maxTime: number
}

/** Fetches items one by one and stores their bodies. Never rejects: what went wrong is the outcome. */
export class ItemFetcher {
  readonly #client: Client
  readonly #plan: FetchPlan
  readonly #streamOptions: RequestOptions | undefined
  readonly #store: BodyStore
  readonly #gate: Gate
  readonly #cookies: CookieFiles | null
  readonly #aborting = new AbortController()
  readonly #watch = new CallWatch()
  /** Items that have passed the gate and are not done. */
  underWay = 0

  constructor(client: Client, plan: FetchPlan, store: BodyStore, gate: Gate, cookies: CookieFiles | null) {
    this.#client = client
    this.#plan = plan
    // Where nothing is asked for, not even that, all requests of a target share what they are made of.
    this.#streamOptions = plan.whole ? { ...plan.request, maxBodySize: plan.maxFileSize } : plan.request
    this.#store = store
    this.#gate = gate
    this.#cookies = cookies
    setMaxListeners(0, this.#aborting.signal)
  }

  /** Ends the waits between tries; what the client does ends with the client. */
  abort(): void {
    this.#aborting.abort()
  }

  /** No item follows. */
  close(): void {
    this.#watch.close()
  }

  /** Resolves with null when the gate was closed before the item was sent. */
  async fetch(item: InputItem): Promise<Outcome | null> {
    const url = parseItemUrl(item.text, item.tooLong)
    if (typeof url === 'string') {
      const where = item.line === 0 ? '' : `line ${item.line}: `
      const blank = blankOutcome(showUrlText(item.text), item.line)
      return { ...blank, error: 'ERR_URL', message: where + url, exitCode: EXIT.other }
    }
    const outcome = blankOutcome(withoutCredentials(url), item.line)
    outcome.host = url.host
    const { origin } = url
    let sink: BodySink | null = null
    let fetching: Fetching | null = null
    try {
      // What is there at once is not awaited: each await is a turn of the queue, and there are five.
      const place = this.#store.place(url)
      sink = place instanceof Promise ? await place : place
      const entered = this.#gate.enter(origin)
      if (entered !== true && !(await entered)) {
        await sink.discard()
        return null
      }
      fetching = new Fetching(url, this.#gate, origin)
      this.#cookies?.give(url)
      const response = await this.#fetchInto(sink, fetching)
      const stored = storeBody(response, sink)
      const file = typeof stored === 'string' ? stored : await stored
      fetching.addTo(outcome)
      judge(outcome, response, this.#plan.follows)
      outcome.file = file
    } catch (error) {
      await sink?.discard().catch(() => undefined)
      Object.assign(outcome, failureOf(error))
      outcome.totalMs = fetching === null ? -1 : performance.now() - fetching.started
      fetching?.addTo(outcome)
    }
    return outcome
  }

  /**
   * The client tries again until there is an answer, or a whole one where it gathers it; a body that
   * breaks off on its way to the disk is asked for again here, within the same number of retries.
   */
  async #fetchInto(sink: BodySink, fetching: Fetching): Promise<Response | StreamResponse> {
    this.underWay++
    try {
      for (;;) {
        const response = await this.#send(fetching)
        fetching.response = response
        if (response instanceof Response) return response
        try {
          await receive(response, sink)
          return response
        } catch (error) {
          if (!this.#mayRetry(error, fetching) || !(await sink.restart())) throw error
          fetching.leave()
          await this.#pause(fetching.retries)
          if (this.#isTooLate(fetching)) throw error
          fetching.retries++
        }
      }
    } finally {
      this.underWay--
      fetching.leave()
    }
  }

  #mayRetry(error: unknown, fetching: Fetching): boolean {
    const { mayRepeat, retries } = this.#plan
    if (!mayRepeat || fetching.retries >= retries || this.#isTooLate(fetching)) return false
    return error instanceof RequestError && RETRY_ERRORS.includes(error.code)
  }

  #isTooLate({ started }: Fetching): boolean {
    const { retryMaxTime } = this.#plan
    return this.#aborting.signal.aborted || (retryMaxTime > 0 && isRetryTimeOver(started, retryMaxTime))
  }

  /** As the client waits before a retry: a random time, up to a limit that doubles. */
  async #pause(retries: number): Promise<void> {
    const most = Math.min(LIMITS.maxRetryBackoff, LIMITS.retryBackoff * 2 ** retries)
    const { signal } = this.#aborting
    await sleep(Math.random() * most, undefined, { signal }).catch(() => undefined)
  }

  #send(fetching: Fetching): Promise<Response | StreamResponse> {
    return this.#plan.whole ? this.#sendWhole(fetching) : this.#sendStreamed(fetching)
  }

  async #sendWhole(fetching: Fetching): Promise<Response | StreamResponse> {
    const { href } = fetching.url
    try {
      return await this.#begin(fetching, this.#plan.request, (own) => this.#client.request(href, own))
    } catch (error) {
      // Too large to be held: fetched anew, alone on its connection, and written as it comes.
      if (!(error instanceof LimitError) || error.limit !== 'maxBodySize') throw error
      if (error.value >= this.#plan.maxFileSize) throw error
    }
    return this.#sendStreamed(fetching)
  }

  #sendStreamed(fetching: Fetching): Promise<StreamResponse> {
    const { href } = fetching.url
    return this.#begin(fetching, this.#streamOptions, (own) => this.#client.stream(href, own))
  }

  #begin<T>(
    fetching: Fetching,
    options: RequestOptions | undefined,
    start: (own: RequestOptions | undefined) => T,
  ): T {
    const own = this.#optionsFor(fetching, options)
    fetching.begin()
    return this.#watch.follow(fetching, () => start(own))
  }

  /** The same object for all, as long as nothing is different: the client need not look at it anew. */
  #optionsFor(fetching: Fetching, options: RequestOptions | undefined): RequestOptions | undefined {
    const { retries, retryMaxTime, maxTime } = this.#plan
    if (retryMaxTime === 0 && fetching.retries === 0) return options
    const own: RequestOptions = { ...options, maxRetries: retries - fetching.retries }
    if (retryMaxTime > 0) own.modifyRequest = untilRetryTime(fetching, retryMaxTime)
    if (maxTime > 0) own.totalTimeout = Math.max(1, Math.ceil(fetching.started + maxTime - performance.now()))
    return own
  }
}

/** Takes a streamed body to its end, into `sink` where it is wanted. */
async function receive(response: StreamResponse, sink: BodySink): Promise<void> {
  if (isWanted(response)) {
    for await (const chunk of response.body) {
      const room = sink.write(chunk)
      if (room !== undefined) await room
    }
  } else {
    // The status is known; that the page which explains it breaks off changes nothing.
    await response.discard().catch(() => undefined)
  }
}

/** The file; '' where the body is not wanted. */
function storeBody(response: Response | StreamResponse, sink: BodySink): string | Promise<string> {
  if (!isWanted(response)) return sink.discard().then(() => '')
  const room = response instanceof Response ? sink.write(response.bytes()) : undefined
  return room === undefined ? sink.commit() : room.then(() => sink.commit())
}

function isWanted({ status }: Response | StreamResponse): boolean {
  return status >= 200 && status <= 299
}
