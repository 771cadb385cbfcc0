import type { Jar } from '../../cookies/jar.ts'
import type { CookieJars } from '../../cookies/jars.ts'
import type { Clock } from '../../core/clock.ts'
import { ArgumentError, ConnectError, RequestError } from '../../core/errors.ts'
import { ipFamily } from '../../core/ip-address.ts'
import { LIMITS } from '../../core/limits.ts'
import { ownOptions } from '../../core/own-options.ts'
import { onRejection } from '../../core/rejection.ts'
import type { Target, TargetParts, TargetProxy } from '../../core/target.ts'
import { version } from '../../core/version.ts'
import type { ProxyNames } from '../../net/network.ts'
import type { Credentials } from '../auth/authenticator.ts'
import { readAuth, RequestCredentials } from '../auth/credentials.ts'
import { acceptEncoding } from '../coding/content-coding.ts'
import { fieldOf, fieldsOfHop } from './hop-fields.ts'
import { NO_OPTIONS, readOptions } from './options.ts'
import { requestChecks } from './option-checks.ts'
import { addQuery, resolveUrl } from './query.ts'
import type { Hop } from '../redirect.ts'
import { KnownTarget } from './known-target.ts'
import type { PreparedRequest } from './prepared-request.ts'
import { addBody, addExpect } from './request-body.ts'
import type { ClientDefaults, RequestOptions } from './request-options.ts'
import { readFields, RequestFields, type FieldValue, type GivenFields } from './request-fields.ts'
import { hasRules, makeRules, type CallRules } from '../rules.ts'
import type { TlsIdentities } from './tls-identity.ts'
import { watchedBody } from './upload-progress.ts'
import { UrlParser, type ParsedUrl } from './url.ts'

// What a builder makes.
export type { PreparedRequest } from './prepared-request.ts'

/** The codec's one serializer, handed in by the client: it refuses what must not get out. */
export interface RequestEncoder {
  /** Throws ArgumentError when the method is no token. */
  checkMethod(method: string): string
  /** Throws ArgumentError for a field that would break the head, or frame the body twice. */
  serializeFields(fields: Iterable<readonly [name: string, value: FieldValue]>): string
}

/** Chooses a call's client IP out of the client's. */
export interface ClientIpChooser {
  choose(host: string, session: string, family: 0 | 4 | 6, not?: ReadonlySet<string>): string
}

/** What a client's requests are made with. */
export interface BuilderContext {
  readonly clock: Clock
  readonly encoder: RequestEncoder
  readonly identities: TlsIdentities
  readonly proxies: ProxyNames
  readonly clientIps: ClientIpChooser | null
  readonly jars: CookieJars | null
  /** Those of the client that this one extends; undefined: the defaults say. */
  readonly credentials?: Credentials | null | undefined
}

/** A request and where it goes. */
export interface BuiltRequest {
  readonly request: PreparedRequest
  readonly path: string
  /** `#...`, or ''. */
  readonly fragment: string
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY', 'PROPFIND'])
/** Methods in lower case that fetch, too, sends in upper case; all others go as they are. */
const NORMALISED = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'])
/** Turns URLs and options into requests that the scheduler can take. One per client. */
export class RequestBuilder {
  readonly #urls = new UrlParser()
  readonly #context: BuilderContext
  readonly #defaults: ClientDefaults
  readonly #fields: GivenFields
  readonly #rules: CallRules
  readonly #streamRules: CallRules
  /** URLs are whole, and lead to their own target: neither base, client IP nor proxy changes that. */
  readonly #isDirect: boolean
  /** Whether the user's own fields have a Host. */
  readonly #hasHost: boolean
  readonly #credentials: Credentials | null
  readonly #requestCredentials: RequestCredentials
  /** The first plain GET of each kind: those of other targets differ from it in little. */
  #firstPlain: PreparedRequest | null = null
  #firstPlainStream: PreparedRequest | null = null

