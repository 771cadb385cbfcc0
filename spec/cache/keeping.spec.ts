import { describe, expect, it } from 'vitest'
import type { CacheRequest } from '../../lib/cache/cache-request.ts'
import { HttpCache } from '../../lib/cache/http-cache.ts'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import { headOf, trailersOf } from '../../lib/cache/stored-head.ts'
import { Headers } from '../../lib/core/headers.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { bodyOf, head, httpDate, NOW, request, Stand, storedOf, URL_A } from './stand.ts'

const FRESH = ['Cache-Control: max-age=60', `Date: ${httpDate(0)}`]

function nth(i: number): CacheRequest {
  return request({}, { url: `${URL_A}?${i}` })
}

describe('what is kept', () => {
  it('is the bytes as they came, whatever becomes of the buffer', () => {
    const stand = new Stand()
    const body = Buffer.from('bytes')
    void stand.cache.store(request(), head([...FRESH, 'Content-Encoding: gzip']), body, null, NOW, NOW)
    body.fill(0)
    const stored = storedOf(stand.ask())
    expect(bodyOf(stand.ask())).toBe('bytes')
    expect(stored.body.buffer.byteLength).toBe(5)
    expect(headOf(stored, 0)).toMatchObject({ contentEncoding: 'gzip', contentLength: 5, framing: 'length' })
  })

  it('has its fields in the order and case of the server, but for those of one hop', () => {
    const stand = new Stand()
    const lines = [
      'X-First: 1',
      ...FRESH,
      'Connection: close, X-Hop',
      'x-hop: 1',
      'Keep-Alive: timeout=5',
      'Transfer-Encoding: chunked',
      'Set-Cookie: a=1',
      'Age: 7',
      'SET-COOKIE: b=2',
    ]
    stand.keep(request(), head(lines))
    const { headers, setsCookie } = headOf(storedOf(stand.ask()), 12_345)
    expect(headers.raw).toEqual([
      'X-First',
      '1',
      'Cache-Control',
      'max-age=60',
      'Date',
      httpDate(0),
      'Set-Cookie',
      'a=1',
      'SET-COOKIE',
      'b=2',
      'Age',
      '12',
    ])
    // The jar was told when it came.
    expect(setsCookie).toBe(false)
  })

  it('gets a Date where the server gave none', () => {
    const stand = new Stand()
    stand.keep(request(), head(['Cache-Control: max-age=60']))
    expect(headOf(storedOf(stand.ask()), 0).headers.get('date')).toBe(httpDate(0))
  })

  it('has its trailers', () => {
    const stand = new Stand()
    void stand.cache.store(request(), head(FRESH), Buffer.from('x'), new Headers('X-Sum: 1\r\n'), NOW, NOW)
    expect(trailersOf(storedOf(stand.ask()))!.get('x-sum')).toBe('1')
    stand.keep(request(), head(FRESH))
    expect(trailersOf(storedOf(stand.ask()))).toBeNull()
  })

  it('leaves out fields that may not be used unvalidated, until a 304 came', () => {
    const stand = new Stand()
    stand.keep(
      request(),
      head(['Cache-Control: max-age=60, no-cache="X-Secret"', 'ETag: "1"', 'X-Secret: 1', 'X-B: 2']),
    )
    expect(storedOf(stand.ask()).fields).toContain('X-B')
    expect(storedOf(stand.ask()).fields).not.toContain('X-Secret: 1')
    stand.wait(90)
    const { stored } = stand.ask() as { stored: ReturnType<typeof storedOf> }
    const updated = stand.cache.freshen(request(), stored, head(['ETag: "1"'], 304), stand.now, stand.now)
    expect(updated!.fields).toContain('X-Secret: 1')
  })

  it.each<[string, () => Parameters<Stand['keep']>]>([
    ['what forbids it', () => [request(), head(['Cache-Control: no-store'])]],
    ['what breaks the grammar', () => [request(), head(['Cache-Control: max-age=60 public'])]],
    ['what varies with everything', () => [request(), head([...FRESH, 'Vary: *'])]],
    ['what could never be used', () => [request(), head()]],
    ['a request that forbids it', () => [request({ 'cache-control': 'no-store' }), head(FRESH)]],
    ['a request in mode no-store', () => [request({}, { mode: 'no-store' }), head(FRESH)]],
    ['another method', () => [request({}, { method: 'POST' }), head(FRESH)]],
    ['what is too large', () => [request(), { ...head(FRESH), contentLength: LIMITS.maxCacheEntry + 1 }]],
  ])('is not: %s', (_, asked) => {
    const stand = new Stand()
    expect(stand.keep(...asked())).toBe(false)
    expect(stand.cache.stats()).toMatchObject({ entries: 0 })
  })

  it('is not a body that turns out to be too large', () => {
    const stand = new Stand(new MemoryStore(), { maxEntry: 10 })
    expect(stand.keep(request(), head(FRESH), 'x'.repeat(11))).toBe(true)
    expect(stand.ask().kind).toBe('miss')
  })
})

