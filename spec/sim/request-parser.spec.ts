import { describe, expect, test } from 'vitest'
import { RequestParser, type ParsedRequest } from './request-parser.ts'

const HEAD = 'GET /1?size=1&status=200 HTTP/1.1\r\nHost: a.test\r\n'

function parse(
  text: string,
  cut = text.length,
): { requests: ParsedRequest[]; done: number; between: boolean } {
  const requests: ParsedRequest[] = []
  let done = 0
  const parser = new RequestParser({
    onRequest: (request) => requests.push(request),
    onBodyDone: () => done++,
  })
  for (let at = 0; at < text.length; at += cut) parser.parse(Buffer.from(text.slice(at, at + cut), 'latin1'))
  return { requests, done, between: parser.between }
}

describe('what is a request', () => {
  const three =
    `${HEAD}\r\n` +
    'POST /2?size=1&status=200 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello' +
    'PUT /3?size=1&status=200 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

  test.each([1, 2, 7, 1000])('one after another, in pieces of %i bytes', (cut) => {
    const { requests, done, between } = parse(three, cut)
    expect(requests.map((request) => [request.method, request.bodyLength, request.chunked])).toEqual([
      ['GET', 0, false],
      ['POST', 5, false],
      ['PUT', 5, true],
    ])
    expect(requests[1]?.bodyCrc).toBe(requests[2]?.bodyCrc)
    expect(done).toBe(3)
    expect(between).toBe(true)
  })

  test('a half one is under way, and no error', () => {
    const { requests, done, between } = parse(three.slice(0, -3))
    expect(requests).toHaveLength(3)
    expect(done).toBe(2)
    expect(between).toBe(false)
  })
})

describe('what is none', () => {
  test.each([
    ['a request line with two blanks', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'request line'],
    ['another version', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 'request line'],
    ['bytes before it', `\r\n${HEAD}\r\n`, 'request line'],
    ['no Host', 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n', 'no Host'],
    ['two Hosts', `${HEAD}host: b.test\r\n\r\n`, 'field host twice'],
    ['a bare LF', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 'field line'],
    ['a name with a blank', `${HEAD}X : b\r\n\r\n`, 'field line'],
    ['a NUL in a value', `${HEAD}X: \0\r\n\r\n`, 'field line'],
    [
      'both framings',
      `${HEAD}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'Content-Length and Transfer-Encoding',
    ],
    ['a length that is no number', `${HEAD}Content-Length: +2\r\n\r\n`, 'Content-Length +2'],
    ['another transfer coding', `${HEAD}Transfer-Encoding: gzip\r\n\r\n`, 'Transfer-Encoding gzip'],
    ['a chunk size that is no number', `${HEAD}Transfer-Encoding: chunked\r\n\r\nx\r\n`, 'chunk size'],
    ['a chunk longer than it says', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, 'for a line end'],
    ['trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n`, 'for a line end'],
  ])('%s', (_name, text, message) => {
    expect(() => parse(text)).toThrow(message)
  })
})
