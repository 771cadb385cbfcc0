import type { CacheMode } from '../index.ts'
import type { CredentialFlags } from './credentials.ts'
import type { GetOptions } from './get-options.ts'
import type { ProxyFlags } from './proxies.ts'

/** Options of `trawl get` as commander gives them. */
export interface Flags extends CredentialFlags, ProxyFlags {
  readonly config?: string
  readonly input?: string
  readonly inputFormat: GetOptions['inputFormat']
  /** false: --no-dedupe. */
  readonly dedupe: boolean
  readonly outputDir?: string
  readonly force?: boolean
  readonly skipExisting?: boolean
  readonly discard?: boolean
  readonly dryRun?: boolean
  readonly job?: string
  /** false: --no-fsync. */
  readonly fsync: boolean
  readonly maxTotalTime?: number
  readonly maxFailures?: number
  readonly report?: string
  readonly htmlReport?: string
  readonly har?: string
  readonly trace?: string
  readonly metrics?: number
  readonly progress: GetOptions['progress']
  readonly request?: string
  readonly header?: readonly [string, string][]
  readonly userAgent?: string
  readonly data?: readonly string[]
  readonly location?: boolean
  readonly maxRedirs?: number
  readonly allowInsecureRedirect?: boolean
  readonly retry: number
  readonly retryMaxTime?: number
  readonly cookie?: readonly string[]
  readonly cookieJar?: string
  readonly cache?: string
  readonly cacheMode?: CacheMode
  readonly clientIp?: readonly string[]
  readonly interface?: readonly string[]
  readonly clientIpPolicy?: GetOptions['clientIpPolicy']
  readonly moveAfterRefusal?: boolean
  readonly resolve?: ReadonlyMap<string, readonly string[]>
  readonly insecure?: boolean
  readonly rate?: number
  readonly ratePerHost?: number
  readonly autoThrottle?: boolean
  readonly limitRate?: number
  readonly limitRatePerHost?: number
  readonly stallLimit?: number
  readonly maxConn?: number
  readonly maxConnPerTarget?: number
  readonly pipeline?: number
  readonly connectTimeout?: number
  readonly maxTime?: number
  readonly maxFilesize?: number
  readonly speedLimit?: number
  readonly speedTime?: number
}

/** The addresses of both flags that name them. */
export function clientIpsOf({ clientIp = [], interface: interfaces = [] }: Flags): readonly string[] {
  return [...new Set([...clientIp, ...interfaces])]
}
