import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { givenRequest } from './request-arbitrary.ts'
import { checkRequest } from './request-oracle.ts'
import { readRequest } from './request-reader.ts'

/** For a machine that does much else. */
const LONG = 60_000

describe('what users pass', () => {
  it(
    'goes out as one request with just the fields given, or is refused',
    async () => {
      const outcomes = new Map<string, number>()
      await fc.assert(
        fc.asyncProperty(givenRequest, async (given) => {
          const outcome = await checkRequest(given)
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        }),
        { numRuns: 200, seed: 4 },
      )
      expect(outcomes.get('sent')).toBeGreaterThan(50)
      expect(outcomes.get('ArgumentError')).toBeGreaterThan(50)
    },
    LONG,
  )
})

const read = (text: string): unknown => readRequest(Buffer.from(text, 'latin1'))

describe('the reader that judges it', () => {
  it('reads one request and says where it ends', () => {
    expect(read('POST /a HTTP/1.1\r\nHost: a\r\nX:  y \r\nContent-Length: 2\r\n\r\nhi!')).toMatchObject({
      method: 'POST',
      path: '/a',
      fields: [
        ['Host', 'a'],
        ['X', 'y'],
        ['Content-Length', '2'],
      ],
      body: Buffer.from('hi'),
      length: 58,
    })
    expect(
      read('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'),
    ).toMatchObject({
      body: Buffer.from('hi'),
      chunked: true,
    })
    expect(read('GET / HTTP/1.1\r\nHost: a\r\n')).toBeNull()
    expect(read('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh')).toBeNull()
  })

  it.each([
    ['no Host', 'GET / HTTP/1.1\r\nA: b\r\n\r\n'],
    ['Host twice', 'GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n'],
    ['a bare LF', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'],
    ['a NUL', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n'],
    ['a blank in the path', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fold', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    [
      'two framings',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx',
    ],
    ['a length that is no number', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx'],
    [
      'a chunk extension',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n0\r\n\r\n',
    ],
    [
      'a chunk without its end',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n',
    ],
  ])('forgives nothing: %s', (_, text) => {
    expect(() => read(text)).toThrow(/./)
  })
})
