import { gzipSync } from 'node:zlib'
import { LIMITS } from '../../lib/index.ts'

/**
 * What a server may get wrong in an answer's bytes. 'short-length', 'long-length': Content-Length says less,
 * or more, than there is. 'two-lengths': it is there twice, and differs. 'storm': more interim answers than
 * anybody waits for. 'surplus': bytes after the answer that are nothing; 'poison': that look like an answer.
 * 'rubbish-chunk', 'bare-chunk': a chunk size that is no number, a chunk without its line end. 'huge-head': a
 * field larger than a head may be. 'bomb': a coded body that grows beyond all measure.
 */
export const MISDEEDS = [
  'short-length',
  'long-length',
  'two-lengths',
  'storm',
  'surplus',
  'poison',
  'rubbish-chunk',
  'bare-chunk',
  'huge-head',
  'bomb',
] as const
export type Misdeed = (typeof MISDEEDS)[number]

/** Interim answers of a storm. */
export const STORM: readonly number[] = Array.from({ length: LIMITS.maxInformational + 1 }, (_, at) =>
  at % 3 === 0 ? 100 : 103,
)

const CHUNK_SIZES = ['zz', '-1', '0x10', '1 2', '', 'fffffffffffffffff', '\u00b2']

/** Which of `CHUNK_SIZES` is in place of an answer's first: answers differ by their number of bytes. */
export function rubbishSize(length: number): string {
  return CHUNK_SIZES[length % CHUNK_SIZES.length]!
}

/** The limit that refuses what such a misdeed sends; '': none does. */
export const LIMIT_OF: Readonly<Partial<Record<Misdeed, string>>> = {
  storm: 'maxInformational',
  'huge-head': 'maxHeadSize',
  bomb: 'maxDecodeRatio',
}

/** Whether a client may take the answer's body, or what it was told is the body, for a whole one. */
export function mayBeTaken(misdeed: Misdeed, bodiless: boolean, coded: boolean): boolean {
  switch (misdeed) {
    case 'surplus':
    case 'poison':
      return true
    case 'short-length':
      // What is cut off a coded body is missed by its decoder.
      return bodiless || !coded
    case 'storm':
    case 'huge-head':
      return false
    case 'long-length':
    case 'two-lengths':
    case 'rubbish-chunk':
    case 'bare-chunk':
    case 'bomb':
      return bodiless
  }
}

let bomb: Buffer | null = null

/** A gzip member that is 1,000 times as large when it is decoded, and more than may be decoded unasked. */
export function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(LIMITS.decodeRatioFloor + 1_000_000))
  return bomb
}
