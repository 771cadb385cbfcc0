import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Client, Job, type JobOptions, type JobResult, type Response } from '../../lib/index.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server, a client and a folder of a job; gone afterwards. */
export class JobStand implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'trawl-job-'))
  readonly dir: string = join(this.folder, 'job')
  readonly client: Client = new Client({ maxConnPerTarget: 8, maxRetries: 0 })
  /** Paths, in the order in which they were asked for. */
  readonly asked: string[] = []
  /** By path; others are answered with their path. */
  readonly answers: Map<string, Answer> = new Map()
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async make(): Promise<JobStand> {
    const server = createServer()
    const stand = new JobStand(server)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      stand.asked.push(request.url!)
      const answer = stand.answers.get(request.url!)
      if (answer === undefined) response.end(request.url)
      else answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return stand
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  urls(count: number): string[] {
    return Array.from({ length: count }, (_, n) => `${this.origin}/${n}`)
  }

  /** A job of its folder that makes texts of what comes. */
  job(own: Partial<JobOptions<string>> = {}): Job<string> {
    const { dir, client } = this
    const handle = own.work === undefined ? textOf : undefined
    return new Job<string>({ dir, client, input: [], handle, fsync: false, ...own })
  }

  /** Entries of the journal, in order. */
  get journal(): Record<string, unknown>[] {
    const lines = readFileSync(join(this.dir, 'journal.jsonl'), 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  get finished(): string[] {
    return this.journal.flatMap(({ key, url }) =>
      key === undefined ? [] : [new URL(url as string).pathname],
    )
  }

  /** Why the last run ended. */
  get stopped(): unknown {
    const facts = this.journal.findLast(({ end }) => end !== undefined)?.['facts'] as Record<string, unknown>
    return facts['stopped']
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function textOf(response: Response): string {
  return response.text()
}

/** For machines that have much else to do. */
export function eventually<T>(look: () => T | Promise<T>): ReturnType<typeof expect.poll> {
  return expect.poll(look, { timeout: 15_000 })
}

export async function all<R>(job: AsyncIterable<JobResult<R>>): Promise<JobResult<R>[]> {
  const results: JobResult<R>[] = []
  for await (const result of job) results.push(result)
  return results
}

/** How it failed. */
export function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => Promise.reject(new Error('it was to fail, and succeeded')),
    (error: unknown) => error as Error,
  )
}

/** Waits for as long as the signal is not aborted. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}
