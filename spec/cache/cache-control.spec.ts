import { describe, expect, it } from 'vitest'
import { NO_DIRECTIVES, parseCacheControl, type CacheControl } from '../../lib/cache/cache-control.ts'

/** Only what differs from a field that is not there. */
function said(text: string): Partial<CacheControl> {
  const parsed = Object.entries(parseCacheControl(text))
  return Object.fromEntries(
    parsed.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(NO_DIRECTIVES[name as never])),
  )
}

describe('Cache-Control', () => {
  it.each<[string, Partial<CacheControl>]>([
    ['', {}],
    ['max-age=60', { maxAge: 60 }],
    ['MAX-AGE=60, Public', { maxAge: 60, isPublic: true }],
    ['max-age="60"', { maxAge: 60 }],
    ['max-age=0060', { maxAge: 60 }],
    [', ,max-age=60 ,\t', { maxAge: 60 }],
    ['max-age=99999999999', { maxAge: 2_147_483_648 }],
    [
      'private, no-cache, no-store, must-revalidate',
      { isPrivate: true, noCache: true, noStore: true, mustRevalidate: true },
    ],
    ['private="set-cookie", max-age=1', { isPrivate: true, maxAge: 1 }],
    ['stale-while-revalidate=5, stale-if-error=6', { staleWhileRevalidate: 5, staleIfError: 6 }],
    ['max-stale', { maxStale: Infinity }],
    ['max-stale=5, min-fresh=6, only-if-cached', { maxStale: 5, minFresh: 6, onlyIfCached: true }],
    ['no-store, must-understand', { noStore: true, mustUnderstand: true }],
    ['s-maxage=5, proxy-revalidate, immutable, unknown=1, other="a, b"', {}],
  ])('%j is read', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it.each<[string, Partial<CacheControl>]>([
    ['max-age=-1', { maxAge: 0 }],
    ['max-age=1.5', { maxAge: 0 }],
    ["max-age='60'", { maxAge: 0 }],
    ['max-age=a60', { maxAge: 0 }],
    ['max-age', { maxAge: 0 }],
    ['max-age=""', { maxAge: 0 }],
  ])('%j is a time that is over', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it.each<[string, Partial<CacheControl>]>([
    ['max-age=60, max-age=1', { maxAge: 60 }],
    ['max-age=1, max-age=60', { maxAge: 1 }],
    ['x="max-age=60", max-age=1', { maxAge: 1 }],
    ['max-age=1, x="no-store, max-age=60"', { maxAge: 1 }],
    [String.raw`x="\"", no-store`, { noStore: true }],
  ])('%j: the first counts, and quotes hide what is in them', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it.each<[string, Partial<CacheControl>]>([
    ['no-cache="Set-Cookie"', { noCacheFields: ['set-cookie'] }],
    ['no-cache="a, B", no-cache=c', { noCacheFields: ['a', 'b', 'c'] }],
    ['no-cache=""', { noCache: true }],
    ['no-cache="a,,b"', { noCache: true }],
    ['no-cache="a b"', { noCache: true }],
    ['no-cache="a", no-cache', { noCache: true, noCacheFields: ['a'] }],
  ])('%j names fields, or means the whole', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it.each<[string, Partial<CacheControl>]>([
    ['max-age =60', { valid: false }],
    ['max-age= 60', { valid: false }],
    ['max-age=60;public', { valid: false }],
    ['public max-age=60', { valid: false }],
    ['max-age="60', { valid: false }],
    ['=60', { valid: false }],
    ['é', { valid: false }],
    ['max-age=60, a b, no-store', { valid: false, maxAge: 60, noStore: true }],
    ['a b, no-cache', { valid: false, noCache: true }],
  ])('%j breaks the grammar; what forbids still does', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  it('is read in a time that grows with its length', () => {
    for (const unit of ['a', 'a=', ',', '"', String.raw`"\\`, 'a="', ' ']) {
      expect(() => parseCacheControl(unit.repeat(60_000))).not.toThrow()
    }
  })
})
