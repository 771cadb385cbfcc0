import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ContentCoding } from '../../../lib/call/coding/coding.ts'
import { decodeStream, decodeWhole, decodeWholeSync } from '../../../lib/call/coding/content-coding.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const NONE = { maxBodySize: Infinity, maxDecodeRatio: Infinity }
const EMPTY: readonly [ContentCoding, Buffer][] = [
  ['gzip', zlib.gzipSync('')],
  ['zstd', Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])],
]

/** The largest count of `unit`s that a body may have: `maxCodedUnits`, and one for each 256 bytes. */
function mostOf(unit: Buffer): number {
  return Math.floor(LIMITS.maxCodedUnits / (1 - unit.length / 256))
}

async function streamed(coding: ContentCoding, body: Buffer): Promise<number> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield body
  }
  let size = 0
  for await (const chunk of decodeStream([coding], whole(), NONE)) size += chunk.length
  return size
}

describe.each(EMPTY)('empty units of %s', (coding, unit) => {
  const most = mostOf(unit)
  const allowed = Buffer.concat(Array<Buffer>(most).fill(unit))
  const tooMany = Buffer.concat([allowed, unit, unit])
  const refusal = { code: 'ERR_LIMIT', limit: 'maxCodedUnits' }

  it('are bounded, however they are decoded', async () => {
    expect(decodeWholeSync([coding], allowed, NONE).length).toBe(0)
    expect((await decodeWhole([coding], allowed, NONE)).length).toBe(0)
    expect(await streamed(coding, allowed)).toBe(0)
    expect(() => decodeWholeSync([coding], tooMany, NONE)).toThrow(/maxCodedUnits/)
    await expect(decodeWhole([coding], tooMany, NONE)).rejects.toMatchObject(refusal)
    await expect(streamed(coding, tooMany)).rejects.toMatchObject(refusal)
  })
})

it('a body of many members is read when they are not tiny', async () => {
  const member = zlib.gzipSync(Buffer.from(crypto.getRandomValues(new Uint8Array(300))))
  const body = Buffer.concat(Array<Buffer>(5_000).fill(member))
  expect(await streamed('gzip', body)).toBe(1_500_000)
})
