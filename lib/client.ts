import { Call, type CallContext } from './call/call.ts'
import { clientChecks, readOptions } from './call/options.ts'
import { RequestBuilder, type RequestOptions, type SharedOptions } from './call/request.ts'
import type { Response } from './call/response.ts'
import type { StreamResponse } from './call/stream-response.ts'
import { TlsIdentities } from './call/tls-identity.ts'
import { systemClock, type Clock } from './core/clock.ts'
import { watch, type DebugLevel } from './core/debug.ts'
import { ArgumentError, ClosedError, type RequestError } from './core/errors.ts'
import { LIMITS } from './core/limits.ts'
import type { Target } from './core/target.ts'
import { checkMethod, serializeFields } from './http1/request-encoder.ts'
import type { DialOptions, Network, Resolve } from './net/network.ts'
import { TcpNetwork } from './net/tcp.ts'
import { Scheduler, type SchedulerStats } from './scheduler/scheduler.ts'

/** Options of a client. Those shared with requests are defaults, which each request may override. */
export interface ClientOptions extends SharedOptions {
  /** Most connections in all, dialling ones included; default 50. */
  maxConn?: number | undefined
  /** Most connections to one target; default 6. */
  maxConnPerTarget?: number | undefined
  /**
   * Most exchanges in flight on one connection; default 1: no pipelining. Only for servers that
   * answer in order: one that answers twice, or swallows a request, shifts the answers behind it, and
   * nothing in HTTP/1.1 shows that.
   */
  maxPipelinedRequests?: number | undefined
  /** What a waiting exchange takes when no connection is idle, the other comes after; default 'connection'. */
  prefer?: 'connection' | 'pipeline' | undefined
  /** Most exchanges waiting for a connection; default 1,000,000. */
  maxQueued?: number | undefined
  /** Most bytes of a response's head; default 65,536. */
  maxHeadSize?: number | undefined
  /** 'strict' rejects all that RFC 9112 lets a client reject; default 'lenient', as browsers and curl. */
  parser?: 'lenient' | 'strict' | undefined
  /** An idle connection is closed after this, ms, or earlier as the server's Keep-Alive says; default 15,000. */
  keepAliveTimeout?: number | undefined
  /** Looks a host up instead of the system; may return several addresses. */
  resolve?: Resolve | undefined
  /** Prints what happens on stderr: scheduling; 'protocol' heads too, 'stream' all bytes too. */
  debug?: boolean | DebugLevel | undefined
  /** Time, for simulations. */
  clock?: Clock | undefined
  /** The network, for simulations. */
  network?: Network | undefined
}

/**
 * An HTTP/1.1 client: its pools, its limits and its defaults. Make one and keep it; `close` it when
 * done, or `await using client = new Client()`.
 */
export class Client {
  readonly #scheduler: Scheduler
  readonly #builder: RequestBuilder
  readonly #context: CallContext
  readonly #unwatch: () => void

