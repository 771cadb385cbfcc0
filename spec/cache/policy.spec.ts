import { describe, expect, it } from 'vitest'
import { parseCacheControl } from '../../lib/cache/cache-control.ts'
import type { CacheMode } from '../../lib/cache/cache-request.ts'
import {
  conditionsOf,
  fits,
  isRangeValid,
  isUnchanged,
  judge,
  mayServeStale,
  select,
  type Verdict,
} from '../../lib/cache/policy.ts'
import type { Terms } from '../../lib/cache/terms.ts'
import { storedResponse } from './made-response.ts'
import { head, httpDate, NOW, request } from './stand.ts'

/** Fresh for 100 s. */
function terms(changes: Partial<Terms> = {}): Terms {
  return storedResponse({ terms: { lifetime: 100_000, ...changes } }).terms
}

describe('a stored response that is fresh for 100 s', () => {
  it.each<[age: number, asked: string, said: Partial<Terms>, expected: Verdict]>([
    [0, '', {}, 'fresh'],
    [99, '', {}, 'fresh'],
    [100, '', {}, 'revalidate'],
    [50, '', { noCache: true }, 'revalidate'],
    [50, '', { mustRevalidate: true }, 'fresh'],
    [50, 'no-cache', {}, 'revalidate'],
    [50, 'max-age=50', {}, 'fresh'],
    [50, 'max-age=49', {}, 'revalidate'],
    [50, 'max-age=0', {}, 'revalidate'],
    [50, 'max-age=nonsense', {}, 'revalidate'],
    [50, 'min-fresh=50', {}, 'fresh'],
    [50, 'min-fresh=51', {}, 'revalidate'],
    [50, 'nothing-we-know', {}, 'fresh'],
    [150, 'max-stale', {}, 'stale'],
    [150, 'max-stale=50', {}, 'stale'],
    [150, 'max-stale=49', {}, 'revalidate'],
    [150, 'max-stale', { mustRevalidate: true }, 'revalidate'],
    [150, 'max-stale', { noCache: true }, 'revalidate'],
    [150, 'max-stale, min-fresh=1', {}, 'revalidate'],
    [60, 'max-age=50, max-stale=10', {}, 'fresh'],
    [60, 'max-age=50, max-stale=9', {}, 'revalidate'],
    [150, '', { staleWhileRevalidate: 50_000 }, 'stale-while-revalidate'],
    [151, '', { staleWhileRevalidate: 50_000 }, 'revalidate'],
    [150, '', { staleWhileRevalidate: 50_000, mustRevalidate: true }, 'revalidate'],
    [150, 'max-age=120', { staleWhileRevalidate: 50_000 }, 'revalidate'],
    [150, 'no-cache', { staleWhileRevalidate: 50_000 }, 'revalidate'],
    [150, '', { staleIfError: 50_000 }, 'revalidate'],
  ])('is, %i s old, asked with %j, saying %j: %s', (age, asked, said, expected) => {
    expect(judge(terms(said), age * 1_000, 'default', parseCacheControl(asked))).toBe(expected)
  })

  it.each<[mode: CacheMode, age: number, said: Partial<Terms>, expected: Verdict]>([
    ['no-cache', 0, {}, 'revalidate'],
    ['force-cache', 50, {}, 'fresh'],
    ['force-cache', 150, { mustRevalidate: true }, 'stale'],
    ['force-cache', 50, { noCache: true }, 'stale'],
    ['only-if-cached', 150, {}, 'stale'],
    ['replay', 1_000_000, { noCache: true, replayOnly: true }, 'fresh'],
  ])('is, in mode %s, %i s old, saying %j: %s', (mode, age, said, expected) => {
    expect(judge(terms(said), age * 1_000, mode, parseCacheControl(null))).toBe(expected)
  })

  it.each<[age: number, asked: string, said: Partial<Terms>, expected: boolean]>([
    [150, '', {}, false],
    [150, '', { staleIfError: 50_000 }, true],
    [151, '', { staleIfError: 50_000 }, false],
    [150, 'stale-if-error=50', {}, true],
    [150, 'stale-if-error=49', {}, false],
    [150, '', { staleIfError: 50_000, mustRevalidate: true }, false],
    [150, '', { staleIfError: 50_000, noCache: true }, false],
    [150, 'no-cache', { staleIfError: 50_000 }, false],
  ])('may be given after an error, %i s old, asked with %j, saying %j: %j', (age, asked, said, expected) => {
    expect(mayServeStale(terms(said), age * 1_000, 'default', parseCacheControl(asked))).toBe(expected)
    expect(mayServeStale(terms(said), age * 1_000, 'no-cache', parseCacheControl(asked))).toBe(false)
  })
})

