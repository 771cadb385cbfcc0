import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { plain, readAll } from './read-all.ts'

type Fields = Readonly<Record<string, unknown>>

/** A HAR as browsers export it, whose entries have these requests. */
function har(requests: readonly Fields[], spaces = 2): string {
  const entries = requests.map((request) => ({
    startedDateTime: '2026-01-01T00:00:00.000Z',
    time: 12.5e-1,
    _initiator: {
      url: 'http://no/',
      request: { url: 'http://no/' },
      entries: [{ request: { url: 'http://no/' } }],
    },
    request: { method: 'GET', httpVersion: 'h2', cookies: [], queryString: [], headersSize: -1, ...request },
    response: {
      status: 200,
      content: { size: 3, mimeType: 'text/html', text: 'a"}\\\u00e9{"request":{"url":"http://no/"}}' },
    },
    timings: { send: 0, wait: -1, receive: true, blocked: null },
  }))
  return JSON.stringify({ log: { version: '1.2', creator: { name: 'x' }, pages: [], entries } }, null, spaces)
}

function fields(...pairs: [name: string, value: string][]): Fields[] {
  return pairs.map(([name, value]) => ({ name, value }))
}

async function itemOf(request: Fields): Promise<unknown> {
  const items = await readAll(har([request]))
  expect(items.map(({ problem }) => problem)).toEqual([''])
  return items[0]!.item
}

