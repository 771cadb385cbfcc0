import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  LIMITS,
  LimitError,
  ProtocolError,
  RequestError,
  Response,
  RETRY_ERRORS,
  StatusError,
  TimeoutError,
  type Client,
  type DownloadOptions,
  type RequestOptions,
  type StreamResponse,
} from '../index.ts'
import { BodyCheck } from '../jobs/body-check.ts'
import type { Checksum } from '../jobs/checksum.ts'
import { isLastingFault } from '../jobs/file-error.ts'
import { showUrlText, withoutCredentials } from '../jobs/item-url.ts'
import { checksumOf } from '../jobs/job-request.ts'
import type { Task } from '../jobs/run/task.ts'
import type { BodySink, BodyStore } from './body-sink.ts'
import { CallWatch } from './call-watch.ts'
import type { CookieFiles } from './cookie-files.ts'
import { EXIT } from './exit-codes.ts'
import { Fetching } from './fetching.ts'
import { blankOutcome, failureOf, judge, type OpenOutcome } from './item-outcome.ts'
import { ownPlan, type ItemPlan } from './item-plan.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'
import { isDenied } from './file-error.ts'
import { isRetryTimeOver, untilRetryTime } from './retry-time.ts'

/** How items are fetched: the same for all of a run. Times are ms. */
export interface FetchPlan {
  /** Of items that say nothing of their own. */
  readonly item: ItemPlan
  readonly method: string
  /** More than one request may be in flight on a connection. */
  readonly pipelines: boolean
  /** Most bytes of a body that is streamed; the client's own `maxBodySize`, unless that is for whole ones. */
  readonly maxFileSize: number
  /** The client follows redirects. */
  readonly follows: boolean
  /** Most retries of one item; the client's own `maxRetries`. */
  readonly retries: number
  /** No retry begins later; 0: no limit. */
  readonly retryMaxTime: number
  /** For one item, its retries included; 0: no limit. The client's own `totalTimeout`. */
  readonly maxTime: number
  /** Files are to be on the disk before they count. */
  readonly fsync: boolean
}

/** Fetches items one by one and stores their bodies. Never rejects: what went wrong is the outcome. */
export class ItemFetcher {
  readonly #client: Client
  readonly #plan: FetchPlan
  readonly #streamOptions: RequestOptions | undefined
  readonly #store: BodyStore
  readonly #cookies: CookieFiles | null
  readonly #leave: (task: Task) => void
  readonly #aborting = new AbortController()
  readonly #watch = new CallWatch()

