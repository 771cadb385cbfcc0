import {
  ArgumentError,
  LimitError,
  Response,
  type Client,
  type RequestOptions,
  type StreamResponse,
  type Timings,
} from '../index.ts'
import type { BodySink, BodyStore } from './body-sink.ts'
import { EXIT, exitCodeOfError, exitCodeOfStatus, isGoodStatus } from './exit-codes.ts'
import { FileError } from './file-error.ts'
import type { Gate } from './gate.ts'
import type { InputItem } from './input.ts'
import { parseItemUrl, showUrlText, withoutCredentials } from './item-url.ts'
import type { Outcome } from './outcome.ts'

/** How items are fetched: the same for all of a run. */
export interface FetchPlan {
  /** undefined: a plain GET with the client's own settings. */
  readonly request: RequestOptions | undefined
  /**
   * Fetch bodies whole first, up to the client's own `maxBodySize`. Only whole bodies may share a
   * pipeline: a streamed one stops all behind it when its reader is slow.
   */
  readonly whole: boolean
  /** Most bytes of a body that is streamed. */
  readonly maxFileSize: number
}

/** Fetches items one by one and stores their bodies. Never rejects: what went wrong is the outcome. */
export class ItemFetcher {
  readonly #client: Client
  readonly #plan: FetchPlan
  readonly #streamOptions: RequestOptions
  readonly #store: BodyStore
  readonly #gate: Gate

  constructor(client: Client, plan: FetchPlan, store: BodyStore, gate: Gate) {
    this.#client = client
    this.#plan = plan
    this.#streamOptions = { ...plan.request, maxBodySize: plan.maxFileSize }
    this.#store = store
    this.#gate = gate
  }

  /** Resolves with null when the gate was closed before the item was sent. */
  async fetch(item: InputItem): Promise<Outcome | null> {
    const url = parseItemUrl(item.text, item.tooLong)
    if (typeof url === 'string') {
      const where = item.line === 0 ? '' : `line ${item.line}: `
      const exitCode = EXIT.other
      return { ...blank(showUrlText(item.text), item.line), error: 'ERR_URL', message: where + url, exitCode }
    }
    const base = { ...blank(withoutCredentials(url), item.line), host: url.host }
    let started = performance.now()
    let sink: BodySink | null = null
    let response: Response | StreamResponse | null = null
    try {
      sink = await this.#store.place(url)
      if (!(await this.#gate.enter(url.origin))) {
        await sink.discard()
        return null
      }
      started = performance.now()
      try {
        response = await this.#send(url.href)
        if (!(response instanceof Response)) await receive(response, sink)
      } finally {
        this.#gate.leave(url.origin)
      }
      const file = await storeBody(response, sink)
      return { ...base, ...factsOf(response), ...judge(response), file }
    } catch (error) {
      await sink?.discard().catch(() => undefined)
      const facts = response === null ? {} : factsOf(response)
      return { ...base, totalMs: performance.now() - started, ...facts, ...failureOf(error) }
    }
  }

  async #send(url: string): Promise<Response | StreamResponse> {
    if (this.#plan.whole) {
      try {
        return await this.#client.request(url, this.#plan.request)
      } catch (error) {
        // Too large to be held: fetched anew, alone on its connection, and written as it comes.
        if (!(error instanceof LimitError) || error.limit !== 'maxBodySize') throw error
        if (error.value >= this.#plan.maxFileSize) throw error
      }
    }
    return this.#client.stream(url, this.#streamOptions)
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

/** Resolves with the file; '' where the body is not wanted. */
async function storeBody(response: Response | StreamResponse, sink: BodySink): Promise<string> {
  if (isWanted(response)) {
    if (response instanceof Response) await sink.write(response.bytes())
    return sink.commit()
  }
  await sink.discard()
  return ''
}

function isWanted({ status }: Response | StreamResponse): boolean {
  return status >= 200 && status <= 299
}

function judge(response: Response | StreamResponse): Pick<Outcome, 'message' | 'exitCode'> {
  const { status, statusText } = response
  const exitCode = exitCodeOfStatus(status)
  if (isGoodStatus(status)) return { message: '', exitCode }
  const location = response.headers.get('location')
  const to = status < 400 && location !== null ? `, to ${location}: redirects are not followed` : ''
  return { message: `answered ${status}${statusText === '' ? '' : ` ${statusText}`}${to}`, exitCode }
}

function factsOf(response: Response | StreamResponse): Partial<Outcome> {
  return {
    status: response.status,
    bytesOnWire: response.bytesOnWire,
    bytesDecoded: response.bytesDecoded,
    headMs: headTime(response.timings),
    ...(response.timings.total < 0 ? {} : { totalMs: response.timings.total }),
    clientIp: response.clientIp,
    remoteAddress: response.remoteAddress,
    attempt: response.attempt,
  }
}

function failureOf(error: unknown): Pick<Outcome, 'error' | 'message' | 'exitCode' | 'fatal' | 'file'> {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const name = typeof code === 'string' && code.startsWith('ERR_') ? code : 'ERR_OTHER'
  // The URL is one: what is wrong with the request is wrong with every request of the run.
  const fatal = error instanceof ArgumentError || (error instanceof FileError && error.fatal)
  return {
    error: name,
    message: inFlags(String(message ?? error)),
    exitCode: exitCodeOfError(name),
    fatal,
    file: '',
  }
}

function blank(url: string, line: number): Outcome {
  return {
    url,
    line,
    host: '',
    status: 0,
    error: '',
    message: '',
    exitCode: EXIT.ok,
    bytesOnWire: -1,
    bytesDecoded: -1,
    headMs: -1,
    totalMs: -1,
    clientIp: '',
    remoteAddress: '',
    file: '',
    attempt: 0,
    fatal: false,
  }
}

/** The library's remedies in the words of the command. */
function inFlags(message: string): string {
  if (message.includes('tlsOptions.rejectUnauthorized')) return `${message} (on the command line: -k)`
  if (message.includes('maxBodySize')) return `${message} (on the command line: --max-filesize)`
  return message
}

/** From when it could be asked for to the end of its head, ms. */
function headTime({ queue, dns, connect, tls, send, head }: Timings): number {
  return queue + dns + connect + tls + send + head
}