  constructor(defaults: ClientDefaults, context: BuilderContext) {
    this.#context = context
    this.#defaults = defaults
    const { clientIp, proxy: via, baseUrl: base } = defaults
    this.#isDirect = (clientIp ?? via ?? base) === undefined && context.clientIps === null
    this.#fields = readFields(defaults.headers)
    this.#hasHost = this.#fields.fields.some(([name]) => name.toLowerCase() === 'host')
    this.#rules = makeRules(NO_OPTIONS, defaults, LIMITS.maxBodySize)
    this.#streamRules = makeRules(NO_OPTIONS, defaults, Infinity)
    // A bad default must fail when the client is made, not with its first request.
    context.encoder.serializeFields(this.#fields.fields)
    const { auth, baseUrl, proxy } = defaults
    const origin = baseUrl === undefined ? null : this.#urls.parse(baseUrl).target.origin
    if (context.credentials !== undefined) this.#credentials = context.credentials
    else
      this.#credentials = auth === undefined || auth === null ? null : readAuth(auth, origin, context.clock)
    this.#requestCredentials = new RequestCredentials(context.clock)
    if (typeof proxy === 'string' && proxy !== '') context.proxies.of(proxy)
  }

  /** The client's own fields, which every request that is built has unless it says otherwise. */
  get defaultFields(): GivenFields {
    return this.#fields
  }

  /** The client's own, for those that extend it. */
  get credentials(): Credentials | null {
    return this.#credentials
  }

  /**
   * Throws ArgumentError when URL or options are wrong. Options are read once, here.
   *
   * @param kept the client IP that the call has already; '': none
   */
  build(url: string | URL, options: RequestOptions | undefined, streamed: boolean, kept = ''): BuiltRequest {
    if (options === undefined) return this.#buildPlain(url, streamed, kept)
    const own = readOptions('request', options, requestChecks)
    const parsed = this.#urls.parse(this.#whole(url, own))
    const request = this.#make(this.#routeOf(parsed, own, kept), own, parsed.credentials, streamed)
    return { request, path: parsed.path, fragment: parsed.fragment }
  }

  /** Without options: all plain GETs of a target share a request. */
  #buildPlain(url: string | URL, streamed: boolean, kept: string): BuiltRequest {
    const parsed = this.#urls.parse(this.#isDirect ? url : this.#whole(url, NO_OPTIONS))
    const { path, credentials, fragment } = parsed
    const target = this.#isDirect ? parsed.target : this.#routeOf(parsed, NO_OPTIONS, kept)
    if (credentials !== '') {
      return { request: this.#make(target, NO_OPTIONS, credentials, streamed), path, fragment }
    }
    const request = streamed
      ? (target.plainStream ??= this.#plainStream(target))
      : (target.plain ??= this.#plain(target))
    return { request, path, fragment }
  }

  #plain(target: KnownTarget): PreparedRequest {
    this.#firstPlain ??= this.#make(target, NO_OPTIONS, '', false)
    return this.#likeFirst(this.#firstPlain, target)
  }

  #plainStream(target: KnownTarget): PreparedRequest {
    this.#firstPlainStream ??= this.#make(target, NO_OPTIONS, '', true)
    return this.#likeFirst(this.#firstPlainStream, target)
  }

  /** What `#make` would make of another target, without options: the Host field and the jar are its own. */
  #likeFirst(first: PreparedRequest, target: KnownTarget): PreparedRequest {
    const jarName = this.#jarName(target, NO_OPTIONS)
    const jar = first.jar === null ? null : this.#jar(jarName)
    let { fields } = first
    if (!this.#hasHost) {
      const { encoder } = this.#context
      // It is the first field. All after it is one string, which the requests of all targets share.
      const { length } = hostField(encoder, first.target)
      fields = hostField(encoder, target) + fields.slice(length)
    }
    return { ...first, target, fields, jar, jarName }
  }

  /** Where a request for this URL would go. Throws ArgumentError. */
  originOf(url: string | URL, options: RequestOptions): string {
    return this.#urls.parse(this.#whole(url, options)).target.origin
  }

