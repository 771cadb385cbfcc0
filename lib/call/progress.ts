import type { Clock } from '../core/clock.ts'
import { ProgressMeter, type TransferProgress } from '../core/progress-meter.ts'

/**
 * Told how far a body has come, in bytes on the wire: at its first piece, at most ten times a second, and
 * at its end.
 */
export type ProgressCallback = (progress: TransferProgress) => void

/** Tells `callback`, apart from the bytes, so that what it throws is its own and no fault of the call. */
export function meterOf(callback: ProgressCallback, clock: Clock): ProgressMeter {
  return new ProgressMeter(
    () => clock.now(),
    (progress) => clock.defer(() => callback(progress)),
  )
}
