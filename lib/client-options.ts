import type { CacheStore } from './cache/store.ts'
import type { ClientDefaults } from './call/request/request-options.ts'
import type { Middleware } from './call/middleware.ts'
import type { CookieJars } from './cookies/jars.ts'
import type { DenyPrivateAddresses } from './core/address-blocks.ts'
import type { Clock } from './core/clock.ts'
import type { DebugLevel } from './core/debug.ts'
import type { HostOptions, PacingInput } from './core/host-settings.ts'
import type { TotalPacing } from './core/target-settings.ts'
import type { Network, Resolve, TlsOptions } from './net/network.ts'
import type { ClientIpPolicy } from './scheduler/client-ips.ts'

/** Options of a client. Those shared with requests are defaults, which each request may override. */
export interface ClientOptions extends ClientDefaults {
  /** Wrapped around every call, the first one outermost. */
  use?: readonly Middleware[] | undefined
  /** Keep cookies: true, or jars of your own; one for each session or client IP. Default false. */
  cookies?: boolean | CookieJars | undefined
  /** Keep responses (RFC 9111): true in memory, a path in that file, or a store. Default false. */
  cache?: boolean | string | CacheStore | undefined
  /** Addresses of this machine that connections are made from. Default: the system's choice. */
  clientIps?: readonly string[] | undefined
  /** Which of them a call is made from; default 'round-robin', per host. */
  clientIpPolicy?: ClientIpPolicy | undefined
  /** A call that was refused (403, 429) and is tried again goes from another client IP; default false. */
  moveAfterRefusal?: boolean | undefined
  /** How fast each target may be asked; default: as fast as it answers, but for 429 and 503. */
  pacing?: PacingInput | undefined
  /** How fast all targets together may be asked, in turn; default: no limit beside each target's own. */
  totalPacing?: TotalPacing | undefined
  /**
   * Bytes read a second over all connections, heads and TLS's plain bytes counted; default: no limit. Connections take
   * turns, and servers feel it by TCP. It may be passed by what an eighth of a second brings.
   */
  maxDownloadRate?: number | undefined
  /** The same for each target. */
  maxDownloadRatePerTarget?: number | undefined
  /** For TLS with https proxies; what `tlsOptions` trusts for origins is not trusted for them. */
  proxyTlsOptions?: TlsOptions | undefined
  /** Settings of hosts, by name or pattern, as in `{ '*.example.com': { maxConnPerTarget: 2 } }`. */
  hosts?: Readonly<Record<string, HostOptions>> | undefined
  /** Retries that a target may have in vain; default 100. They come back with success, and one each second. */
  retryBudget?: number | undefined
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
  /**
   * Dial no address that is not public: loopback, private, link-local (the clouds' metadata servers) and
   * other special ones fail with ERR_CONNECT_DENIED, whatever name or redirect leads there. `allow`: blocks that
   * are dialled all the same. Default false. See `docs/proxies.md` for what a proxy looks up.
   */
  denyPrivateAddresses?: DenyPrivateAddresses | undefined
  /** Prints what happens on stderr: scheduling; 'protocol' heads too, 'stream' all bytes too. */
  debug?: boolean | DebugLevel | undefined
  /** Time, for simulations. */
  clock?: Clock | undefined
  /** The network, for simulations. */
  network?: Network | undefined
}

/** What `extend` may change: a client's defaults and middleware. Pools and limits stay the parent's. */
export type ExtendOptions = ClientDefaults & Pick<ClientOptions, 'use'>
