import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import type { AddressInfo, Socket } from 'node:net'
import { crc32, gzipSync } from 'node:zlib'
import type { Identity } from '../net/certificates.ts'
import { bodyOf, readPath, statusOf, type Page } from './page.ts'
import type { Register } from './register.ts'
import { originOf, type OpenTarget, type TargetPlan } from './targets.ts'

/** Ids that have been answered 500, remembered so that the next time brings the page. */
const REMEMBERED = 10_000

/** A server that does nothing wrong, but may be switched off. */
export class HonestSite {
  readonly #plan: TargetPlan
  readonly #register: Register
  readonly #identity: Identity
  readonly #answered = new WeakMap<Socket, number>()
  readonly #refused = new Set<string>()
  #server: http.Server | null = null
  #port = 0

  private constructor(plan: TargetPlan, register: Register, identity: Identity) {
    this.#plan = plan
    this.#register = register
    this.#identity = identity
  }

  static async open(plan: TargetPlan, register: Register, identity: Identity): Promise<HonestSite> {
    const site = new HonestSite(plan, register, identity)
    await site.rise()
    return site
  }

  get target(): OpenTarget {
    return { ...this.#plan, port: this.#port, origin: this.#origin }
  }

  get #origin(): string {
    return originOf(this.#plan, this.#port)
  }

  /** On the same port as before. */
  async rise(): Promise<void> {
    const listener: RequestListener = (request, response) => void this.#answer(request, response)
    const options = { keepAliveTimeout: this.#plan.keepAlive }
    const server =
      this.#plan.scheme === 'https'
        ? https.createServer({ ...options, ...this.#identity }, listener)
        : http.createServer(options, listener)
    server.on('clientError', (_error, socket) => socket.destroy())
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue()
      void this.#answer(request, response)
    })
    await once(server.listen(this.#port, this.#plan.address), 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Takes no connections any more and ends all it has. */
  async die(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    this.#register.note(method, this.#origin, path, (name) => headers[name] as string | undefined)
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const sent = await received(request)
    const page = readPath(path)
    if (page === null || sent === null) {
      response.writeHead(400).end()
      return
    }
    if (page.delay > 0) await wait(page.delay)
    if (response.destroyed) return
    response.setHeader('x-call', headers['x-call'] ?? '')
    response.setHeader('x-received', `${sent.length} ${crc32(sent)}`)
    if (page.id % 3 === 0) response.setHeader('set-cookie', `n${page.id % 5}=${this.#plan.host}; path=/`)
    this.#closeInTime(request.socket, response)
    await this.#send(page, request, response)
  }

  async #send(page: Page, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request
    const body = bodyOf(method, this.#origin, path)
    switch (page.kind) {
      case 'moved':
        response.statusCode = method === 'POST' ? 307 : 302
        response.setHeader('location', page.to)
        response.end(body)
        return
      case 'busy':
        if (this.#isFirst(path)) response.statusCode = 500
        response.end(body)
        return
      case 'kept':
        sendKept(request, response, body)
        return
      case 'file':
      case 'cut':
        sendFile(page, request, response, body)
        return
      case 'slow':
        await sendSlowly(response, body)
        return
      case 'page':
        sendPage(page, request, response, body)
        return
      case 'none':
      case 'lost':
      case 'form':
        response.statusCode = statusOf(page.kind)
        response.end(body)
    }
  }

  #isFirst(path: string): boolean {
    if (this.#refused.has(path)) return false
    this.#refused.add(path)
    if (this.#refused.size > REMEMBERED) this.#refused.delete(this.#refused.values().next().value!)
    return true
  }

  #closeInTime(socket: Socket, response: ServerResponse): void {
    const answered = (this.#answered.get(socket) ?? 0) + 1
    this.#answered.set(socket, answered)
    const { closeAfter } = this.#plan
    if (closeAfter > 0 && answered >= closeAfter) response.setHeader('connection', 'close')
  }
}

/** null: the client has left. */
async function received(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer)
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

/** With a length, or in chunks, or coded: as its number says. */
function sendPage(page: Page, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const takesGzip = request.headers['accept-encoding']?.includes('gzip') === true
  if (page.id % 4 === 1 && takesGzip) {
    response.setHeader('content-encoding', 'gzip')
    response.end(request.method === 'HEAD' ? '' : gzipSync(body, { level: 1 }))
  } else if (page.id % 4 === 2) {
    response.write(body.subarray(0, body.length >> 1))
    response.end(body.subarray(body.length >> 1))
  } else {
    response.end(body)
  }
}

function sendKept(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const tag = `"${crc32(request.url ?? '')}"`
  response.setHeader('etag', tag)
  response.setHeader('cache-control', 'max-age=1')
  if (request.headers['if-none-match'] !== tag) {
    response.end(body)
    return
  }
  response.statusCode = 304
  response.end()
}

function sendFile(page: Page, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const tag = `"${crc32(body)}"`
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const holds = (request.headers['if-range'] ?? tag) === tag
  const from = range !== null && holds ? Number(range[1]) : 0
  response.setHeader('etag', tag)
  if (from > 0 && from < body.length) {
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${from}-${body.length - 1}/${body.length}`)
  }
  const rest = from < body.length ? body.subarray(from) : body
  response.setHeader('content-length', rest.length)
  if (page.kind === 'file' || from > 0) {
    response.end(rest)
    return
  }
  response.write(rest.subarray(0, rest.length >> 1), () => request.socket.destroy())
}

async function sendSlowly(response: ServerResponse, body: Buffer): Promise<void> {
  const piece = Math.ceil(body.length / 8)
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    response.write(body.subarray(at, at + piece))
    await wait(25)
  }
  response.end()
}
