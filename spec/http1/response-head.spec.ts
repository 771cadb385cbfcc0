import { describe, expect, it } from 'vitest'
import { decodeCase, decodeError, decodeOne } from './decoder-cases.ts'

const OK = 'HTTP/1.1 200 OK\r\n'

describe('lines', () => {
  it('bare LF line ends in the head', () => {
    const answer = decodeOne('HTTP/1.1 200 OK\nA: 1\nContent-Length: 2\n\nhi')
    expect(answer).toMatchObject({ body: 'hi', keepAlive: true })
    expect(answer.headers).toEqual([
      ['A', '1'],
      ['Content-Length', '2'],
    ])
  })

  it('bare LF and CR LF mixed in one head', () => {
    expect(decodeOne('HTTP/1.1 200 OK\nA: 1\r\nB: 2\nContent-Length: 0\r\n\n').headers).toHaveLength(3)
  })

  it('bare LF line ends in chunk lines', () => {
    expect(decodeOne(`${OK}Transfer-Encoding: chunked\n\n2\nhi\n1;a=b\n!\r\n0\n\n`).body).toBe('hi!')
  })

  it('obs-fold, joined by a space', () => {
    const answer = decodeOne(`${OK}A: one\r\n two\r\n\t three\r\nContent-Length: 0\r\n\r\n`)
    expect(answer.headers[0]).toEqual(['A', 'one two three'])
  })

  it('obs-fold in fields that decide the framing', () => {
    expect(decodeOne(`${OK}Content-Length:\r\n 2\r\n\r\nhi`).body).toBe('hi')
    expect(decodeOne(`${OK}Transfer-Encoding: gzip,\r\n chunked\r\n\r\n0\r\n\r\n`).framing).toBe('chunked')
    expect(decodeError(`${OK}Content-Length: 2,\r\n 3\r\n\r\nhi!`)).toBe('content-length')
  })

  it('obs-fold with bare LF, of blanks only, and of an ignored line', () => {
    expect(decodeOne('HTTP/1.1 204 No\nA: x\n y\nB: z\n \n\t\n\n').headers).toEqual([
      ['A', 'x y'],
      ['B', 'z'],
    ])
    expect(decodeOne(`${OK}no colon here\r\n nor here\r\nContent-Length: 0\r\n\r\n`).headers).toEqual([
      ['Content-Length', '0'],
    ])
  })

  it('a blank before the first field: reject', () => {
    expect(decodeError(`${OK} A: 1\r\n\r\n`)).toBe('blank-before-first-field')
    expect(decodeError(`${OK}\tContent-Length: 1\r\nB: 2\r\n\r\n`)).toBe('blank-before-first-field')
  })

  it('leading empty lines: skipped, and no start of an answer', () => {
    const outcome = decodeCase(`\r\n\n\r\n${OK}Content-Length: 2\r\n\r\nhi\r\n\r\n`)
    expect(outcome).toMatchObject({ starts: 1, end: 'idle', closed: false, error: '' })
    expect(outcome.answers[0]!.body).toBe('hi')
  })

  it('leading empty lines are bounded', () => {
    expect(decodeError('\r\n'.repeat(60), { maxHeadSize: 100 })).toBe('maxHeadSize')
    expect(decodeCase('\r\n'.repeat(50), { maxHeadSize: 100 })).toMatchObject({
      error: '',
      end: 'idle',
      starts: 0,
    })
  })

  it('an empty head: reject', () => {
    expect(decodeError('\r\r\n')).toBe('status-line')
  })
})

