import { Between } from './call/between.ts'
import type { CallContext, Health } from './call/call-context.ts'
import { Call } from './call/call.ts'
import { makeFetch } from './call/fetch/fetch.ts'
import { Joins } from './call/joins.ts'
import { callRequest, compose, type Next } from './call/middleware.ts'
import { clientChecks, extendChecks } from './call/request/option-checks.ts'
import { readOptions } from './call/request/options.ts'
import { addQuery, resolveUrl } from './call/request/query.ts'
import { mergeHeaders } from './call/request/request-fields.ts'
import type { RequestOptions } from './call/request/request-options.ts'
import { RequestBuilder, type BuilderContext } from './call/request/request.ts'
import type { Response } from './call/response/response.ts'
import { RetryBudget } from './call/retry-budget.ts'
import { loopRules } from './call/rules.ts'
import type { StreamResponse } from './call/response/stream-response.ts'
import { TlsIdentities } from './call/request/tls-identity.ts'
import type { CacheStats, HttpCache } from './cache/http-cache.ts'
import { openCache } from './cache/open-cache.ts'
import type { ClientOptions, ExtendOptions } from './client-options.ts'
import { CookieJars } from './cookies/jars.ts'
import { ClientLimits } from './core/client-limits.ts'
import { systemClock } from './core/clock.ts'
import { watch } from './core/debug.ts'
import { ArgumentError, ClosedError, ConnectError, type RequestError } from './core/errors.ts'
import type { Exchange } from './core/exchange.ts'
import { HostSettings } from './core/host-settings.ts'
import { LIMITS } from './core/limits.ts'
import { ownOptions } from './core/own-options.ts'
import type { Target } from './core/target.ts'
import { checkMethod, serializeFields } from './http1/request-encoder.ts'
import { download, type DownloadOptions, type DownloadResult } from './jobs/download.ts'
import {
  map,
  type MapFunction,
  type MapItemOptions,
  type MapOptions,
  type MapRequest,
  type MapResult,
  type MapSource,
} from './jobs/map.ts'
import { addressPolicy } from './net/address-guard.ts'
import type { AddressPolicy, DialOptions } from './net/network.ts'
import { Proxies } from './net/proxy-names.ts'
import { TcpNetwork } from './net/tcp.ts'
import { ClientIps, type ClientIpStats } from './scheduler/client-ips.ts'
import { schedulerOptions } from './scheduler/scheduler-options.ts'
import { Scheduler, type SchedulerStats } from './scheduler/scheduler.ts'

/** What `stats()` tells. */
export interface ClientStats extends SchedulerStats {
  /** Each of `clientIps`: how often it was chosen, how loaded it is, and why it is set aside. */
  clientIps: ClientIpStats[]
  /** null: no cache. */
  cache: CacheStats | null
}

/** What a client shares with those that extend it. */
interface Core {
  readonly scheduler: Scheduler
  readonly parts: Omit<BuilderContext, 'encoder'>
  readonly jars: CookieJars | null
  readonly clientIps: ClientIps | null
  readonly limits: ClientLimits
  readonly cache: HttpCache | null
  readonly between: Between
  readonly unwatch: () => void
  context(builder: RequestBuilder): CallContext
}

type Url = string | URL
type UrlOptions = RequestOptions & { url: Url }

/**
 * An HTTP/1.1 client: its pools, its limits and its defaults. Make one and keep it; `close` it when
 * done, or `await using client = new Client()`.
 */
export class Client {
  /** The jars of this client; null: it keeps no cookies. */
  readonly cookies: CookieJars | null
  /** What may be under way at most: see `ClientLimits`. */
  readonly limits: ClientLimits
  /** What the client's events on `node:diagnostics_channel` are told by; those that `extend` one share it. */
  readonly id: number
  /**
   * Fetch, by the fetch standard, on this client's pools: to be handed to whatever wants a `fetch`.
   * Rejects with a TypeError whose cause is the RequestError.
   */
  readonly fetch: typeof globalThis.fetch
  readonly #core: Core
  readonly #options: ClientOptions
  readonly #builder: RequestBuilder
  readonly #context: CallContext
  /** The middleware around every call; null: there is none. */
  readonly #chain: Next | null

