import {
  AbortError,
  ConnectionClosedError,
  LimitError,
  ProtocolError,
  RequestError,
  StatusError,
  TimeoutError,
} from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ProgressMeter, type TransferProgress } from '../core/progress-meter.ts'
import { onRejection } from '../core/rejection.ts'
import type { RequestOptions, StreamResponse } from '../index.ts'
import { BodyCheck } from './body-check.ts'
import type { Checksum } from './checksum.ts'
import type { DownloadResult } from './download.ts'
import type { DownloadEngine, DownloadRules } from './engine.ts'
import type { PartFile } from './part-file.ts'
import { hashUrl, withoutSecrets } from './part-record.ts'
import { pause } from './pause.ts'
import { contentCoding, hasGzipName, isGzipFile, judge, type Held } from './range-answer.ts'
import { strongValidator } from './validator.ts'

/** What is done with the file. */
export interface DownloadPlan {
  readonly replace: boolean
  readonly fsync: boolean
  readonly onProgress: ((progress: TransferProgress) => void) | null
  /** What the file must have. */
  readonly checksum: Checksum | null
}

/** One download, from its first request to the file's name: a loop over answers, each of which is judged. */
export class DownloadRun {
  readonly #engine: DownloadEngine
  readonly #rules: DownloadRules
  readonly #part: PartFile
  readonly #url: string
  readonly #options: RequestOptions
  readonly #plan: DownloadPlan
  readonly #meter: ProgressMeter | null
  /** What `onProgress` rejected with, where it is asynchronous. */
  #rejected: { readonly reason: unknown } | null = null
  /** On the clock's `now()`; Infinity: none. */
  readonly #deadline: number
  /** Bodies are undone of their content coding. Else the file is what came. */
  #decodes: boolean
  /** Bytes of the part that stand for good. */
  #held: Held = NOTHING
  #resumedFrom = 0
  #requests = 0
  #bytesOnWire = 0
  #retries = 0
  /** What was held could not be joined to an answer: once that costs no retry. */
  #hasStartedOver = false
  /** Tries in a row that brought nothing new. */
  #inVain = 0
  /** The most that was ever held and could be gone on with. */
  #furthest = 0

