import { describe, expect, it } from 'vitest'
import {
  backoffDelay,
  isAddressTrouble,
  isRetryableError,
  isRetryableStatus,
  RETRY_ERRORS,
  RETRY_STATUSES,
  retryAfterOf,
  retryDue,
} from '../../lib/call/retry.ts'
import {
  AbortError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  DecodingError,
  LimitError,
  ProtocolError,
  RedirectError,
  RequestBodyError,
  StatusError,
  TimeoutError,
  type ConnectPhase,
  type ErrorCode,
  type RequestError,
  type TimeoutPhase,
} from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'

const RULES = { maxRetries: 3, retryStatuses: new Set(RETRY_STATUSES), retryErrors: new Set(RETRY_ERRORS) }
const SECOND = 1_000
const NOW = Date.UTC(2026, 10, 6, 8, 49, 37)

describe('statuses that are tried again', () => {
  it('are these, and no other', () => {
    const all = Array.from({ length: 900 }, (_, i) => i + 100)
    const again = all.filter((status) => isRetryableStatus(status, RULES))
    expect(again).toEqual([408, 429, 500, 502, 503, 504, 522, 524])
  })

  it('are those of the option', () => {
    const rules = { ...RULES, retryStatuses: new Set([404]) }
    expect([404, 503].map((status) => isRetryableStatus(status, rules))).toEqual([true, false])
  })
})

function timeout(phase: TimeoutPhase): RequestError {
  return new TimeoutError(phase, 10, 'late')
}

function connect(phase: ConnectPhase, cause?: object): RequestError {
  return new ConnectError(phase, 'no', cause)
}

const bind = { code: 'EADDRNOTAVAIL', syscall: 'bind' }

describe('errors that are tried again', () => {
  const ROWS: readonly [what: string, error: RequestError, again: boolean][] = [
    ['a queue that was too long', timeout('queue'), false],
    ['a slow dial', timeout('connect'), true],
    ['a server that takes nothing', timeout('send'), true],
    ['no head', timeout('head'), true],
    ['a body that stalls', timeout('body'), true],
    ['the total time', timeout('total'), false],
    ['a lost connection', new ConnectionClosedError('gone'), true],
    ['a lost connection, with its cause', new ConnectionClosedError('gone', { code: 'ECONNRESET' }), true],
    ['a damaged body', new DecodingError('bad'), true],
    ['what breaks HTTP', new ProtocolError('rule', 'bad'), false],
    ['what is too large', new LimitError('maxBodySize', 1, 'large'), false],
    ['a source that throws', new RequestBodyError('bad'), false],
    ['a redirect', new RedirectError(302, '/x', 'no'), false],
    ['a status', new StatusError(503, '', null), false],
    ['an abort', new AbortError('stop'), false],
    ['a closed client', new ClosedError('closed'), false],

    ['a name server that is busy', connect('dns', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }), true],
    ['a name that does not exist', connect('dns', { code: 'ENOTFOUND' }), false],
    ['a name without an address', connect('dns', { code: 'ENODATA' }), false],
    ['no address of the family', connect('dns', { code: 'EAFNOSUPPORT' }), false],
    ['what the user resolves to is none', connect('dns'), false],
    ['a refused connection', connect('tcp', { code: 'ECONNREFUSED', syscall: 'connect' }), true],
    ['a connection reset', connect('tcp', { code: 'ECONNRESET', syscall: 'connect' }), true],
    ['no route', connect('tcp', { code: 'EHOSTUNREACH', syscall: 'connect' }), true],
    ['no cause', connect('tcp'), true],
    ['an address that is not ours', connect('tcp', bind), false],
    ['a handshake that broke off', connect('tls', { code: 'ECONNRESET' }), true],
    ['a handshake on a broken pipe', connect('tls', { code: 'EPIPE' }), true],
    ['a certificate that has run out', connect('tls', { code: 'CERT_HAS_EXPIRED' }), false],
    ['a certificate for another', connect('tls', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), false],
    ['a handshake that failed', connect('tls', { code: 'EPROTO' }), false],
    ['a proxy that is down', connect('proxy', { code: 'ECONNREFUSED' }), true],
    ['an address that is not ours, to a proxy', connect('proxy', bind), false],
    ['a proxy that says 502', connect('proxy', { status: 502 }), true],
    ['a proxy that says 407', connect('proxy', { status: 407 }), false],
    ['a proxy without a word', connect('proxy'), true],
  ]
  it.each(ROWS)('%s: %s', (_what, error, again) => {
    expect(isRetryableError(error, RULES)).toBe(again)
    expect(isRetryableError(error, { ...RULES, retryErrors: new Set() })).toBe(false)
  })

  it('each code that is tried again has a row above', () => {
    const codes = new Set<ErrorCode>(ROWS.filter(([, , again]) => again).map(([, error]) => error.code))
    expect([...codes].toSorted()).toEqual(RETRY_ERRORS.toSorted())
  })

  it('may be others by the option, except for what cannot change', () => {
    const rules = { ...RULES, retryErrors: new Set(['ERR_PROTOCOL', 'ERR_CONNECT_DNS']) }
    expect(isRetryableError(new ProtocolError('rule', 'bad'), rules)).toBe(true)
    expect(isRetryableError(connect('dns', { code: 'ENOTFOUND' }), rules)).toBe(false)
  })

  it('speak against the client IP where it cannot be bound, or has no peer of its family', () => {
    const trouble = ROWS.filter(([, error]) => isAddressTrouble(error)).map(([what]) => what)
    expect(trouble).toEqual([
      'no address of the family',
      'an address that is not ours',
      'an address that is not ours, to a proxy',
    ])
  })
})

