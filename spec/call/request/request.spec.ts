import { describe, expect, it } from 'vitest'
import type { RequestOptions, SharedOptions } from '../../../lib/call/request/request-options.ts'
import type { PreparedRequest, RequestBuilder } from '../../../lib/call/request/request.ts'
import type { HeadersInit } from '../../../lib/call/request/request-fields.ts'
import { CookieJars } from '../../../lib/cookies/jars.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'
import { version } from '../../../lib/index.ts'
import { madeBuilder } from './made-builder.ts'

const URL_ = 'http://a.test/x'

function builder(defaults: SharedOptions = {}): RequestBuilder {
  return madeBuilder(defaults)
}

function build(
  options: RequestOptions | undefined,
  defaults: SharedOptions = {},
  url = URL_,
): PreparedRequest {
  return builder(defaults).build(url, options, false).request
}

/** The lines that go out, but for those of every request. */
function lines(options: RequestOptions, defaults: SharedOptions = {}, url = URL_): string[] {
  const standard = ['Accept: */*', `User-Agent: trawl/${version}`]
  const all = build(options, defaults, url).fields.split('\r\n')
  expect(all.pop()).toBe('')
  return all.filter((line) => !standard.includes(line) && !line.startsWith('Accept-Encoding: '))
}

describe('the fields of a request', () => {
  it('are those of a simple client where nothing is said', () => {
    expect(build(undefined).fields).toMatch(
      new RegExp(
        `^Host: a\\.test\r\nAccept: \\*/\\*\r\nAccept-Encoding: gzip, deflate, br(, zstd)?\r\nUser-Agent: trawl/${version}\r\n$`,
      ),
    )
  })

  it("keep the caller's order and case; defaults follow, Host comes first", () => {
    const headers = { 'x-B': '1', 'X-a': '2', 'user-AGENT': 'me', accept: 'a/b' }
    expect(build({ headers, decompress: false }).fields).toBe(
      'Host: a.test\r\nx-B: 1\r\nX-a: 2\r\nuser-AGENT: me\r\naccept: a/b\r\n',
    )
    expect(lines({ headers: { 'X-Before': '1', hOST: 'b.test' } })).toEqual(['X-Before: 1', 'hOST: b.test'])
  })

  it.each<[string, HeadersInit]>([
    [
      'pairs',
      [
        ['X-A', '1'],
        ['x-a', '2'],
        ['X-B', '3'],
      ],
    ],
    ['a record', { 'X-A': ['1'], 'x-a': '2', 'X-B': 3 }],
    [
      'a Map',
      new Map([
        ['X-A', '1'],
        ['x-a', '2'],
        ['X-B', '3'],
      ]),
    ],
    [
      'a generator',
      (function* () {
        yield ['X-A', '1'] as const
        yield ['x-a', '2'] as const
        yield ['X-B', '3'] as const
      })(),
    ],
  ])('may come as %s', (_what, headers) => {
    expect(lines({ headers })).toEqual(['Host: a.test', 'X-A: 1', 'x-a: 2', 'X-B: 3'])
  })

  it('may come as the Headers of fetch, or of a response', () => {
    expect(lines({ headers: new Headers({ 'X-B': '1', 'X-A': '2' }) })).toEqual([
      'Host: a.test',
      'x-a: 2',
      'x-b: 1',
    ])
  })

  it('may have several lines, and empty ones', () => {
    expect(lines({ headers: { 'X-A': ['1', '2'], 'X-B': '', 'X-C': [] } })).toEqual([
      'Host: a.test',
      'X-A: 1',
      'X-A: 2',
      'X-B: ',
    ])
  })

  it("replace the client's of the same name in any case; other ones of the client stand first", () => {
    const defaults = { headers: { 'X-A': '1', 'X-B': '2', 'USER-AGENT': 'client' } }
    expect(lines({ headers: { 'x-b': '3', 'X-C': '4' } }, defaults)).toEqual([
      'Host: a.test',
      'X-A: 1',
      'USER-AGENT: client',
      'x-b: 3',
      'X-C: 4',
    ])
  })

  it('are left out when they are null, and as if not given when undefined', () => {
    const headers = {
      accept: null,
      'USER-agent': null,
      'Accept-Encoding': null,
      'X-A': null,
      'X-B': undefined,
    }
    expect(build({ headers }, { headers: { 'x-a': '1', 'x-b': '2' } }).fields).toBe(
      'Host: a.test\r\nx-b: 2\r\n',
    )
    expect(build({ headers: { 'User-Agent': undefined } }).fields).toContain('User-Agent: trawl')
  })

  it('are left out of all requests when the client sets them to null, save those that give them', () => {
    const defaults = { headers: { 'user-agent': null, Accept: null } }
    expect(build(undefined, defaults).fields).not.toMatch(/user-agent|accept:/i)
    expect(build({}, defaults).fields).not.toMatch(/user-agent|accept:/i)
    expect(lines({ headers: { 'User-Agent': 'me' } }, defaults)).toEqual(['Host: a.test', 'User-Agent: me'])
  })

  it('that a message cannot do without stay, though they be empty lists', () => {
    expect(lines({ headers: { Host: [], 'X-A': [] } })).toEqual(['Host: a.test'])
  })

  it('that a message cannot do without stay, though they be null', () => {
    const headers = { host: null, 'content-length': null, 'transfer-encoding': null }
    expect(lines({ headers, method: 'POST', body: new Uint8Array(2) })).toEqual([
      'Host: a.test',
      'Content-Length: 2',
    ])
  })

  it('say who the user is when the URL does', () => {
    const url = 'http://us%40er:p%C3%A4ss@a.test/x'
    const basic = Buffer.from('us@er:päss').toString('base64')
    expect(lines({}, {}, url)).toContain(`Authorization: Basic ${basic}`)
    expect(build(undefined, {}, url).fields).toContain(`Authorization: Basic ${basic}`)
    expect(lines({ headers: { authorization: 'Bearer t' } }, {}, url)).toEqual([
      'Host: a.test',
      'authorization: Bearer t',
    ])
    expect(lines({ headers: { authorization: null } }, {}, url)).toEqual(['Host: a.test'])
  })

  it('do not carry the credentials of one URL into the next', () => {
    const own = builder()
    const fields = (url: string): string => own.build(url, undefined, false).request.fields
    expect(fields('http://u:p@a.test/x')).toContain('Authorization')
    expect(fields('http://a.test/x')).not.toContain('Authorization')
    expect(fields('http://v:q@a.test/x')).toContain(Buffer.from('v:q').toString('base64'))
  })

  it.each([
    [{ Connection: 'close' }, true],
    [{ connection: 'TE, Close' }, true],
    [{ connection: ['keep-alive', 'close'] }, true],
    [
      [
        ['connection', 'keep-alive'],
        ['Connection', 'close'],
      ],
      true,
    ],
    [{ connection: 'keep-alive' }, false],
    [{ connection: 'not-close' }, false],
    [{ connection: null }, false],
  ] as [HeadersInit, boolean][])(
    'say whether the request is the last on its connection: %o',
    (headers, closes) => {
      expect(build({ headers }).closes).toBe(closes)
      expect(build({ headers: { connection: null } }, { headers: { connection: 'close' } }).closes).toBe(
        false,
      )
    },
  )
})

