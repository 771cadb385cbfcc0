import { decodeStream, decodeWhole, decodeWholeSync } from '../../lib/call/coding/content-coding.ts'
import type { DecodeEngine } from '../../lib/call/coding/decode-stream.ts'
import { DecodingError, LimitError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { CodedBody } from './coding-arbitrary.ts'
import { demand } from './finding.ts'

/** What one way of decoding came to. */
interface Decoded {
  /** '' for none, 'damaged', or the limit's name. */
  readonly error: string
  readonly message: string
  /** All of the body, or what a stream gave before its error. */
  readonly bytes: Buffer
}

/** Steps of one stream: more than any of these bodies has pieces. */
const MOST_STEPS = 20_000

/** Holds all ways of decoding a body to each other, and to what was encoded. Throws a Finding. */
export async function checkCoding(body: CodedBody): Promise<string> {
  const whole = await outcome(async () => [decodeWholeSync(body.codings, body.wire, body)])
  checkContent(body, whole)
  const ways: [string, Promise<Decoded>][] = [
    ['decodeWhole', outcome(async () => [await decodeWhole(body.codings, body.wire, body)])],
    ['decodeStream in pieces', streamed(body, body.cuts, 'zlib')],
    ['decodeStream by pako', streamed(body, body.cuts, 'pako')],
  ]
  if (body.wire.length < 300)
    ways.push(['decodeStream byte by byte', streamed(body, [...body.wire.keys()].slice(1), 'pako')])
  for (const [way, decoding] of ways) {
    const decoded = await decoding
    demand(
      decoded.bytes.length <= body.maxBodySize,
      `${way} gave ${decoded.bytes.length} bytes, more than maxBodySize`,
    )
    demand(
      decoded.error === whole.error || (body.damage !== 'none' && decoded.error !== '' && whole.error !== ''),
      `${way} says ${JSON.stringify(decoded.error)} (${decoded.message}), the whole body ` +
        `${JSON.stringify(whole.error)} (${whole.message})`,
    )
    if (whole.error === '')
      demand(decoded.bytes.equals(whole.bytes), `${way} gave other bytes than the whole body`)
    else if (body.damage === 'cut' || body.damage === 'none') {
      demand(
        isPrefix(decoded.bytes, body.content),
        `${way} gave bytes that were never encoded before its error`,
      )
    }
  }
  return whole.error === '' ? 'decoded' : whole.error
}

/** What was encoded, or an error: by the kind of damage. */
function checkContent(body: CodedBody, whole: Decoded): void {
  const { damage, content, codings } = body
  const same = whole.error === '' && whole.bytes.equals(content)
  const tight =
    content.length > body.maxBodySize || codings.length > 1 || content.length > LIMITS.decodeRatioFloor
  if (damage === 'none' || (damage === 'garbage behind' && TAKES_GARBAGE.has(codings[0]!))) {
    demand(
      same || (whole.error !== '' && whole.error !== 'damaged' && tight),
      `a sound body: ${whole.message || 'other bytes'}`,
    )
  }
  if (damage === 'none')
    demand(whole.error === '' || tight, `a sound body within its limits: ${whole.message}`)
  // A flip in a body with a checksum is told, or hit what says nothing: a time, a name.
  if ((damage === 'flipped' || damage === 'cut') && codings.length === 1 && codings[0] === 'gzip') {
    demand(
      whole.error !== '' || same || isCutAtMember(body, whole),
      `a ${damage} gzip body decodes to something else`,
    )
  }
}

/** Noise behind a zstd frame must be another frame; behind gzip it may happen to be a member. */
const TAKES_GARBAGE = new Set(['deflate', 'br'])

/** A body cut between two members, or flipped into garbage behind the first ones, is a shorter body. */
function isCutAtMember({ content, wire }: CodedBody, { bytes }: Decoded): boolean {
  return isPrefix(bytes, content) && (wire.length === 0 || bytes.length < content.length)
}

function isPrefix(bytes: Buffer, content: Uint8Array): boolean {
  return bytes.equals(content.subarray(0, bytes.length))
}

function streamed(body: CodedBody, cuts: readonly number[], engine: DecodeEngine): Promise<Decoded> {
  const pieces = [0, ...cuts].map((start, i) => body.wire.subarray(start, cuts[i] ?? body.wire.length))
  return outcome(() => decodeStream(body.codings, each(pieces), body, engine))
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces
}

async function outcome(decode: () => AsyncIterable<Uint8Array> | Promise<Uint8Array[]>): Promise<Decoded> {
  const parts: Uint8Array[] = []
  let error = ''
  let message = ''
  try {
    let steps = 0
    for await (const part of await decode()) {
      parts.push(part)
      demand(++steps < MOST_STEPS, 'a stream without end')
      demand(part.length <= LIMITS.decodeStreamChunk || steps === 1, `a step of ${part.length} bytes`)
    }
  } catch (thrown) {
    if (thrown instanceof DecodingError) error = 'damaged'
    else if (thrown instanceof LimitError) error = thrown.limit
    else throw thrown
    message = thrown.message
  }
  return { error, message, bytes: Buffer.concat(parts) }
}