  constructor(
    engine: DownloadEngine,
    part: PartFile,
    url: string | URL,
    options: RequestOptions,
    plan: DownloadPlan,
  ) {
    this.#engine = engine
    this.#rules = engine.rulesOf(options)
    this.#part = part
    this.#url = String(url)
    this.#options = options
    this.#plan = plan
    const { clock } = engine
    const { onProgress } = plan
    const tell = (progress: TransferProgress): void =>
      onRejection(onProgress?.(progress), (reason) => (this.#rejected ??= { reason }))
    this.#meter = onProgress === null ? null : new ProgressMeter(() => clock.now(), tell)
    const { totalTimeout } = this.#rules
    this.#deadline = totalTimeout === 0 ? Infinity : clock.now() + totalTimeout
    this.#decodes = options.decompress ?? !hasGzipName(this.#url)
  }

  async result(): Promise<DownloadResult> {
    await this.#resume()
    for (;;) {
      try {
        const response = await this.#step()
        if (response !== null) return await this.#finish(response)
      } catch (error) {
        await this.#goOnAfter(error)
      }
    }
  }

  /** Takes up what an earlier call has left. */
  async #resume(): Promise<void> {
    const version = await this.#part.reopen(hashUrl(this.#url))
    if (version === null) return
    const { validator, total, coding } = version
    if (coding !== '' && this.#options.decompress === true) return
    if (coding !== '') this.#decodes = false
    this.#held = { size: this.#part.size, total, validator, coding }
    // All of it came, but not its name: its last byte shows whether it is still the version there is.
    if (this.#part.size === total) await this.#stepBack()
    this.#resumedFrom = this.#held.size
    this.#furthest = this.#held.size
  }

  /** One request and what it brings. The response when the file is whole, null when there is more to ask for. */
  async #step(): Promise<StreamResponse | null> {
    const response = await this.#ask()
    try {
      return (await this.#use(response)) ? response : null
    } finally {
      // Whatever of it was not read; a connection must not wait for a reader that does not come.
      await response.discard()
      this.#bytesOnWire += response.bytesOnWire
    }
  }

  /** Whether the file is whole with it. */
  async #use(response: StreamResponse): Promise<boolean> {
    const verdict = judge(response.status, response.headers, this.#held)
    switch (verdict.kind) {
      case 'refused':
        throw this.#about(new StatusError(response.status, response.statusText, response))
      case 'anew':
        await this.#startOver()
        if (this.#hasStartedOver) throw this.#about(new ProtocolError('range', verdict.why))
        this.#hasStartedOver = true
        return false
      case 'step back':
        await this.#stepBack()
        return false
      case 'complete':
        return true
      case 'rest':
        this.#checkSize(verdict.total)
        this.#held = { ...this.#held, total: verdict.total }
        await this.#take(response, verdict.length)
        return this.#held.size === verdict.total
      case 'whole':
        if (this.#mustAskOtherwise(response)) return false
        await this.#begin(response, verdict.total)
        await this.#take(response, this.#held.total)
        return true
    }
  }

  async #ask(): Promise<StreamResponse> {
    const { clock } = this.#engine
    if (this.#requests >= LIMITS.maxDownloadRequests) {
      const limit = LIMITS.maxDownloadRequests
      throw this.#about(new LimitError('maxDownloadRequests', limit, 'not whole after so many requests'))
    }
    this.#requests++
    if (this.#held.validator === null) await this.#startOver()
    const options: RequestOptions = {
      ...this.#options,
      headers: this.#headers(),
      decompress: this.#decodes,
      // Which status is a success is judged here: 416 may be one.
      expectSuccess: false,
    }
    if (this.#deadline !== Infinity) {
      options.totalTimeout = Math.ceil(this.#deadline - clock.now())
      if (options.totalTimeout <= 0) throw this.#timeout()
    }
    return this.#engine.stream(this.#url, options)
  }

  #headers(): NonNullable<RequestOptions['headers']> {
    const given = this.#options.headers ?? {}
    const fields: [string, string | number | readonly string[] | null | undefined][] =
      Symbol.iterator in given ? gather(given) : Object.entries(given)
    const { size, validator } = this.#held
    // null: nor those that the client sends with every request.
    fields.push(['Range', size === 0 ? null : `bytes=${size}-`], ['If-Range', size === 0 ? null : validator])
    const asksForCoding =
      this.#options.decompress === true || fields.some(([name]) => name.toLowerCase() === 'accept-encoding')
    // So that a range counts the file's own bytes.
    if (!asksForCoding) fields.push(['Accept-Encoding', 'identity'])
    return Object.fromEntries(fields)
  }

  /** Whether the body must come in another way: undone of its coding, or not. */
  #mustAskOtherwise(response: StreamResponse): boolean {
    const coding = contentCoding(response.headers)
    if (coding === '' || this.#options.decompress !== undefined) return false
    const decodes = !(coding === 'gzip' && isGzipFile(response.headers, response.url))
    if (decodes === this.#decodes) return false
    this.#decodes = decodes
    return true
  }

  async #begin(response: StreamResponse, length: number | null): Promise<void> {
    const coding = contentCoding(response.headers)
    // Of a body that is decoded on the way nothing tells how long it is, nor can a range count its bytes.
    const isDecoded = coding !== '' && this.#decodes
    const total = isDecoded ? null : length
    if (total !== null) this.#checkSize(total)
    const validator = isDecoded ? null : strongValidator(response.headers, this.#engine.clock.date())
    await this.#part.begin({ url: hashUrl(this.#url), validator, total, coding: isDecoded ? '' : coding })
    this.#held = { size: 0, total, validator, coding: isDecoded ? '' : coding }
    this.#resumedFrom = 0
  }

  /** Takes the body into the file; `length`: of so many bytes, null where that is not known. */
  async #take(response: StreamResponse, length: number | null): Promise<void> {
    const end = length === null ? Infinity : this.#held.size + length
    // A signal that came while the part was made is noticed here, not by the body alone.
    this.#checkSignal()
    for (;;) {
      const count = await response.readInto(this.#part.room)
      if (count === 0) break
      const size = this.#held.size + count
      if (size > end) {
        await this.#startOver()
        throw this.#about(new ProtocolError('range', `sent more than the ${length} bytes that it announced`))
      }
      this.#checkSize(size)
      const wait = this.#part.took(count)
      this.#held.size = size
      if (wait !== undefined) await wait
      this.#meter?.update(size, this.#held.total)
      if (this.#rejected !== null) throw this.#rejected.reason
    }
    if (length === null || this.#held.size === end) return
    const missing = end - this.#held.size
    throw this.#about(
      new ConnectionClosedError(`the body ended ${missing} bytes before its announced length`),
    )
  }

  /** Forgets what is held. */
  async #startOver(): Promise<void> {
    if (this.#held === NOTHING) return
    this.#held = NOTHING
    this.#resumedFrom = 0
    await this.#part.drop()
  }

  async #stepBack(): Promise<void> {
    const size = this.#held.size - 1
    await this.#part.seek(size)
    this.#held = { ...this.#held, size }
  }

  async #finish(response: StreamResponse): Promise<DownloadResult> {
    const { size, total, validator } = this.#held
    await this.#verify(response)
    await this.#part.finish(this.#plan.replace, this.#plan.fsync)
    this.#meter?.finish(size, total ?? size)
    return {
      path: this.#part.path,
      size,
      skipped: false,
      resumedFrom: this.#resumedFrom,
      status: response.status,
      url: response.url,
      headers: response.headers,
      validator,
      retries: this.#retries,
      bytesOnWire: this.#bytesOnWire,
      clientIp: response.clientIp,
      remoteAddress: response.remoteAddress,
    }
  }

  /** Of the file as it is on the disk: earlier answers, and earlier processes, have brought parts of it. */
  async #verify({ status, headers }: StreamResponse): Promise<void> {
    const check = BodyCheck.of(this.#plan.checksum, status, headers, false)
    if (check === null) return
    for await (const chunk of this.#part.read()) check.update(chunk)
    try {
      check.verify()
    } catch (error) {
      await this.#part.drop()
      throw error
    }
  }

  /** Waits for the next try; throws `error` when there is none. */
  async #goOnAfter(error: unknown): Promise<void> {
    const { signal } = this.#options
    if (!(error instanceof RequestError) || signal?.aborted === true || !this.#mayPass(error)) throw error
    const { clock } = this.#engine
    const { maxRetries } = this.#rules
    if (this.#held.validator !== null && this.#held.size > this.#furthest) {
      this.#furthest = this.#held.size
      this.#inVain = 0
    }
    if (this.#inVain >= maxRetries) throw error
    const delay = this.#delayAfter(error)
    if (clock.now() + delay >= this.#deadline) throw error
    this.#inVain++
    this.#retries++
    await pause(clock, delay, signal)
    this.#checkSignal()
  }

  #mayPass(error: RequestError): boolean {
    if (error instanceof StatusError) return this.#rules.isRetryableStatus(error.status)
    // Only what this run has found wrong with a range: the next request asks for the whole.
    if (error instanceof ProtocolError && error.rule === 'range') return true
    return this.#rules.isRetryableError(error)
  }

  #delayAfter(error: RequestError): number {
    const { clock } = this.#engine
    if (error instanceof StatusError) {
      const { headers } = error.response as StreamResponse
      const asked = this.#rules.retryAfterOf(headers.get('retry-after'), headers.get('date'), clock.date())
      if (asked > 0) return asked
    }
    return this.#rules.backoffDelay(this.#inVain, clock.random())
  }

  #checkSize(size: number): void {
    const { maxBodySize } = this.#rules
    if (size <= maxBodySize) return
    throw this.#about(new LimitError('maxBodySize', maxBodySize, `the file has ${size} bytes or more`))
  }

  #checkSignal(): void {
    const { signal } = this.#options
    if (signal?.aborted === true) throw this.#about(new AbortError(signal.reason))
  }

  #timeout(): TimeoutError {
    const { totalTimeout } = this.#rules
    return this.#about(new TimeoutError('total', totalTimeout, `not done within ${totalTimeout} ms`))
  }

  #about<E extends RequestError>(error: E): E {
    const url = withoutSecrets(this.#url)
    return error.about({ method: 'GET', url, attempt: this.#requests, progress: 'answered' })
  }
}

const NOTHING: Held = Object.freeze({ size: 0, total: null, validator: null, coding: '' })

/** Fields of the same name together, since an object has each name once. */
function gather(headers: Iterable<readonly [name: string, value: string]>): [string, string[]][] {
  const fields = new Map<string, string[]>()
  for (const [name, value] of headers) fields.set(name, [...(fields.get(name) ?? []), value])
  return [...fields]
}