describe('a HAR', () => {
  it('has requests, whatever their responses hold', async () => {
    const urls = ['http://a/1', 'https://a/\u00e9?"\\', 'http://a/1']
    const expected = urls.map((url, i) => plain(url, i + 1))
    for (const spaces of [0, 2]) {
      const text = har(
        urls.map((url) => ({ url })),
        spaces,
      )
      expect(await readAll(text)).toEqual(expected)
      expect(await readAll(`\uFEFF${text}`, { format: 'har' })).toEqual(expected)
      expect(await readAll(gzipSync(text))).toEqual(expected)
    }
  })

  it('gives the fields of a request, but for those of its connection', async () => {
    const headers = fields(
      [':authority', 'a'],
      ['Host', 'a'],
      ['Connection', 'keep-alive'],
      ['Content-Length', '3'],
      ['Accept-Encoding', 'br'],
      ['transfer-encoding', 'chunked'],
      ['Accept', '*/*'],
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['X-A', '1'],
      ['x-a', '2'],
      ['__proto__', '3'],
    )
    expect(await itemOf({ url: 'http://a/', headers })).toEqual({
      url: 'http://a/',
      headers: JSON.parse('{"Accept":"*/*","cookie":"a=1; b=2","X-A":["1","2"],"__proto__":"3"}') as unknown,
    })
  })

  it('gives the method and the body', async () => {
    const postData = { mimeType: 'application/json', text: '{"\u00e9":"\\n}"}' }
    expect(await itemOf({ url: 'http://a/', method: 'POST', postData })).toEqual({
      url: 'http://a/',
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"\u00e9":"\\n}"}',
    })
    const headers = fields(['content-type', 'text/plain'])
    expect(await itemOf({ url: 'http://a/', method: 'PUT', headers, postData })).toMatchObject({
      headers: { 'content-type': 'text/plain' },
    })
    expect(await itemOf({ url: 'http://a/', method: 'HEAD', postData: { mimeType: '', text: '' } })).toEqual({
      url: 'http://a/',
      method: 'HEAD',
    })
  })

  it('makes the body of a form of its parts', async () => {
    const postData = {
      mimeType: 'application/x-www-form-urlencoded',
      params: fields(['a b', '1&'], ['c', '']),
    }
    expect(await itemOf({ url: 'http://a/', method: 'POST', postData })).toMatchObject({
      body: 'a+b=1%26&c=',
    })
    const parts = { mimeType: 'multipart/form-data; boundary=x', params: fields(['a', '1']) }
    const [item] = await readAll(har([{ url: 'http://a/', method: 'POST', postData: parts }]))
    expect(item!.problem).toContain('not the body that was sent')
  })

  it('takes a body in base64 if it is text', async () => {
    const postData = {
      mimeType: 'text/plain',
      encoding: 'base64',
      text: Buffer.from('\u00e9').toString('base64'),
    }
    expect(await itemOf({ url: 'http://a/', postData })).toMatchObject({ body: '\u00e9' })
    const binary = { ...postData, text: '/w==' }
    const [item] = await readAll(har([{ url: 'http://a/', postData: binary }]))
    expect(item!.problem).toContain('is not text')
  })

  it('leaves out what is no HTTP, and tells of it once', async () => {
    const notes: string[] = []
    const urls = ['data:,x', 'wss://a/', 'data:,y', 'http://a/']
    const items = await readAll(har(urls.map((url) => ({ url }))), { note: (note) => notes.push(note) })
    expect(items).toEqual([plain('http://a/', 1)])
    expect(notes).toEqual([
      'entries of the HAR with data: URLs are left out',
      'entries of the HAR with wss: URLs are left out',
    ])
  })

  it('tells what is wrong with an entry, and goes on', async () => {
    const text =
      '{"log":{"entries":[{},{"request":1},{"request":{}},{"request":{"url":7}},{"request":{"url":"http://a/"}}]}}'
    const items = await readAll(text)
    expect(items.map(({ problem }) => /no request|no url|^$/u.exec(problem)?.[0])).toEqual([
      'no request',
      'no request',
      'no url',
      'no url',
      '',
    ])
  })

  it('tells of one that is damaged, after what stands before the damage, in any split', async () => {
    const text = har([{ url: 'http://a/1' }, { url: 'http://a/2' }])
    const whole = [plain('http://a/1', 1), plain('http://a/2', 2)]
    const faults: [text: string, items: unknown[], problem: RegExp][] = [
      [text.slice(0, -3), whole, /ends in the middle/u],
      [`${text}x`, whole, /not JSON/u],
      [text.replace('"status"', 'status'), whole.slice(0, 1), /not JSON/u],
      ['{"log":{}}', [], /no log.entries/u],
      ['{"log":1}', [], /no log.entries/u],
      ['{\n"other":{"entries":[{"request":{"url":"http://no/"}}]}}', [], /no log.entries/u],
      [`{"log":{"entries":[${'['.repeat(1_000)}`, [], /more than 100 levels/u],
    ]
    for (const [damaged, items, problem] of faults) {
      for (const size of [1, 3, 100, 1_000_000]) {
        const found = await readAll(damaged, {}, size)
        expect(found.slice(0, -1)).toEqual(items)
        expect(found.at(-1)!.problem).toMatch(problem)
      }
    }
  })

  it('finds the end of what it skips, wherever its backslashes are', async () => {
    const texts = [
      '',
      '"',
      '\\',
      '\\"',
      '"\\',
      '\\\\"}',
      '\u0001\u2028\\u0022',
      '}"request":{"url":"http://no/"}',
    ]
    for (const text of texts) {
      const entry = {
        [`x${text}`]: text,
        a: text,
        request: { url: 'http://a/', [text]: text, b: text },
        [text]: [text],
      }
      const whole = JSON.stringify({ log: { [text]: text, entries: [entry, entry] } })
      for (let size = 1; size < 12; size++) {
        const items = await readAll(whole, { format: 'har' }, size)
        expect(items).toEqual([plain('http://a/', 1), plain('http://a/', 2)])
      }
    }
  })

  it('bounds one request', async () => {
    const large = { url: 'http://a/', postData: { text: 'x'.repeat(LIMITS.maxInputItem) } }
    for (const size of [65_536, 100_000_000]) {
      const items = await readAll(har([large, { url: 'http://b/' }]), {}, size)
      expect(items[0]!.problem).toContain('larger than 16777216 characters')
      expect(items[1]).toEqual(plain('http://b/', 2))
    }
  })
})
