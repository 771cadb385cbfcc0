import { LIMITS } from '../index.ts'
import { usageError } from './cli-error.ts'
import { readCookieArgs } from './cookie-args.ts'
import { readCredentials } from './credentials.ts'
import { checkPartners } from './flag-partners.ts'
import { clientIpsOf, type Flags } from './flags.ts'
import type { GetOptions } from './get-options.ts'
import { parseItemUrl } from '../jobs/item-url.ts'
import { readProxies } from './proxies.ts'
import { readRequestData, type StdinHolder } from './request-data.ts'

interface Surroundings extends StdinHolder {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What options have to do with each other. Throws a CliError. */
export async function checkFlags(
  urls: readonly string[],
  flags: Flags,
  io: Surroundings,
  hosts?: GetOptions['hosts'],
): Promise<GetOptions> {
  const method = flags.request ?? (flags.data === undefined ? 'GET' : 'POST')
  checkList(urls, flags, method)
  checkPartners(urls, flags, hosts)
  const headers = headersOf(flags)
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name)
  const cookies = readCookieArgs(flags.cookie ?? [], flags.cookieJar)
  if (has('cookie') && (cookies.data !== '' || cookies.keeps)) {
    throw usageError('cookies are given by -H and by -b or -c; leave "Cookie" out of -H')
  }
  return {
    urls,
    ...readPlaces(flags),
    ...readReports(flags),
    ...readPace(flags),
    hosts,
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
    clientIps: clientIpsOf(flags),
    clientIpPolicy: flags.clientIpPolicy,
    moveAfterRefusal: flags.moveAfterRefusal ?? (clientIpsOf(flags).length > 1 && flags.retry > 0),
    resolve: flags.resolve ?? new Map(),
    insecure: flags.insecure ?? false,
    maxConn: flags.maxConn,
    maxConnPerTarget: flags.maxConnPerTarget,
    pipeline: flags.pipeline,
    connectTimeout: flags.connectTimeout,
    maxTime: flags.maxTime,
    maxFileSize: flags.maxFilesize,
    ...readSpeed(flags),
  }
}

function checkList(urls: readonly string[], flags: Flags, method: string): void {
  const { input = '', outputDir = '', discard, data } = flags
  if (urls.length === 0 && input === '') throw usageError('nothing to fetch; give URLs, or --input FILE')
  for (const text of urls) {
    const url = parseItemUrl(text)
    if (typeof url === 'string') throw usageError(url)
  }
  const keepsNone = method === 'HEAD' || discard === true
  if (outputDir === '' && !keepsNone && (urls.length !== 1 || input !== '')) {
    throw usageError('several bodies do not go to standard output; give --output-dir DIR, or --discard')
  }
  if (outputDir === '' && !keepsNone && flags.job !== undefined) {
    throw usageError('a job cannot go on with standard output; add --output-dir DIR, or --discard')
  }
  if (input === '-' && data?.includes('@-') === true) {
    throw usageError('standard input is used twice, by --input - and -d @-; put one of them in a file')
  }
}

type Places =
  | 'input'
  | 'inputFormat'
  | 'dedupe'
  | 'outputDir'
  | 'force'
  | 'skipExisting'
  | 'discard'
  | 'dryRun'

function readPlaces(flags: Flags): Pick<GetOptions, Places> {
  return {
    input: flags.input ?? '',
    inputFormat: flags.inputFormat,
    dedupe: flags.dedupe,
    outputDir: flags.outputDir ?? '',
    force: flags.force ?? false,
    skipExisting: flags.skipExisting ?? false,
    discard: flags.discard ?? false,
    dryRun: flags.dryRun ?? false,
  }
}

type Reports = 'job' | 'fsync' | 'report' | 'htmlReport' | 'har' | 'trace' | 'metrics' | 'progress'

function readReports(flags: Flags): Pick<GetOptions, Reports> {
  return {
    job: flags.job ?? '',
    fsync: flags.fsync,
    report: flags.report ?? '',
    htmlReport: flags.htmlReport ?? '',
    har: flags.har ?? '',
    trace: flags.trace ?? '',
    metrics: flags.metrics ?? null,
    progress: flags.progress,
  }
}

type Pace =
  | 'totalGap'
  | 'gap'
  | 'autoThrottle'
  | 'totalByteRate'
  | 'byteRate'
  | 'stallLimit'
  | 'maxTotalTime'
  | 'maxFailures'

function readPace(flags: Flags): Pick<GetOptions, Pace> {
  return {
    totalGap: flags.rate ?? 0,
    gap: flags.ratePerHost ?? 0,
    autoThrottle: flags.autoThrottle ?? false,
    totalByteRate: flags.limitRate ?? 0,
    byteRate: flags.limitRatePerHost ?? 0,
    stallLimit: flags.stallLimit,
    maxTotalTime: flags.maxTotalTime ?? 0,
    maxFailures: flags.maxFailures ?? Infinity,
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
