import {
  RETRY_STATUSES,
  type ClientOptions,
  type CookieJars,
  type PacingInput,
  type SqliteStore,
} from '../index.ts'
import type { GetOptions } from './get-options.ts'
import type { FetchPlan } from './item-fetcher.ts'
import { itemPlan } from './item-plan.ts'
import { CLI_LIMITS } from './limits.ts'
import { pacingOf } from './rate.ts'

/** What the client of a run is made with. */
export function clientOptions(
  options: GetOptions,
  jars: CookieJars | null,
  cache: SqliteStore | null,
): ClientOptions {
  const { clientIps, cookies, headers } = options
  return {
    maxConn: options.maxConn,
    maxConnPerTarget: options.maxConnPerTarget,
    maxPipelinedRequests: options.pipeline,
    connectTimeout: options.connectTimeout,
    totalTimeout: options.maxTime,
    minBodyRate: options.minRate,
    minBodyRateWindow: options.minRateWindow,
    maxBodySize: mayPipeline(options)
      ? Math.min(CLI_LIMITS.wholeBody, options.maxFileSize ?? Infinity)
      : options.maxFileSize,
    // With a jar they go by way of it: a Cookie field of its own would hide what servers set.
    headers: cookies.data === '' || jars !== null ? headers : [...headers, ['Cookie', cookies.data]],
    cookies: jars ?? false,
    redirect: options.follow ? 'follow' : 'manual',
    maxRedirects: options.maxRedirects,
    allowInsecureRedirect: options.allowInsecureRedirect,
    maxRetries: options.retries,
    proxy: options.proxy,
    clientIp: clientIps.length === 1 ? clientIps[0] : undefined,
    clientIps: clientIps.length > 1 ? clientIps : undefined,
    // Items without a session take turns all the same.
    clientIpPolicy: options.clientIpPolicy ?? (clientIps.length > 1 ? 'sticky' : undefined),
    moveAfterRefusal: options.moveAfterRefusal,
    // Else a 403 is an answer, and nothing is tried again that could go elsewhere.
    retryStatuses: options.moveAfterRefusal ? [...RETRY_STATUSES, 403] : undefined,
    totalPacing: options.totalGap === 0 ? undefined : pacingOf(options.totalGap),
    pacing: pacing(options),
    maxDownloadRate: options.totalByteRate || undefined,
    maxDownloadRatePerTarget: options.byteRate || undefined,
    hosts: options.hosts,
    cache: cache ?? false,
    cacheMode: options.cacheMode,
    tlsOptions: options.insecure ? { rejectUnauthorized: false } : undefined,
    resolve:
      options.resolve.size === 0
        ? undefined
        : (host) => options.resolve.get(host) ?? options.resolve.get('*'),
  }
}

function pacing({ gap, autoThrottle, stallLimit }: GetOptions): PacingInput {
  return {
    ...(gap === 0 ? {} : pacingOf(gap)),
    ...(autoThrottle ? { autoThrottle } : {}),
    ...(stallLimit === undefined ? {} : { stallLimit }),
  }
}

/** How each of its URLs is fetched. */
export function fetchPlan(options: GetOptions): FetchPlan {
  const { method, body, auth } = options
  const isPlain = method === 'GET' && body === undefined && auth === undefined
  const pipelines = (options.pipeline ?? 1) > 1
  return {
    item: itemPlan(
      method,
      isPlain ? undefined : { method, body, auth },
      pipelines,
      options.headers.map(([name]) => name),
    ),
    method,
    pipelines,
    maxFileSize: options.maxFileSize ?? Infinity,
    follows: options.follow,
    retries: options.retries,
    retryMaxTime: options.retryMaxTime,
    maxTime: options.maxTime ?? 0,
    fsync: options.fsync,
  }
}

/** Only these: a body that is too large is asked for a second time, which a POST must not be. */
function mayPipeline({ pipeline, method, body }: GetOptions): boolean {
  return (pipeline ?? 1) > 1 && (method === 'GET' || method === 'HEAD') && body === undefined
}