describe('variants', () => {
  it('are kept side by side', () => {
    const stand = new Stand()
    const lines = [...FRESH, 'Vary: Accept-Language']
    stand.keep(request({ 'accept-language': 'en' }), head(lines), 'hello')
    stand.keep(request({ 'accept-language': 'de' }), head(lines), 'hallo')
    expect(bodyOf(stand.ask(request({ 'accept-language': 'en' })))).toBe('hello')
    expect(bodyOf(stand.ask(request({ 'accept-language': 'DE' })))).toBe('hallo')
    expect(stand.ask(request({ 'accept-language': 'fr' })).kind).toBe('miss')
    expect(stand.ask(request()).kind).toBe('miss')
  })
})

describe('identical requests in flight', () => {
  it('may wait for one another when their answer may be shared', () => {
    const { cache } = new Stand()
    expect(cache.joinKey(request())).not.toBeNull()
    expect(cache.joinKey(request())).toBe(cache.joinKey(request({ accept: 'x' })))
    expect(cache.joinKey(request())).not.toBe(cache.joinKey(request({}, { partition: 'jar' })))
  })

  it.each([
    [request({}, { method: 'POST' })],
    [request({}, { method: 'HEAD' })],
    [request({}, { mode: 'no-store' })],
    [request({}, { mode: 'reload' })],
    [request({}, { mode: 'only-if-cached' })],
    [request({ range: 'bytes=0-1' })],
    [request({ 'if-none-match': '"1"' })],
    [request({ 'if-match': '"1"' })],
    [request({ 'cache-control': 'no-store' })],
  ])('wait for nobody when not', (asked) => {
    expect(new Stand().cache.joinKey(asked)).toBeNull()
  })

  it('wait for nobody where the last answer was not kept, until one is', () => {
    const stand = new Stand()
    stand.keep(request(), head(['Cache-Control: no-store']))
    expect(stand.cache.joinKey(request())).toBeNull()
    expect(stand.cache.joinKey(request({}, { url: `${URL_A}?2` }))).not.toBeNull()
    stand.keep(request(), head(FRESH))
    expect(stand.cache.joinKey(request())).not.toBeNull()
  })

  it('remember so many keys and no more', () => {
    const { cache } = new Stand()
    for (let i = 0; i <= LIMITS.maxUnkeptKeys; i++) cache.storable(nth(i), head(['Cache-Control: no-store']))
    expect(cache.joinKey(nth(0))).not.toBeNull()
    expect(cache.joinKey(nth(1))).toBeNull()
    expect(cache.joinKey(nth(LIMITS.maxUnkeptKeys))).toBeNull()
  })
})

describe('unsafe methods', () => {
  const urls = [
    'http://a.example/page',
    'http://a.example/other?x',
    'http://b.example/page',
    'https://a.example/page',
  ]

  function left(
    method: string,
    answer: ReturnType<typeof head>,
    mode: 'default' | 'replay' = 'default',
  ): string[] {
    const stand = new Stand()
    for (const url of urls) stand.keep(request({}, { url }), head(FRESH))
    void stand.cache.invalidate(request({}, { method, mode }), answer)
    return urls.filter((url) => stand.ask(request({}, { url })).kind === 'hit')
  }

  it.each<[method: string, status: number, lines: string[], gone: number[]]>([
    ['POST', 200, [], [0]],
    ['PUT', 204, [], [0]],
    ['DELETE', 302, [], [0]],
    ['M-SEARCH', 200, [], [0]],
    ['POST', 404, [], []],
    ['POST', 500, [], []],
    ['GET', 200, ['Location: /other?x'], []],
    ['OPTIONS', 200, [], []],
    ['POST', 201, ['Location: /other?x#part'], [0, 1]],
    ['POST', 200, ['Content-Location: http://a.example/other?x'], [0, 1]],
    ['POST', 201, ['Location: http://b.example/page'], [0]],
    ['POST', 201, ['Location: https://a.example/page'], [0]],
    ['POST', 201, ['Location: http://['], [0]],
  ])('%s answered with %i %j ends %j', (method, status, lines, gone) => {
    expect(left(method, head(lines, status))).toEqual(urls.filter((_, i) => !gone.includes(i)))
  })

  it('end nothing in a replay', () => {
    expect(left('POST', head(), 'replay')).toEqual(urls)
  })
})

