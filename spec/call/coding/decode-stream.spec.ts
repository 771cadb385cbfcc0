import zlib from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { ContentCoding } from '../../../lib/call/coding/coding.ts'
import {
  decodeStream,
  decodeWhole,
  decodeWholeSync,
  parseContentEncoding,
} from '../../../lib/call/coding/content-coding.ts'
import { ConnectionClosedError, DecodingError, LimitError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const NO_LIMITS = { maxBodySize: Infinity, maxDecodeRatio: Infinity }
const DEFAULTS = { maxBodySize: LIMITS.maxBodySize, maxDecodeRatio: LIMITS.maxDecodeRatio }
const ENGINES = ['zlib', 'pako'] as const
const MEBIBYTE = 1_048_576
const PIECE = 16_384

/** 300 MB of zeros, compressed as a stream: it never stands in memory whole. */
async function zeros(encoder: NodeJS.ReadWriteStream, megabytes: number): Promise<Buffer> {
  const block = Buffer.alloc(1_000_000)
  const parts: Uint8Array[] = []
  encoder.on('data', (chunk: Uint8Array) => parts.push(chunk))
  const end = new Promise((resolve) => encoder.on('end', resolve))
  for (let i = 0; i < megabytes; i++) {
    if (!encoder.write(block)) await new Promise((resolve) => encoder.once('drain', resolve))
  }
  encoder.end()
  await end
  return Buffer.concat(parts)
}

/** A source that counts what it hands out, and whether it is returned. */
class Source implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #wire: Uint8Array
  #at = 0
  returned = 0
  given = 0

  constructor(wire: Uint8Array) {
    this.#wire = wire
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#at >= this.#wire.length) return { done: true, value: undefined }
    const value = this.#wire.subarray(this.#at, this.#at + PIECE)
    this.#at += value.length
    this.given += value.length
    return { done: false, value }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.returned++
    return { done: true, value: undefined }
  }
}

async function* source(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) yield piece
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of stream) parts.push(chunk)
  return Buffer.concat(parts)
}

/** What the decoded bytes and the buffers behind them came to when reading stopped. */
async function consume(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ seen: number; peak: number; error: unknown }> {
  const before = process.memoryUsage().arrayBuffers
  let seen = 0
  let peak = 0
  try {
    for await (const chunk of stream) {
      seen += chunk.length
      if (seen % (4 * MEBIBYTE) < chunk.length) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
      }
    }
    return { seen, peak, error: null }
  } catch (error) {
    return { seen, peak, error }
  }
}

function splitAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

function spoil(coded: Uint8Array, noise: Uint8Array, how: string, at: number): Uint8Array {
  if (how === 'noise') return noise
  if (how === 'append') return Buffer.concat([coded, noise])
  if (how === 'cut') return coded.subarray(0, at % (coded.length + 1))
  const wire = Uint8Array.from(coded)
  if (wire.length > 0) wire[at % wire.length]! ^= 1 << (at % 8)
  return wire
}

async function outcome(run: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  try {
    return Buffer.from(await run()).toString('hex')
  } catch (error) {
    if (error instanceof DecodingError || error instanceof LimitError) return error.name
    throw error
  }
}

