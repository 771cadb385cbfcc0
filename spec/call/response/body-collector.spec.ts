import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyCollector } from '../../../lib/call/response/body-collector.ts'

describe('a body that is gathered', () => {
  it.each([-1, 0, 7])('may be empty, when %i bytes were expected', (expected) => {
    const collector = new BodyCollector(expected)
    expect(collector.bytes()).toHaveLength(0)
    expect(collector.size).toBe(0)
  })

  it('is a copy: the buffer that came is used again', () => {
    for (const expected of [-1, 3]) {
      const collector = new BodyCollector(expected)
      const reused = Buffer.from('abc')
      collector.push(reused)
      reused.fill(0)
      expect(collector.bytes().toString()).toBe('abc')
    }
  })

  it('is all that came, in order, whatever was expected and however it came', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 })
    const expected = fc.oneof(fc.integer({ min: -1, max: 130 }), fc.constantFrom(4096, 4097, 2_000_000))
    fc.assert(
      fc.property(chunks, expected, (pieces, told) => {
        const collector = new BodyCollector(told)
        for (const piece of pieces) collector.push(piece)
        const whole = Buffer.concat(pieces)
        expect(collector.size).toBe(whole.length)
        expect(Buffer.compare(collector.bytes(), whole)).toBe(0)
      }),
    )
  })

  it('goes into one buffer where its length was told', () => {
    const collector = new BodyCollector(6)
    collector.push(Buffer.from('abc'))
    collector.push(Buffer.from('def'))
    const { buffer, byteOffset } = collector.bytes()
    expect(Buffer.from(buffer, byteOffset, 6).toString()).toBe('abcdef')
  })

  it('reserves no more on a word than a MiB', () => {
    const told = 2 ** 31
    const before = process.memoryUsage().arrayBuffers
    const collectors = Array.from({ length: 50 }, () => new BodyCollector(told))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000)
    expect(collectors).toHaveLength(50)
  })
})
