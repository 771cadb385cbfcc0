import type { AuthOption, CacheMode, HostOptions, ProxyOption } from '../index.ts'
import type { CookieArgs } from './cookie-args.ts'
import type { ProgressMode } from './progress.ts'

export const INPUT_FORMATS = ['auto', 'lines', 'aria2', 'jsonl', 'sitemap', 'har'] as const
export type InputFormat = (typeof INPUT_FORMATS)[number]

export const CLIENT_IP_POLICIES = ['round-robin', 'sticky', 'least-loaded'] as const

/** What `trawl get` was asked to do, checked. Times are ms, sizes bytes; undefined: the client's default. */
export interface GetOptions {
  readonly urls: readonly string[]
  /** A file's path, or `-` for standard input; '' for none. */
  readonly input: string
  readonly inputFormat: InputFormat
  /** What was there before in the input is left out. */
  readonly dedupe: boolean
  /** '' for none: one body, to standard output; or with `discard` nowhere. */
  readonly outputDir: string
  readonly force: boolean
  /** A file that exists counts as done, without a request. */
  readonly skipExisting: boolean
  /** Bodies are fetched whole, and not kept. */
  readonly discard: boolean
  /** Nothing is fetched: what would be, and where to, is printed. */
  readonly dryRun: boolean
  /** The journal's folder; '' for none. */
  readonly job: string
  /** The journal and its files are forced to disk; matters with `job` only. */
  readonly fsync: boolean
  /** '' for none. */
  readonly report: string
  /** A path; '' for none. */
  readonly htmlReport: string
  /** A path; '' for none. */
  readonly har: string
  /** A path; '' for none. */
  readonly trace: string
  /** The port of 127.0.0.1 that figures are served on, 0: one that is free; null: none. */
  readonly metrics: number | null
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
  /** undefined: the client's default. */
  readonly clientIpPolicy: (typeof CLIENT_IP_POLICIES)[number] | undefined
  readonly moveAfterRefusal: boolean
  /** The mean gap between two requests, whatever they ask; 0: none. */
  readonly totalGap: number
  /** The mean gap between two requests to a target; 0: none. */
  readonly gap: number
  readonly autoThrottle: boolean
  /** Most bytes per second of all bodies together; 0: no limit. */
  readonly totalByteRate: number
  /** Most bytes per second from one target; 0: no limit. */
  readonly byteRate: number
  /** A target that only refuses for so long is given up; 0: never. */
  readonly stallLimit: number | undefined
  /** By name or pattern, from the file of --config. */
  readonly hosts: Readonly<Record<string, HostOptions>> | undefined
  /** The whole run; 0: no limit. */
  readonly maxTotalTime: number
  /** The run ends after so many failed items; Infinity: no limit. */
  readonly maxFailures: number
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
