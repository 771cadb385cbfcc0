import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  backoffDelay,
  isRetryableError,
  isRetryableStatus,
  RETRY_ERRORS,
  RETRY_STATUSES,
  retryAfterOf,
} from '../../lib/call/retry.ts'
import { LIMITS, systemClock, type Client } from '../../lib/index.ts'
import type { DownloadOptions } from '../../lib/jobs/download.ts'
import type { DownloadEngine } from '../../lib/jobs/engine.ts'

/** The engine that a client is for a download, without waits between tries unless `waits` is said. */
export function engineOf(client: Client, waits = false): DownloadEngine {
  return {
    clock: systemClock,
    rulesOf: (options: DownloadOptions) => {
      const maxRetries = options.maxRetries ?? LIMITS.maxRetries
      const rules = {
        maxRetries,
        retryStatuses: new Set(RETRY_STATUSES),
        retryErrors: new Set<string>(RETRY_ERRORS),
      }
      return {
        maxRetries,
        totalTimeout: options.totalTimeout ?? 0,
        maxBodySize: options.maxBodySize ?? Infinity,
        isRetryableStatus: (status) => isRetryableStatus(status, rules),
        isRetryableError: (error) => isRetryableError(error, rules),
        backoffDelay: waits ? backoffDelay : () => 0,
        retryAfterOf,
      }
    },
    stream: (url, options) => client.stream(url, { ...options, maxRetries: 0, cache: 'no-store' }),
  }
}

/** How one request is answered. */
export interface Answer {
  /** The connection is closed after so many bytes of the body. */
  cut?: number
  /** Nothing comes after so many bytes, and the connection stays. */
  stall?: number
  /** Range is not heeded: 200. */
  ignoreRange?: boolean
  /** If-Range is not heeded: the rest of what there is now. */
  ignoreIfRange?: boolean
  status?: number
  /** Over the usual ones; null leaves one out. */
  headers?: Record<string, string | null>
  body?: Buffer
  /** No length: the body ends with the connection, or is chunked. */
  framing?: 'length' | 'chunked' | 'close'
}

/** What a request asked for. */
export interface Asked {
  readonly range: string | undefined
  readonly ifRange: string | undefined
  readonly coding: string | undefined
  readonly url: string
}

/** A server of one file, which answers each request as `answers` says, and rightly when that is used up. */
export class FileServer implements AsyncDisposable {
  content: Buffer
  etag: string | null = '"v1"'
  lastModified: string | null = null
  readonly asked: Asked[] = []
  /** Bytes of bodies sent, one entry a request. */
  readonly sent: number[] = []
  answers: Answer[]
  /** Called before the nth request, from 0, is answered. */
  onRequest: (n: number) => void = () => {}
  readonly #server: http.Server

  private constructor(content: Buffer, answers: Answer[]) {
    this.content = content
    this.answers = answers
    this.#server = http.createServer((request, response) => this.#answer(request, response))
  }

  static async start(content: Buffer | number, ...answers: Answer[]): Promise<FileServer> {
    const server = new FileServer(typeof content === 'number' ? randomBytes(content) : content, answers)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file.bin`
  }

  get ranges(): (string | undefined)[] {
    return this.asked.map(({ range }) => range)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const n = this.asked.length
    this.onRequest(n)
    const range = request.headers.range
    const ifRange = request.headers['if-range']
    const coding = request.headers['accept-encoding']
    this.asked.push({
      range,
      ifRange: ifRange as string | undefined,
      coding,
      url: request.url!,
    })
    this.#send(response, this.answers[n] ?? {}, range, ifRange as string | undefined)
  }

  #send(
    response: ServerResponse,
    answer: Answer,
    range: string | undefined,
    ifRange: string | undefined,
  ): void {
    const headers: Record<string, string | null> = { ETag: this.etag, 'Last-Modified': this.lastModified }
    let body = answer.body ?? this.content
    let status = answer.status ?? 200
    const holds =
      answer.ignoreIfRange === true || ifRange === undefined || ifRange === (this.etag ?? this.lastModified)
    if (range !== undefined && answer.status === undefined && answer.ignoreRange !== true && holds) {
      const start = Number(/^bytes=(\d+)-$/.exec(range)![1])
      const { length } = this.content
      status = start < length ? 206 : 416
      body = this.content.subarray(start)
      headers['Content-Range'] =
        start < length ? `bytes ${start}-${length - 1}/${length}` : `bytes */${length}`
    }
    const framing = answer.framing ?? 'length'
    if (framing === 'length') headers['Content-Length'] = String(body.length)
    if (framing === 'close') headers['Connection'] = 'close'
    for (const [name, value] of Object.entries({ ...headers, ...answer.headers })) {
      if (value !== null) response.setHeader(name, value)
    }
    if (framing === 'close') response.useChunkedEncodingByDefault = false
    response.statusCode = status
    const end = answer.cut ?? answer.stall
    const part = body.subarray(0, end)
    this.sent.push(part.length)
    // In one piece with the end, node would give it a length.
    if (framing !== 'length' && end === undefined) response.write(body)
    if (end === undefined) response.end(framing === 'length' ? body : undefined)
    else if (answer.cut === undefined) response.write(part)
    else if (part.length === 0) {
      response.flushHeaders()
      response.socket!.end()
    } else response.write(part, () => response.destroy())
  }
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A folder that is gone afterwards. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'trawl-download-'))

  file(name = 'file.bin'): string {
    return join(this.path, name)
  }

  read(name = 'file.bin'): Buffer {
    return readFileSync(this.file(name))
  }

  get names(): string[] {
    return readdirSync(this.path).toSorted()
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** How it failed. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string; path?: string }> {
  return promise.then(
    () => Promise.reject(new Error('it was to fail, and succeeded')),
    (error: unknown) => error as Error,
  )
}
