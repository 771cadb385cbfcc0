import { describe, expect, it } from 'vitest'
import type { RequestOptions, SharedOptions } from '../../../lib/call/request/request-options.ts'
import type { PreparedRequest, RequestBuilder } from '../../../lib/call/request/request.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'
import { madeBuilder } from './made-builder.ts'

const URL_ = 'http://a.test/x'

function builder(defaults: SharedOptions = {}): RequestBuilder {
  return madeBuilder(defaults)
}

function build(options?: RequestOptions, defaults: SharedOptions = {}, streamed = false): PreparedRequest {
  return builder(defaults).build(URL_, options, streamed).request
}

function framing(options: RequestOptions): string[] {
  const { fields } = build(options)
  return fields.split('\r\n').filter((line) => /^(content-|transfer-|expect)/i.test(line))
}

async function* source(): AsyncGenerator<string> {
  yield 'x'
}

describe('methods', () => {
  it.each([
    ['get', 'GET', true],
    ['Post', 'POST', false],
    ['patch', 'PATCH', false],
    ['put', 'PUT', true],
    ['delete', 'DELETE', true],
    ['head', 'HEAD', true],
    ['options', 'OPTIONS', true],
    ['TRACE', 'TRACE', true],
    ['QUERY', 'QUERY', true],
    ['PROPFIND', 'PROPFIND', true],
    ['propfind', 'propfind', false],
    ["X-!#$%&'*+.^_`|~", "X-!#$%&'*+.^_`|~", false],
  ])('%s goes as %s', (given, method, idempotent) => {
    expect(build({ method: given })).toMatchObject({ method, idempotent })
    expect(build({ method: given, idempotent: !idempotent }).idempotent).toBe(!idempotent)
  })

  it('CONNECT is refused, with the remedy', () => {
    expect(() => build({ method: 'connect' })).toThrow(/CONNECT opens a tunnel.*use a proxy/)
  })
})

describe('the framing of a body', () => {
  const form = 'application/x-www-form-urlencoded;charset=UTF-8'
  it.each<[string, RequestOptions, string[]]>([
    ['none', { method: 'GET' }, []],
    ['none for a POST', { method: 'POST' }, ['Content-Length: 0']],
    ['none for a PUT', { method: 'PUT', body: null }, ['Content-Length: 0']],
    ['none for a DELETE', { method: 'DELETE' }, []],
    ['text', { method: 'POST', body: 'ä' }, ['Content-Type: text/plain;charset=UTF-8', 'Content-Length: 2']],
    [
      'empty text',
      { method: 'GET', body: '' },
      ['Content-Type: text/plain;charset=UTF-8', 'Content-Length: 0'],
    ],
    ['bytes', { body: new Uint8Array(3) }, ['Content-Length: 3']],
    ['a form', { body: new URLSearchParams('a=b') }, [`Content-Type: ${form}`, 'Content-Length: 3']],
    ['JSON', { json: { a: 1 } }, ['Content-Type: application/json', 'Content-Length: 7']],
    ['JSON null', { json: null }, ['Content-Type: application/json', 'Content-Length: 4']],
    ['a blob', { body: new Blob(['xy'], { type: 'a/b' }) }, ['Content-Type: a/b', 'Content-Length: 2']],
    ['an iterable', { body: source() }, ['Transfer-Encoding: chunked']],
    [
      'an iterable with a length',
      { body: source(), headers: { 'content-length': 1 } },
      ['content-length: 1'],
    ],
    [
      'one that says so',
      { body: source(), headers: { 'transfer-encoding': 'Chunked' } },
      ['transfer-encoding: Chunked'],
    ],
    [
      'a type given',
      { body: 'x', headers: { 'content-type': 'a/b' } },
      ['content-type: a/b', 'Content-Length: 1'],
    ],
    ['no type wanted', { body: 'x', headers: { 'content-type': null } }, ['Content-Length: 1']],
    [
      'a length given',
      { body: 'x', headers: { 'Content-Length': '1' } },
      ['Content-Length: 1', 'Content-Type: text/plain;charset=UTF-8'],
    ],
  ])('%s', (_what, options, expected) => {
    expect(framing(options)).toEqual(expected)
  })

  it.each<[string, RequestOptions, string]>([
    ['body and json', { body: 'x', json: 1 }, 'both body and json are given'],
    ['a wrong length', { body: 'x', headers: { 'Content-Length': 2 } }, 'announced length is 2'],
    ['a length for nothing', { headers: { 'Content-Length': 2 } }, 'there is no body to send'],
    ['a coding for nothing', { headers: { 'Transfer-Encoding': 'chunked' } }, 'there is no body to send'],
    ['a coding for bytes', { body: 'x', headers: { 'Transfer-Encoding': 'chunked' } }, 'leave it out'],
    [
      'another coding',
      { body: source(), headers: { 'Transfer-Encoding': 'gzip, chunked' } },
      'only "chunked" is sent',
    ],
    [
      'length and coding',
      { body: source(), headers: { 'Content-Length': 1, 'Transfer-Encoding': 'chunked' } },
      'only with a body of unknown length',
    ],
    ['a negative length', { body: source(), headers: { 'Content-Length': -1 } }, 'must be a whole number'],
    [
      'a hexadecimal length',
      { body: source(), headers: { 'Content-Length': '0x1' } },
      'must be a whole number',
    ],
    [
      'a length with a sign',
      { body: source(), headers: { 'Content-Length': '+1' } },
      'must be a whole number',
    ],
    [
      'a list of lengths',
      { body: source(), headers: { 'Content-Length': ['1', '1'] } },
      'must be a whole number',
    ],
    [
      'a length beyond numbers',
      { body: source(), headers: { 'Content-Length': '9'.repeat(20) } },
      'must be a whole number',
    ],
    ['what is no body', { body: 7 as unknown as string }, 'a number cannot be sent'],
    ['JSON that is none', { json: 1n }, 'cannot be written as JSON'],
  ])('is refused: %s', (_what, options, message) => {
    expect(() => build({ method: 'POST', ...options })).toThrow(ArgumentError)
    expect(() => build({ method: 'POST', ...options })).toThrow(message)
  })

  it.each<[string, RequestOptions, number, string[]]>([
    ['asked for', { body: 'x', expectContinue: true }, LIMITS.continueTimeout, ['Expect: 100-continue']],
    ['with a time', { body: 'x', expectContinue: 50 }, 50, ['Expect: 100-continue']],
    [
      'by the field',
      { body: 'x', headers: { expect: '100-continue' } },
      LIMITS.continueTimeout,
      ['expect: 100-continue'],
    ],
    ['not asked for', { body: 'x', expectContinue: false }, 0, []],
    ['without a body', { method: 'POST', expectContinue: true }, 0, []],
    ['with an empty body', { body: '', expectContinue: true }, 0, []],
    ['with the field left out', { body: 'x', expectContinue: true, headers: { Expect: null } }, 0, []],
  ])('waits for 100: %s', (_what, options, ms, lines) => {
    expect(build(options).expectContinue).toBe(ms)
    expect(framing(options).filter((line) => /^expect/i.test(line))).toEqual(lines)
  })
})

