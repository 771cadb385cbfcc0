import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  acceptEncoding,
  decodeStream,
  decodeWhole,
  decodeWholeSync,
  parseContentEncoding,
} from '../../../lib/call/coding/content-coding.ts'
import type { DecodeLimits } from '../../../lib/call/coding/decode-limits.ts'
import type { DecodeEngine } from '../../../lib/call/coding/decode-stream.ts'
import { DecodingError, LimitError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const NO_LIMITS: DecodeLimits = { maxBodySize: Infinity, maxDecodeRatio: Infinity }
const DEFAULTS: DecodeLimits = { maxBodySize: LIMITS.maxBodySize, maxDecodeRatio: LIMITS.maxDecodeRatio }
const HELLO = Buffer.from('hello, world; '.repeat(20))

const COMPRESS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  'raw deflate': (bytes) => zlib.deflateRawSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
}
const KINDS = Object.keys(COMPRESS)

function encodingOf(kind: string): string {
  return kind === 'raw deflate' ? 'deflate' : kind
}

async function* source(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) yield piece
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of stream) parts.push(chunk)
  return Buffer.concat(parts)
}

type Decode = (encoding: string, wire: Uint8Array, limits: DecodeLimits) => Promise<Uint8Array>

function streamed(engine: DecodeEngine): Decode {
  return (encoding, wire, limits) =>
    collect(decodeStream(parseContentEncoding(encoding), source([wire]), limits, engine))
}

/** Every way through the code; each spec of one rule runs on all of them. */
const PATHS: readonly (readonly [string, Decode])[] = [
  ['sync', async (encoding, wire, limits) => decodeWholeSync(parseContentEncoding(encoding), wire, limits)],
  ['whole', async (encoding, wire, limits) => decodeWhole(parseContentEncoding(encoding), wire, limits)],
  ['stream', streamed('zlib')],
  ['stream by pako', streamed('pako')],
]

describe('parseContentEncoding', () => {
  it('lists the codings to undo, last applied first', () => {
    expect(parseContentEncoding('')).toEqual([])
    expect(parseContentEncoding('identity')).toEqual([])
    expect(parseContentEncoding('gzip')).toEqual(['gzip'])
    expect(parseContentEncoding(' X-GZip ,, identity, BR ')).toEqual(['br', 'gzip'])
    expect(parseContentEncoding('deflate, zstd')).toEqual(['zstd', 'deflate'])
  })

  it('leaves a body alone whose coding it does not know', () => {
    for (const unknown of ['none', 'utf-8', 'binary', '__proto__', 'gzip, rot13', 'rot13, gzip']) {
      expect(parseContentEncoding(unknown)).toEqual([])
    }
  })

  it('bounds the stack', () => {
    expect(parseContentEncoding('gzip,gzip,gzip')).toHaveLength(LIMITS.maxContentCodings)
    expect(() => parseContentEncoding('gzip,gzip,gzip,gzip')).toThrow(LimitError)
    expect(() => parseContentEncoding('gzip,'.repeat(20_000))).toThrow(/maxContentCodings = 3/)
  })

  it('offers what it can undo', () => {
    for (const name of acceptEncoding.split(', ')) expect(parseContentEncoding(name)).toEqual([name])
  })
})

