import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeWholeSync } from '../../../lib/call/coding/content-coding.ts'
import { GzipHeader } from '../../../lib/call/coding/gzip-header.ts'

const NONE = { maxBodySize: Infinity, maxDecodeRatio: Infinity }
const BODY = zlib.deflateRawSync('hello')
const CHECK = zlib.gzipSync('hello').subarray(-8)

/** A member with these flags, and what they announce (RFC 1952 section 2.3). */
function member(flags: number, fields: number[] = [], method = 8): Buffer {
  return Buffer.concat([Buffer.from([0x1f, 0x8b, method, flags, 0, 0, 0, 0, 0, 255, ...fields]), BODY, CHECK])
}

const NAME = [...Buffer.from('a.txt'), 0]
const COMMENT = [...Buffer.from('so what'), 0]
const EXTRA = [3, 0, 7, 8, 9]
const LONG_EXTRA = [0, 1, ...Array<number>(256).fill(0)]
const CRC = [1, 2]

describe("a gzip member's header", () => {
  const ROWS: readonly [what: string, header: Buffer][] = [
    ['plain', member(0)],
    ['text', member(1)],
    ['a CRC', member(2, CRC)],
    ['extra', member(4, EXTRA)],
    ['extra of 256 bytes', member(4, LONG_EXTRA)],
    ['empty extra', member(4, [0, 0])],
    ['empty extra and a name', member(12, [0, 0, ...NAME])],
    ['a name', member(8, NAME)],
    ['a comment', member(16, COMMENT)],
    ['all of it', member(30, [...EXTRA, ...NAME, ...COMMENT, ...CRC])],
  ]
  it.each(ROWS)('%s: read over', (_what, bytes) => {
    expect(Buffer.from(decodeWholeSync(['gzip'], bytes, NONE)).toString()).toBe('hello')
  })

  it.each(ROWS)('%s: in any split it ends at the same byte', (_what, bytes) => {
    const wanted = bytes.length - BODY.length - CHECK.length
    for (let at = 0; at < bytes.length; at++) {
      const header = new GzipHeader()
      const first = header.push(bytes.subarray(0, at), 0)
      const second = header.push(bytes, first)
      expect([header.done, second]).toEqual([true, wanted])
    }
  })

  it.each([
    ['another method', member(0, [], 7), /unknown compression method 7/],
    ['flags of the future', member(0x20), /reserved flags/],
    ['flags of the future, high', member(0x80), /reserved flags/],
  ])('%s: refuse', (_what, bytes, message) => {
    expect(() => decodeWholeSync(['gzip'], bytes, NONE)).toThrow(message)
  })

  it.each([
    ['first', 0],
    ['second', 1],
  ])('a wrong %s byte of the magic number: refuse', (_which, at) => {
    const bytes = Uint8Array.from(member(0))
    bytes[at] = 0
    expect(() => new GzipHeader().push(bytes, 0)).toThrow(/magic number/)
  })
})
