import http from 'node:http'
import net from 'node:net'
import type { ClientOptions } from '../lib/index.ts'

/** What a load is asked to do: keep `connections * depth` requests for `origin + path` under way. */
export interface Job {
  readonly origin: string
  readonly path: string
  readonly bodySize: number
  readonly connections: number
  readonly depth: number
  /** Told of each whole answer; false: stop. */
  tick(): boolean
}

export type Load = (job: Job) => Promise<void>

/**
 * Each as its documentation proposes for many requests to one site, with its own time limits left on.
 * A client is imported by the case that uses it, so that none pays for the others.
 */
export const LOADS: Readonly<Record<string, Load>> = {
  trawl: (job) => trawl(job, {}),
  'trawl, jar': (job) => trawl(job, { cookies: true }),
  'trawl, bare': (job) => trawl(job, { maxRetries: 0, redirect: 'manual' }),
  'undici request': undiciRequest,
  'undici dispatch': undiciDispatch,
  'node:http': nodeHttp,
  fetch: builtinFetch,
  got: viaGot,
  'raw socket': rawSocket,
}

/** Those that can have more than one request in flight on a connection. */
export const PIPELINING: readonly string[] = [
  'trawl',
  'trawl, jar',
  'trawl, bare',
  'undici request',
  'undici dispatch',
  'raw socket',
]

/** Runs `one` over and over, so many at a time, and checks that each body is whole. */
async function loops(job: Job, one: () => Promise<string>): Promise<void> {
  const loop = async (): Promise<void> => {
    do {
      const body = await one()
      if (body.length !== job.bodySize) throw new Error(`a body of ${body.length} instead of ${job.bodySize}`)
    } while (job.tick())
  }
  await Promise.all(Array.from({ length: job.connections * job.depth }, loop))
}

/** With a jar, each request sends three cookies. */
async function trawl(job: Job, options: ClientOptions): Promise<void> {
  const { Client } = await import('../lib/index.ts')
  const { connections: maxConnPerTarget, depth: maxPipelinedRequests } = job
  const client = new Client({ ...options, maxConnPerTarget, maxPipelinedRequests })
  for (const cookie of ['session=0123456789abcdef', 'theme=dark', 'seen=1']) {
    client.cookies?.jar('').set(cookie, job.origin)
  }
  const url = job.origin + job.path
  await loops(job, () => client.request(url).then((response) => response.text()))
  await client.close()
}

async function undiciRequest(job: Job): Promise<void> {
  const { Pool } = await import('undici')
  const pool = new Pool(job.origin, { connections: job.connections, pipelining: job.depth })
  // `blocking: false`: otherwise it sends one of ten and waits for its head.
  const options = { path: job.path, method: 'GET', blocking: false } as const
  await loops(job, () => pool.request(options).then(({ body }) => body.text()))
  await pool.close()
}

async function undiciDispatch(job: Job): Promise<void> {
  const { Pool } = await import('undici')
  const pool = new Pool(job.origin, { connections: job.connections, pipelining: job.depth })
  const options = { path: job.path, method: 'GET', blocking: false } as const
  const loop = (resolve: () => void, reject: (error: Error) => void): void => {
    const again = (): void => {
      let text = ''
      pool.dispatch(options, {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          text += chunk.toString('latin1')
        },
        onResponseEnd() {
          if (text.length !== job.bodySize) reject(new Error(`a body of ${text.length}`))
          else if (job.tick()) again()
          else resolve()
        },
        onResponseError(_controller, error) {
          reject(error)
        },
      })
    }
    again()
  }
  await Promise.all(Array.from({ length: job.connections * job.depth }, () => new Promise<void>(loop)))
  await pool.close()
}

async function nodeHttp(job: Job): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: job.connections })
  const url = job.origin + job.path
  const one = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = http.get(url, { agent }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(text))
        response.on('error', reject)
      })
      request.on('error', reject)
    })
  await loops(job, one)
  agent.destroy()
}

async function builtinFetch(job: Job): Promise<void> {
  const url = job.origin + job.path
  await loops(job, () => fetch(url).then((response) => response.text()))
}

async function viaGot(job: Job): Promise<void> {
  const { default: got } = await import('got')
  const agent = new http.Agent({ keepAlive: true, maxSockets: job.connections })
  const url = job.origin + job.path
  await loops(job, () => got(url, { agent: { http: agent } }).text())
  agent.destroy()
}

/**
 * The floor: what the sockets alone cost. Writes bytes that are ready, as many requests at once as were
 * answered, and counts answers by their size; there is no parsing, no queue and no promise.
 */
async function rawSocket(job: Job): Promise<void> {
  const { hostname, port, host } = new URL(job.origin)
  const request = `GET ${job.path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const bursts = Array.from({ length: job.depth + 1 }, (_, count) => request.repeat(count))
  const one = (resolve: () => void, reject: (error: Error) => void): void => {
    let answerSize = 0
    let pending = 0
    const read = (bytes: number, buffer: Uint8Array): boolean => {
      if (answerSize === 0)
        answerSize = Buffer.from(buffer.buffer, 0, bytes).indexOf('\r\n\r\n') + 4 + job.bodySize
      pending += bytes
      const answers = Math.floor(pending / answerSize)
      pending -= answers * answerSize
      let more = true
      for (let n = 0; n < answers; n++) more = job.tick()
      if (more) socket.write(bursts[answers]!, 'latin1')
      else socket.destroy()
      if (!more) resolve()
      return more
    }
    const onread = { buffer: Buffer.allocUnsafeSlow(65_536), callback: read }
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true, onread })
    socket.on('error', reject)
    socket.write(bursts[job.depth]!, 'latin1')
  }
  await Promise.all(Array.from({ length: job.connections }, () => new Promise<void>(one)))
}
