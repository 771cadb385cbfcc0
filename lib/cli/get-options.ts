import type { AuthOption, CacheMode, ProxyOption } from '../index.ts'
import type { CookieArgs } from './cookie-args.ts'
import type { ProgressMode } from './progress.ts'

/** What `trawl get` was asked to do, checked. Times are ms, sizes bytes; undefined: the client's default. */
export interface GetOptions {
  readonly urls: readonly string[]
  /** A file's path, or `-` for standard input; '' for none. */
  readonly input: string
  /** '' for none: one body, to standard output. */
  readonly outputDir: string
  readonly force: boolean
  /** '' for none. */
  readonly report: string
  readonly progress: 'auto' | ProgressMode
  readonly method: string
  /** Pairs, in the order they were given; the User-Agent among them where it is given. */
  readonly headers: readonly [name: string, value: string][]
  readonly body: Uint8Array | undefined
  readonly maxConn: number | undefined
  readonly maxConnPerTarget: number | undefined
  readonly pipeline: number | undefined
  readonly follow: boolean
  readonly maxRedirects: number | undefined
  readonly allowInsecureRedirect: boolean
  readonly retries: number
  /** No retry of a URL begins later than this after its turn has come; 0: no limit. */
  readonly retryMaxTime: number
  readonly cookies: CookieArgs
  readonly auth: AuthOption | undefined
  readonly proxy: ProxyOption | undefined
  readonly clientIps: readonly string[]
  /** The mean gap between two requests to a target; 0: none. */
  readonly gap: number
  /** A path; '' for none. */
  readonly cache: string
  readonly cacheMode: CacheMode | undefined
  readonly connectTimeout: number | undefined
  readonly maxTime: number | undefined
  readonly maxFileSize: number | undefined
  /** Bytes per second that bodies have to come at. */
  readonly minRate: number | undefined
  /** What that is measured over, ms. */
  readonly minRateWindow: number | undefined
  readonly insecure: boolean
  readonly resolve: ReadonlyMap<string, readonly string[]>
}
