import { describe, expect, it } from 'vitest'
import { NO_OPTIONS } from '../../lib/call/request/options.ts'
import { backoffDelay, RETRY_ERRORS, RETRY_STATUSES, retryAfterOf } from '../../lib/call/retry.ts'
import { hasRules, loopRules, makeRules } from '../../lib/call/rules.ts'
import { ConnectionClosedError, ProtocolError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'

describe('the rules of a call', () => {
  it('by default', () => {
    expect(makeRules(NO_OPTIONS, {}, 7)).toMatchObject({
      redirect: 'follow',
      maxRedirects: 20,
      allowInsecureRedirect: false,
      secretFields: new Set(['authorization', 'cookie', 'proxy-authorization']),
      maxRetries: 3,
      retryStatuses: new Set(RETRY_STATUSES),
      retryErrors: new Set(RETRY_ERRORS),
      modifyRequest: null,
      cacheMode: 'default',
      expectSuccess: false,
      validate: null,
      totalTimeout: 0,
      maxBodySize: 7,
      maxDecodeRatio: LIMITS.maxDecodeRatio,
      decompress: true,
    })
  })

  it("a request's go over the client's, 0 and false too", () => {
    const defaults = {
      maxRetries: 9,
      maxRedirects: 9,
      expectSuccess: true,
      decompress: true,
      totalTimeout: 9,
    }
    const none = { maxRetries: 0, maxRedirects: 0, expectSuccess: false, decompress: false, totalTimeout: 0 }
    expect(makeRules(NO_OPTIONS, defaults, 1)).toMatchObject(defaults)
    expect(makeRules(none, defaults, 1)).toMatchObject(none)
    expect(makeRules({ maxRetries: undefined }, defaults, 1).maxRetries).toBe(9)
    expect(makeRules({ retryStatuses: [] }, { retryStatuses: [404] }, 1).retryStatuses.size).toBe(0)
  })

  it('secrets add up, in any case: none of them can be taken back', () => {
    const rules = makeRules({ secretHeaders: ['X-B'] }, { secretHeaders: ['x-A'] }, 1)
    expect([...rules.secretFields].toSorted()).toEqual([
      'authorization',
      'cookie',
      'proxy-authorization',
      'x-a',
      'x-b',
    ])
  })

  it('are a request’s own where it gives one of their options', () => {
    expect(hasRules(NO_OPTIONS)).toBe(false)
    expect(hasRules({ headers: { a: 'b' }, priority: 1, maxRetries: undefined })).toBe(false)
    for (const options of [{ maxRetries: 0 }, { secretHeaders: [] }, { validate: () => undefined }]) {
      expect(hasRules(options)).toBe(true)
    }
  })
})

describe('the rules of a loop around calls', () => {
  it('are the same decisions', () => {
    const rules = makeRules({ retryStatuses: [404], totalTimeout: 5, maxRetries: 2 }, {}, 9)
    const loop = loopRules(rules)
    expect(loop).toMatchObject({ maxRetries: 2, totalTimeout: 5, maxBodySize: 9 })
    expect([loop.isRetryableStatus(404), loop.isRetryableStatus(503)]).toEqual([true, false])
    expect(loop.isRetryableError(new ConnectionClosedError('gone'))).toBe(true)
    expect(loop.isRetryableError(new ProtocolError('rule', 'bad'))).toBe(false)
    expect(loop.backoffDelay(2, 0.5)).toBe(backoffDelay(2, 0.5))
    expect(loop.retryAfterOf('7', null, 0)).toBe(retryAfterOf('7', null, 0))
  })
})