  /** The request that a redirect leads to: as the one before, less what may not go there. */
  hop(from: PreparedRequest, hop: Hop): BuiltRequest {
    const parsed = this.#urls.parse(hop.url)
    const options = hop.crossOrigin ? withoutKeys(from.options) : from.options
    const target = this.#route(parsed, options, from.target.clientIp)
    const without = hop.crossOrigin ? from.rules.secretFields : NONE
    const host = target.authority === from.target.authority ? null : target.authority
    let fields = fieldsOfHop(from.fields, { host, keepsBody: hop.keepsBody, without })
    if (parsed.credentials !== '' && fieldOf(fields, 'authorization') === null) {
      fields += this.#context.encoder.serializeFields([['Authorization', basic(parsed.credentials)]])
    }
    const sameMethod = hop.method === from.method
    // A host of the other address family is asked from another client IP, which has a jar of its own.
    const jarName = from.jar === null ? from.jarName : this.#jarName(target, options)
    const jar = jarName === from.jarName ? from.jar : this.#jar(jarName)
    const request: PreparedRequest = {
      ...from,
      target,
      method: hop.method,
      fields,
      body: hop.keepsBody ? from.body : null,
      idempotent: sameMethod ? from.idempotent : IDEMPOTENT.has(hop.method),
      expectContinue: hop.keepsBody ? from.expectContinue : 0,
      jar,
      jarName,
      sendsCookies: jar !== null && fieldOf(fields, 'cookie') === null,
      // Those of a Location's URL win, as those of the first URL do.
      credentials: fieldOf(fields, 'authorization') === null ? from.credentials : null,
      options,
    }
    return { request, path: parsed.path, fragment: hop.fragment }
  }

  /**
   * The same request from another client IP; null: there is no other.
   *
   * @param mayStay null, too, where all have been tried
   * @throws ConnectError where all have been tried
   */
  moved(request: PreparedRequest, avoided: ReadonlySet<string>, mayStay: boolean): PreparedRequest | null {
    const { clientIps } = this.#context
    const { target, options } = request
    if (clientIps === null || (options.clientIp ?? this.#defaults.clientIp) !== undefined) return null
    let clientIp: string
    try {
      clientIp = clientIps.choose(target.authority, this.#session(options), familyOf(target), avoided)
    } catch (error) {
      if (mayStay && error instanceof ConnectError) return null
      throw error
    }
    if (avoided.has(clientIp)) return null
    const { scheme, host, port, via: proxy, tlsIdentity } = target
    const plain = this.#urls.parse(`${target.origin}/`).target
    const moved = this.#known(plain, { scheme, host, port, clientIp, proxy, tlsIdentity })
    if (request.jar === null) return { ...request, target: moved }
    const jarName = this.#jarName(moved, options)
    return { ...request, target: moved, jarName, jar: this.#jar(jarName) }
  }

  /** The URL whole: resolved against the base, with the query added. */
  #whole(url: string | URL, options: RequestOptions): string | URL {
    const base = options.baseUrl ?? this.#defaults.baseUrl
    const whole = base === undefined || typeof url !== 'string' ? url : resolveUrl(String(base), url)
    if (options.query === undefined) return whole
    return addQuery(typeof whole === 'string' ? whole : whole.href, options.query)
  }

  #make(target: Target, options: RequestOptions, credentials: string, streamed: boolean): PreparedRequest {
    const { encoder } = this.#context
    const method = encoder.checkMethod(normaliseMethod(options.method ?? 'GET'))
    const fields = new RequestFields(this.#fields, readFields(options.headers))
    const rules = this.rulesOf(options, streamed)
    const body = addBody(method, options, fields)
    const expectContinue = addExpect(options, fields, body)
    if (!fields.has('host')) fields.list.unshift(['Host', target.authority])
    fields.addDefault('Accept', '*/*')
    if (rules.decompress) fields.addDefault('Accept-Encoding', acceptEncoding)
    fields.addDefault('User-Agent', `trawl/${version}`)
    if (credentials !== '') fields.addDefault('Authorization', basic(credentials))
    const onUploadProgress = options.onUploadProgress ?? this.#defaults.onUploadProgress
    const jarName = this.#jarName(target, options)
    const jar = options.cookies === false ? null : this.#jar(jarName)
    return {
      target,
      method,
      fields: encoder.serializeFields(fields.list),
      body:
        body === null || onUploadProgress === undefined
          ? body
          : watchedBody(body, onUploadProgress, this.#context.clock),
      priority: options.priority ?? 0,
      idempotent: options.idempotent ?? IDEMPOTENT.has(method),
      streamed,
      expectContinue,
      closes: fields.hasToken('connection', 'close'),
      timeouts: rules.timeouts,
      secretFields: rules.secretFields,
      rules,
      jar,
      jarName,
      sendsCookies: jar !== null && !fields.has('cookie'),
      credentials: fields.has('authorization') ? null : this.#credentialsOf(target, options),
      options,
    }
  }

  /** What a call with these options goes by. */
  rulesOf(options: RequestOptions, streamed: boolean): CallRules {
    if (!hasRules(options)) return streamed ? this.#streamRules : this.#rules
    return makeRules(options, this.#defaults, streamed ? Infinity : LIMITS.maxBodySize)
  }

  #credentialsOf(target: Target, { auth }: RequestOptions): Credentials | null {
    if (auth === undefined) return this.#credentials
    return auth === null ? null : this.#requestCredentials.get(auth, target.origin)
  }

  #session(options: RequestOptions): string {
    return options.session ?? this.#defaults.session ?? ''
  }

  /** One jar for each session, or else for each client IP. */
  #jarName(target: Target, options: RequestOptions): string {
    return this.#session(options) || target.clientIp
  }

  #jar(name: string): Jar | null {
    return this.#context.jars?.jar(name) ?? null
  }

  /** The same for a new request, which has no call yet to say what an error is about. */
  #routeOf(parsed: ParsedUrl, options: RequestOptions, kept: string): KnownTarget {
    try {
      return this.#route(parsed, options, kept)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      const method = normaliseMethod(options.method ?? 'GET')
      const url = parsed.target.origin + parsed.path
      throw error.about({ method, url, attempt: 1, progress: 'waiting' })
    }
  }

