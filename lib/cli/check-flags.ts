import { LIMITS, type CacheMode } from '../index.ts'
import { usageError } from './cli-error.ts'
import { readCookieArgs } from './cookie-args.ts'
import { readCredentials, type CredentialFlags } from './credentials.ts'
import type { GetOptions } from './get-options.ts'
import { parseItemUrl } from './item-url.ts'
import { readProxies, type ProxyFlags } from './proxies.ts'
import { readRequestData, type StdinHolder } from './request-data.ts'

/** Options as commander gives them. */
export interface Flags extends CredentialFlags, ProxyFlags {
  readonly input?: string
  readonly outputDir?: string
  readonly force?: boolean
  readonly report?: string
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
  readonly interface?: readonly string[]
  readonly resolve?: ReadonlyMap<string, readonly string[]>
  readonly insecure?: boolean
  readonly maxConn?: number
  readonly maxConnPerTarget?: number
  readonly pipeline?: number
  readonly rate?: number
  readonly connectTimeout?: number
  readonly maxTime?: number
  readonly maxFilesize?: number
  readonly speedLimit?: number
  readonly speedTime?: number
}

interface Surroundings extends StdinHolder {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What options have to do with each other. Throws a CliError. */
export async function checkFlags(
  urls: readonly string[],
  flags: Flags,
  io: Surroundings,
): Promise<GetOptions> {
  const method = flags.request ?? (flags.data === undefined ? 'GET' : 'POST')
  checkList(urls, flags, method)
  checkLoops(flags)
  const headers = headersOf(flags)
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name)
  const cookies = readCookieArgs(flags.cookie ?? [], flags.cookieJar)
  if (has('cookie') && (cookies.data !== '' || cookies.keeps)) {
    throw usageError('cookies are given by -H and by -b or -c; leave "Cookie" out of -H')
  }
  return {
    urls,
    input: flags.input ?? '',
    outputDir: flags.outputDir ?? '',
    force: flags.force ?? false,
    report: flags.report ?? '',
    progress: flags.progress,
    method,
    headers,
    body: await readRequestData(flags.data ?? [], io),
    auth: readCredentials(flags, has('authorization')),
    follow: flags.location ?? false,
    maxRedirects: flags.maxRedirs,
    allowInsecureRedirect: flags.allowInsecureRedirect ?? false,
    retries: flags.retry,
    retryMaxTime: flags.retryMaxTime ?? 0,
    cookies,
    cache: flags.cache ?? '',
    cacheMode: flags.cacheMode,
    proxy: readProxies(flags, io.env),
    clientIps: flags.interface ?? [],
    resolve: flags.resolve ?? new Map(),
    insecure: flags.insecure ?? false,
    maxConn: flags.maxConn,
    maxConnPerTarget: flags.maxConnPerTarget,
    pipeline: flags.pipeline,
    gap: flags.rate ?? 0,
    connectTimeout: flags.connectTimeout,
    maxTime: flags.maxTime,
    maxFileSize: flags.maxFilesize,
    ...readSpeed(flags),
  }
}

function checkList(urls: readonly string[], flags: Flags, method: string): void {
  const { input = '', outputDir = '', data } = flags
  if (urls.length === 0 && input === '') throw usageError('nothing to fetch; give URLs, or --input FILE')
  for (const text of urls) {
    const url = parseItemUrl(text)
    if (typeof url === 'string') throw usageError(url)
  }
  if (outputDir === '' && method !== 'HEAD' && (urls.length !== 1 || input !== '')) {
    throw usageError('several bodies do not go to standard output; give --output-dir DIR')
  }
  if (input === '-' && data?.includes('@-') === true) {
    throw usageError('standard input is used twice, by --input - and -d @-; put one of them in a file')
  }
}

/** Flags that would do nothing: whoever gives them means something else. */
function checkLoops({ location, maxRedirs, allowInsecureRedirect, ...flags }: Flags): void {
  if (location !== true && maxRedirs !== undefined) {
    throw usageError('--max-redirs needs redirects to be followed; add -L, or leave it out')
  }
  if (location !== true && allowInsecureRedirect === true) {
    throw usageError('--allow-insecure-redirect needs redirects to be followed; add -L, or leave it out')
  }
  if (flags.retry === 0 && flags.retryMaxTime !== undefined) {
    throw usageError('--retry-max-time needs retries; leave --retry 0 out, or --retry-max-time')
  }
  if (flags.cache === '') throw usageError('--cache has no file name; give one')
  if (flags.cache === undefined && flags.cacheMode !== undefined) {
    throw usageError(`--cache-mode ${flags.cacheMode} needs a cache; add --cache FILE`)
  }
  const { rate: gap = 0, maxTime = 0 } = flags
  if (maxTime > 0 && gap * 2 > maxTime) {
    throw usageError(
      `--max-time ${maxTime / 1000} is too short for a rate of one in ${Number((gap / 1000).toFixed(3))} s, ` +
        'since the wait counts; make it at least twice as long, or the rate faster',
    )
  }
}

/** As curl: either alone has the other's default, which for the limit is 1. */
function readSpeed({ speedLimit, speedTime }: Flags): Pick<GetOptions, 'minRate' | 'minRateWindow'> {
  if (speedTime !== undefined && speedTime < LIMITS.minRateWindow) {
    throw usageError(`--speed-time is too short to measure; give at least ${LIMITS.minRateWindow / 1000} s`)
  }
  return { minRate: speedLimit ?? (speedTime === undefined ? undefined : 1), minRateWindow: speedTime }
}

function headersOf(flags: Flags): [string, string][] {
  const headers = [...(flags.header ?? [])]
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name)
  if (flags.userAgent !== undefined && has('user-agent'))
    throw usageError('the User-Agent is given twice, by -A and -H; give one')
  if (flags.userAgent !== undefined) headers.push(['User-Agent', flags.userAgent])
  if (flags.data !== undefined && !has('content-type')) {
    headers.push(['Content-Type', 'application/x-www-form-urlencoded'])
  }
  return headers
}
