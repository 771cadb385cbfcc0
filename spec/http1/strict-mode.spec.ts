import { describe, expect, it } from 'vitest'
import { decodeCase, decodeError, decodeOne } from './decoder-cases.ts'

const STRICT = { mode: 'strict' } as const
const OK = 'HTTP/1.1 200 OK\r\n'
const END = 'Content-Length: 0\r\n\r\n'

describe('what RFC 9112 lets a client reject', () => {
  it.for([
    [
      '2.2: a recipient may take a bare LF, and need not',
      'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
      'bare-lf',
    ],
    ['2.2: bare LF after a field', `${OK}A: 1\n${END}`, 'bare-lf'],
    ['2.2: bare LF for the empty line', `${OK}Content-Length: 0\r\n\n`, 'bare-lf'],
    ['2.2: empty lines may stand before a request, not a response', `\r\n${OK}${END}`, 'status-line'],
    ['2.2: a bare empty line', `\n${OK}${END}`, 'status-line'],
    ['4: one SP before the code', `HTTP/1.1  200 OK\r\n${END}`, 'status-line'],
    ['4: a SP after the code, reason or not', `HTTP/1.1 200\r\n${END}`, 'status-line'],
    ['4: no control character in the reason', `HTTP/1.1 200 O\x01K\r\n${END}`, 'status-line'],
    ['5: every field line has a colon', `${OK}nothing\r\n${END}`, 'line-without-colon'],
    ['5.1: no blank before the colon', `${OK}A : 1\r\n${END}`, 'blank-before-colon'],
    ['5.2: nobody may send obs-fold', `${OK}A: 1\r\n 2\r\n${END}`, 'obs-fold'],
    ['RFC 9110 5.5: no control character in a value', `${OK}A: 1\x012\r\n${END}`, 'control-character'],
    [
      '6.3: Content-Length and Transfer-Encoding',
      `${OK}Transfer-Encoding: chunked\r\n${END}`,
      'transfer-encoding',
    ],
    ['6.3: a Content-Length that is no number', `${OK}Content-Length: x\r\n\r\n`, 'content-length'],
  ] as const)('section %s', ([, text, rule]) => {
    expect(decodeError(text, STRICT)).toBe(rule)
  })

  it('all of those are read, or rejected, without it', () => {
    // The same inputs in lenient mode: response-head.spec.ts. Here: that strict is no default.
    expect(decodeOne(`HTTP/1.1 200\nA : 1\n${END}`).headers).toEqual([['Content-Length', '0']])
  })
})

describe('what it must take all the same', () => {
  it.for([
    ['4: an empty reason', `HTTP/1.1 200 \r\n${END}`],
    ['4: a reason with blanks and obs-text', `HTTP/1.1 200  \t\xe9 \r\n${END}`],
    ['RFC 9110 2.5: a higher minor version', `HTTP/1.4 200 OK\r\n${END}`],
    ['RFC 9110 5.5: HTAB and obs-text in a value', `${OK}A: a\tb\xff\r\n${END}`],
    ['5.1: no blank after the colon, or many', `${OK}A:1\r\nB: \t 2 \t\r\nC:\r\n${END}`],
    ['6.3: an answer until close', `${OK}\r\n`],
    ['HTTP/1.0 with keep-alive', `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${END}`],
  ] as const)('section %s', ([, text]) => {
    expect(decodeOne(text, STRICT).status).toBe(200)
  })

  it('pipelined answers, interim ones, chunks and trailers', () => {
    const text =
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' +
      `${OK}Transfer-Encoding: chunked\r\n\r\n2;a="b"\r\nhi\r\n0\r\nT: 1\r\n\r\n` +
      `${OK}Content-Length: 2\r\n\r\nyo`
    const outcome = decodeCase(text, { ...STRICT, methods: ['GET', 'GET'] })
    expect(outcome.answers).toMatchObject([{ body: 'hi', trailers: [['T', '1']] }, { body: 'yo' }])
  })

  it('an empty line on an idle connection is a byte nobody asked for', () => {
    expect(decodeCase('\r\n', { ...STRICT, methods: [] })).toMatchObject({
      closed: true,
      consumed: 0,
      error: '',
    })
  })
})
