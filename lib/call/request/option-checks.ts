import { CookieJars } from '../../cookies/jars.ts'
import { checkDenied } from '../../core/address-blocks.ts'
import { checkDownloadRate, checkHosts, checkPacing, checkTotalPacing } from '../../core/host-settings.ts'
import { LIMITS } from '../../core/limits.ts'
import { ownOptions } from '../../core/own-options.ts'
import { checkBaseUrl } from './query.ts'
import {
  anything,
  fail,
  flag,
  func,
  ipAddress,
  listOf,
  MAX_TIME,
  object,
  oneOf,
  ratio,
  size,
  text,
  time,
  wholeNumber,
  type Check,
} from './options.ts'

const cacheMode = oneOf(
  'default',
  'no-store',
  'reload',
  'no-cache',
  'force-cache',
  'only-if-cached',
  'replay',
)

/** Checks that a request's options and a client's have in common: a client's are the defaults. */
export const sharedChecks: readonly (readonly [string, Check])[] = [
  ['headers', object],
  ['clientIp', ipAddress],
  ['session', text],
  ['proxy', proxy],
  ['tlsOptions', tls],
  ['auth', nullable(object)],
  ['baseUrl', url],
  ['redirect', oneOf('follow', 'manual', 'error')],
  ['maxRedirects', wholeNumber(0, 1_000)],
  ['allowInsecureRedirect', flag],
  ['secretHeaders', listOf(text)],
  ['maxRetries', wholeNumber(0, 1_000)],
  ['retryStatuses', listOf(wholeNumber(100, 999))],
  ['retryErrors', listOf(text)],
  ['modifyRequest', func],
  ['expectSuccess', flag],
  ['validate', func],
  ['onDownloadProgress', func],
  ['onUploadProgress', func],
  ['queueTimeout', time],
  ['connectTimeout', time],
  ['requestTimeout', time],
  ['replyTimeout', time],
  ['bodyTimeout', time],
  ['minBodyRate', rate],
  ['minBodyRateWindow', window],
  ['totalTimeout', time],
  ['maxBodySize', size],
  ['maxDecodeRatio', ratio],
  ['decompress', flag],
]

export const requestChecks: ReadonlyMap<string, Check> = new Map([
  ...sharedChecks,
  ['url', anything],
  ['method', text],
  ['body', anything],
  ['json', anything],
  ['query', anything],
  ['cookies', flag],
  ['cache', cacheMode],
  ['signal', signal],
  ['priority', wholeNumber(-LIMITS.maxPriority, LIMITS.maxPriority)],
  ['idempotent', flag],
  ['expectContinue', expectContinue],
])

export const clientChecks: ReadonlyMap<string, Check> = new Map([
  ...sharedChecks,
  ['maxConn', wholeNumber(1, 1_000_000)],
  ['maxConnPerTarget', wholeNumber(1, 1_000_000)],
  ['maxPipelinedRequests', wholeNumber(1, LIMITS.maxDepth)],
  ['prefer', oneOf('connection', 'pipeline')],
  ['maxQueued', wholeNumber(1, Number.MAX_SAFE_INTEGER)],
  ['maxHeadSize', wholeNumber(256, 16_777_216)],
  ['parser', oneOf('lenient', 'strict')],
  ['keepAliveTimeout', time],
  ['resolve', func],
  ['denyPrivateAddresses', checkDenied],
  ['proxyTlsOptions', tls],
  ['clientIps', listOf(ipAddress)],
  ['clientIpPolicy', clientIpPolicy],
  ['moveAfterRefusal', flag],
  ['hosts', checkHosts],
  ['pacing', checkPacing],
  ['totalPacing', checkTotalPacing],
  ['maxDownloadRate', checkDownloadRate],
  ['maxDownloadRatePerTarget', checkDownloadRate],
  ['cookies', cookies],
  ['cache', cache],
  ['cacheMode', cacheMode],
  ['retryBudget', wholeNumber(0, Number.MAX_SAFE_INTEGER)],
  ['use', listOf(func)],
  ['debug', oneOf(true, false, 'sched', 'protocol', 'stream')],
  ['clock', object],
  ['network', object],
])

/** What `extend` takes: a request's defaults, not what pools, jars and cache are made with. */
export const extendChecks: ReadonlyMap<string, Check> = new Map([
  ...sharedChecks,
  ['cacheMode', cacheMode],
  ['use', listOf(func)],
])

const TLS_CHECKS: readonly (readonly [string, Check])[] = [
  ['servername', text],
  ['checkServerIdentity', func],
]

/**
 * Only what node:tls reads once it has begun to connect: it throws then, and leaves a socket behind whose errors
 * nobody hears, which ends the process. Its secure context says for itself what it cannot use.
 */
function tls(name: string, value: unknown): void {
  object(name, value)
  const given = ownOptions(value as Record<string, unknown>)
  for (const [each, check] of TLS_CHECKS) {
    if (given[each] !== undefined) check(`${name}.${each}`, given[each])
  }
}

function rate(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value < Infinity) return
  fail(name, value, 'a number of bytes per second from 0 (off)')
}

function window(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= LIMITS.minRateWindow && value <= MAX_TIME) return
  fail(name, value, `a number of milliseconds from ${LIMITS.minRateWindow} to ${MAX_TIME}`)
}

function signal(name: string, value: unknown): void {
  if (!(value instanceof AbortSignal)) fail(name, value, 'an AbortSignal')
}

function expectContinue(name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  if (typeof value === 'number' && value > 0 && value <= MAX_TIME) return
  fail(name, value, 'true, false, or a number of milliseconds above 0')
}

function nullable(check: Check): Check {
  return (name, value) => {
    if (value !== null) check(name, value)
  }
}

function url(_name: string, value: unknown): void {
  checkBaseUrl(value)
}

function proxy(name: string, value: unknown): void {
  if (value === null || typeof value === 'string' || typeof value === 'function' || value instanceof URL)
    return
  fail(name, value, "a proxy's URL, a function that gives one, or null")
}

function clientIpPolicy(name: string, value: unknown): void {
  if (typeof value === 'function') return
  oneOf('round-robin', 'sticky', 'least-loaded')(name, value)
}

function cookies(name: string, value: unknown): void {
  if (typeof value === 'boolean' || value instanceof CookieJars) return
  fail(name, value, 'true, false or a CookieJars')
}

function cache(name: string, value: unknown): void {
  if (typeof value === 'boolean' || (typeof value === 'string' && value !== '')) return
  const methods = ['get', 'set', 'delete', 'clear', 'close']
  const store = value as Record<string, unknown> | null
  const isStore = typeof store === 'object' && store !== null
  if (isStore && methods.every((each) => typeof store[each] === 'function')) return
  fail(name, value, `true, false, a file's path, or a store with ${methods.join(', ')}`)
}
