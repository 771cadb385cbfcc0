import { DecodingError } from '../../core/errors.ts'

/** The content codings that are undone here, by their registered names (RFC 9110 section 8.4.1). */
export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/**
 * What is decoded in one go: raw deflate (the inside of a gzip member too), a zlib stream, a brotli
 * stream, one zstd frame.
 */
export type UnitKind = 'raw' | 'zlib' | 'br' | 'zstd'

/** Decodes one unit step by step. After each `write` or `finish`, `read` until it says null. */
export interface UnitDecoder {
  /** Whether the unit is known to be over. */
  readonly ended: boolean
  /** Bytes of the last piece that lie behind the unit's end. */
  readonly unused: number
  /** The next piece, not empty. It must not change until it is used up. */
  write(piece: Uint8Array): void
  /** No piece follows: a unit that is not over is cut short, and `read` throws. */
  finish(): void
  /** Decoded bytes, or null: the piece is used up, or the unit is over. Throws DecodingError. */
  read(): Uint8Array | null | Promise<Uint8Array | null>
  /** Gives up what the decoder holds, whatever it is doing. */
  close(): void
}

export const EMPTY: Uint8Array = new Uint8Array(0)

export function damaged(coding: string, what: string, cause?: unknown): DecodingError {
  return new DecodingError(`the ${coding} body is damaged: ${what}`, cause)
}

export function cutShort(coding: string, cause?: unknown): DecodingError {
  return new DecodingError(`the ${coding} body is cut short: its coding does not come to an end`, cause)
}

/** What node:zlib threw, as a DecodingError. */
export function decodingError(coding: string, cause: unknown): DecodingError {
  if (cause instanceof DecodingError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return cutShort(coding, cause)
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return damaged(coding, 'its window is larger than the 8 MB of RFC 9659', cause)
  }
  return damaged(coding, message, cause)
}

/** Keeps a small result from holding on to the large buffer, of `size` bytes, it was decoded into. */
export function trim(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length === 0) return EMPTY
  // Not slice: a Buffer's does not copy.
  return bytes.length * 4 < size ? new Uint8Array(bytes) : bytes
}

/** zlib looks at no more than this nibble either: raw deflate never begins like it (RFC 1950). */
export function deflateKind(firstByte: number): 'zlib' | 'raw' {
  return (firstByte & 0x0f) === 8 ? 'zlib' : 'raw'
}