describe('what would break a head', () => {
  const INJECTED = 'x\r\nX-Injected: 1'
  const sly = { toString: () => INJECTED }

  it.each<[string, object]>([
    ['a method', { method: `GET / HTTP/1.1\r\nX-Injected: 1\r\n\r\nGET` }],
    ['a method with a blank', { method: 'GET /other' }],
    ['an empty method', { method: '' }],
    ['a name', { headers: { [INJECTED]: '1' } }],
    ['an empty name', { headers: { '': '1' } }],
    ['a name with a blank', { headers: { 'Content-Length ': '1' } }],
    ['a name with a colon', { headers: { 'X:': '1' } }],
    ['a name that is not ASCII', { headers: { Ä: '1' } }],
    ['a value', { headers: { 'X-A': INJECTED } }],
    ['a value with a bare LF', { headers: { 'X-A': 'x\ny' } }],
    ['a value with a bare CR', { headers: { 'X-A': 'x\ry' } }],
    ['a value with a NUL', { headers: { 'X-A': 'x\0y' } }],
    ['a value that would be cut to a line end', { headers: { 'X-A': 'x\u010d\u010ay' } }],
    ['a value of pairs', { headers: [['X-A', INJECTED]] }],
    ['a value in an array', { headers: { 'X-A': ['fine', INJECTED] } }],
    ['an array in an array', { headers: { 'X-A': [[INJECTED]] } }],
    ['an object', { headers: { 'X-A': sly } }],
    ['an object in an array', { headers: { 'X-A': [sly] } }],
    ['an object for Connection', { headers: { Connection: sly } }],
    [
      'an object for Content-Length',
      { headers: { 'Content-Length': { toString: () => '0' } }, method: 'POST' },
    ],
    ['a String', { headers: { 'X-A': new String(INJECTED) } }],
    ['a symbol', { headers: { 'X-A': Symbol('x') } }],
    ['a boolean', { headers: { 'X-A': true } }],
    ['a hole', { headers: { 'X-A': Array.from({ length: 1 }) } }],
    ['not a number', { headers: { 'X-A': Number.NaN } }],
    ['a name that is no string', { headers: [[7, 'x']] }],
    ['a name that is an object', { headers: [[sly, 'x']] }],
    ['a pair of three', { headers: [['X-A', 'x', 'y']] }],
    ['a list without pairs', { headers: ['X-A', 'x'] }],
    ['two hosts', { headers: { Host: 'a.test', host: 'b.test' } }],
    ['a list of hosts', { headers: { Host: ['a.test', 'b.test'] } }],
    ['a host with a line end', { headers: { Host: INJECTED } }],
    [
      'two lengths',
      {
        headers: [
          ['Content-Length', '0'],
          ['content-length', '0'],
        ],
      },
    ],
    ['a type of a blob', { body: new Blob(['x']), headers: { 'Content-Type': INJECTED } }],
    ['a client IP', { clientIp: '192.0.2.1\r\nX: 1' }],
    ['a client IP that closes a bracket', { clientIp: '::1]/x' }],
    ['a client IP that is an object', { clientIp: { toString: () => '192.0.2.1' } }],
  ])('is refused: %s', (_what, options) => {
    expect(() => build(options)).toThrow(ArgumentError)
  })

  it("is refused among a client's defaults when the client is made", () => {
    expect(() => builder({ headers: { 'X-A': INJECTED } })).toThrow(ArgumentError)
    expect(() => builder({ headers: { Host: ['a', 'b'] } })).toThrow(ArgumentError)
  })

  it('comes percent-encoded out of a URL', () => {
    const { request, path } = builder().build(
      'http://a.test/a\r\nb c%0d%0aX: 1?q=\u010d\u010a"#\r\n',
      {},
      false,
    )
    expect(path).toBe('/ab%20c%0d%0aX:%201?q=%C4%8D%C4%8A%22')
    expect(request.fields).not.toContain('X: 1')
  })

  it('does not come out of a host name', () => {
    for (const host of ['a\r\nb', 'a%0d%0ab', 'a%00', 'a b', 'a/b@c\\d:1']) {
      let text: string
      try {
        text = build(undefined, {}, `http://${host}/`).fields
      } catch (error) {
        text = (error as ArgumentError).code
      }
      expect(text).toMatch(/^(ERR_ARGUMENT|Host: [a-z.]+\r\n)/)
    }
  })
})