describe('backoff', () => {
  it('draws from 0 to a limit that doubles, up to its own limit', () => {
    expect([0, 1, 2, 3, 4].map((retries) => backoffDelay(retries, 0.5))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000,
    ])
    expect([0, 5, 1_000, 5_000].map((retries) => backoffDelay(retries, 0))).toEqual([0, 0, 0, 0])
    for (const retries of [5, 10, 100, 999, 5_000]) {
      expect(backoffDelay(retries, 0.5)).toBe(LIMITS.maxRetryBackoff / 2)
    }
  })
})

describe('when it is tried again', () => {
  const ROWS: readonly [what: string, retryAfter: number, deadline: number, due: number][] = [
    ['nothing asked: the backoff', -1, Infinity, 10_500],
    ['0 asked: the backoff', 0, Infinity, 10_500],
    ['less asked than the backoff', 499, Infinity, 10_500],
    ['more asked', 2_000, Infinity, 12_000],
    ['time for it', 2_000, 12_001, 12_000],
    ['its time is over just then', 2_000, 12_000, -1],
    ['its time is over before', 2_000, 11_000, -1],
    ['no time for the backoff', -1, 10_500, -1],
    ['its time is over', -1, 9_000, -1],
  ]
  it.each(ROWS)('%s', (_what, retryAfter, deadline, due) => {
    expect(retryDue(0, retryAfter, 10_000, 0.5, deadline)).toBe(due)
  })
})

function at(ms: number): string {
  return new Date(NOW + ms).toUTCString()
}

describe('Retry-After', () => {
  it.each([
    ['120', 120 * SECOND],
    ['1', SECOND],
    ['0', 0],
    ['007', 7 * SECOND],
    ['299', 299 * SECOND],
    ['300', LIMITS.maxRetryAfter],
    ['301', LIMITS.maxRetryAfter],
    ['86400', LIMITS.maxRetryAfter],
    ['9'.repeat(400), LIMITS.maxRetryAfter],
    // Two fields by way of a proxy: the first one.
    ['120, 60', 120 * SECOND],
    ['120,60', 120 * SECOND],
    ['5, Fri, 06 Nov 2026 08:51:37 GMT', 5 * SECOND],
    ['-1', -1],
    ['-120', -1],
    ['+5', -1],
    ['1.5', -1],
    ['1e3', -1],
    ['0x10', -1],
    ['12s', -1],
    ['5 minutes', -1],
    ['5; x', -1],
    ['soon', -1],
    ['Infinity', -1],
    ['NaN', -1],
    [', 5', -1],
    ['', -1],
  ])('%j: %d ms', (value, ms) => {
    expect(retryAfterOf(value, null, NOW)).toBe(ms)
    // The server's clock says nothing about seconds.
    expect(retryAfterOf(value, at(3_600_000), NOW)).toBe(ms)
  })

  it('is not there', () => {
    expect(retryAfterOf(null, at(0), NOW)).toBe(-1)
  })

  it.each([
    ['Fri, 06 Nov 2026 08:51:37 GMT', 120 * SECOND],
    ['Friday, 06-Nov-26 08:51:37 GMT', 120 * SECOND],
    ['Fri Nov  6 08:51:37 2026', 120 * SECOND],
    ['Fri, 06 Nov 2026 8:51:37 UTC', 120 * SECOND],
    ['Fri, 06 Nov 2026 08:49:37 GMT', 0],
    ['Fri, 06 Nov 2026 08:49:36 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 06 Nov 2099 08:49:37 GMT', LIMITS.maxRetryAfter],
    ['Fri, 06 Nov 2026 09:51:37 +0100', -1],
    ['2026-11-06T08:51:37Z', -1],
    ['3 apples', -1],
    ['Fri, 06 Nov 2026 08:51:37 GMT, Fri, 06 Nov 2026 08:51:37 GMT', -1],
  ])('%j: %d ms', (value, ms) => {
    expect(retryAfterOf(value, null, NOW)).toBe(ms)
    expect(retryAfterOf(value, at(0), NOW)).toBe(ms)
    expect(retryAfterOf(value, 'rubbish', NOW)).toBe(ms)
  })

  it.each([
    ['an hour behind', -3_600_000],
    ['an hour ahead', 3_600_000],
    ['in another year', 400 * 86_400_000],
  ])("is taken against the server's own clock, which is %s", (_what, skew) => {
    expect(retryAfterOf(at(skew + 120 * SECOND), at(skew), NOW)).toBe(120 * SECOND)
    expect(retryAfterOf(at(skew - SECOND), at(skew), NOW)).toBe(0)
  })
})