describe('a body of 300 KB that grows to 300 MB', () => {
  let wire: Buffer = Buffer.alloc(0)
  beforeAll(async () => {
    wire = await zeros(zlib.createGzip(), 300)
  })

  it('stops at the ratio, whichever way it is decoded', async () => {
    expect(wire.length).toBeGreaterThan(280_000)
    expect(wire.length).toBeLessThan(310_000)
    const ratio = { code: 'ERR_LIMIT', limit: 'maxDecodeRatio', value: 200 }
    expect(() => decodeWholeSync(['gzip'], wire, DEFAULTS)).toThrow(expect.objectContaining(ratio))
    await expect(decodeWhole(['gzip'], wire, DEFAULTS)).rejects.toMatchObject(ratio)
    for (const engine of ENGINES) {
      const input = new Source(wire)
      const { seen, error } = await consume(decodeStream(['gzip'], input, DEFAULTS, engine))
      expect(error).toMatchObject(ratio)
      // Judged by what has arrived, above the floor.
      expect(seen).toBeLessThanOrEqual(LIMITS.decodeRatioFloor + 200 * PIECE)
      expect(input.given).toBeLessThanOrEqual(2 * PIECE)
      expect(input.returned).toBe(1)
    }
  })

  it('stops at maxBodySize, and never holds much more than that', async () => {
    const limits = { maxBodySize: 8 * MEBIBYTE, maxDecodeRatio: Infinity }
    const size = { code: 'ERR_LIMIT', limit: 'maxBodySize', value: 8 * MEBIBYTE }
    const before = process.memoryUsage().arrayBuffers
    expect(() => decodeWholeSync(['gzip'], wire, limits)).toThrow(expect.objectContaining(size))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEBIBYTE)
    await expect(decodeWhole(['gzip'], wire, limits)).rejects.toMatchObject(size)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEBIBYTE)
    for (const engine of ENGINES) {
      const { seen, error } = await consume(decodeStream(['gzip'], new Source(wire), limits, engine))
      expect(error).toMatchObject(size)
      expect(seen).toBeLessThanOrEqual(8 * MEBIBYTE)
    }
  })

  it('is read to its end piece by piece, in little memory, where no limit is set', async () => {
    const { seen, peak, error } = await consume(decodeStream(['gzip'], new Source(wire), NO_LIMITS))
    expect(error).toBeNull()
    expect(seen).toBe(300_000_000)
    // Garbage that is not yet collected counts too; 300 MB would show.
    expect(peak).toBeLessThan(96 * MEBIBYTE)
  })

  it.each(ENGINES)('waits for its reader, %s', async (engine) => {
    const create = vi.spyOn(zlib, 'createInflateRaw')
    try {
      const input = new Source(wire)
      const body = decodeStream(['gzip'], input, NO_LIMITS, engine)
      const first = await body.next()
      expect(first.value).toHaveLength(LIMITS.decodeStreamChunk)
      const streams = create.mock.results.map((result) => result.value as zlib.InflateRaw)
      expect(streams).toHaveLength(engine === 'zlib' ? 1 : 0)
      // Time enough for 16 KB to grow to 16 MB, if it did not wait: another body is decoded meanwhile.
      expect(await decodeWhole(['gzip'], zlib.gzipSync(Buffer.alloc(60_000_000)), NO_LIMITS)).toHaveLength(
        60_000_000,
      )
      expect(input.given).toBe(PIECE)
      for (const stream of streams) {
        expect(stream.readableLength).toBeLessThanOrEqual(2 * LIMITS.decodeStreamChunk)
      }
      await body.return()
      expect(input.returned).toBe(1)
    } finally {
      create.mockRestore()
    }
  })

  it.each([
    ['br', () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } })],
    ['zstd', () => zlib.createZstdCompress()],
    ['deflate', () => zlib.createDeflate()],
  ] as const)('stops under %s too', async (encoding, encoder) => {
    const other = await zeros(encoder(), 30)
    const ratio = { limit: 'maxDecodeRatio' }
    expect(() => decodeWholeSync([encoding], other, DEFAULTS)).toThrow(expect.objectContaining(ratio))
    await expect(decodeWhole([encoding], other, DEFAULTS)).rejects.toMatchObject(ratio)
    const { seen, error } = await consume(decodeStream([encoding], new Source(other), DEFAULTS))
    expect(error).toMatchObject(ratio)
    expect(seen).toBeLessThanOrEqual(Math.max(LIMITS.decodeRatioFloor, 200 * PIECE))
  })
})

