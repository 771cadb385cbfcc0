import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { LruMap } from '../../lib/core/lru-map.ts'
import type { ParsedRequest } from '../sim/request-parser.ts'
import { acceptBadly } from './accept-deeds.ts'
import { HostileConnection, type ConnectionBook } from './hostile-connection.ts'
import type { HostileRequest } from './hostile-request.ts'
import type { AcceptDeed, Misdeed } from './misdeeds.ts'

/** Connections at once; more are closed at accept. */
const MAX_OPEN = 2_000
/** ms after which a connection on which nothing moves is closed. */
const MAX_SILENCE = 30_000
/** Requests and violations that are written down; later ones are counted only. */
const MAX_WRITTEN = 50_000
/** Methods and paths whose requests are counted; those asked for longest ago are forgotten. */
const MAX_COUNTED = 100_000

/** What is done about a request; asked when its head has come, so `done` may still be false. */
export type Decide = (request: HostileRequest, connection: number) => Misdeed

export interface HostileOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any that is free. */
  readonly port?: number
  /** PEM: the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** What becomes of a connection, counted from 1, before anything is asked. Default: it is served. */
  readonly accept?: (connection: number) => AcceptDeed
}

/**
 * A server on raw sockets that does to each request what it is told, and writes down what came.
 * It is bounded in all it holds, and `close` leaves nothing behind.
 */
export class HostileServer implements ConnectionBook, AsyncDisposable {
  readonly host: string
  /** The first `MAX_WRITTEN` requests, in the order in which their heads came. */
  readonly requests: HostileRequest[] = []
  /** Requests that came, those included that are not written down. */
  requestCount = 0
  /** Connections accepted so far. */
  connections = 0
  /** What clients wrote that is no request by RFC 9112. */
  readonly violations: string[] = []
  /** The last error of a handshake that failed: the client's doing, mostly. */
  handshakeError: Error | null = null
  readonly #decide: Decide
  readonly #accept: (connection: number) => AcceptDeed
  readonly #context: SecureContext | null
  readonly #server: Server
  /** Those that are not served have no connection. */
  readonly #open = new Map<Socket, HostileConnection | null>()
  readonly #counts = new LruMap<string, number>(MAX_COUNTED)

  private constructor(decide: Decide, options: HostileOptions) {
    this.host = options.host ?? '127.0.0.1'
    this.#decide = decide
    this.#accept = options.accept ?? (() => 'accept')
    this.#context =
      options.tls === undefined ? null : createSecureContext({ ...options.tls, minVersion: 'TLSv1.2' })
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => this.#onConnection(raw))
  }

  static async listen(decide: Decide, options: HostileOptions = {}): Promise<HostileServer> {
    const server = new HostileServer(decide, options)
    server.#server.listen(options.port ?? 0, server.host)
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host
    return `${this.#context === null ? 'http' : 'https'}://${host}:${this.port}`
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size
  }

  /** How often a method and path came; of the last `MAX_COUNTED` that did. */
  timesOf(method: string, path: string): number {
    return this.#counts.get(`${method} ${path}`) ?? 0
  }

  async close(): Promise<void> {
    const ends = [once(this.#server, 'close')]
    this.#server.close()
    for (const raw of this.#open.keys()) {
      ends.push(once(raw, 'close'))
      raw.destroy()
    }
    await Promise.all(ends)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- the connections' book -----------------------------------------------------------------------

  onRequest(parsed: ParsedRequest, connection: number, number: number): HostileRequest {
    const times = this.timesOf(parsed.method, parsed.path) + 1
    this.#counts.set(`${parsed.method} ${parsed.path}`, times)
    const request: HostileRequest = Object.assign(parsed, { connection, number, times })
    this.requestCount++
    if (this.requests.length < MAX_WRITTEN) this.requests.push(request)
    return request
  }

  decide(request: HostileRequest): Misdeed {
    const misdeed = this.#decide(request, request.connection)
    return request.times > (misdeed.times ?? Infinity) ? { kind: 'none' } : misdeed
  }

  onViolation(text: string): void {
    if (this.violations.length < MAX_WRITTEN) this.violations.push(text)
  }

  // --- private -------------------------------------------------------------------------------------

  #onConnection(raw: Socket): void {
    const number = ++this.connections
    raw.on('error', ignore)
    raw.setTimeout(MAX_SILENCE, () => raw.destroy())
    this.#open.set(raw, null)
    raw.once('close', () => this.#open.delete(raw))
    const deed = this.#open.size > MAX_OPEN ? 'close' : this.#accept(number)
    if (deed !== 'accept') acceptBadly(raw, deed)
    else {
      const socket = this.#context === null ? raw : this.#overTls(raw, this.#context)
      this.#open.set(raw, new HostileConnection(this, number, socket, raw))
    }
  }

  #overTls(raw: Socket, secureContext: SecureContext): TLSSocket {
    const socket = new TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
    socket.on('error', (error) => {
      this.handshakeError = error
      raw.destroy()
    })
    return socket
  }
}

function ignore(): void {}
