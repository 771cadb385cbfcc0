import { ConnectError, type ErrorCode, type RequestError } from '../core/errors.ts'
import { parseHttpDate } from '../core/http-date.ts'
import { LIMITS } from '../core/limits.ts'
import { own } from '../core/own-options.ts'

/** What a call is tried again after, and how often: from the options. */
export interface RetryRules {
  readonly maxRetries: number
  readonly retryStatuses: ReadonlySet<number>
  readonly retryErrors: ReadonlySet<string>
}

/**
 * Statuses that may be another the next time: a request that took too long, limits of rate, gateways,
 * servers that are busy. 522 and 524 are a proxy's for a server that does not answer. curl retries these.
 */
export const RETRY_STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504, 522, 524]

/** Errors that may not come again: all that happen on the way, and a body that arrived damaged. */
export const RETRY_ERRORS: readonly ErrorCode[] = [
  'ERR_CONNECT_DNS',
  'ERR_CONNECT_TCP',
  'ERR_CONNECT_TLS',
  'ERR_CONNECT_PROXY',
  'ERR_TIMEOUT_CONNECT',
  'ERR_TIMEOUT_SEND',
  'ERR_TIMEOUT_HEAD',
  'ERR_TIMEOUT_BODY',
  'ERR_CONNECTION_CLOSED',
  'ERR_DECODING',
]

export function isRetryableStatus(status: number, rules: RetryRules): boolean {
  return rules.retryStatuses.has(status)
}

/** Whether the client IP is to blame: it cannot be bound, or the host has no address of its family. */
export function isAddressTrouble(error: RequestError): boolean {
  if (!(error instanceof ConnectError)) return false
  const cause = own(error, 'cause')
  if (error.phase === 'dns') return own(cause, 'code') === 'EAFNOSUPPORT'
  // On the way to a proxy it is told as the proxy's failure.
  return (error.phase === 'tcp' || error.phase === 'proxy') && own(cause, 'syscall') === 'bind'
}

export function isRetryableError(error: RequestError, rules: RetryRules): boolean {
  return rules.retryErrors.has(error.code) && !isPermanent(error)
}

const PROXY_REFUSALS: ReadonlySet<unknown> = new Set([400, 401, 403, 405, 407, 501])
/** How OpenSSL's and Node's codes begin for a certificate that is not trusted. */
const CERTIFICATE_FAULTS = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/

/**
 * A name that does not exist, a certificate that is not trusted, an address that is not ours: asking
 * again changes nothing. A handshake that broke off is none of these.
 */
function isPermanent(error: RequestError): boolean {
  if (!(error instanceof ConnectError)) return false
  const cause = own(error, 'cause')
  const code = own(cause, 'code')
  switch (error.phase) {
    case 'dns':
      return cause === undefined || code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EAFNOSUPPORT'
    case 'tls':
      return code !== 'ECONNRESET' && code !== 'EPIPE' && code !== 'ETIMEDOUT'
    case 'tcp':
      return own(cause, 'syscall') === 'bind'
    case 'denied':
      return true
    case 'proxy':
      // A proxy that refuses by rule, or wants credentials, will do so again.
      return (
        own(cause, 'syscall') === 'bind' ||
        PROXY_REFUSALS.has(own(cause, 'status')) ||
        CERTIFICATE_FAULTS.test(String(code))
      )
  }
}

/**
 * How long to wait before the retry after `retries` of them, ms: "full jitter", anything from 0 up to a
 * limit that doubles, so that the calls that failed together do not come back together.
 *
 * @param random from [0, 1)
 */
export function backoffDelay(retries: number, random: number): number {
  return random * Math.min(LIMITS.maxRetryBackoff, LIMITS.retryBackoff * 2 ** retries)
}

/**
 * When a call is tried again; -1: not at all, because its time is over by then.
 *
 * @param retryAfter ms that the server asks for, or -1
 * @param deadline when the call's total time is over; Infinity: never
 */
export function retryDue(
  retries: number,
  retryAfter: number,
  now: number,
  random: number,
  deadline: number,
): number {
  const due = now + Math.max(backoffDelay(retries, random), retryAfter)
  return due >= deadline ? -1 : due
}

/**
 * What Retry-After asks for, in ms (RFC 9110 section 10.2.3); -1 where it asks for nothing that can be
 * read. A date is taken against the server's own Date: its clock may be wrong. 0, or a date that is
 * past, is no promise that it is well now: the caller's own backoff holds.
 *
 * @param now ms since 1970
 */
export function retryAfterOf(retryAfter: string | null, serverDate: string | null, now: number): number {
  // Twice: two fields, one after the other, by way of some proxies. A date has a comma of its own.
  const value = retryAfter === null ? '' : retryAfter.replace(/^(\d+)\s*,.*$/, '$1').trim()
  if (/^\d+$/.test(value)) return clamp(Number(value) * 1000)
  const due = parseHttpDate(value, now)
  if (Number.isNaN(due)) return -1
  const from = serverDate === null ? NaN : parseHttpDate(serverDate, now)
  return clamp(due - (Number.isNaN(from) ? now : from))
}

function clamp(ms: number): number {
  return Math.max(0, Math.min(LIMITS.maxRetryAfter, ms))
}