describe.each(PATHS)('decoding, %s', (_name, decode) => {
  it.each(KINDS)('undoes %s', async (kind) => {
    const wire = COMPRESS[kind]!(HELLO)
    expect(Buffer.from(await decode(encodingOf(kind), wire, DEFAULTS)).equals(HELLO)).toBe(true)
  })

  it('undoes stacked codings in the right order', async () => {
    const wire = COMPRESS['br']!(COMPRESS['deflate']!(COMPRESS['gzip']!(HELLO)))
    expect(Buffer.from(await decode('gzip, deflate, br', wire, DEFAULTS)).equals(HELLO)).toBe(true)
  })

  it('passes a body without codings on', async () => {
    expect(Buffer.from(await decode('', HELLO, DEFAULTS)).equals(HELLO)).toBe(true)
  })

  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, br'])(
    'takes no bytes under %s as an empty body',
    async (encoding) => {
      expect(await decode(encoding, new Uint8Array(0), DEFAULTS)).toHaveLength(0)
    },
  )

  it.each(KINDS)('says so when %s is cut short anywhere', async (kind) => {
    const wire = COMPRESS[kind]!(HELLO)
    for (let length = 1; length < wire.length; length++) {
      const cut = decode(encodingOf(kind), wire.subarray(0, length), DEFAULTS)
      await expect(cut, `${length} of ${wire.length} bytes`).rejects.toThrow(DecodingError)
    }
  })

  it.each(['gzip', 'deflate', 'br', 'zstd'])('does not take plain text for %s', async (encoding) => {
    const text = Buffer.from('<!doctype html><title>not compressed at all</title>')
    await expect(decode(encoding, text, DEFAULTS)).rejects.toThrow(DecodingError)
  })

  it('checks the checksum and the size of every gzip member', async () => {
    for (const at of [8, 7, 4, 1]) {
      const broken = Buffer.concat([zlib.gzipSync(HELLO), zlib.gzipSync(HELLO)])
      broken[broken.length - at]! ^= 1
      await expect(decode('gzip', broken, DEFAULTS)).rejects.toThrow(/gzip.*damaged.*(checksum|size)/)
    }
  })

  it('puts gzip members together, and ignores what is none', async () => {
    const member = zlib.gzipSync(HELLO)
    const twice = Buffer.concat([HELLO, HELLO])
    const ends = [
      Buffer.alloc(0),
      Buffer.alloc(512),
      Buffer.from('garbage'),
      Buffer.from([0x1f]),
      Buffer.from([0x1f, 0]),
    ]
    for (const end of ends) {
      const body = await decode('gzip', Buffer.concat([member, member, end]), DEFAULTS)
      expect(Buffer.from(body).equals(twice), `followed by ${end.toString('hex')}`).toBe(true)
    }
    const cut = Buffer.concat([member, member.subarray(0, 2)])
    await expect(decode('gzip', cut, DEFAULTS)).rejects.toThrow(/gzip body is cut short/)
  })

  it('puts zstd frames together, skippable ones apart', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    const frame = zlib.zstdCompressSync(HELLO)
    const body = await decode('zstd', Buffer.concat([skippable, frame, skippable, frame]), DEFAULTS)
    expect(Buffer.from(body).equals(Buffer.concat([HELLO, HELLO]))).toBe(true)
    const noise = Buffer.concat([frame, Buffer.from('garbage')])
    await expect(decode('zstd', noise, DEFAULTS)).rejects.toThrow(DecodingError)
    const cut = Buffer.concat([frame, frame.subarray(0, 6)])
    await expect(decode('zstd', cut, DEFAULTS)).rejects.toThrow(/zstd body is cut short/)
  })

  it.each([
    ['tells 64 bytes and has 0', '28b52ffd2040010000'],
    ['a compressed block is empty', '28b52ffd2000050000'],
  ])('refuses what libzstd takes when it comes in pieces: %s', async (what, hex) => {
    const wire = Buffer.from(hex, 'hex')
    await expect(decode('zstd', wire, DEFAULTS)).rejects.toThrow(DecodingError)
    const pieces = Array.from(wire, (byte) => Uint8Array.of(byte))
    await expect(collect(decodeStream(['zstd'], source(pieces), DEFAULTS))).rejects.toThrow(what)
  })

  it.each([0, 1, 255, 256, 65_791, 65_792, 200_000])('reads the zstd header of %i bytes', async (length) => {
    const body = Buffer.alloc(length, 'zstd')
    for (const checksum of [0, 1]) {
      for (const told of [0, 1]) {
        const params = {
          [zlib.constants.ZSTD_c_checksumFlag]: checksum,
          [zlib.constants.ZSTD_c_contentSizeFlag]: told,
        }
        const frame = zlib.zstdCompressSync(body, { params })
        const decoded = await decode('zstd', Buffer.concat([frame, frame]), DEFAULTS)
        expect(Buffer.concat([body, body]).equals(decoded)).toBe(true)
      }
    }
  })

  it('refuses a zstd window beyond RFC 9659', async () => {
    const params = { [zlib.constants.ZSTD_c_windowLog]: 24, [zlib.constants.ZSTD_c_contentSizeFlag]: 0 }
    // Streamed, so that the encoder cannot shrink its window to the content.
    const encoder = zlib.createZstdCompress({ params })
    encoder.write(HELLO)
    encoder.end()
    const wire = await collect(encoder)
    await expect(decode('zstd', wire, DEFAULTS)).rejects.toThrow(/RFC 9659/)
  })

  it.each(['deflate', 'raw deflate', 'br'])('ignores bytes behind the end of %s', async (kind) => {
    const wire = Buffer.concat([COMPRESS[kind]!(HELLO), Buffer.from('behind the end')])
    expect(Buffer.from(await decode(encodingOf(kind), wire, DEFAULTS)).equals(HELLO)).toBe(true)
  })

  it.each(KINDS)('holds maxBodySize to the byte under %s', async (kind) => {
    const wire = COMPRESS[kind]!(HELLO)
    const exact = { maxBodySize: HELLO.length, maxDecodeRatio: Infinity }
    expect(await decode(encodingOf(kind), wire, exact)).toHaveLength(HELLO.length)
    for (const maxBodySize of [HELLO.length - 1, 1, 0]) {
      const refused = decode(encodingOf(kind), wire, { maxBodySize, maxDecodeRatio: Infinity })
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_LIMIT',
        limit: 'maxBodySize',
        value: maxBodySize,
      })
    }
  })

  it('holds maxBodySize without codings', async () => {
    expect(await decode('', HELLO, { ...NO_LIMITS, maxBodySize: HELLO.length })).toHaveLength(HELLO.length)
    await expect(decode('', HELLO, { ...NO_LIMITS, maxBodySize: 10 })).rejects.toMatchObject({
      limit: 'maxBodySize',
    })
  })

  it('lets random bytes grow a little inside a stack that decodes to exactly maxBodySize', async () => {
    const noise = Buffer.from(zlib.deflateRawSync(HELLO))
    const wire = zlib.gzipSync(zlib.gzipSync(noise))
    const limits = { maxBodySize: noise.length, maxDecodeRatio: Infinity }
    expect(Buffer.from(await decode('gzip, gzip', wire, limits)).equals(noise)).toBe(true)
  })

  it.each(KINDS)('judges the ratio only above the floor, under %s', async (kind) => {
    const floor = COMPRESS[kind]!(Buffer.alloc(LIMITS.decodeRatioFloor))
    const tight = { maxBodySize: Infinity, maxDecodeRatio: 2 }
    expect(await decode(encodingOf(kind), floor, tight)).toHaveLength(LIMITS.decodeRatioFloor)
    const above = COMPRESS[kind]!(Buffer.alloc(LIMITS.decodeRatioFloor + 1))
    await expect(decode(encodingOf(kind), above, tight)).rejects.toMatchObject({
      code: 'ERR_LIMIT',
      limit: 'maxDecodeRatio',
      value: 2,
    })
  })

  it('judges each layer of a stack', async () => {
    // 16 MB of zeros whose gzip is itself compressed: the inner layer is small, the outer is not.
    const wire = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(2 * LIMITS.decodeRatioFloor)))
    await expect(decode('gzip, gzip', wire, DEFAULTS)).rejects.toMatchObject({ limit: 'maxDecodeRatio' })
    // A layer that is large, whose body would be empty: what is behind the end of br is ignored.
    const hidden = Buffer.concat([zlib.brotliCompressSync(Buffer.alloc(0)), Buffer.alloc(4_194_304)])
    const inner = decode('br, gzip', zlib.gzipSync(hidden), { maxBodySize: 1_000, maxDecodeRatio: Infinity })
    await expect(inner).rejects.toMatchObject({ limit: 'maxBodySize' })
  })
})
