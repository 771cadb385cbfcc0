import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { flood } from './flood.ts'
import { retainedBy } from './retained.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
const MOST = 200_000
const MAX_HEAD = 32_768

describe('what never ends', () => {
  const whole = MAX_HEAD
  const trailers = LIMITS.maxTrailerSize
  it.each([
    ['a status line', 'HTTP/1.1 200 ', 'x', 'maxHeadSize', whole],
    ['empty lines', '', '\r\n', 'maxHeadSize', whole],
    ['one field', `${HEAD}A: `, 'x', 'maxHeadSize', whole],
    ['a field name', HEAD, 'x', 'maxHeadSize', whole],
    ['folds', `${HEAD}A: b\r\n`, ' x\r\n', 'maxHeadSize', whole],
    ['empty folds', `${HEAD}A: b\r\n`, ' \n', 'maxHeadSize', whole],
    ['long fields', HEAD, `A: ${'x'.repeat(200)}\r\n`, 'maxHeadSize', whole],
    ['short fields', HEAD, 'a:\n', 'maxHeaderFields', LIMITS.maxHeaderFields * 3],
    ['ignored lines', HEAD, 'x\n', 'maxHeaderFields', LIMITS.maxHeaderFields * 2],
    ['short interim answers', '', 'HTTP/1.1 103 E\r\n\r\n', 'maxInformational', LIMITS.maxInformational * 18],
    ['a chunk extension', `${CHUNKED}1;`, 'x', 'maxChunkExtension', LIMITS.maxChunkExtension],
    ['blanks behind a size', `${CHUNKED}1`, ' ', 'maxChunkExtension', LIMITS.maxChunkExtension],
    ['a quoted extension', `${CHUNKED}1;a="`, '\\x', 'maxChunkExtension', LIMITS.maxChunkExtension],
    [
      'chunks with extensions',
      CHUNKED,
      '1;abcdef\r\nx\r\n',
      'maxChunkExtensions',
      LIMITS.maxChunkExtensions * (13 / 7),
    ],
    ['zeros before a size', CHUNKED, '0', 'chunk-size', 16],
    ['one trailer', `${CHUNKED}0\r\nA: `, 'x', 'maxTrailerSize', trailers],
    ['long trailers', `${CHUNKED}0\r\n`, `A: ${'x'.repeat(200)}\r\n`, 'maxTrailerSize', trailers],
    ['short trailers', `${CHUNKED}0\r\n`, 'a:\n', 'maxHeaderFields', LIMITS.maxHeaderFields * 3],
  ])('ends by its limit: %s', (_, start, part, limit, most) => {
    for (const size of [1, 7, 1_000, 100_000]) {
      const { error, read } = flood(start, part, size, MAX_HEAD, MOST)
      expect({ size, error }).toEqual({ size, error: limit })
      // `read` counts whole pieces; a byte or two behind the limit tell that it is passed.
      expect(read).toBeLessThanOrEqual(start.length + most + part.length + 1)
      expect(read).toBeGreaterThanOrEqual(size === 1 ? most - 2 : 0)
    }
  })

  it('lets large interim heads each have their own size, and not more of them', () => {
    const large = `HTTP/1.1 103 E\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`
    expect(flood('', large, 1_000, MAX_HEAD, 2 * MOST)).toMatchObject({ error: 'maxInformational' })
  })
})

/** What a field costs besides its text: its value as it was captured, joined to those before. */
const FIELD = 256
const BOUND = 2 * MAX_HEAD + LIMITS.maxHeaderFields * FIELD + 16_384

// A part of a string is 32 bytes at least to whoever holds on to it: a line that dripped in took 30 times its size.
const HELD: readonly (readonly [what: string, text: string])[] = [
  ['a status line', 'HTTP/1.1 200 '.padEnd(MAX_HEAD - 10, 'x')],
  ['one field', `${HEAD}A: `.padEnd(MAX_HEAD - 10, 'x')],
  ['folds', `${HEAD}A: b\r\n`.padEnd(MAX_HEAD - 10, ' x\r\n')],
  ['fields', HEAD.padEnd(MAX_HEAD - 10, `Abcdefghi: ${'x'.repeat(120)}\r\n`)],
  ['lengths', HEAD + 'Content-Length: 5, 5, 5, 5, 5, 5\r\n'.repeat(500)],
  ['ignored lines', HEAD + `${'q'.repeat(60)}\r\n`.repeat(500)],
  ['one trailer', `${CHUNKED}0\r\nA: `.padEnd(LIMITS.maxTrailerSize, 'x')],
  ['a body', `${HEAD}\r\n`.padEnd(MAX_HEAD * 2, 'x')],
  ['chunks', CHUNKED.padEnd(MAX_HEAD, '1;a\r\nx\r\n5\r\nhello\r\n0000000008\r\n12345678\r\n')],
  ['whole answers', `${HEAD}Content-Length: 100\r\n\r\n${'x'.repeat(100)}`.repeat(500)],
]

describe('what a decoder holds', () => {
  it('is what its limits say, in pieces of any size', () => {
    const held = retainedBy({
      texts: HELD.map(([, text]) => text),
      sizes: [1, 500],
      maxHeadSize: MAX_HEAD,
    })
    const most = held.map((sizes, i) => ({ what: HELD[i]![0], bytes: Math.max(...sizes) }))
    expect(most).toHaveLength(HELD.length)
    expect(most.filter(({ bytes }) => bytes > BOUND)).toEqual([])
    // It is measured at all: a head is held until it is whole.
    expect(most[1]!.bytes).toBeGreaterThan(MAX_HEAD / 2)
  }, 60_000)
})
