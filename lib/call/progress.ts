import type { Clock } from '../core/clock.ts'
import type { ResponseHead } from '../core/exchange.ts'

/** How far a body has come. */
export interface Progress {
  /** Bytes so far, as they are on the wire. */
  readonly transferred: number
  /** Of so many; null: not known. */
  readonly total: number | null
}

export type ProgressCallback = (progress: Progress) => void

/** Tells how far a response has come; apart from the bytes, so that what the callback throws is its own. */
export function tellProgress(
  callback: ProgressCallback,
  { contentLength }: ResponseHead,
  transferred: number,
  clock: Clock,
): void {
  const total = contentLength === -1 ? null : contentLength
  clock.defer(() => callback({ transferred, total }))
}
