import { describe, expect, it } from 'vitest'
import { BodyCollector } from '../../../lib/call/response/body-collector.ts'
import { BodyQueue } from '../../../lib/call/response/body-queue.ts'
import { Pieces } from '../../../lib/call/response/pieces.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const exact = (size: number): Buffer<ArrayBuffer> => Buffer.allocUnsafeSlow(size)

/** Bytes that tell their place. */
function numbered(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255))
}

const SIZES = [1, 1, 2, 100, 1, 5_000, 3, 20_000, 1, 16_384, 16_383, 2, 65_536, 1, 1, 1]

function everyThird(pieces: Pieces, i: number): Buffer[] {
  const piece = i % 3 === 2 ? pieces.shift() : undefined
  return piece === undefined ? [] : [piece]
}

describe('pieces of a body', () => {
  it.each([
    ['whole', () => []],
    ['now and then', everyThird],
  ])('are the bytes that were pushed, taken out %s', (_, takeSome) => {
    const bytes = numbered(SIZES.reduce((sum, size) => sum + size))
    const pieces = new Pieces(exact)
    const got: Buffer[] = []
    let at = 0
    for (const [i, size] of SIZES.entries()) {
      pieces.push(bytes.subarray(at, (at += size)))
      got.push(...takeSome(pieces, i))
    }
    got.push(pieces.take())
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
    expect(pieces).toMatchObject({ size: 0, count: 0 })
    expect(pieces.shift()).toBeUndefined()
    // Nobody sees more of a buffer than the piece.
    for (const piece of got) expect(piece.buffer.byteLength).toBe(piece.length)
  })

  it.each([1, 100, 16_384, 70_000])('are read into memory of %i bytes', (room) => {
    const bytes = numbered(SIZES.reduce((sum, size) => sum + size))
    const pieces = new Pieces(exact)
    const got: Buffer[] = []
    let at = 0
    const readSome = (): number => {
      const target = Buffer.alloc(room)
      const before = pieces.size
      const count = pieces.read(target)
      expect(count).toBe(Math.min(room, before))
      got.push(target.subarray(0, count))
      return count
    }
    for (const size of SIZES) {
      pieces.push(bytes.subarray(at, (at += size)))
      if (at % 2 === 0) readSome()
    }
    while (readSome() > 0);
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
    expect(pieces).toMatchObject({ size: 0, count: 0 })
  })

  it('that were read in part are shifted and taken from there on', () => {
    const pieces = new Pieces(exact)
    const target = Buffer.alloc(2)
    pieces.push(Buffer.from('abcd'))
    expect(pieces.read(target)).toBe(2)
    expect(pieces.shift()?.toString()).toBe('cd')
    for (const text of ['abcd', 'efgh', 'ij']) pieces.push(Buffer.from(text))
    expect(pieces.read(target)).toBe(2)
    expect(pieces.take().toString()).toBe('cdefghij')
  })

  it('that are read as they come need memory once', () => {
    let allocated = 0
    const pieces = new Pieces((size) => {
      allocated += size
      return exact(size)
    })
    const chunk = numbered(65_536)
    const target = Buffer.alloc(65_536)
    for (let i = 0; i < 100; i++) {
      pieces.push(chunk)
      expect(pieces.read(target)).toBe(65_536)
      expect(target.equals(chunk)).toBe(true)
    }
    expect(allocated).toBe(65_536)
  })

  it('are copies', () => {
    const chunk = Buffer.from('abc')
    const pieces = new Pieces(exact)
    pieces.push(chunk)
    pieces.push(chunk)
    chunk.fill(0)
    expect(pieces.take().toString()).toBe('abcabc')
  })

  it('do not make an object of every byte', () => {
    const pieces = new Pieces(exact)
    const byte = Buffer.from('x')
    for (let i = 0; i < LIMITS.streamBuffer; i++) pieces.push(byte)
    expect(pieces.size).toBe(LIMITS.streamBuffer)
    expect(pieces.count).toBeLessThan(32)
  })
})

describe('a body that comes a byte at a time', () => {
  it('is read from its queue in few pieces, and the queue is full at its limit', async () => {
    const queue = new BodyQueue({ onRoom: () => {}, onTaken: () => {}, onAbandoned: () => {} })
    const bytes = numbered(LIMITS.streamBuffer)
    let pushed = 1
    while (queue.push(bytes.subarray(pushed - 1, pushed))) pushed++
    expect(pushed).toBe(bytes.length)
    queue.end()
    const got: Uint8Array[] = []
    for await (const chunk of queue) got.push(chunk)
    expect(got.length).toBeLessThan(32)
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
  })

  it('is gathered whole', () => {
    const bytes = numbered(50_000)
    const body = new BodyCollector(-1)
    for (let i = 0; i < bytes.length; i++) body.push(bytes.subarray(i, i + 1))
    expect(body.size).toBe(50_000)
    expect(body.bytes().equals(bytes)).toBe(true)
  })
})
