import type { CacheMode } from '../../cache/cache-request.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { TlsOptions } from '../../net/network.ts'
import type { AuthOption } from '../auth/authenticator.ts'
import type { BodyInit } from './body.ts'
import type { ProgressCallback } from '../progress.ts'
import type { QueryInit } from './query.ts'
import type { RedirectMode } from '../redirect.ts'
import type { HeadersInit } from './request-fields.ts'
import type { ModifyRequest, Validate } from '../rules.ts'

/** A proxy's URL, or what gives one for a URL; '', null and undefined: none. */
export type ProxyOption = string | URL | null | ((url: string) => string | URL | null | undefined)

/** What a client's options and a request's have in common. A request's win over the client's. */
export interface SharedOptions {
  /** Fields to send, in this order and case. A request's replace a client's of the same name. */
  headers?: HeadersInit | undefined
  /** Local address that connections are bound to; it belongs to the pool's key. */
  clientIp?: string | undefined
  /**
   * Who this is for: a session has a cookie jar of its own, and with `clientIpPolicy: 'sticky'` a client
   * IP of its own. Default: none; then there is one jar for each client IP.
   */
  session?: string | undefined
  /** URL of a proxy, or a function that gives one for a URL; '' or null: none. It belongs to the pool's key. */
  proxy?: ProxyOption | undefined
  /** Merged over the client's; it belongs to the pool's key. Certificates are verified by default. */
  tlsOptions?: TlsOptions | undefined
  /** Credentials, and the origins they are for; null: none of the client's. */
  auth?: AuthOption | null | undefined
  /** What relative URLs are resolved against. */
  baseUrl?: string | URL | undefined
  /** What is done about 301, 302, 303, 307 and 308; default 'follow'. */
  redirect?: RedirectMode | undefined
  /** Most redirects of one call; default 20. */
  maxRedirects?: number | undefined
  /** Follow a redirect from https to http; default false. */
  allowInsecureRedirect?: boolean | undefined
  /** Fields that are not sent on to another origin, besides Authorization, Cookie and Proxy-Authorization. */
  secretHeaders?: readonly string[] | undefined
  /**
   * How often a call is tried again after an error or a status that may pass; default 3. Only idempotent
   * requests are (RFC 9110 section 9.2.2), and those of which no byte was sent.
   */
  maxRetries?: number | undefined
  /** Statuses that are tried again; default 408, 429, 500, 502, 503, 504, 522, 524. */
  retryStatuses?: readonly number[] | undefined
  /** Codes of errors that are tried again; default: what happens on the way, and damaged bodies. */
  retryErrors?: readonly ErrorCode[] | undefined
  /** May change a request before it is tried again. */
  modifyRequest?: ModifyRequest | undefined
  /** Reject with a StatusError when the status is not 200 to 299; default false: a 404 is data. */
  expectSuccess?: boolean | undefined
  /** Looks at each response before the caller does; what it throws rejects the call. */
  validate?: Validate | undefined
  /** Told how far the response's body has come. */
  onDownloadProgress?: ProgressCallback | undefined
  /** Told how far the request's body has come. */
  onUploadProgress?: ProgressCallback | undefined
  /** Longest wait for a connection, ms; default 0: none. */
  queueTimeout?: number | undefined
  /** Longest dial, ms: name lookup, TCP, proxy and TLS; default 10,000. */
  connectTimeout?: number | undefined
  /** Longest time the server may take no byte of the request, ms; default 60,000. */
  requestTimeout?: number | undefined
  /** Longest wait for the response's head once the request is sent, ms; default 60,000. */
  replyTimeout?: number | undefined
  /** Longest silence inside the body, the server's or the reader's, ms; default 30,000. */
  bodyTimeout?: number | undefined
  /**
   * Bytes per second that a response's body has to come at, as it is on the wire; default 0: none. One that came
   * more slowly over a whole `minBodyRateWindow` is a TimeoutError. Time in which nobody reads it is not counted.
   */
  minBodyRate?: number | undefined
  /** What `minBodyRate` is measured over, ms, from 100; default 30,000. */
  minBodyRateWindow?: number | undefined
  /** Longest time for the whole call, redirects and retries included, ms; default 0: none. */
  totalTimeout?: number | undefined
  /** Most bytes of a body, after decoding; default 256 MiB for `request`, none for `stream`. */
  maxBodySize?: number | undefined
  /** Most decoded bytes for each byte on the wire, above the first 8 MiB; default 200. */
  maxDecodeRatio?: number | undefined
  /** Ask for compressed bodies and decode them; default true. */
  decompress?: boolean | undefined
}

/** A client's options that its requests start from. */
export interface ClientDefaults extends SharedOptions {
  /** The cache mode of requests that say none; default 'default'. */
  cacheMode?: CacheMode | undefined
}

/** Options of one request. */
export interface RequestOptions extends SharedOptions {
  /** Default GET. */
  method?: string | undefined
  /** Added to the URL's query. Arrays repeat their name, null is a name alone, undefined is left out. */
  query?: QueryInit | undefined
  /** false: neither sends the jar's cookies nor stores any; default true, where the client has jars. */
  cookies?: boolean | undefined
  /** How the client's cache is used, as in fetch; and 'replay', which answers from it for ever. */
  cache?: CacheMode | undefined
  /** Strings and forms bring a Content-Type; iterables are sent chunked unless Content-Length is given. */
  body?: BodyInit | null | undefined
  /** A value to send as JSON, instead of `body`. */
  json?: unknown
  /** Ends the call at once, wherever it is. */
  signal?: AbortSignal | undefined
  /** -10 to 10, higher first; default 0. */
  priority?: number | undefined
  /** May be sent again, after a lost connection and by a retry; default by method (RFC 9110 section 9.2.2). */
  idempotent?: boolean | undefined
  /** Ask with `Expect: 100-continue` before sending the body; true waits 1,000 ms, a number so long. */
  expectContinue?: boolean | number | undefined
}
