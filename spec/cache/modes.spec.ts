import { describe, expect, it } from 'vitest'
import { modeFields, type CacheMode } from '../../lib/cache/cache-request.ts'
import { bodyOf, head, httpDate, request, Stand, storedOf, URL_A } from './stand.ts'

const FRESH = ['Cache-Control: max-age=60', 'ETag: "1"']

/** A cache with one page in it, `age` seconds old, of those that are fresh for 60. */
function standWith(age: number, lines: readonly string[] = FRESH): Stand {
  const stand = new Stand()
  expect(stand.keep(request(), head(lines), 'page')).toBe(true)
  stand.wait(age)
  return stand
}

describe('a mode', () => {
  it.each<[mode: CacheMode, age: number, expected: string]>([
    ['default', 10, 'hit'],
    ['default', 90, 'revalidate'],
    ['no-store', 10, 'bypass'],
    ['reload', 10, 'miss'],
    ['no-cache', 10, 'revalidate'],
    ['force-cache', 90, 'hit'],
    ['only-if-cached', 90, 'hit'],
    ['replay', 90, 'hit'],
  ])('%s, for a page %i s old: %s', (mode, age, expected) => {
    expect(standWith(age).ask(request({}, { mode })).kind).toBe(expected)
  })

  it.each<[mode: CacheMode, expected: string]>([
    ['default', 'miss'],
    ['no-store', 'bypass'],
    ['reload', 'miss'],
    ['no-cache', 'miss'],
    ['force-cache', 'miss'],
    ['only-if-cached', 'unavailable'],
    ['replay', 'miss'],
  ])('%s, with nothing stored: %s', (mode, expected) => {
    expect(new Stand().ask(request({}, { mode })).kind).toBe(expected)
  })

  it('says stale of what is', () => {
    const forced = request({}, { mode: 'force-cache' })
    expect(standWith(10).ask(forced)).toMatchObject({ status: 'hit' })
    expect(standWith(90).ask(forced)).toMatchObject({ status: 'stale', age: 90_000 })
  })

  it.each<[mode: CacheMode, fields: Record<string, string>, expected: string]>([
    ['default', {}, ''],
    ['no-cache', {}, 'Cache-Control: max-age=0\r\n'],
    ['no-cache', { 'cache-control': 'x' }, ''],
    ['reload', {}, 'Pragma: no-cache\r\nCache-Control: no-cache\r\n'],
    ['reload', { pragma: 'x' }, 'Cache-Control: no-cache\r\n'],
  ])('%s with %j sends %j', (mode, fields, expected) => {
    expect(modeFields(request(fields, { mode }))).toBe(expected)
  })

  it('that insists on the server forgets what the server will not have kept', () => {
    for (const mode of ['reload', 'no-cache'] as const) {
      const stand = standWith(10)
      expect(stand.keep(request({}, { mode }), head(['Cache-Control: no-store']))).toBe(false)
      expect(stand.ask().kind).toBe('miss')
    }
    const stand = standWith(10)
    expect(stand.keep(request({}, { mode: 'reload' }), head([], 503))).toBe(false)
    expect(stand.ask().kind).toBe('hit')
  })
})

describe("a request's own fields", () => {
  it.each<[fields: Record<string, string>, expected: string]>([
    [{ 'cache-control': 'no-store' }, 'bypass'],
    [{ 'cache-control': 'no-cache' }, 'revalidate'],
    [{ pragma: 'no-cache' }, 'revalidate'],
    [{ pragma: 'no-cache', 'cache-control': 'max-age=100' }, 'hit'],
    [{ pragma: 'other' }, 'hit'],
    [{ 'cache-control': 'only-if-cached' }, 'hit'],
    [{ 'cache-control': 'only-if-cached, max-age=1' }, 'unavailable'],
    [{ 'cache-control': 'max-age=1' }, 'revalidate'],
    [{ 'cache-control': 'broken =' }, 'hit'],
    [{ 'if-match': '"1"' }, 'bypass'],
    [{ 'if-unmodified-since': httpDate(0) }, 'bypass'],
    [{ authorization: 'Basic x', cookie: 'a=b' }, 'hit'],
  ])('%j: %s', (fields, expected) => {
    expect(standWith(10).ask(request(fields)).kind).toBe(expected)
  })

  it('a condition that holds gets a 304 from what is fresh, without fields of a body', () => {
    const stand = standWith(10, [...FRESH, 'Content-Type: text/html', 'Content-Length: 4'])
    const result = stand.ask(request({ 'if-none-match': '"1"' }))
    const { status, fields, body } = storedOf(result)
    expect([status, body.length]).toEqual([304, 0])
    expect(fields).toContain('ETag: "1"')
    expect(fields).not.toMatch(/content-(type|length)/i)
    expect(storedOf(stand.ask(request({ 'if-none-match': '"2"' }))).status).toBe(200)
    stand.wait(60)
    expect(stand.ask(request({ 'if-none-match': '"1"' })).kind).toBe('miss')
  })

  it('a condition gets no stale answer that would be revalidated behind', () => {
    const stand = standWith(90, ['Cache-Control: max-age=60, stale-while-revalidate=60', 'ETag: "1"'])
    expect(stand.ask().kind).toBe('stale-while-revalidate')
    expect(stand.ask(request({ 'if-none-match': '"1"' })).kind).toBe('miss')
  })
})

