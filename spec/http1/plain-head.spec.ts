import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { HeadReader } from '../../lib/http1/head-reader.ts'

const LIMIT = 4_096

/** What a reader has read of a head, by the pass over its bytes; null: it was not plain. */
function plain(text: string, limit = LIMIT): object | null {
  const reader = new HeadReader('strict')
  reader.start('head', limit)
  const bytes = Buffer.from(text, 'latin1')
  const end = reader.readPlain(bytes, 0)
  return end === -1 ? null : read(reader, end)
}

/** The same, by the reader that looks at anything, line by line. */
function byLines(text: string): object {
  const reader = new HeadReader('strict')
  reader.start('head', LIMIT)
  const end = reader.read(text, 0)
  return read(reader, end)
}

function read(reader: HeadReader, end: number): object {
  const { done, status, statusText, version, text, setsCookie } = reader
  const { connection, contentEncoding, contentLength, keepAlive, transferEncoding } = reader
  const steering = { connection, contentEncoding, contentLength, keepAlive, transferEncoding }
  return { end, done, status, statusText, version, text, setsCookie, steering }
}

const OK = 'HTTP/1.1 200 OK\r\n'

describe('a head that is read in one pass', () => {
  it.each([
    ['no fields', `${OK}\r\n`],
    ['another status and reason', 'HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n'],
    ['no reason, but the blank before it', 'HTTP/1.1 204 \r\nA: b\r\n\r\n'],
    ['a reason of two letters', 'HTTP/1.1 299 OX\r\n\r\n'],
    ['a reason in Latin-1, with a tab and blanks at its end', 'HTTP/1.1 200 sch\xf6n \t \r\nA: b\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n'],
    ['status 999', 'HTTP/1.1 999 Request denied\r\n\r\n'],
    [
      'all that steers, in any case',
      `${OK}CONNECTION: Close\r\nkeep-ALIVE: timeout=5\r\nContent-length: 12\r\ncontent-Encoding: gzip\r\nTRANSFER-encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n`,
    ],
    ['a field that steers, twice', `${OK}Connection: a\r\nX: y\r\nconnection: b\r\n\r\n`],
    ['names as long as those', `${OK}Connectjon: a\r\nAccept-Patches: b\r\nX-Transfer-Codes: c\r\n\r\n`],
    ['blanks around values, and none', `${OK}A:b\r\nContent-Length: \t 7 \t\r\nB:\r\n\r\n`],
    ['Latin-1 in a value', `${OK}A: \xe9\xff\x80\r\n\r\n`],
    ['bytes behind it', `${OK}Content-Length: 5\r\n\r\nhello`],
    ['another answer behind it', `${OK}Content-Length: 0\r\n\r\n${OK}\r\n`],
  ])('%s: as line by line', (_, text) => {
    const found = plain(text)
    expect(found).not.toBeNull()
    expect(found).toEqual(byLines(text))
  })

  it.each([
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['another protocol', 'ICY 200 OK, and so on\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 Low\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['two blanks in the status line', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['nothing behind the status', 'HTTP/1.1 200\r\nA: b\r\n\r\n'],
    ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'],
    ['a status line that ends with LF', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['a line that ends with LF', `${OK}A: b\nB: c\r\n\r\n`],
    ['an empty line that is LF', `${OK}A: b\r\n\n`],
    ['a bare CR', `${OK}A: b\rc\r\n\r\n`],
    ['a bare CR before the end', `${OK}A: b\r\r\n\r\n`],
    ['a bare CR for an empty line', `${OK}A: b\r\n\rX: y\r\n\r\n`],
    ['a NUL', `${OK}A: b\0\r\n\r\n`],
    ['a control character', `${OK}A: b\x07\r\n\r\n`],
    ['DEL', `${OK}A: b\x7f\r\n\r\n`],
    ['a fold', `${OK}A: b\r\n c\r\n\r\n`],
    ['a blank before the first field', `${OK} A: b\r\n\r\n`],
    ['a blank before the colon', `${OK}A : b\r\n\r\n`],
    ['no colon', `${OK}A\r\n\r\n`],
    ['no name', `${OK}: b\r\n\r\n`],
    ['a name that is no token', `${OK}A(: b\r\n\r\n`],
    ['an empty line before it', `\r\n${OK}\r\n`],
    ['more fields that may steer than are noted', `${OK}${'Connection: a\r\n'.repeat(17)}\r\n`],
    ['more fields than may be', `${OK}${'A: b\r\n'.repeat(LIMITS.maxHeaderFields + 1)}\r\n`],
  ])('not with %s', (_, text) => {
    expect(plain(text, 1e6)).toBeNull()
  })

  it('not before it is whole, whatever is missing', () => {
    const text = `${OK}Content-Length: 5\r\nA: b\r\n\r\n`
    for (let length = 0; length < text.length; length++) expect(plain(text.slice(0, length))).toBeNull()
    expect(plain(text)).toMatchObject({ end: text.length })
  })

  it('not where it is larger than it may be', () => {
    const text = `${OK}A: b\r\n\r\n`
    expect(plain(text, text.length)).not.toBeNull()
    for (let limit = 1; limit < text.length; limit++) expect(plain(text, limit)).toBeNull()
  })
})