describe('status line', () => {
  it.for([
    ['missing reason', 'HTTP/1.1 200', 200, ''],
    ['empty reason', 'HTTP/1.1 200 ', 200, ''],
    ['several blanks before the code', 'HTTP/1.1   404 Not Found', 404, 'Not Found'],
    ['several blanks before the reason', 'HTTP/1.1 404  Not Found', 404, ' Not Found'],
    ['a Latin-1 reason', 'HTTP/1.1 500 \xe9t\xe9', 500, '\xe9t\xe9'],
    ['the largest status', 'HTTP/1.1 999 Request denied', 999, 'Request denied'],
    ['a reason that is no text', 'HTTP/1.1 200 200', 200, '200'],
  ] as const)('%s: accept', ([, line, status, reason]) => {
    expect(decodeOne(`${line}\r\nContent-Length: 0\r\n\r\n`)).toMatchObject({ status, reason })
  })

  it.for([
    ['status below 100', 'HTTP/1.1 099 Low', 'status-code'],
    ['status 0', 'HTTP/1.1 0 Zero', 'status-code'],
    ['status above 999', 'HTTP/1.1 1000 High', 'status-code'],
    ['no status', 'HTTP/1.1 OK', 'status-code'],
    ['letters behind the status', 'HTTP/1.1 200OK', 'status-code'],
    ['a sign in the status', 'HTTP/1.1 +20 OK', 'status-code'],
    ['a tab behind the status', 'HTTP/1.1 200\tOK', 'status-code'],
    ['a tab behind the version', 'HTTP/1.1\t200 OK', 'status-line'],
    ['two digits in the version', 'HTTP/1.10 200 OK', 'status-line'],
    ['a version without digit', 'HTTP/1. 200 OK', 'http-version'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK', 'http-version'],
    ['HTTP/5.6', 'HTTP/5.6 200 OK', 'http-version'],
    ['HTTP/0.8', 'HTTP/0.8 200 OK', 'http-version'],
    ['lower case', 'http/1.1 200 OK', 'status-line'],
    ['ICY', 'ICY 200 OK', 'status-line'],
    ['HTTP/0.9 without status line', '<html>', 'status-line'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6', 'status-line'],
    ['NUL in the reason', 'HTTP/1.1 200 O\0K', 'nul'],
    ['CR in the reason', 'HTTP/1.1 200 O\rK', 'bare-cr'],
  ] as const)('%s: reject', ([, line, rule]) => {
    expect(decodeError(`${line}\r\n\r\n`)).toBe(rule)
  })

  it('what is no HTTP at all is rejected before its line ends', () => {
    expect(decodeError('\x16\x03\x01\x02\x00\x01')).toBe('status-line')
    expect(decodeError('x'.repeat(300), { maxHeadSize: 100 })).toBe('status-line')
  })

  it('HTTP/1.x read as 1.1 for x > 1', () => {
    expect(decodeOne('HTTP/1.7 200 OK\r\nContent-Length: 0\r\n\r\n')).toMatchObject({
      minorVersion: 1,
      keepAlive: true,
    })
  })

  it('HTTP/0.9 in a status line: read as 1.0, never kept alive', () => {
    expect(
      decodeOne('HTTP/0.9 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi'),
    ).toMatchObject({ minorVersion: 0, keepAlive: false, body: 'hi' })
  })
})

describe('field lines', () => {
  it('blanks around a value are not part of it, and a value may be empty', () => {
    const answer = decodeOne(`${OK}A:  1 \t\r\nB:\r\nC:x\r\nContent-Length:\t0 \r\n\r\n`)
    expect(answer.headers).toEqual([
      ['A', '1'],
      ['B', ''],
      ['C', 'x'],
      ['Content-Length', '0'],
    ])
  })

  it('names keep order, case and repetition', () => {
    const answer = decodeOne(`${OK}b: 1\r\nA: 2\r\nB: 3\r\n__proto__: 4\r\nContent-Length: 0\r\n\r\n`)
    expect(answer.headers.map(([name]) => name)).toEqual(['b', 'A', 'B', '__proto__', 'Content-Length'])
  })

  it('values are Latin-1, and control characters in them are kept', () => {
    const answer = decodeOne(`${OK}A: \xfc\x01\x7f\x80\r\nContent-Length: 0\r\n\r\n`)
    expect(answer.headers[0]).toEqual(['A', '\xfc\x01\x7f\x80'])
  })

  it('a line without colon: ignored', () => {
    const answer = decodeOne(`${OK}A: 1\r\nHTTP/1.1 200 OK\r\n@@\r\nContent-Length: 2\r\n\r\nhi`)
    expect(answer.headers).toEqual([
      ['A', '1'],
      ['Content-Length', '2'],
    ])
    expect(answer.body).toBe('hi')
  })

  it('blanks before the colon: ignored', () => {
    expect(
      decodeOne(`${OK}A : 1\r\nB\t: 2\r\nConnection : close\r\nContent-Length: 0\r\n\r\n`),
    ).toMatchObject({
      headers: [['Content-Length', '0']],
      keepAlive: true,
    })
  })

  it.for([
    ['Content-Length : 5', 'blank-before-colon'],
    ['transfer-ENCODING\t: chunked', 'blank-before-colon'],
    ['Transfer-Encoding chunked', 'line-without-colon'],
    ['content-length', 'line-without-colon'],
    ['Transfer-Encoding\r\n : chunked', 'blank-before-colon'],
  ] as const)('%s: a framing field, so reject', ([line, rule]) => {
    expect(decodeError(`${OK}A: 1\r\n${line}\r\nB: 2\r\n\r\n`)).toBe(rule)
  })

  it.for([
    ['NUL in a value', 'A: 1\x002', 'nul'],
    ['NUL in a name', 'A\0: 1', 'nul'],
    ['NUL in an ignored line', 'no colon\0', 'nul'],
    ['CR in a value', 'A: 1\r2', 'bare-cr'],
    ['CR before CR LF', 'A: 1\r', 'bare-cr'],
    ['CR in a name', 'A\rB: 1', 'bare-cr'],
    ['CR at the start of a line', '\rA: 1', 'bare-cr'],
    ['CR in a folded value', 'A: 1\r\n 2\r3', 'bare-cr'],
    ['CR at the end of a folded value', 'A: 1\r\n 2\r', 'bare-cr'],
    ['NUL in a folded value', 'A: 1\r\n \0', 'nul'],
    ['an empty name', ': 1', 'field-name'],
    ['a blank in a name', 'A B: 1', 'field-name'],
    ['a name that is no token', 'A(b): 1', 'field-name'],
    ['a name that is not ASCII', '\xc3\xa9: 1', 'field-name'],
  ] as const)('%s: reject', ([, line, rule]) => {
    expect(decodeError(`${OK}B: 0\r\n${line}\r\nC: 3\r\n\r\n`)).toBe(rule)
    expect(decodeError(`${OK}${line}\r\n\r\n`)).toBe(rule)
  })

  it('NUL and CR in a body are data', () => {
    expect(decodeOne(`${OK}Content-Length: 4\r\n\r\n\0\r\n\0`).body).toBe('\0\r\n\0')
  })
})