describe('ranges', () => {
  const stand = standWith(10, ['Cache-Control: max-age=60', 'ETag: "1"', 'Content-Length: 4'])

  it.each([
    ['bytes=0-1', 'pa', 'bytes 0-1/4'],
    ['bytes=1-', 'age', 'bytes 1-3/4'],
    ['bytes=-3', 'age', 'bytes 1-3/4'],
    ['bytes=-9', 'page', 'bytes 0-3/4'],
    ['bytes=2-99', 'ge', 'bytes 2-3/4'],
    ['Bytes=3-3', 'e', 'bytes 3-3/4'],
  ])('%s of a whole fresh page is %j', (range, body, contentRange) => {
    const result = stand.ask(request({ range }))
    expect(bodyOf(result)).toBe(body)
    expect(storedOf(result).status).toBe(206)
    expect(storedOf(result).fields).toContain(`Content-Range: ${contentRange}\r\n`)
    expect(storedOf(result).fields.match(/content-length: .*/gi)).toEqual([`Content-Length: ${body.length}`])
  })

  it.each([
    [{ range: 'bytes=4-' }],
    [{ range: 'bytes=2-1' }],
    [{ range: 'bytes=-0' }],
    [{ range: 'bytes=-' }],
    [{ range: 'bytes=0-1,3-3' }],
    [{ range: 'lines=0-1' }],
    [{ range: 'bytes=0-1', 'if-range': '"2"' }],
    [{ range: 'bytes=0-1', 'if-none-match': '"1"' }],
    [{ range: 'bytes=0-1', 'cache-control': 'no-cache' }],
  ])('%j goes to the server', (fields) => {
    expect(stand.ask(request(fields as Record<string, string>))).toEqual({ kind: 'bypass' })
  })

  it('of a coded or redirected page go to the server, and what comes is not kept', () => {
    const coded = standWith(10, [...FRESH, 'Content-Encoding: gzip'])
    expect(coded.ask(request({ range: 'bytes=0-1' })).kind).toBe('bypass')
    const moved = new Stand()
    moved.keep(request(), head(FRESH, 301))
    expect(moved.ask(request({ range: 'bytes=0-1' })).kind).toBe('bypass')
    expect(moved.keep(request({ range: 'bytes=0-1' }), head(FRESH, 200))).toBe(false)
    expect(moved.keep(request(), head([...FRESH, 'Content-Range: bytes 0-1/4'], 206))).toBe(false)
    const empty = new Stand()
    expect(empty.ask(request({ range: 'bytes=0-1' }, { mode: 'reload' })).kind).toBe('bypass')
    expect(empty.ask(request({ range: 'bytes=0-1' }, { mode: 'only-if-cached' })).kind).toBe('unavailable')
  })
})

describe('whose answers are whose', () => {
  it('one partition sees nothing of another', () => {
    const stand = new Stand()
    stand.keep(request({}, { partition: 'jar 1' }), head(FRESH), 'mine')
    expect(stand.ask(request({}, { partition: 'jar 2' })).kind).toBe('miss')
    expect(stand.ask(request()).kind).toBe('miss')
    void stand.cache.invalidate(request({}, { partition: 'jar 2', method: 'POST' }), head())
    expect(bodyOf(stand.ask(request({}, { partition: 'jar 1' })))).toBe('mine')
  })

  it('a URL and a partition cannot be written so that they meet', () => {
    const stand = new Stand()
    stand.keep(request({}, { partition: 'a', url: URL_A }), head(FRESH))
    expect(stand.ask(request({}, { partition: '', url: `a\n${URL_A}` })).kind).toBe('miss')
  })
})