  /** Throws ArgumentError when an option is unknown or its value is wrong. `core`: `extend`'s own. */
  constructor(given: ClientOptions = {}, core?: object) {
    const options = core === undefined ? readOptions('Client', given, clientChecks) : ownOptions(given)
    this.#options = options
    this.#core = (core as Core | undefined) ?? open(options)
    const { parts, jars, limits } = this.#core
    this.cookies = jars
    this.limits = limits
    this.id = this.#core.scheduler.clientId
    this.#builder = new RequestBuilder(options, { ...parts, encoder: { checkMethod, serializeFields } })
    this.#context = this.#core.context(this.#builder)
    const { use = [] } = options
    this.#chain =
      use.length === 0 ? null : compose(use, ({ url, streamed, ...rest }) => this.#call(url, rest, streamed))
    const base = options.baseUrl === undefined ? '' : String(options.baseUrl)
    const isPlain = use.length === 0 && (options.redirect ?? 'follow') === 'follow' && !options.expectSuccess
    this.fetch = makeFetch({ stream: (url, init) => this.stream(url, init) }, base, isPlain)
  }

  /**
   * Fetches `url` and resolves with the whole, decoded response, whatever its status.
   * Rejects with a RequestError, or an ArgumentError before anything is sent.
   */
  request(url: Url, options?: RequestOptions): Promise<Response>
  request(options: UrlOptions): Promise<Response>
  request(url: Url | UrlOptions, options?: RequestOptions): Promise<Response> {
    return this.#start(url, options, false) as Promise<Response>
  }

  /** Like `request`, but resolves at the head: the body is read from `response.body` as it comes. */
  stream(url: Url, options?: RequestOptions): Promise<StreamResponse>
  stream(options: UrlOptions): Promise<StreamResponse>
  stream(url: Url | UrlOptions, options?: RequestOptions): Promise<StreamResponse> {
    return this.#start(url, options, true) as Promise<StreamResponse>
  }

  get(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('GET', url, options)
  }

  head(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('HEAD', url, options)
  }

  post(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('POST', url, options)
  }

  put(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('PUT', url, options)
  }

  patch(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('PATCH', url, options)
  }

  delete(url: Url, options?: RequestOptions): Promise<Response> {
    return this.#method('DELETE', url, options)
  }

  /**
   * Fetches each of `items` and yields what `fn` makes of the response, as they finish: see `map` in
   * `docs/`. Items are pulled as room allows; one that fails is a result that says so.
   */
  map<T, R>(
    items: MapSource<T> & MapSource<MapRequest>,
    fn: MapFunction<T, R>,
    options?: MapOptions,
  ): AsyncIterableIterator<MapResult<T, R>, undefined>
  map<T, R>(
    items: MapSource<T>,
    fn: MapFunction<T, R>,
    options: MapItemOptions<T>,
  ): AsyncIterableIterator<MapResult<T, R>, undefined>
  map<T, R>(
    items: MapSource<T>,
    fn: MapFunction<T, R>,
    options?: MapOptions,
  ): AsyncIterableIterator<MapResult<T, R>, undefined> {
    const engine = { request: (url: Url, own: RequestOptions) => this.request(url, own) }
    return map(engine, items as MapSource<T> & MapSource<MapRequest>, fn, options)
  }

  /**
   * Fetches `url` into the file `path`, which appears when it is whole. What breaks off is resumed, in
   * this call and in a later one. Rejects with a StatusError unless the status is 200.
   */
  download(url: Url, path: string, options: DownloadOptions = {}): Promise<DownloadResult> {
    const { baseUrl, query, ...rest } = ownOptions(options)
    let whole: Url
    try {
      const base = baseUrl ?? this.#options.baseUrl
      whole = base === undefined ? url : resolveUrl(String(base), url)
      if (query !== undefined) whole = addQuery(String(whole), query)
    } catch (error) {
      return Promise.reject(asArgumentError(error))
    }
    const engine = {
      clock: this.#context.clock,
      rulesOf: (own: RequestOptions) => loopRules(this.#builder.rulesOf(ownOptions(own), true)),
      stream: (each: Url, own: RequestOptions) =>
        this.stream(each, { ...own, maxRetries: 0, cache: 'no-store', validate: acceptAny }),
    }
    return download(engine, whole, path, rest)
  }

  /**
   * A client with other defaults, on the same pools, limits, jars and cache. Its headers and middleware
   * come on top of this one's. To close one is to close all.
   */
  extend(given: ExtendOptions): Client {
    const own = readOptions('extend', given, extendChecks)
    const { headers, use = [] } = this.#options
    const options: ClientOptions = { ...this.#options, ...withoutUndefined(own) }
    if (own.headers !== undefined) options.headers = mergeHeaders(headers, own.headers)
    options.use = [...use, ...(own.use ?? [])]
    // One token for all; and another baseUrl does not lead credentials there.
    const credentials = own.auth === undefined ? this.#builder.credentials : undefined
    return new Client(options, { ...this.#core, parts: { ...this.#core.parts, credentials } })
  }

  /** What waits, what is connected and in flight, and what happened so far: in all and by target. */
  stats(): ClientStats {
    const { scheduler, clientIps, cache } = this.#core
    return { ...scheduler.stats(), clientIps: clientIps?.stats() ?? [], cache: cache?.stats() ?? null }
  }

  /**
   * Takes no new requests and resolves when those under way have settled and every connection is closed. A
   * retry, or the end of a pause, is waited for up to 10 s. A streamed body that nobody has begun to read is given up.
   */
  async close(): Promise<void> {
    const { scheduler, between, cache, unwatch } = this.#core
    const closed = scheduler.close()
    between.closing()
    await closed
    await cache?.close()
    unwatch()
  }

  /** Fails every request with a ClosedError whose cause is `error`, and closes every connection, now. */
  destroy(error?: unknown): void {
    const { scheduler, cache, between, unwatch } = this.#core
    const makeError = (): RequestError => new ClosedError('the client was destroyed', error)
    scheduler.destroy(makeError)
    between.destroy(makeError)
    void cache?.close()
    unwatch()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #method(method: string, url: Url, options: RequestOptions | undefined): Promise<Response> {
    if (method === 'GET' && options === undefined)
      return this.#start(url, undefined, false) as Promise<Response>
    return this.#start(url, { ...options, method }, false) as Promise<Response>
  }

  #start(
    url: Url | UrlOptions,
    options: RequestOptions | undefined,
    streamed: boolean,
  ): Promise<Response | StreamResponse> {
    if (typeof url === 'object' && url !== null && !(url instanceof URL)) {
      if (options !== undefined) {
        return Promise.reject(new ArgumentError('options are given twice; add the second to the first'))
      }
      options = url
      url = url.url
    }
    if (this.#chain === null) return this.#call(url, options, streamed)
    try {
      return this.#chain(callRequest(url, options, streamed))
    } catch (error) {
      return Promise.reject(asArgumentError(error))
    }
  }

  /** Not async: a promise of its own costs a microtask and 100 bytes a request. */
  #call(
    url: Url,
    options: RequestOptions | undefined,
    streamed: boolean,
  ): Promise<Response | StreamResponse> {
    let call: Call
    let signal: AbortSignal | undefined
    try {
      const built = this.#builder.build(url, options, streamed)
      call = new Call(this.#context, built)
      signal = built.request.options.signal
    } catch (error) {
      return Promise.reject(error instanceof ConnectError ? error : asArgumentError(error))
    }
    return call.start(signal)
  }
}

/** The parts of a file are no responses that a caller of `download` would see. */
function acceptAny(): void {}

// --- the object graph ------------------------------------------------------------------------------

function open(options: ClientOptions): Core {
  const clock = options.clock ?? systemClock
  const network = options.network ?? new TcpNetwork({ clock, resolve: options.resolve })
  const identities = new TlsIdentities(options.tlsOptions)
  const settings = new HostSettings(options, options.hosts)
  const policy = addressPolicy(options.denyPrivateAddresses ?? false)
  const limits = schedulerOptions(options)
  const scheduler = new Scheduler(
    limits,
    clock,
    network,
    (target) => dialOptions(target, identities, policy),
    ({ host }) => settings.of(host),
  )
  const jars = options.cookies === true ? new CookieJars({ clock, id: '' }) : options.cookies || null
  const { clientId } = scheduler
  const choice = options.clientIpPolicy ?? 'round-robin'
  const load = (clientIp: string): number => scheduler.loadOf(clientIp)
  const clientIps =
    options.clientIps === undefined ? null : new ClientIps(options.clientIps, choice, clock, load, clientId)
  const cache =
    options.cache === undefined || options.cache === false
      ? null
      : openCache(options.cache, clock, { clientId })
  const between = new Between(scheduler)
  const unwatch = watch(options.debug ?? false, clientId)
  const proxies = new Proxies(options.proxyTlsOptions)
  const shared = {
    clock,
    wheel: scheduler.wheel,
    clientId,
    // zlib's threads know no simulated time; pako inflates step by step, on this one.
    decodeEngine: options.clock === undefined ? ('zlib' as const) : ('pako' as const),
    encoder: { checkMethod, serializeFields },
    between,
    maxBetween: options.maxQueued ?? LIMITS.maxQueued,
    retryBudget: new RetryBudget(options.retryBudget ?? LIMITS.retryBudget),
    caching:
      cache === null
        ? null
        : { cache, joins: new Joins(clock), clock, identity: identities.ownKey, jars: jars?.id ?? '' },
    health: healthOf(scheduler, clientIps),
    watchesAll: clientIps !== null,
    movesAfterRefusal: options.moveAfterRefusal ?? false,
    submit: (x: Exchange, followUp: boolean) => scheduler.submit(x, followUp),
  }
  return {
    scheduler,
    parts: { clock, identities, proxies, clientIps, jars, credentials: undefined },
    jars,
    clientIps,
    limits: new ClientLimits(limits.maxConn, options.clientIps?.length ?? 0, settings),
    cache,
    between,
    unwatch,
    context: (builder) => ({
      ...shared,
      builder,
      get closing(): boolean {
        return scheduler.closing
      },
    }),
  }
}

/** Tells the scheduler, and the client IPs, how hosts answer. */
function healthOf(scheduler: Scheduler, clientIps: ClientIps | null): Health {
  return {
    answered: (target, status, retryAfter, sentAt) => {
      scheduler.refused(target, status, retryAfter, sentAt)
      if (clientIps === null || target.clientIp === '') return
      if (status === 403 || status === 429) clientIps.refused(target.clientIp, target.authority, sentAt)
      else clientIps.accepted(target.clientIp, target.authority)
    },
    unusable: ({ clientIp }, error) => {
      // A host without an address of its family says nothing against the client IP.
      if (error instanceof ConnectError && error.phase !== 'dns')
        clientIps?.bindFailed(clientIp, error.message)
    },
  }
}

function dialOptions(target: Target, identities: TlsIdentities, policy: AddressPolicy | null): DialOptions {
  return {
    host: target.host,
    port: target.port,
    clientIp: target.clientIp,
    tls: target.scheme === 'https' ? identities.get(target.tlsIdentity) : null,
    proxy: target.via,
    policy,
    readSize: undefined,
    sessionKey: target.key,
  }
}

function withoutUndefined(options: ExtendOptions): ExtendOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** User code runs while options are read: getters, iterators. What it throws is an argument's fault. */
function asArgumentError(error: unknown): Error {
  if (error instanceof ArgumentError) return error
  return new ArgumentError(`the request's options could not be read (${String(error)})`, error)
}