describe('HEAD', () => {
  const asked = request({}, { method: 'HEAD' })

  it('is answered by what GET got, without its body', () => {
    const stand = new Stand()
    stand.keep(request(), head([...FRESH, 'Content-Length: 4']), 'page')
    const stored = storedOf(stand.ask(asked))
    expect([stored.body.length, headOf(stored, 0).framing]).toEqual([0, 'none'])
    expect(stored.fields).toContain('Content-Length: 4')
    expect(bodyOf(stand.ask())).toBe('page')
    stand.wait(90)
    expect(stand.ask(asked).kind).toBe('miss')
  })

  it('answered anew updates what GET got, and keeps nothing of its own', () => {
    const stand = new Stand()
    stand.keep(asked, head(FRESH), '')
    expect(stand.ask(asked).kind).toBe('miss')
    stand.keep(request(), head([...FRESH, 'ETag: "1"', 'X-A: 1']), 'page')
    stand.wait(90)
    stand.keep(asked, head(['Cache-Control: max-age=10', `Date: ${httpDate(90)}`, 'ETag: "1"', 'X-A: 2']), '')
    expect(bodyOf(stand.ask())).toBe('page')
    expect(storedOf(stand.ask()).fields).toContain('X-A: 2')
  })

  it.each([
    [['ETag: "2"'], 200],
    [[`Last-Modified: ${httpDate(5)}`], 200],
    [['Content-Length: 5'], 200],
    [['Cache-Control: no-store'], 200],
    [[], 410],
  ])('with %j and %i ends what GET got', (lines, status) => {
    const stand = new Stand()
    stand.keep(
      request(),
      head([...FRESH, 'ETag: "1"', `Last-Modified: ${httpDate(0)}`, 'Content-Length: 4']),
      'page',
    )
    stand.keep(asked, head(lines, status), '')
    expect(stand.ask().kind).toBe('miss')
  })
})

describe('replay', () => {
  const replay = request({}, { mode: 'replay' })

  it.each<[lines: string[], status: number]>([
    [['Cache-Control: no-store'], 200],
    [['Cache-Control: broken ='], 200],
    [['Vary: *'], 200],
    [['Set-Cookie: a=1', 'Cache-Control: private, max-age=0'], 200],
    [[], 404],
    [['Location: /'], 302],
  ])('keeps an answer with %j and %i for ever, and shows it to nobody else', (lines, status) => {
    const stand = new Stand()
    expect(stand.keep(replay, head(lines, status), 'page')).toBe(true)
    stand.wait(10 * 365 * 86_400)
    expect(bodyOf(stand.ask(replay))).toBe('page')
    expect(
      stand.ask(request({ 'accept-language': 'xx', 'user-agent': 'new' }, { mode: 'replay' })).kind,
    ).toBe('hit')
    for (const mode of ['default', 'no-cache', 'force-cache', 'only-if-cached'] as const) {
      expect(stand.ask(request({}, { mode }))).not.toHaveProperty('stored')
    }
  })

  it.each([401, 407, 408, 425, 429, 500, 502, 503, 504, 206])('does not keep a %i', (status) => {
    expect(new Stand().keep(replay, head(FRESH, status))).toBe(false)
  })

  it('gives what other modes kept, however stale, and they what it was allowed to keep', () => {
    const stand = new Stand()
    stand.keep(request(), head([...FRESH, 'ETag: "1"']), 'page')
    stand.wait(1_000)
    expect(stand.ask(replay)).toMatchObject({ kind: 'hit', status: 'hit' })
    const other = request({}, { mode: 'replay', url: `${URL_A}?2` })
    stand.keep(other, head(['Cache-Control: max-age=60']), 'two')
    expect(bodyOf(stand.ask({ ...other, mode: 'default' }))).toBe('two')
  })

  it('keeps the answer to HEAD for HEAD, and asks the server for POST', () => {
    const stand = new Stand()
    stand.keep({ ...replay, method: 'HEAD' }, head(FRESH), '')
    expect(stand.ask({ ...replay, method: 'HEAD' }).kind).toBe('hit')
    expect(stand.ask(replay).kind).toBe('miss')
    expect(stand.ask({ ...replay, method: 'POST' }).kind).toBe('bypass')
  })

  it('hears no request directives: what is stored is given', () => {
    const stand = new Stand()
    stand.keep(replay, head(FRESH), 'page')
    expect(stand.ask(request({ 'cache-control': 'no-cache, no-store' }, { mode: 'replay' })).kind).toBe('hit')
  })
})

it('counts what it did', () => {
  const stand = new Stand()
  stand.ask()
  stand.keep(request(), head([...FRESH, 'ETag: "1"']))
  stand.ask()
  stand.wait(90)
  stand.ask(request({}, { mode: 'force-cache' }))
  const stored = storedOf(stand.ask())
  stand.cache.freshen(request(), stored, head(['ETag: "1"'], 304), stand.now, stand.now)
  expect(stand.cache.stats()).toMatchObject({
    hits: 1,
    stale: 1,
    misses: 2,
    revalidated: 1,
    entries: 1,
    errors: 0,
  })
  void stand.cache.clear()
  expect(stand.cache.stats()).toMatchObject({ entries: 0, bytes: 0 })
})

it('closes the stores that are its own', () => {
  const closed: string[] = []
  class Told extends MemoryStore {
    override close(): void {
      closed.push('closed')
    }
  }
  void new HttpCache(new Told(), { date: () => NOW }, { ownsStore: false }).close()
  expect(closed).toEqual([])
  void new HttpCache(new Told(), { date: () => NOW }).close()
  expect(closed).toEqual(['closed'])
})
