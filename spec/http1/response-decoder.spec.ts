import { describe, expect, it } from 'vitest'
import { LimitError, ProtocolError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { ResponseDecoder } from '../../lib/http1/response-decoder.ts'
import { bytesOf, decodeCase, decodeError, decodeOne, decodePieces } from './decoder-cases.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const chunked = (body: string): string => `${OK}Transfer-Encoding: chunked\r\n\r\n${body}`

describe('body', () => {
  it('by Content-Length', () => {
    expect(decodeOne(`${OK}Content-Length: 5\r\n\r\nhello`)).toMatchObject({
      framing: 'length',
      contentLength: 5,
      body: 'hello',
      keepAlive: true,
    })
  })

  it('chunked, with extensions and trailers', () => {
    const answer = decodeOne(chunked('5;a;b="c;\\"d"\r\nhello\r\n0\r\nT: 1\r\nU: 2\r\n 3\r\n\r\n'))
    expect(answer).toMatchObject({ framing: 'chunked', contentLength: -1, body: 'hello', keepAlive: true })
    expect(answer.trailers).toEqual([
      ['T', '1'],
      ['U', '2 3'],
    ])
  })

  it('trailers never become header fields, nor change the framing', () => {
    const answer = decodeOne(chunked('0\r\nContent-Length: 99\r\nConnection: close\r\n\r\n'))
    expect(answer.headers).toEqual([['Transfer-Encoding', 'chunked']])
    expect(answer).toMatchObject({ keepAlive: true, body: '' })
    expect(answer.trailers).toHaveLength(2)
  })

  it('trailers that are no field lines: as in a head', () => {
    expect(decodeError(chunked('0\r\n X: 1\r\n\r\n'))).toBe('blank-before-first-field')
    expect(decodeError(chunked('0\r\n(: 1\r\n\r\n'))).toBe('field-name')
    expect(decodeOne(chunked('0\r\nnothing\r\n\r\n')).trailers).toBeNull()
  })

  it('neither TE nor CL: until close', () => {
    const text = `${OK}A: 1\r\n\r\nall there is`
    expect(decodeOne(text)).toMatchObject({ framing: 'close', keepAlive: false, body: 'all there is' })
    const cut = decodeCase(text, { clean: false })
    expect(cut).toMatchObject({ end: 'body', error: '' })
    expect(cut.answers[0]!.whole).toBe(false)
  })

  it('a body until close may be empty', () => {
    expect(decodeCase(`${OK}\r\n`)).toMatchObject({ end: 'complete', answers: [{ body: '', whole: true }] })
  })

  it.for([
    ['204', 'HTTP/1.1 204 No Content', 'GET', 'A: 1', true],
    ['204 with Content-Length', 'HTTP/1.1 204 No Content', 'GET', 'Content-Length: 5', false],
    ['204 with Content-Length 0', 'HTTP/1.1 204 No Content', 'GET', 'Content-Length: 0', true],
    ['204 with chunked', 'HTTP/1.1 204 No Content', 'GET', 'Transfer-Encoding: chunked', false],
    ['304', 'HTTP/1.1 304 Not Modified', 'GET', 'Content-Length: 5', true],
    ['304 with chunked', 'HTTP/1.1 304 Not Modified', 'GET', 'Transfer-Encoding: chunked', true],
    ['HEAD', 'HTTP/1.1 200 OK', 'HEAD', 'Content-Length: 5', true],
    ['HEAD with chunked', 'HTTP/1.1 200 OK', 'HEAD', 'Transfer-Encoding: chunked', true],
    ['HEAD without length', 'HTTP/1.1 200 OK', 'HEAD', 'A: 1', true],
    ['HEAD with differing lengths', 'HTTP/1.1 200 OK', 'HEAD', 'Content-Length: 5, 6', false],
    ['HEAD with both', 'HTTP/1.1 200 OK', 'HEAD', 'Content-Length: 5\r\nTransfer-Encoding: chunked', false],
  ] as const)('%s: no body', ([, line, method, field, keepAlive]) => {
    const answer = decodeOne(`${line}\r\n${field}\r\n\r\n`, { methods: [method] })
    expect(answer).toMatchObject({ framing: 'none', body: '', keepAlive })
  })

  it('the length that HEAD and 304 tell is reported', () => {
    const head = `${OK}Content-Length: 5\r\n\r\n`
    expect(decodeOne(head, { methods: ['HEAD'] }).contentLength).toBe(5)
    expect(decodeOne(head.replace('200 OK', '304 Not Modified')).contentLength).toBe(5)
    expect(decodeOne('HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n').contentLength).toBe(-1)
  })

  it('CONNECT and 2xx: no body, and nothing after the head is ours', () => {
    const outcome = decodeCase(`${OK}Content-Length: 5\r\n\r\ntunnel`, { methods: ['CONNECT'] })
    expect(outcome).toMatchObject({ closed: true, consumed: 38, error: '' })
    expect(outcome.answers).toMatchObject([{ framing: 'none', keepAlive: false, body: '', whole: true }])
  })

  it('CONNECT refused: a body as ever', () => {
    const answer = decodeOne('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', { methods: ['CONNECT'] })
    expect(answer).toMatchObject({ body: 'no', keepAlive: true })
  })

  it.for([
    ['a length', `${OK}Content-Length: 5\r\n\r\nhell`],
    ['chunked, in a size', chunked('5\r\nhello\r\n0')],
    ['chunked, in data', chunked('5\r\nhel')],
    ['chunked, before the last chunk', chunked('5\r\nhello\r\n')],
    ['chunked, before the empty line', chunked('5\r\nhello\r\n0\r\n')],
    ['chunked, in trailers', chunked('0\r\nA: 1\r\n')],
  ] as const)('a body shorter than told (%s): never a short success', ([, text]) => {
    const outcome = decodeCase(text)
    expect(outcome).toMatchObject({ end: 'body', error: '', closed: false })
    expect(outcome.answers[0]!.whole).toBe(false)
  })

  it('a head cut short', () => {
    expect(decodeCase('HTTP/1.1 200 OK\r\nA: 1\r\n')).toMatchObject({ end: 'head', answers: [], starts: 1 })
    expect(decodeCase('H')).toMatchObject({ end: 'head', starts: 1 })
    expect(decodeCase('HTTP/1.1 100 Continue\r\n\r\n')).toMatchObject({ end: 'head', starts: 1 })
  })
})

describe('interim answers', () => {
  it('1xx are told and skipped', () => {
    const outcome = decodeCase(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
        `HTTP/1.1 102 Processing\r\nContent-Length: 7\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    )
    expect(outcome.informational).toEqual([
      { status: 100, headers: [] },
      { status: 103, headers: [['Link', '</a>']] },
      { status: 102, headers: [['Content-Length', '7']] },
    ])
    expect(outcome).toMatchObject({ starts: 1, error: '', end: 'idle', closed: false })
    expect(outcome.answers).toMatchObject([{ status: 200, body: 'hi', keepAlive: true }])
  })

  it('more 1xx than the bound: reject; the bound starts anew with each answer', () => {
    const interim = 'HTTP/1.1 103 Early\r\n\r\n'
    const most = interim.repeat(LIMITS.maxInformational)
    const final = `${OK}Content-Length: 0\r\n\r\n`
    expect(decodeError(most + interim + final)).toBe('maxInformational')
    expect(decodeCase(most + final + most + final, { methods: ['GET', 'GET'] }).answers).toHaveLength(2)
  })

  it('a 101 not asked for: reject', () => {
    expect(decodeError('HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n')).toBe('unexpected-upgrade')
  })
})

describe('one connection', () => {
  it('delivers pipelined answers in order, each for its own request', () => {
    const text = `${OK}Content-Length: 1\r\n\r\na${OK}Content-Length: 9\r\n\r\n${chunked('1\r\nc\r\n0\r\n\r\n')}`
    const outcome = decodeCase(text, { methods: ['GET', 'HEAD', 'POST'] })
    expect(outcome.answers.map((answer) => answer.body)).toEqual(['a', '', 'c'])
    expect(outcome).toMatchObject({ starts: 3, end: 'idle', consumed: text.length })
  })

  it('bytes after an answer when nothing is in flight: closed before them, never an answer', () => {
    const first = `${OK}Content-Length: 2\r\n\r\nhi`
    expect(decodeCase(`${first}${first}`)).toMatchObject({ closed: true, consumed: first.length, starts: 2 })
    expect(decodePieces([bytesOf('\r\nHTTP')], { methods: [] }).consumed).toBe(2)
    expect(decodePieces([bytesOf('\r\n\rHTTP')], { methods: [] }).consumed).toBe(2)
  })

  it('closes after an answer that says so, and consumes nothing more', () => {
    const text = `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nhi`
    const outcome = decodeCase(`${text}more`, { methods: ['GET', 'GET'] })
    expect(outcome).toMatchObject({ closed: true, consumed: text.length, starts: 1 })
  })

  it('an error closes it for good', () => {
    const decoder = silentDecoder()
    expect(() => decoder.decode(bytesOf('nonsense\r\n'))).toThrow(ProtocolError)
    expect(decoder.closed).toBe(true)
    expect(decoder.decode(bytesOf(OK))).toBe(0)
    expect(decoder.end(true)).toBe('idle')
  })

  it.for(['onStart', 'onInformational', 'onHead', 'onBody', 'onEnd'] as const)(
    'stops when the owner closes it in %s',
    (where) => {
      const events: string[] = []
      const note = (name: string): void => {
        events.push(name)
        if (name === where) decoder.close()
      }
      const decoder = new ResponseDecoder(
        {
          onStart: () => {
            note('onStart')
            return 'GET'
          },
          onInformational: () => note('onInformational'),
          onHead: () => note('onHead'),
          onBody: () => note('onBody'),
          onEnd: () => note('onEnd'),
        },
        { mode: 'lenient', maxHeadSize: 1000 },
      )
      const text = `HTTP/1.1 103 Early\r\n\r\n${chunked('1\r\na\r\n0\r\n\r\n')}`
      const consumed = decoder.decode(bytesOf(text + text))
      expect(events.at(-1)).toBe(where)
      expect(events.filter((event) => event === where)).toHaveLength(1)
      expect(decoder.closed).toBe(true)
      expect(consumed).toBeLessThanOrEqual(text.length)
      expect(decoder.decode(bytesOf(text))).toBe(0)
    },
  )

  it('hands out views on the chunk it was given, and the chunk itself where all of it is body', () => {
    const got: Uint8Array[] = []
    const decoder = silentDecoder((chunk) => got.push(chunk))
    const first = Buffer.from(`${OK}Content-Length: 6\r\n\r\nab`)
    const second = Buffer.from('cd')
    decoder.decode(first)
    decoder.decode(second)
    decoder.decode(new Uint8Array(Buffer.from('xefx').buffer, 0, 0))
    expect(got[0]!.buffer).toBe(first.buffer)
    expect(got[1]).toBe(second)
    expect(got).toHaveLength(2)
  })

  it('takes any Uint8Array, a view in the middle of a larger buffer too', () => {
    const text = `${OK}Content-Length: 2\r\n\r\nhi`
    const large = new Uint8Array(500).fill(120)
    large.set(bytesOf(text), 100)
    expect(decodePieces([large.subarray(100, 100 + text.length)]).answers).toMatchObject([{ body: 'hi' }])
  })
})

function silentDecoder(onBody: (chunk: Uint8Array) => void = () => {}): ResponseDecoder {
  return new ResponseDecoder(
    { onStart: () => 'GET', onInformational() {}, onHead() {}, onBody, onEnd() {} },
    { mode: 'lenient', maxHeadSize: 65_536 },
  )
}

describe('what is captured from the head', () => {
  it('Keep-Alive, in milliseconds and requests', () => {
    const head = (value: string): string => `${OK}Keep-Alive: ${value}\r\nContent-Length: 0\r\n\r\n`
    expect(decodeOne(head('timeout=5, max=100'))).toMatchObject({ keepAliveTimeout: 5000, keepAliveMax: 100 })
    expect(decodeOne(head('Max=3; TIMEOUT=7'))).toMatchObject({ keepAliveTimeout: 7000, keepAliveMax: 3 })
    expect(decodeOne(head('timeout=soon'))).toMatchObject({ keepAliveTimeout: -1, keepAliveMax: -1 })
    expect(decodeOne(`${OK}Content-Length: 0\r\n\r\n`)).toMatchObject({
      keepAliveTimeout: -1,
      keepAliveMax: -1,
    })
  })

  it('Content-Encoding, joined', () => {
    const text = `${OK}content-encoding: gzip\r\nContent-Length: 0\r\nContent-Encoding: br\r\n\r\n`
    expect(decodeOne(text).contentEncoding).toBe('gzip, br')
    expect(decodeOne(`${OK}Content-Length: 0\r\n\r\n`).contentEncoding).toBe('')
  })

  it.each([
    ['gzip, chunked', '', 'gzip'],
    ['Deflate , chunked', 'br', 'br, deflate'],
    ['identity, chunked', '', ''],
    ['chunked', 'gzip', 'gzip'],
  ])('counts compressing transfer codings as applied last: %s over "%s"', (transfer, content, expected) => {
    const field = content === '' ? '' : `Content-Encoding: ${content}\r\n`
    const text = `${OK}Transfer-Encoding: ${transfer}\r\n${field}\r\n1\r\nx\r\n0\r\n\r\n`
    expect(decodeOne(text).contentEncoding).toBe(expected)
  })

  it('whether Set-Cookie is there, in any case and folded', () => {
    expect(setsCookie(['Set-Cookie: a=1', 'set-cookie:', 'SET-COOKIE: a=1;\r\n path=/'])).toEqual([
      true,
      true,
      true,
    ])
    const others = ['Set-Cookie2: a=1', 'Connection: keep-alive', 'X: Set-Cookie: a=1']
    expect(setsCookie(others)).toEqual([false, false, false])
  })

  it('nothing of one answer in the next', () => {
    const first = `${OK}Set-Cookie: a=1\r\nContent-Encoding: gzip\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n`
    const outcome = decodeCase(`${first}${OK}\r\n`, { methods: ['GET', 'GET'] })
    expect(outcome.answers[1]).toMatchObject({
      headers: [],
      setsCookie: false,
      contentEncoding: '',
      keepAliveTimeout: -1,
      framing: 'close',
    })
  })
})

/** A head of exactly `size` bytes. */
function headOf(size: number): string {
  const frame = `${OK}A: \r\nContent-Length: 0\r\n\r\n`
  return frame.replace('A: ', `A: ${'x'.repeat(size - frame.length)}`)
}

/** A chunked answer whose trailer section has exactly `size` bytes. */
function trailerOf(size: number): string {
  return chunked(`0\r\nA: ${'x'.repeat(size - 7)}\r\n\r\n`)
}

describe('limits', () => {
  it('maxHeadSize: to the byte', () => {
    expect(decodeOne(headOf(300), { maxHeadSize: 300 }).status).toBe(200)
    expect(decodeError(headOf(301), { maxHeadSize: 300 })).toBe('maxHeadSize')
    expect(decodeError(`${OK}A: ${'x'.repeat(300)}`, { maxHeadSize: 300 })).toBe('maxHeadSize')
    expect(decodeError(`HTTP/1.1 200 ${'x'.repeat(300)}`, { maxHeadSize: 300 })).toBe('maxHeadSize')
    expect(decodeError(`${OK}A: x\r\n ${'x\r\n '.repeat(100)}`, { maxHeadSize: 300 })).toBe('maxHeadSize')
  })

  it('maxHeadSize: a head of 64 KB over many windows, each head anew', () => {
    const large = headOf(LIMITS.maxHeadSize)
    const splits = [1, 1023, 1024, 1025, 40_000, large.length - 1, large.length]
    const options = { splits, methods: ['GET', 'GET'] }
    expect(decodeCase(large + large, options).answers).toMatchObject([{ status: 200 }, { status: 200 }])
    expect(decodeError(headOf(LIMITS.maxHeadSize + 1), { splits })).toBe('maxHeadSize')
  })

  it('maxHeaderFields', () => {
    const most = `A: 1\r\n`.repeat(LIMITS.maxHeaderFields - 1)
    const options = { splits: [100, 1023, 1024, 2000] }
    const end = 'Content-Length: 0\r\n\r\n'
    expect(decodeOne(OK + most + end, options).headers).toHaveLength(LIMITS.maxHeaderFields)
    expect(decodeError(`${OK}A: 1\r\n${most}${end}`, options)).toBe('maxHeaderFields')
    expect(decodeError(`${OK}ignored\r\n${most}${end}`, options)).toBe('maxHeaderFields')
  })

  it('maxTrailerSize', () => {
    const options = { splits: [60, 2000, 10_000] }
    expect(decodeOne(trailerOf(LIMITS.maxTrailerSize), options).trailers).toHaveLength(1)
    expect(decodeError(trailerOf(LIMITS.maxTrailerSize + 1), options)).toBe('maxTrailerSize')
  })

  it('names the limit and its value in the error', () => {
    const decoder = new ResponseDecoder(
      { onStart: () => 'GET', onInformational() {}, onHead() {}, onBody() {}, onEnd() {} },
      { mode: 'lenient', maxHeadSize: 10 },
    )
    const thrown = capture(() => decoder.decode(bytesOf(OK)))
    expect(thrown).toBeInstanceOf(LimitError)
    expect(thrown).toMatchObject({ limit: 'maxHeadSize', value: 10, code: 'ERR_LIMIT' })
  })

  it('a head that arrives byte by byte costs no more than its size', () => {
    // Quadratic work would be some thirty billion steps here, far beyond the spec's time limit.
    const text = headOf(1 << 18)
    const decoder = new ResponseDecoder(
      { onStart: () => 'GET', onInformational() {}, onHead() {}, onBody() {}, onEnd() {} },
      { mode: 'lenient', maxHeadSize: 1 << 18 },
    )
    const bytes = bytesOf(text)
    for (let i = 0; i < bytes.length; i++) decoder.decode(bytes.subarray(i, i + 1))
    expect(decoder.end(true)).toBe('idle')
  })
})

function capture(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/** Whether the head says so of an answer with each of these fields. */
function setsCookie(fields: string[]): boolean[] {
  return fields.map((field) => decodeOne(`${OK}${field}\r\nContent-Length: 0\r\n\r\n`).setsCookie)
}