  /** Throws ArgumentError when an option is unknown or its value is wrong. */
  constructor(given: ClientOptions = {}) {
    const options = readOptions('Client', given, clientChecks)
    const clock = options.clock ?? systemClock
    const network = options.network ?? new TcpNetwork({ clock, resolve: options.resolve })
    const identities = new TlsIdentities(options.tlsOptions)
    const scheduler = new Scheduler(
      {
        maxConn: options.maxConn ?? LIMITS.maxConn,
        maxConnPerTarget: options.maxConnPerTarget ?? LIMITS.maxConnPerTarget,
        maxPipelinedRequests: options.maxPipelinedRequests ?? LIMITS.maxPipelinedRequests,
        prefer: options.prefer ?? 'connection',
        maxQueued: options.maxQueued ?? LIMITS.maxQueued,
        keepAliveTimeout: options.keepAliveTimeout ?? LIMITS.keepAliveTimeout,
        maxHeadSize: options.maxHeadSize ?? LIMITS.maxHeadSize,
        parser: options.parser ?? 'lenient',
      },
      clock,
      network,
      (target) => dialOptions(target, identities),
    )
    this.#scheduler = scheduler
    this.#builder = new RequestBuilder(options, identities, { checkMethod, serializeFields })
    this.#context = {
      clock,
      wheel: scheduler.wheel,
      clientId: scheduler.clientId,
      get closing(): boolean {
        return scheduler.closing
      },
      // zlib's threads know no simulated time; pako inflates step by step, on this one.
      decodeEngine: options.clock === undefined ? 'zlib' : 'pako',
      submit: (x) => scheduler.submit(x),
    }
    this.#unwatch = watch(options.debug ?? false, scheduler.clientId)
  }

  /**
   * Fetches `url` and resolves with the whole, decoded response, whatever its status.
   * Rejects with a RequestError, or an ArgumentError before anything is sent.
   */
  request(url: string | URL, options?: RequestOptions): Promise<Response>
  request(options: RequestOptions & { url: string | URL }): Promise<Response>
  request(
    url: string | URL | (RequestOptions & { url: string | URL }),
    options?: RequestOptions,
  ): Promise<Response> {
    return this.#start(url, options, false) as Promise<Response>
  }

  /** Like `request`, but resolves at the head: the body is read from `response.body` as it comes. */
  stream(url: string | URL, options?: RequestOptions): Promise<StreamResponse>
  stream(options: RequestOptions & { url: string | URL }): Promise<StreamResponse>
  stream(
    url: string | URL | (RequestOptions & { url: string | URL }),
    options?: RequestOptions,
  ): Promise<StreamResponse> {
    return this.#start(url, options, true) as Promise<StreamResponse>
  }

  get(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('GET', url, options)
  }

  head(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('HEAD', url, options)
  }

  post(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('POST', url, options)
  }

  put(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('PUT', url, options)
  }

  patch(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('PATCH', url, options)
  }

  delete(url: string | URL, options?: RequestOptions): Promise<Response> {
    return this.#method('DELETE', url, options)
  }

  /** What waits, what is connected and in flight, and what happened so far: in all and by target. */
  stats(): SchedulerStats {
    return this.#scheduler.stats()
  }

  /**
   * Takes no new requests and resolves when those under way have settled and every connection is
   * closed. A streamed body that nobody has begun to read is given up.
   */
  async close(): Promise<void> {
    await this.#scheduler.close()
    this.#unwatch()
  }

  /** Fails every request with a ClosedError whose cause is `error`, and closes every connection, now. */
  destroy(error?: unknown): void {
    this.#scheduler.destroy((): RequestError => new ClosedError('the client was destroyed', error))
    this.#unwatch()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #method(method: string, url: string | URL, options: RequestOptions | undefined): Promise<Response> {
    if (method === 'GET' && options === undefined)
      return this.#start(url, undefined, false) as Promise<Response>
    return this.#start(url, { ...options, method }, false) as Promise<Response>
  }

  /** Not async: a promise of its own costs a microtask and 100 bytes a request. */
  #start(
    url: string | URL | (RequestOptions & { url: string | URL }),
    options: RequestOptions | undefined,
    streamed: boolean,
  ): Promise<Response | StreamResponse> {
    let call: Call
    let signal: AbortSignal | undefined
    try {
      if (typeof url === 'object' && url !== null && !(url instanceof URL)) {
        if (options !== undefined)
          throw new ArgumentError('options are given twice; add the second to the first')
        options = url
        url = url.url
      }
      const { request, path, signal: own } = this.#builder.build(url, options, streamed)
      call = new Call(this.#context, request, path)
      signal = own
    } catch (error) {
      return Promise.reject(asArgumentError(error))
    }
    return call.start(signal)
  }
}

function dialOptions(target: Target, identities: TlsIdentities): DialOptions {
  return {
    host: target.host,
    port: target.port,
    clientIp: target.clientIp,
    tls: target.scheme === 'https' ? identities.get(target.tlsIdentity) : null,
    sessionKey: target.key,
  }
}

/** User code runs while options are read: getters, iterators. What it throws is an argument's fault. */
function asArgumentError(error: unknown): Error {
  if (error instanceof ArgumentError) return error
  return new ArgumentError(`the request's options could not be read (${String(error)})`, error)
}