  /** The target as this request wants it: from its client IP, over its proxy, with its TLS options. */
  #route({ target: plain, path }: ParsedUrl, options: RequestOptions, kept: string): KnownTarget {
    const clientIp = this.#clientIp(plain, options, kept)
    const proxy = this.#proxy(plain, path, options)
    const tls = plain.scheme === 'https' ? options.tlsOptions : undefined
    if (clientIp === '' && proxy === null && tls === undefined) return plain
    const { scheme, host, port } = plain
    const tlsIdentity = tls === undefined ? '' : this.#context.identities.name(tls)
    return this.#known(plain, { scheme, host, port, clientIp, proxy, tlsIdentity })
  }

  #clientIp(plain: Target, options: RequestOptions, kept: string): string {
    const given = options.clientIp ?? this.#defaults.clientIp
    const { clientIps } = this.#context
    if (given !== undefined || clientIps === null) return given ?? ''
    const family = familyOf(plain)
    // Chosen once per call; a hop to an address of the other family cannot keep it.
    if (kept !== '' && (family === 0 || family === ipFamily(kept))) return kept
    return clientIps.choose(plain.authority, this.#session(options), family)
  }

  #proxy(plain: Target, path: string, options: RequestOptions): TargetProxy | null {
    const option = options.proxy === undefined ? this.#defaults.proxy : options.proxy
    if (option === undefined || option === null || option === '') return null
    const url = typeof option === 'function' ? option(plain.origin + path) : option
    onRejection(url, () => undefined)
    return url === undefined || url === null || url === '' ? null : this.#context.proxies.of(url)
  }

  #known(plain: KnownTarget, parts: RouteParts): KnownTarget {
    const routes = (plain.routes ??= new Map())
    const { clientIp, proxy, tlsIdentity } = parts
    const key = proxy === null && tlsIdentity === '' ? clientIp : `${clientIp} ${proxy?.name} ${tlsIdentity}`
    let target = routes.get(key)
    if (target === undefined) {
      target = new KnownTarget(parts)
      if (routes.size >= LIMITS.maxRoutes) routes.clear()
      routes.set(key, target)
    }
    return target
  }
}

type RouteParts = Required<TargetParts> & { readonly proxy: TargetProxy | null }

const NONE: ReadonlySet<string> = new Set()

/** TLS options with a private key are credentials: they do not go on to another origin. */
export function withoutKeys(options: RequestOptions): RequestOptions {
  const { tlsOptions } = options
  if (tlsOptions?.key === undefined && tlsOptions?.pfx === undefined) return options
  return ownOptions({ ...options, tlsOptions: undefined })
}

function hostField(encoder: RequestEncoder, { authority }: Target): string {
  return encoder.serializeFields([['Host', authority]])
}

function familyOf(target: Target): 0 | 4 | 6 {
  return ipFamily(target.host)
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function normaliseMethod(method: string): string {
  const upper = method.toUpperCase()
  if (upper === 'CONNECT') {
    throw new ArgumentError('method CONNECT opens a tunnel, which a request cannot hold; use a proxy instead')
  }
  return NORMALISED.has(upper) ? upper : method
}