  /** `leave`: told of an item that waits for something else than its server. */
  constructor(
    client: Client,
    plan: FetchPlan,
    store: BodyStore,
    cookies: CookieFiles | null,
    leave: (task: Task) => void,
  ) {
    this.#client = client
    this.#plan = plan
    // Where nothing is asked for, not even that, all requests of a target share what they are made of.
    this.#streamOptions = this.#streamed(plan.item)
    this.#store = store
    this.#cookies = cookies
    this.#leave = leave
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

  async fetch(task: Task): Promise<Outcome> {
    const { entry, url } = task
    if (url === null) {
      const where = entry.line === 0 ? '' : `line ${entry.line}: `
      const blank = blankOutcome(showUrlText(entry.url), entry)
      return { ...blank, error: 'ERR_URL', message: where + entry.problem, exitCode: EXIT.other }
    }
    const outcome = blankOutcome(withoutCredentials(url), entry)
    outcome.host = url.host
    const fetching = new Fetching(task, url, this.#leave)
    let sink: BodySink | null = null
    try {
      // What is there at once is not awaited: each await is a turn of the queue, and there are five.
      const place = this.#store.place(url, entry.item?.out ?? '')
      sink = place instanceof Promise ? await place : place
      if (sink.thereAt !== undefined) {
        outcome.file = sink.thereAt
        outcome.skipped = true
        return outcome
      }
      await this.#fetchAny(sink, fetching, outcome)
    } catch (error) {
      await sink?.discard().catch(() => undefined)
      this.#judgeError(error, fetching, outcome)
      // No other item fares better in a folder that has become read-only.
      if (isDenied(error) && (await this.#store.isWritable?.()) === false) outcome.fatal = true
      outcome.totalMs = performance.now() - fetching.started
      fetching.addTo(outcome)
      outcome.unfinished = outcome.fatal || this.#aborting.signal.aborted
    }
    this.#watch.leave(fetching)
    return outcome
  }

  #judgeError(error: unknown, fetching: Fetching, outcome: OpenOutcome): void {
    if (error instanceof StatusError) {
      // Of a file that was to be gone on with: it is an answer as any other.
      fetching.response = error.response as StreamResponse
      judge(outcome, fetching.response, this.#plan.follows)
    } else {
      Object.assign(outcome, failureOf(error, fetching.task.entry.item !== null))
    }
  }

  /** The item's URL, or the first of its mirrors that has it. */
  async #fetchAny(sink: BodySink, fetching: Fetching, outcome: OpenOutcome): Promise<void> {
    const { item } = fetching.task.entry
    const plan =
      item === null
        ? this.#plan.item
        : ownPlan(item, this.#plan.item, this.#plan.method, this.#plan.pipelines)
    const mirrors = item?.mirrors ?? []
    for (let next = 0; ; next++) {
      const isLast = next === mirrors.length || this.#aborting.signal.aborted
      try {
        if (await this.#fetchOne(sink, fetching, plan, outcome, isLast)) return
      } catch (error) {
        if (isLast || !(error instanceof Error) || !(await sink.restart())) throw error
      }
      fetching.url = new URL(mirrors[next]!)
    }
  }

  /** Whether that is the end of it: an answer that is none is only taken from the last mirror. */
  async #fetchOne(
    sink: BodySink,
    fetching: Fetching,
    plan: ItemPlan,
    outcome: OpenOutcome,
    isLast: boolean,
  ): Promise<boolean> {
    this.#cookies?.give(fetching.url)
    const checksum = checksumOf(fetching.task.entry.item)
    const response = await this.#fetchInto(sink, fetching, plan, checksum)
    if (response === null) {
      outcome.file = fetching.download!.path
      fetching.addTo(outcome)
      sink.finished?.()
      return true
    }
    if (!isLast && !isWanted(response)) {
      await sink.restart()
      return false
    }
    const stored = storeBody(response, sink, checksum)
    const file = typeof stored === 'string' ? stored : await stored
    fetching.addTo(outcome)
    judge(outcome, response, this.#plan.follows)
    outcome.file = file
    return true
  }

  /**
   * The client tries again until there is an answer, or a whole one where it gathers it; a body that
   * breaks off on its way to the disk is asked for again here, within the same number of retries. null: the file is there.
   */
  async #fetchInto(
    sink: BodySink,
    fetching: Fetching,
    plan: ItemPlan,
    checksum: Checksum | null,
  ): Promise<Response | StreamResponse | null> {
    const { partAt = '' } = sink
    if (partAt !== '' && plan.isGet) return this.#download(partAt, fetching, plan)
    for (;;) {
      const response = await this.#send(fetching, plan)
      fetching.response = response
      if (response.status === 206 && !plan.asksRange) await refusePart(response)
      sink.begin?.(response, fetching.url)
      if (response instanceof Response) return response
      try {
        await receive(response, sink, checksum)
        return response
      } catch (error) {
        if (!this.#mayRetry(error, fetching, plan)) {
          // What came stays for a later run, or for a retry of what failed.
          if (plan.isGet && this.#mayGoOn(error)) await sink.leave?.().catch(() => '')
          throw error
        }
        const left = plan.isGet && sink.leave !== undefined ? await sink.leave() : ''
        if (left === '' && !(await sink.restart())) throw error
        fetching.leave()
        await this.#pause(fetching.retries)
        if (this.#isTooLate(fetching)) throw error
        fetching.retries++
        if (left !== '') return this.#download(left, fetching, plan)
      }
    }
  }

  /** Goes on with what an earlier try has left at `path`, or starts over where that cannot be. */
  async #download(path: string, fetching: Fetching, plan: ItemPlan): Promise<null> {
    const { maxFileSize, fsync, retries } = this.#plan
    const { method: _, body: __, ...request } = plan.request ?? {}
    const options: DownloadOptions = {
      ...request,
      fsync,
      maxRetries: Math.max(0, retries - fetching.retries),
    }
    // With a pipeline the client's own limit is that of whole bodies.
    options.maxBodySize = maxFileSize
    const { checksum } = fetching.task.entry.item ?? {}
    if (checksum !== undefined) options.checksum = checksum
    fetching.begin()
    // Its path as all others are shown.
    fetching.download = { ...(await this.#client.download(fetching.url, path, options)), path }
    return null
  }

  #mayRetry(error: unknown, fetching: Fetching, { mayRepeat }: ItemPlan): boolean {
    if (!mayRepeat || fetching.retries >= this.#plan.retries || this.#isTooLate(fetching)) return false
    return error instanceof RequestError && RETRY_ERRORS.includes(error.code)
  }

  /** Whether what came of the body is right as far as it goes. */
  #mayGoOn(error: unknown): boolean {
    if (this.#aborting.signal.aborted || isLastingFault(error)) return true
    return (
      error instanceof TimeoutError || (error instanceof RequestError && RETRY_ERRORS.includes(error.code))
    )
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

  #send(fetching: Fetching, plan: ItemPlan): Promise<Response | StreamResponse> {
    return plan.whole ? this.#sendWhole(fetching, plan) : this.#sendStreamed(fetching, plan)
  }

  async #sendWhole(fetching: Fetching, plan: ItemPlan): Promise<Response | StreamResponse> {
    const { href } = fetching.url
    try {
      return await this.#begin(fetching, plan.request, (own) => this.#client.request(href, own))
    } catch (error) {
      // Too large to be held: fetched anew, alone on its connection, and written as it comes.
      if (!(error instanceof LimitError) || error.limit !== 'maxBodySize') throw error
      if (error.value >= this.#plan.maxFileSize) throw error
    }
    return this.#sendStreamed(fetching, plan)
  }

  #sendStreamed(fetching: Fetching, plan: ItemPlan): Promise<StreamResponse> {
    const { href } = fetching.url
    const options = plan === this.#plan.item ? this.#streamOptions : this.#streamed(plan)
    return this.#begin(fetching, options, (own) => this.#client.stream(href, own))
  }

  #streamed({ whole, request }: ItemPlan): RequestOptions | undefined {
    return whole ? { ...request, maxBodySize: this.#plan.maxFileSize } : request
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

/** A part that nobody asked for must not pass for the whole (RFC 9110 section 15.3.7). Throws ProtocolError, unless it is all there is. */
async function refusePart(response: Response | StreamResponse): Promise<void> {
  const range = response.headers.get('content-range') ?? ''
  const [, last, total] = /^bytes 0-(\d+)\/(\d+)$/iu.exec(range) ?? []
  if (total !== undefined && Number(last) + 1 === Number(total)) return
  if (!(response instanceof Response)) await response.discard().catch(() => undefined)
  throw new ProtocolError('range', 'answered 206, a part, though no range was asked for')
}

/** Takes a streamed body to its end, into `sink` where it is wanted. */
async function receive(response: StreamResponse, sink: BodySink, checksum: Checksum | null): Promise<void> {
  if (isWanted(response)) {
    const check = BodyCheck.of(checksum, response.status, response.headers, true)
    const length = smallLength(response)
    if (length > 0) {
      const body = await readSmall(response, length)
      check?.update(body)
      const room = sink.write(body)
      if (room !== undefined) await room
    } else {
      for await (const chunk of response.body) {
        check?.update(chunk)
        const room = sink.write(chunk)
        if (room !== undefined) await room
      }
    }
    check?.verify()
  } else {
    // The status is known; that the page which explains it breaks off changes nothing.
    await response.discard().catch(() => undefined)
  }
}

/** Bytes of a body that is known to be small, and is as it came; 0 for all others. */
function smallLength({ headers }: StreamResponse): number {
  const length = Number(headers.peek('content-length') ?? 0)
  return length > 0 && length < CLI_LIMITS.writeSize && headers.peek('content-encoding') === null ? length : 0
}

/** In memory of its own, in one go: an iterator would cost three times as much. A body that is longer than that is an error of the client's. */
async function readSmall(response: StreamResponse, length: number): Promise<Uint8Array> {
  // One byte more, since the end is found by a read that brings nothing.
  const body = Buffer.allocUnsafe(length + 1)
  let size = 0
  for (;;) {
    const count = await response.readInto(body.subarray(size))
    if (count === 0) return body.subarray(0, size)
    size += count
  }
}

/** The file; '' where the body is not wanted. */
function storeBody(
  response: Response | StreamResponse,
  sink: BodySink,
  checksum: Checksum | null,
): string | Promise<string> {
  if (!isWanted(response)) return sink.discard().then(() => '')
  if (!(response instanceof Response)) return sink.commit()
  const bytes = response.bytes()
  const check = BodyCheck.of(checksum, response.status, response.headers, true)
  if (check !== null) {
    check.update(bytes)
    check.verify()
  }
  const room = sink.write(bytes)
  return room === undefined ? sink.commit() : room.then(() => sink.commit())
}

function isWanted({ status }: Response | StreamResponse): boolean {
  return status >= 200 && status <= 299
}
