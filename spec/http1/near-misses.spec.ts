import { describe, expect, it } from 'vitest'
import { quote, violation } from '../../lib/http1/grammar.ts'
import { checkMethod, checkPath, serializeFields } from '../../lib/http1/request-encoder.ts'
import { ResponseDecoder } from '../../lib/http1/response-decoder.ts'
import { byteByByte, bytesOf, decodeCase, decodeError, decodeOne, decodePieces } from './decoder-cases.ts'

// What looks like the rule and is not: each of these passed unseen when the code was changed on purpose.

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`

describe('a status line', () => {
  it.for(['2e2', '+20', '0x6', '2 0', '20a', '2\xb20'])('with %j for a code: reject', (code) => {
    expect(decodeError(`HTTP/1.1 ${code} OK\r\n\r\n`)).toBe('status-code')
  })

  it.for(['HTTP/1.a', 'HTTP/1.:', 'HTTP/1./', 'HTTP/2.0'])('of %s, whatever follows: reject', (version) => {
    expect(decodeError(`${version} 200 OK\r\n\r\n`)).toBe('http-version')
    expect(decodeError(`${version} 200 HTTP/1.1\r\n\r\n`)).toBe('http-version')
  })

  it.for([
    ['HTTP/1.0', 0],
    ['HTTP/1.1', 1],
    ['HTTP/1.9', 1],
  ] as const)('of %s: minor version %i', ([version, minorVersion]) => {
    const answer = decodeOne(`${version} 200 OK\r\nContent-Length: 0\r\n\r\n`)
    expect(answer).toMatchObject({ minorVersion, reason: 'OK' })
  })

  it('with a CR in it: reject, also where it begins as the usual one', () => {
    expect(decodeError('HTTP/1.1 200 OK\rX\r\n\r\n')).toBe('bare-cr')
    expect(decodeError('\rHTTP/1.1 200 OK\r\n\r\n')).toBe('status-line')
  })
})

describe('the line that ends a head is empty, and nothing else', () => {
  it('CR CR LF does not end it', () => {
    expect(decodeError(`${OK}Content-Length: 0\r\n\r\r\n\r\n`)).toBe('bare-cr')
  })

  it('a line of one character does not', () => {
    const answer = decodeOne(`${OK}x\nContent-Length: 2\r\n\r\nok`)
    expect(answer).toMatchObject({ headers: [['Content-Length', '2']], body: 'ok' })
  })

  it('nor does one end the trailers', () => {
    const answer = decodeOne(`${CHUNKED}0\r\nx\nA: b\r\n\r\n`)
    expect(answer.trailers).toEqual([['A', 'b']])
  })
})

describe('folds', () => {
  it('may begin with HTAB', () => {
    expect(decodeOne(`${OK}A: b\r\n\tc\r\nContent-Length: 0\r\n\r\n`).headers[0]).toEqual(['A', 'b c'])
  })

  it('of blanks only leave no second space', () => {
    const text = `${OK}A: b\r\n \t\r\n c\r\nContent-Length: 0\r\n\r\n`
    expect(decodeOne(text).headers[0]).toEqual(['A', 'b c'])
  })

  it('of a blank first line do not make it a field', () => {
    expect(decodeError(`${OK} A: b\r\n c\r\n\r\n`)).toBe('blank-before-first-field')
    expect(decodeError(`${OK} \r\n A: c\r\n\r\n`)).toBe('blank-before-first-field')
  })
})

describe('a name that is only as long as one that matters', () => {
  it.for([
    ['User-Agent', 'close'],
    ['Accept-Charset', '5'],
    ['WWW-Authenticate', 'gzip'],
    ['If-Modified-Since', 'chunked'],
  ])('%s: %s means nothing', ([name, value]) => {
    const answer = decodeOne(`${OK}${name}: ${value}\r\nContent-Length: 2\r\n\r\nok`)
    expect(answer).toMatchObject({
      framing: 'length',
      contentLength: 2,
      contentEncoding: '',
      setsCookie: false,
      keepAlive: true,
    })
  })

  it.for(['Link', 'Accept-Charset', 'If-Modified-Since'])('%s may be sent twice', (name) => {
    expect(serializeFields([[name, ['a', 'b']]])).toBe(`${name}: a\r\n${name}: b\r\n`)
  })
})

describe('chunk extensions', () => {
  it.for([';ab=cd', ';a=bc;d', ';a=bc;d=ef', ';a="b";c', ';a=b ;c'])('%j: accept', (extension) => {
    expect(decodeOne(`${CHUNKED}2${extension}\r\nhi\r\n0\r\n\r\n`).body).toBe('hi')
  })

  it.for([';a=b;', ';a="b";', ';a=b ;', ';a ;'])('%j: reject', (extension) => {
    expect(decodeError(`${CHUNKED}2${extension}\r\nhi\r\n0\r\n\r\n`)).toBe('chunk-extension')
  })
})

describe('transfer codings', () => {
  it.for([
    ['x-gzip, chunked', 'x-gzip'],
    ['chunked, chunked', ''],
    ['CHUNKED', ''],
  ])('%s: codings left on the body are %j', ([transfer, contentEncoding]) => {
    const text = `${OK}Transfer-Encoding: ${transfer}\r\n\r\n1\r\nx\r\n0\r\n\r\n`
    expect(decodeOne(text)).toMatchObject({ contentEncoding, body: 'x' })
  })

  it('are not undone where the body ends with the connection: they may stand around a chunked one', () => {
    for (const transfer of ['gzip', 'chunked, gzip']) {
      const answer = decodeOne(`${OK}Transfer-Encoding: ${transfer}\r\n\r\nx`)
      expect(answer).toMatchObject({ contentEncoding: '', framing: 'close', body: 'x' })
    }
  })

  it('beside a body that is not chunked they are not counted', () => {
    const text = `${OK}Transfer-Encoding: identity\r\nContent-Length: 1\r\nContent-Encoding: br\r\n\r\nx`
    expect(decodeOne(text)).toMatchObject({ contentEncoding: 'br', framing: 'length' })
  })
})

function told(onHead: (decoder: ResponseDecoder) => void, method: string | null = 'GET') {
  const events: string[] = []
  const bodies: Uint8Array[] = []
  const decoder: ResponseDecoder = new ResponseDecoder(
    {
      onStart: () => method,
      onInformational: () => events.push('informational'),
      onHead: () => {
        events.push('head')
        onHead(decoder)
      },
      onBody: (chunk) => bodies.push(chunk),
      onEnd: () => events.push('end'),
    },
    { mode: 'lenient', maxHeadSize: 1_000 },
  )
  return { decoder, events, bodies }
}

function goOn(): void {}

describe('a decoder', () => {
  it('that is closed at the head tells of no end', () => {
    const { decoder, events } = told((each) => each.close())
    decoder.decode(bytesOf(`${OK}Content-Length: 0\r\n\r\n`))
    expect(events).toEqual(['head'])
  })

  it('ends once', () => {
    const { decoder, events } = told(goOn)
    decoder.decode(bytesOf(`${OK}\r\nbody`))
    expect([decoder.end(true), decoder.end(true), decoder.closed]).toEqual(['complete', 'idle', true])
    expect(events).toEqual(['head', 'end'])
  })

  it('hands on whole pieces of a body until close as they are', () => {
    const { decoder, bodies } = told(goOn)
    decoder.decode(bytesOf(`${OK}\r\n`))
    const piece = Buffer.from('piece')
    decoder.decode(piece)
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toBe(piece)
  })

  it('takes nothing back that it has consumed', () => {
    const { decoder } = told(goOn, null)
    expect(decoder.decode(bytesOf('\r'))).toBe(1)
    expect(decoder.decode(bytesOf('X'))).toBe(0)
  })

  it('reads Latin-1 alike, in one piece and in many', () => {
    const value = '\xe9\xff\x80'.repeat(60)
    const bytes = bytesOf(`${OK}A: ${value}\r\nContent-Length: 0\r\n\r\n`)
    expect(decodePieces(byteByByte(bytes)).answers[0]!.headers[0]).toEqual(['A', value])
    expect(decodeCase(bytes, { splits: [] }).answers[0]!.headers[0]).toEqual(['A', value])
  })
})

describe('messages', () => {
  it('show 80 characters, and say that there is more', () => {
    expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`)
    expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(80)}..."`)
  })

  it.for([
    ['Set-Cookie x: a=1', 'Set-Cookie: [hidden]'],
    ['\t set-cookie : a=1', '\t set-cookie: [hidden]'],
    ['AUTHORIZATION x', 'AUTHORIZATION: [hidden]'],
    ['Proxy-Authorization x', 'Proxy-Authorization: [hidden]'],
    ['Cookie x', 'Cookie: [hidden]'],
    ['X-Cookie x', 'X-Cookie x'],
  ] as const)('of %j show %j', ([line, shown]) => {
    expect(violation('field-name', line, 'wrong').message).toContain(`wrong: ${quote(shown)}`)
  })

  it('say what was given instead of a name, a method or a path', () => {
    expect(() => checkMethod(null as unknown as string)).toThrow(/method of type null is no token/)
    expect(() => checkMethod('A B')).toThrow(/method "A B" is no token/)
    expect(() => checkPath(undefined as unknown as string)).toThrow(
      /path of type undefined is empty or no string/,
    )
    expect(() => checkPath('')).toThrow(/path "" is empty or no string/)
  })

  it('refuse a String object, which may change after it was checked', () => {
    const name = new String('GET') as string
    expect(() => checkMethod(name)).toThrow(/method of type object/)
    expect(() => serializeFields([[name, 'x']])).toThrow(/field name of type object/)
  })

  it('a Content-Length may have several digits', () => {
    expect(serializeFields([['Content-Length', '1234567890']])).toBe('Content-Length: 1234567890\r\n')
  })
})
