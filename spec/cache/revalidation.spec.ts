import { describe, expect, it } from 'vitest'
import type { Lookup } from '../../lib/cache/http-cache.ts'
import type { StoredResponse } from '../../lib/cache/store.ts'
import { headOf } from '../../lib/cache/stored-head.ts'
import { bodyOf, head, httpDate, request, Stand, storedOf } from './stand.ts'

/** A page kept with these lines, now stale. */
function stale(lines: readonly string[]): { stand: Stand; result: Lookup } {
  const stand = new Stand()
  expect(
    stand.keep(request(), head(['Cache-Control: max-age=60', `Date: ${httpDate(0)}`, ...lines]), 'page'),
  ).toBe(true)
  stand.wait(100)
  return { stand, result: stand.ask() }
}

function freshen(stand: Stand, stored: StoredResponse, lines: readonly string[]): StoredResponse | null {
  return stand.cache.freshen(request(), stored, head(lines, 304), stand.now, stand.now)
}

describe('a stale response', () => {
  it.each<[lines: string[], expected: object]>([
    [['ETag: "1"'], { kind: 'revalidate', conditions: 'If-None-Match: "1"\r\n' }],
    [['Last-Modified: then'], { kind: 'revalidate', conditions: 'If-Modified-Since: then\r\n' }],
    [[], { kind: 'miss' }],
    // Nothing can be asked, but it may stand in for an error.
    [['Cache-Control: stale-if-error=60'], { kind: 'revalidate', conditions: '' }],
    [
      ['Cache-Control: stale-while-revalidate=60'],
      { kind: 'stale-while-revalidate', conditions: '', age: 100_000 },
    ],
    [['Cache-Control: stale-while-revalidate=10', 'ETag: "1"'], { kind: 'revalidate' }],
  ])('with %j is %j', (lines, expected) => {
    expect(stale(lines).result).toMatchObject(expected)
  })

  it.each<[lines: string[], fields: Record<string, string>, expected: boolean]>([
    [[], {}, false],
    [['Cache-Control: stale-if-error=40'], {}, true],
    [['Cache-Control: stale-if-error=39'], {}, false],
    [['Cache-Control: stale-if-error=40, must-revalidate'], {}, false],
    [[], { 'cache-control': 'stale-if-error=40' }, true],
    [['Cache-Control: stale-if-error=40'], { 'cache-control': 'no-cache' }, false],
  ])('with %j, asked with %j, may stand in for an error: %j', (lines, fields, expected) => {
    const { stand, result } = stale(['ETag: "1"', ...lines])
    expect(stand.cache.mayServeOnError(request(fields), storedOf(result))).toBe(expected)
  })
})

describe('a 304', () => {
  it('replaces the fields it has, and leaves the others', () => {
    const { stand, result } = stale(['ETag: "1"', 'X-A: 1', 'X-A: 2', 'X-B: 1', 'Content-Type: text/plain'])
    const lines = [
      'ETag: "1"',
      `Date: ${httpDate(100)}`,
      'x-a: 3',
      'X-C: 4',
      'Content-Type: text/html',
      'Set-Cookie: a=b',
    ]
    const { headers } = headOf(freshen(stand, storedOf(result), lines)!, 0)
    expect([...headers]).toEqual([
      ['cache-control', 'max-age=60'],
      ['x-b', '1'],
      ['etag', '"1"'],
      ['date', httpDate(100)],
      ['x-a', '3'],
      ['x-c', '4'],
      ['content-type', 'text/html'],
      ['set-cookie', 'a=b'],
      ['age', '0'],
    ])
    expect(bodyOf(stand.ask())).toBe('page')
    expect(stand.ask()).toMatchObject({ kind: 'hit', status: 'hit', age: 0 })
  })

  it('changes nothing that the stored bytes are read by', () => {
    const { stand, result } = stale(['ETag: W/"1"', 'Content-Length: 4', 'Content-Encoding: gzip'])
    const lines = [
      'ETag: "1"',
      'Content-Length: 0',
      'Content-Encoding: br',
      'Transfer-Encoding: chunked',
      'Connection: x',
      'X: 1',
    ]
    const updated = freshen(stand, storedOf(result), lines)!
    expect(updated.contentEncoding).toBe('gzip')
    expect(updated.fields).toMatch(/Content-Length: 4\r\nContent-Encoding: gzip\r\n/)
    // Made strong, the tag would join pieces of two different codings.
    expect(updated.terms.etag).toBe('W/"1"')
    expect(updated.fields).not.toMatch(/"1"\r\n[^]*ETag|chunked|^X: 1/m)
  })

  it('counts its own age', () => {
    const { stand, result } = stale(['ETag: "1"'])
    freshen(stand, storedOf(result), ['ETag: "1"', `Date: ${httpDate(100)}`, 'Age: 20'])
    expect(stand.ask()).toMatchObject({ kind: 'hit', age: 20_000 })
  })

  it('about something else is told, and changes nothing', () => {
    const { stand, result } = stale(['ETag: "1"'])
    expect(freshen(stand, storedOf(result), ['ETag: "2"'])).toBeNull()
    expect(storedOf(stand.ask()).terms.etag).toBe('"1"')
  })

  it.each([[['Cache-Control: no-store']], [['Vary: *']]])(
    'with %j is used once more, and then gone',
    (lines) => {
      const { stand, result } = stale(['ETag: "1"'])
      expect(freshen(stand, storedOf(result), lines)).not.toBeNull()
      expect(stand.ask().kind).toBe('miss')
    },
  )

  it('that varies by more is kept for what was asked', () => {
    const { stand, result } = stale(['ETag: "1"'])
    freshen(stand, storedOf(result), ['Vary: Accept', `Date: ${httpDate(100)}`])
    expect(stand.ask().kind).toBe('hit')
    // The one from before matches any request, and is stale.
    expect(stand.ask(request({ accept: 'x' })).kind).toBe('revalidate')
  })
})