describe('decodeStream', () => {
  const text = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i * 7919}\n`).join(''))
  const wire = zlib.gzipSync(text)

  it.each(ENGINES)('passes what the source throws on as it is, %s', async (engine) => {
    const lost = new ConnectionClosedError('the peer reset the connection')
    async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
      yield wire.subarray(0, 1_000)
      throw lost
    }
    for (const codings of [[], ['gzip'], ['gzip', 'gzip']] as ContentCoding[][]) {
      const body = decodeStream(codings, codings.length === 2 ? reWrapped() : breaking(), NO_LIMITS, engine)
      await expect(collect(body)).rejects.toBe(lost)
    }
    async function* reWrapped(): AsyncGenerator<Uint8Array, void, undefined> {
      yield zlib.gzipSync(wire).subarray(0, 1_000)
      throw lost
    }
  })

  it.each(ENGINES)('lets go of source and decoders when its reader stops, %s', async (engine) => {
    const input = new Source(zlib.gzipSync(wire))
    for await (const chunk of decodeStream(['gzip', 'gzip'], input, NO_LIMITS, engine)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(input.returned).toBe(1)
  })

  it('frees every native decoder, whatever ends the reading', async () => {
    const create = vi.spyOn(zlib, 'createInflateRaw')
    try {
      const twice = zlib.gzipSync(wire)
      const broken = Buffer.from(twice)
      broken[broken.length - 5]! ^= 1
      for await (const chunk of decodeStream(['gzip', 'gzip'], new Source(twice), NO_LIMITS)) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      await collect(decodeStream(['gzip', 'gzip'], new Source(twice), NO_LIMITS))
      await expect(collect(decodeStream(['gzip', 'gzip'], new Source(broken), NO_LIMITS))).rejects.toThrow(
        DecodingError,
      )
      const tight = { maxBodySize: 10, maxDecodeRatio: Infinity }
      await expect(collect(decodeStream(['gzip', 'gzip'], new Source(twice), tight))).rejects.toThrow(
        LimitError,
      )
      const streams = create.mock.results.map((result) => result.value as zlib.InflateRaw)
      // Under the tight limit the outer layer fails before the inner one has begun.
      expect(streams).toHaveLength(7)
      expect(streams.map((stream) => stream.destroyed)).toEqual(streams.map(() => true))
    } finally {
      create.mockRestore()
    }
  })

  it('frees the decoder of a zstd frame', async () => {
    const create = vi.spyOn(zlib, 'createZstdDecompress')
    try {
      const frame = zlib.zstdCompressSync(text)
      for await (const chunk of decodeStream(['zstd'], new Source(frame), NO_LIMITS)) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      await collect(decodeStream(['zstd'], new Source(Buffer.concat([frame, frame])), NO_LIMITS))
      const streams = create.mock.results.map((result) => result.value as zlib.ZstdDecompress)
      expect(streams.map((stream) => stream.destroyed)).toEqual([true, true, true])
    } finally {
      create.mockRestore()
    }
  })

  it.each(ENGINES)('returns the source after an error of the coding, %s', async (engine) => {
    const broken = Buffer.from(wire)
    broken.fill(0xff, 20_000, 20_100)
    const input = new Source(broken)
    await expect(collect(decodeStream(['gzip'], input, NO_LIMITS, engine))).rejects.toThrow(DecodingError)
    expect(input.returned).toBe(1)
  })

  it.each(ENGINES)('hands decoded bytes on before the body is whole, %s', async (engine) => {
    const encoder = zlib.createGzip()
    encoder.write('first event\n')
    encoder.flush()
    const start = await new Promise<Buffer>((resolve) => {
      const parts: Buffer[] = []
      encoder.on('data', (part: Buffer) => {
        parts.push(part)
        if (zlib.constants.Z_SYNC_FLUSH && Buffer.concat(parts).includes(Buffer.from([0, 0, 0xff, 0xff]))) {
          resolve(Buffer.concat(parts))
        }
      })
    })
    const pause = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      yield start
      await pause.promise
    }
    const body = decodeStream(['gzip'], slow(), NO_LIMITS, engine)
    const first = await body.next()
    expect(Buffer.from(first.value!).toString()).toBe('first event\n')
    const rest = body.next()
    await new Promise((resolve) => setImmediate(resolve))
    pause.resolve()
    await expect(rest).rejects.toThrow(/cut short/)
    encoder.destroy()
  })

  it('reads what follows the coded bytes, up to a bound', async () => {
    const small = Buffer.concat([wire, Buffer.alloc(100_000)])
    const input = new Source(small)
    expect((await collect(decodeStream(['gzip'], input, NO_LIMITS))).equals(text)).toBe(true)
    expect(input.given).toBe(small.length)
    expect(input.returned).toBe(0)
    const endless = new Source(Buffer.concat([wire, Buffer.alloc(2_000_000)]))
    expect((await collect(decodeStream(['gzip'], endless, NO_LIMITS))).equals(text)).toBe(true)
    expect(endless.given).toBeLessThan(wire.length + LIMITS.maxMutedBytes + 2 * PIECE)
    expect(endless.returned).toBe(1)
  })
})

describe('any body', () => {
  const KINDS = ['gzip', 'deflate', 'raw', 'br', 'zstd'] as const
  type Kind = (typeof KINDS)[number]
  const COMPRESS: Readonly<Record<Kind, (bytes: Uint8Array) => Uint8Array>> = {
    gzip: (bytes) => zlib.gzipSync(bytes),
    deflate: (bytes) => zlib.deflateSync(bytes),
    raw: (bytes) => zlib.deflateRawSync(bytes),
    br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: (bytes) => zlib.zstdCompressSync(bytes),
  }
  const stacks = fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: LIMITS.maxContentCodings })
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 3_000 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 5_000 }))
      .map(([unit, times]) => Uint8Array.from(Buffer.alloc(unit.length * times, unit))),
  )
  const cuts = fc.array(fc.nat(), { maxLength: 12 })

  function codingsOf(stack: readonly Kind[]): ContentCoding[] {
    return parseContentEncoding(stack.map((kind) => (kind === 'raw' ? 'deflate' : kind)).join(', '))
  }

  it('comes back the same from any codings in any split', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, stacks, cuts, async (body, stack, places) => {
        let wire = body
        for (const kind of stack) wire = Uint8Array.from(COMPRESS[kind](wire))
        const codings = codingsOf(stack)
        const same = (bytes: Uint8Array): void => expect(Buffer.compare(bytes, body)).toBe(0)
        same(decodeWholeSync(codings, wire, DEFAULTS))
        same(await decodeWhole(codings, wire, DEFAULTS))
        const pieces = splitAt(wire, places)
        for (const engine of ENGINES)
          same(await collect(decodeStream(codings, source(pieces), NO_LIMITS, engine)))
      }),
      { numRuns: 150 },
    )
  })

  it('that is damaged or made up gives the same on every path: bytes, or an error of ours', async () => {
    const made = fc.record({
      stack: stacks,
      body: fc.uint8Array({ maxLength: 300 }),
      noise: fc.uint8Array({ maxLength: 60 }),
      places: cuts,
      how: fc.constantFrom('noise', 'flip', 'cut', 'append'),
      at: fc.nat(),
    })
    await fc.assert(
      fc.asyncProperty(made, async ({ stack, body, noise, places, how, at }) => {
        let coded: Uint8Array = body
        for (const kind of stack) coded = Uint8Array.from(COMPRESS[kind](coded))
        const wire = spoil(coded, noise, how, at)
        const codings = codingsOf(stack)
        const sync = await outcome(() => decodeWholeSync(codings, wire, DEFAULTS))
        expect(await outcome(() => decodeWhole(codings, wire, DEFAULTS))).toBe(sync)
        for (const engine of ENGINES) {
          const streamed = decodeStream(codings, source(splitAt(wire, places)), DEFAULTS, engine)
          expect(await outcome(() => collect(streamed)), `by ${engine}`).toBe(sync)
        }
      }),
      { numRuns: 400 },
    )
  })
})