describe('the plain GETs of many targets', () => {
  const urls = [
    'http://a.test/',
    'http://b.test:8080/x',
    'https://c.test/',
    'http://[::1]/',
    'http://a.test/2',
  ]

  it.each<[string, SharedOptions]>([
    ['nothing', {}],
    ['fields', { headers: { 'X-A': '1', Accept: 'text/html', 'User-Agent': null } }],
    ['a Host of its own', { headers: { 'X-A': '1', hOST: 'other.test' } }],
    ['the Host of the first', { headers: { Host: 'a.test' } }],
    ['a cookie', { headers: { Cookie: 'a=b' } }],
    ['credentials', { auth: { basic: { username: 'u', password: 'p' }, origins: ['http://a.test'] } }],
    ['a session', { session: 's' }],
  ])('are what each would be by itself, where the client has %s', (_, defaults) => {
    for (const streamed of [false, true]) {
      const jars = new CookieJars()
      const shared = madeBuilder(defaults, { jars })
      for (const url of urls) {
        const { request, path } = shared.build(url, undefined, streamed)
        const alone = madeBuilder(defaults, { jars }).build(url, {}, streamed)
        expect({ ...request, rules: null, credentials: null, target: null, options: null }).toEqual({
          ...alone.request,
          rules: null,
          credentials: null,
          target: null,
          options: null,
        })
        expect([request.target.key, path]).toEqual([alone.request.target.key, alone.path])
        expect(request.rules).toEqual(alone.request.rules)
        expect(request.jar).toBe(jars.jar(defaults.session ?? ''))
        expect(request.credentials === null).toBe(alone.request.credentials === null)
      }
    }
  })

  it('are one request for each target, and another for streams', () => {
    const shared = builder()
    const [a, again, b] = [urls[0]!, urls[4]!, urls[1]!].map(
      (url) => shared.build(url, undefined, false).request,
    )
    expect(again).toBe(a)
    expect(b).not.toBe(a)
    const stream = shared.build(urls[0]!, undefined, true).request
    expect([stream.streamed, a!.streamed]).toEqual([true, false])
    expect(shared.build(urls[4]!, undefined, true).request).toBe(stream)
  })

  it('have the jar of their own client IP', () => {
    const jars = new CookieJars()
    let ip = 1
    const clientIps = { choose: () => `127.0.0.${ip}` }
    const shared = madeBuilder({}, { jars, clientIps })
    for (const url of ['http://a.test/', 'http://b.test/', 'http://a.test/']) {
      for (ip = 1; ip < 3; ip++) {
        const { request } = shared.build(url, undefined, false)
        expect([request.target.clientIp, request.jarName]).toEqual([`127.0.0.${ip}`, `127.0.0.${ip}`])
        expect(request.jar).toBe(jars.jar(`127.0.0.${ip}`))
      }
    }
  })
})
