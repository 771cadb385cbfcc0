import zlib from 'node:zlib'
import fc from 'fast-check'
import type { ContentCoding } from '../../lib/call/coding/coding.ts'

/** How a body was spoiled, and by that what may come of it. */
export type Damage = 'none' | 'cut' | 'flipped' | 'garbage behind' | 'noise'

export interface CodedBody {
  /** As they are to be undone, the last applied first. */
  readonly codings: readonly ContentCoding[]
  readonly content: Uint8Array
  readonly wire: Uint8Array
  readonly damage: Damage
  readonly maxBodySize: number
  readonly maxDecodeRatio: number
  /** Where the pieces of a stream begin. */
  readonly cuts: readonly number[]
}

/** Evenly spread: fast-check likes 0 otherwise. */
const fraction = fc.noBias(fc.nat({ max: 99_999 })).map((n) => n / 100_000)

const repeated = fc
  .tuple(fc.string({ unit: 'binary-ascii', maxLength: 40 }), fc.nat({ max: 400 }))
  .map(([text, times]) => Buffer.from(text.repeat(times)))
const zeros = fc.nat({ max: 300_000 }).map((size) => Buffer.alloc(size))
const content: fc.Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: repeated, weight: 4 },
  { arbitrary: fc.uint8Array({ maxLength: 600 }), weight: 4 },
  { arbitrary: zeros, weight: 1 },
)

interface Spelling {
  readonly coding: ContentCoding
  /** deflate without its zlib frame; zstd with a checksum. */
  readonly odd: boolean
  readonly level: number
  /** Where one member or frame ends and the next begins. */
  readonly parts: readonly number[]
  readonly decorated: boolean
}

const spelling: fc.Arbitrary<Spelling> = fc.record({
  coding: fc.constantFrom<ContentCoding>('gzip', 'gzip', 'deflate', 'br', 'zstd'),
  odd: fc.boolean(),
  level: fc.nat({ max: 9 }),
  parts: fc.oneof(
    { arbitrary: fc.constant([]), weight: 3 },
    { arbitrary: fc.array(fraction, { maxLength: 3 }), weight: 1 },
  ),
  decorated: fc.boolean(),
})

function encode(bytes: Uint8Array, { coding, odd, level, parts, decorated }: Spelling): Uint8Array {
  if (coding === 'br') {
    return zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: level % 6 } })
  }
  if (coding === 'deflate')
    return odd ? zlib.deflateRawSync(bytes, { level }) : zlib.deflateSync(bytes, { level })
  const points = [
    0,
    ...parts.map((at) => Math.floor(at * bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ]
  const units = points.slice(1).map((end, i) => bytes.subarray(points[i], end))
  if (coding === 'gzip') {
    return Buffer.concat(
      units.map((unit) =>
        decorated ? withHeader(zlib.gzipSync(unit, { level })) : zlib.gzipSync(unit, { level }),
      ),
    )
  }
  const params = {
    [zlib.constants.ZSTD_c_checksumFlag]: odd ? 1 : 0,
    [zlib.constants.ZSTD_c_compressionLevel]: level,
  }
  const frames = units.map((unit) => zlib.zstdCompressSync(unit, { params }))
  return Buffer.concat(decorated ? [SKIPPABLE, ...frames] : frames)
}

/** A frame that holds nothing (RFC 8878 section 3.1.2). */
const SKIPPABLE = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

/** The same member with all that RFC 1952 allows in a header: extra field, name, comment, CRC. */
function withHeader(member: Buffer): Buffer {
  const header = Buffer.from(member.subarray(0, 10))
  header[3] = 4 | 8 | 16 | 2
  const more = Buffer.from('\x03\0abcname\0comment\0\x12\x34', 'latin1')
  return Buffer.concat([header, more, member.subarray(10)])
}

const codingList = fc.oneof(
  { arbitrary: fc.tuple(spelling), weight: 6 },
  { arbitrary: fc.tuple(spelling, spelling), weight: 2 },
  { arbitrary: fc.tuple(spelling, spelling, spelling), weight: 1 },
)

interface Blow {
  readonly damage: Damage
  readonly at: number
  readonly bits: number
  readonly noise: Uint8Array
}

const blow: fc.Arbitrary<Blow> = fc.record({
  damage: fc.constantFrom<Damage>('none', 'none', 'cut', 'flipped', 'flipped', 'garbage behind', 'noise'),
  at: fraction,
  bits: fc.integer({ min: 1, max: 255 }),
  noise: fc.uint8Array({ minLength: 1, maxLength: 60 }),
})

function spoiled(wire: Uint8Array, { damage, at, bits, noise }: Blow): Uint8Array {
  const index = Math.floor(at * wire.length)
  if (damage === 'cut') return wire.subarray(0, index)
  if (damage === 'garbage behind') return Buffer.concat([wire, noise])
  if (damage === 'noise') return Buffer.concat([wire.subarray(0, index % 24), noise])
  if (damage === 'none') return wire
  const copy = Buffer.from(wire)
  copy[index]! ^= bits
  return copy
}

/** Bodies under one to three codings, whole and spoiled, with limits that are wide or tight. */
export const codedBody: fc.Arbitrary<CodedBody> = fc
  .record({
    content,
    spellings: codingList,
    blow,
    maxBodySize: fc.oneof(fc.constant(1_000_000), fc.nat({ max: 2_000 }), fc.constant(Infinity)),
    maxDecodeRatio: fc.constantFrom(200, 1, Infinity),
    cuts: fc.array(fraction, { maxLength: 5 }),
  })
  .map(({ content: bytes, spellings, blow: hit, maxBodySize, maxDecodeRatio, cuts }) => {
    let wire = bytes
    for (const one of spellings) wire = encode(wire, one)
    wire = spoiled(wire, hit)
    return {
      codings: spellings.map((one) => one.coding).toReversed(),
      content: bytes,
      wire,
      damage: hit.damage,
      maxBodySize,
      maxDecodeRatio,
      cuts: cuts.map((at) => Math.floor(at * wire.length)).toSorted((a, b) => a - b),
    }
  })
