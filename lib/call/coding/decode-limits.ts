import { LimitError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/** How far a body may grow while it is decoded. Infinity turns a limit off. */
export interface DecodeLimits {
  /** Decoded bytes. */
  readonly maxBodySize: number
  /** Decoded bytes for each byte on the wire, looked at above `LIMITS.decodeRatioFloor`. */
  readonly maxDecodeRatio: number
}

/**
 * The most bytes a layer may decode to when `wire` bytes have arrived. `inner`: another coding lies
 * below. Such a layer may be a little larger than the body, as random bytes under gzip are.
 */
export function mostDecoded(wire: number, limits: DecodeLimits, inner: boolean): number {
  return Math.min(sizeLimit(limits, inner), ratioLimit(wire, limits))
}

/** The error for a layer that goes beyond `mostDecoded`. */
export function decodeLimitError(wire: number, limits: DecodeLimits, inner: boolean): LimitError {
  const { maxBodySize, maxDecodeRatio } = limits
  if (sizeLimit(limits, inner) <= ratioLimit(wire, limits)) {
    const what = inner ? 'a coding inside the body decodes to far more' : 'the body decodes to more'
    return new LimitError('maxBodySize', maxBodySize, `${what} than ${maxBodySize} bytes`)
  }
  return new LimitError(
    'maxDecodeRatio',
    maxDecodeRatio,
    `${wire} bytes on the wire decode to more than ${ratioLimit(wire, limits)} bytes; ` +
      'raise maxDecodeRatio if the server is trusted',
  )
}

/** Holds the count of a body's gzip members or zstd frames to its bound. `coded`: its coded bytes so far. */
export function checkUnits(units: number, coded: number): void {
  if (units <= LIMITS.maxCodedUnits + coded / 256) return
  throw new LimitError(
    'maxCodedUnits',
    LIMITS.maxCodedUnits,
    `${coded} coded bytes have more than ${units - 1} gzip members or zstd frames`,
  )
}

function sizeLimit(limits: DecodeLimits, inner: boolean): number {
  return inner ? limits.maxBodySize * 2 + 1_024 : limits.maxBodySize
}

function ratioLimit(wire: number, limits: DecodeLimits): number {
  if (limits.maxDecodeRatio === Infinity) return Infinity
  return Math.max(LIMITS.decodeRatioFloor, Math.floor(limits.maxDecodeRatio * wire))
}
