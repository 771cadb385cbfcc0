import zlib from 'node:zlib'
import { LimitError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { type ContentCoding, EMPTY } from './coding.ts'
import { type DecodeLimits, decodeLimitError, mostDecoded } from './decode-limits.ts'
import { type DecodeEngine, LayerDecoder } from './decode-stream.ts'
import { WholeDecoder } from './decode-whole.ts'
import { PieceReader } from './piece-reader.ts'

const HAS_ZSTD = typeof zlib.zstdDecompressSync === 'function'

/** What is offered to servers: all that can be undone here. */
export const acceptEncoding: string = HAS_ZSTD ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br'

export type { DecodeLimits } from './decode-limits.ts'

/**
 * Reads Content-Encoding into the codings to undo, the one applied last first; [] when there is
 * none. A coding that is not known here ("none", "utf-8", "binary" are sent by real servers) leaves
 * the whole body as it came, as browsers and undici do. Throws LimitError for too many.
 */
export function parseContentEncoding(value: string): ContentCoding[] {
  if (value === '') return []
  if (value === 'gzip') return ['gzip']
  const codings: (ContentCoding | null)[] = []
  for (const item of value.split(',')) {
    const name = item.trim().toLowerCase()
    if (name === '' || name === 'identity') continue
    if (codings.length === LIMITS.maxContentCodings) {
      throw new LimitError(
        'maxContentCodings',
        LIMITS.maxContentCodings,
        `Content-Encoding "${value.slice(0, 100)}" stacks too many codings`,
      )
    }
    codings.push(knownCoding(name))
  }
  const known = codings.filter((coding) => coding !== null)
  return known.length === codings.length ? known.toReversed() : []
}

/** The coding of that name, where it can be undone. */
function knownCoding(name: string): ContentCoding | null {
  if (name === 'gzip' || name === 'deflate' || name === 'br') return name
  // RFC 9110 section 8.4.1.3.
  if (name === 'x-gzip') return 'gzip'
  return name === 'zstd' && HAS_ZSTD ? name : null
}

/**
 * Decodes a whole body at once, on this thread: for bodies of up to `LIMITS.syncDecodeSize` on the
 * wire. Without codings the result is `wire` itself; it may be a view of a larger buffer.
 * Throws DecodingError and LimitError.
 */
export function decodeWholeSync(
  codings: readonly ContentCoding[],
  wire: Uint8Array,
  limits: DecodeLimits,
): Uint8Array {
  if (codings.length === 0 && wire.length > limits.maxBodySize) {
    throw decodeLimitError(wire.length, limits, false)
  }
  let body = wire
  for (let i = 0; i < codings.length; i++) {
    body = new WholeDecoder(codings[i]!, wire.length, limits, i < codings.length - 1).decode(body)
  }
  return body
}

/** Decodes a whole body beside the event loop. `wire` must not change meanwhile. */
export async function decodeWhole(
  codings: readonly ContentCoding[],
  wire: Uint8Array,
  limits: DecodeLimits,
  engine: DecodeEngine = 'zlib',
): Promise<Uint8Array> {
  if (codings.length === 0) return decodeWholeSync(codings, wire, limits)
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of decode(codings, once(wire), limits, engine, LIMITS.decodeWholeChunk)) {
    parts.push(chunk)
    size += chunk.length
  }
  if (parts.length < 2) return parts[0] ?? EMPTY
  return Buffer.concat(parts, size)
}

/**
 * Decodes a body while it comes in, at its reader's pace: a step ahead of the reader is all that is
 * held, whatever the body grows to. The pieces of `source` must not change once handed over.
 *
 * Throws DecodingError and LimitError, and what `source` throws, unchanged. Returning early, like an
 * error, frees the decoders and returns `source`. Returning before the first `next()` does not reach
 * `source`: reading has not begun.
 */
export function decodeStream(
  codings: readonly ContentCoding[],
  source: AsyncIterable<Uint8Array>,
  limits: DecodeLimits,
  engine: DecodeEngine = 'zlib',
): AsyncGenerator<Uint8Array, void, undefined> {
  return decode(codings, source, limits, engine, LIMITS.decodeStreamChunk)
}

function decode(
  codings: readonly ContentCoding[],
  source: AsyncIterable<Uint8Array>,
  limits: DecodeLimits,
  engine: DecodeEngine,
  chunkSize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const wire = new PieceReader(source)
  if (codings.length === 0) return bounded(pieces(wire), wire, wire, limits, false)
  let body: AsyncGenerator<Uint8Array, void, undefined> | null = null
  codings.forEach((name, i) => {
    const input = body === null ? wire : new PieceReader(body)
    const layer = new LayerDecoder(name, input, engine, chunkSize)
    body = bounded(layer.decode(), input, wire, limits, i < codings.length - 1)
  })
  return body!
}

/** One layer's output, held to the limits; at its end, whatever that is, `input` is let go. */
async function* bounded(
  output: AsyncGenerator<Uint8Array, void, undefined>,
  input: PieceReader,
  wire: PieceReader,
  limits: DecodeLimits,
  inner: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  try {
    for await (const chunk of output) {
      size += chunk.length
      if (size > mostDecoded(wire.received, limits, inner)) {
        throw decodeLimitError(wire.received, limits, inner)
      }
      yield chunk
    }
  } finally {
    await input.close()
  }
}

async function* pieces(input: PieceReader): AsyncGenerator<Uint8Array, void, undefined> {
  while (await input.more()) yield input.take()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}
