import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContentCoding } from '../../lib/call/coding/coding.ts'
import { decodeStream, decodeWholeSync } from '../../lib/call/coding/content-coding.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { codedBody } from './coding-arbitrary.ts'
import { checkCoding } from './coding-oracle.ts'

/** For a machine that does much else: unhurried, these take some seconds. */
const LONG = 60_000

describe('coded bodies, whole and spoiled', () => {
  it(
    'come to the same by every way of decoding, and never to other bytes',
    async () => {
      const outcomes = new Map<string, number>()
      await fc.assert(
        fc.asyncProperty(codedBody, async (body) => {
          const outcome = `${body.damage}: ${await checkCoding(body)}`
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        }),
        { numRuns: 100, seed: 4 },
      )
      expect([...outcomes.keys()]).toEqual(
        expect.arrayContaining([
          'none: decoded',
          'none: maxBodySize',
          'cut: damaged',
          'flipped: damaged',
          'garbage behind: decoded',
        ]),
      )
    },
    LONG,
  )
})

const SIZE = LIMITS.decodeRatioFloor + 1_000_000
const encoders: Record<ContentCoding, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 9 }),
  deflate: (bytes) => zlib.deflateSync(bytes, { level: 9 }),
  br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
}

describe('a bomb', () => {
  it.each<{ codings: ContentCoding[] }>([
    { codings: ['gzip'] },
    { codings: ['zstd'] },
    { codings: ['br', 'gzip'] },
  ])('is given up at the ratio: $codings', async ({ codings }) => {
    let wire: Uint8Array = Buffer.alloc(SIZE)
    for (const coding of codings.toReversed()) wire = encoders[coding](wire)
    const limits = { maxBodySize: Infinity, maxDecodeRatio: 200 }
    expect(wire.length * 200).toBeLessThan(LIMITS.decodeRatioFloor)
    expect(() => decodeWholeSync(codings, wire, limits)).toThrow(
      expect.objectContaining({ limit: 'maxDecodeRatio' }),
    )
    let given = 0
    const reading = (async () => {
      for await (const part of decodeStream(codings, once(wire), limits)) given += part.length
    })()
    await expect(reading).rejects.toMatchObject({ limit: 'maxDecodeRatio' })
    expect(given).toBeLessThanOrEqual(LIMITS.decodeRatioFloor)
    expect(given).toBeGreaterThan(LIMITS.decodeRatioFloor - 2 * LIMITS.decodeStreamChunk)
  })
})

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