describe('settings', () => {
  const TIMES = ['queueTimeout', 'connectTimeout', 'requestTimeout', 'replyTimeout', 'bodyTimeout'] as const

  it.each(TIMES)("%s: a request's wins over the client's, and that over the limit's", (name) => {
    expect(build().timeouts[name]).toBe(LIMITS[name])
    expect(build({}, { [name]: 7 }).timeouts[name]).toBe(7)
    expect(build({ [name]: 5 }, { [name]: 7 }).timeouts[name]).toBe(5)
    expect(build({ [name]: 0 }, { [name]: 7 }).timeouts[name]).toBe(0)
    expect(build({ [name]: undefined }, { [name]: 7 }).timeouts[name]).toBe(7)
  })

  it.each([
    ['totalTimeout', LIMITS.totalTimeout, 7, 5],
    ['maxBodySize', LIMITS.maxBodySize, 7, 5],
    ['maxDecodeRatio', LIMITS.maxDecodeRatio, 7, 5],
    ['decompress', true, false, true],
  ] as const)('%s too', (name, limit, client, own) => {
    expect(build().rules[name]).toBe(limit)
    expect(build(undefined, { [name]: client }).rules[name]).toBe(client)
    expect(build({ [name]: own }, { [name]: client }).rules[name]).toBe(own)
    expect(build({ replyTimeout: 1 }, { [name]: client }).rules[name]).toBe(client)
  })

  it('bound a whole body by default, and a streamed one only where asked', () => {
    expect(build({}, {}, true).rules.maxBodySize).toBe(Infinity)
    expect(build({ bodyTimeout: 1 }, {}, true).rules.maxBodySize).toBe(Infinity)
    expect(build({}, { maxBodySize: 7 }, true).rules.maxBodySize).toBe(7)
    expect(build({ maxBodySize: 5 }, {}, true)).toMatchObject({ rules: { maxBodySize: 5 }, streamed: true })
  })

  it('are shared by requests that agree', () => {
    const own = builder()
    const request = (options?: RequestOptions, url = URL_): PreparedRequest =>
      own.build(url, options, false).request
    expect(request()).toBe(request())
    expect(request(undefined, 'http://a.test/other')).toBe(request())
    expect(own.build(URL_, undefined, true).request).not.toBe(request())
    expect(request({ headers: { a: 'b' } }).timeouts).toBe(request().timeouts)
  })

  it('hand the signal on, and nothing without options', () => {
    const { signal } = new AbortController()
    expect(builder().build(URL_, { signal }, false).request.options.signal).toBe(signal)
    expect(builder().build(URL_, undefined, false).request.options.signal).toBeUndefined()
  })

  it('leave Accept-Encoding out when nothing is to be decoded', () => {
    expect(build({ decompress: false }).fields).not.toContain('Accept-Encoding')
  })
})

describe('the target of a request', () => {
  const own = builder({ clientIp: '192.0.2.1' })
  const key = (options: RequestOptions | undefined, url = 'https://a.test/x'): string =>
    own.build(url, options, false).request.target.key

  it('has the client IP of the request, else of the client', () => {
    expect(key(undefined)).toBe('https://a.test from 192.0.2.1')
    expect(key({ clientIp: '192.0.2.2' })).toBe('https://a.test from 192.0.2.2')
    expect(key({ clientIp: '' })).toBe('https://a.test')
  })

  it('has a TLS identity where the request has TLS options, and TLS', () => {
    const tlsOptions = { servername: 'b' }
    expect(key({ tlsOptions })).toMatch(/^https:\/\/a\.test from 192\.0\.2\.1 tls [\w-]{22}$/)
    expect(key({ tlsOptions })).toBe(key({ tlsOptions: { servername: 'b' } }))
    expect(key({ tlsOptions })).not.toBe(key({ tlsOptions: { servername: 'c' } }))
    expect(key({ tlsOptions }, 'http://a.test/')).toBe('http://a.test from 192.0.2.1')
  })

  it('is one object for requests that agree', () => {
    const [a, b, c, d] = [{}, { method: 'POST' }, { clientIp: '192.0.2.2' }, { clientIp: '192.0.2.2' }].map(
      (options) => own.build(URL_, options, false).request.target,
    )
    expect(a).toBe(b)
    expect(c).toBe(d)
    expect(a).not.toBe(c)
  })
})