describe('conditions', () => {
  it.each([
    [{}, ''],
    [{ etag: 'W/"1"' }, 'If-None-Match: W/"1"\r\n'],
    [{ lastModified: 'then' }, 'If-Modified-Since: then\r\n'],
    [{ etag: '"1"', lastModified: 'then' }, 'If-None-Match: "1"\r\nIf-Modified-Since: then\r\n'],
  ])('for %j are %j', (said, expected) => {
    expect(conditionsOf(terms(said))).toBe(expected)
  })

  it.each<[said: Partial<Terms>, lines: string[], expected: boolean]>([
    [{ etag: '"1"' }, ['ETag: "1"'], true],
    [{ etag: '"1"' }, [], true],
    [{ etag: '"1"' }, ['ETag: "2"'], false],
    [{ etag: 'W/"1"' }, ['ETag: "1"'], true],
    [{ etag: '"1"', lastModified: 'then' }, ['ETag: "1"', 'Last-Modified: now'], true],
    [{ lastModified: 'then' }, ['Last-Modified: then'], true],
    [{ lastModified: 'then' }, ['Last-Modified: now'], false],
    [{ lastModified: 'then' }, [], true],
    [{}, [], false],
  ])('a 304 for %j with %j fits: %j', (said, lines, expected) => {
    expect(fits(terms(said), head(lines, 304))).toBe(expected)
  })

  it.each<[said: Partial<Terms>, fields: Record<string, string>, expected: boolean]>([
    [{ etag: '"1"' }, { 'if-none-match': '"1"' }, true],
    [{ etag: '"1"' }, { 'if-none-match': 'W/"1"' }, true],
    [{ etag: '"1"' }, { 'if-none-match': '"0", "1","2"' }, true],
    [{ etag: '"1"' }, { 'if-none-match': '"0", "2"' }, false],
    [{ etag: '"a, b"' }, { 'if-none-match': '"a, b"' }, true],
    [{ etag: '"1"' }, { 'if-none-match': '1' }, true],
    [{ etag: '' }, { 'if-none-match': '""' }, false],
    [{ etag: '' }, { 'if-none-match': '*' }, true],
    [{ etag: 'w/"1"' }, { 'if-none-match': 'w/"1"' }, true],
    [
      { etag: '"1"', lastModified: httpDate(-50) },
      { 'if-none-match': '"2"', 'if-modified-since': httpDate(0) },
      false,
    ],
    [{ lastModified: httpDate(-50) }, { 'if-modified-since': httpDate(-50) }, true],
    [{ lastModified: httpDate(-50) }, { 'if-modified-since': httpDate(-51) }, false],
    [{ lastModified: httpDate(-50) }, { 'if-modified-since': 'then' }, false],
    [{ birth: NOW }, { 'if-modified-since': httpDate(1) }, true],
    [{ birth: NOW }, { 'if-modified-since': httpDate(-1) }, false],
  ])('of a user: %j is unchanged for %j: %j', (said, fields, expected) => {
    expect(isUnchanged(request(fields), storedResponse({ terms: said }))).toBe(expected)
  })

  it.each<[said: Partial<Terms>, condition: string | null, expected: boolean]>([
    [{ etag: '"1"' }, null, true],
    [{ etag: '"1"' }, '"1"', true],
    [{ etag: '"1"' }, '"2"', false],
    [{ etag: 'W/"1"' }, 'W/"1"', false],
    [{ lastModified: httpDate(0) }, httpDate(0), true],
    [{ lastModified: httpDate(0) }, httpDate(1), false],
  ])('of a range: %j is still what %j names: %j', (said, condition, expected) => {
    const fields: Record<string, string> = condition === null ? {} : { 'if-range': condition }
    expect(isRangeValid(request(fields), storedResponse({ terms: said }))).toBe(expected)
  })
})

describe('of several stored responses', () => {
  const one = storedResponse({ vary: 'accept', variant: '=a', responseTime: NOW })
  const two = storedResponse({ vary: 'accept', variant: '=b', responseTime: NOW + 1 })
  const newer = storedResponse({ vary: 'accept,x', variant: '=a\n-', responseTime: NOW + 2 })
  const hidden = storedResponse({ responseTime: NOW + 9, terms: { replayOnly: true } })
  const onlyHead = storedResponse({ method: 'HEAD', responseTime: NOW + 10 })

  it('the one that matches answers, of those the most recent', () => {
    expect(select([one, two], request({ accept: 'a' }))).toBe(one)
    expect(select([one, two], request({ accept: 'b' }))).toBe(two)
    expect(select([one, two], request({ accept: 'c' }))).toBeNull()
    expect(select([two, newer, one], request({ accept: 'a' }))).toBe(newer)
    expect(select([newer, one], request({ accept: 'a', x: '1' }))).toBe(one)
  })

  it('what was kept for replay is for replay alone, and any variant does there', () => {
    expect(select([hidden], request())).toBeNull()
    expect(select([hidden, one], request({ accept: 'a' }))).toBe(one)
    expect(select([hidden], request({}, { mode: 'replay' }))).toBe(hidden)
    expect(select([one, two], request({ accept: 'c' }, { mode: 'replay' }))).toBe(two)
    expect(select([one, two], request({ accept: 'a' }, { mode: 'replay' }))).toBe(one)
  })

  it('the answer to HEAD is no answer to GET', () => {
    expect(select([onlyHead], request())).toBeNull()
    expect(select([onlyHead], request({}, { method: 'HEAD' }))).toBe(onlyHead)
  })
})
