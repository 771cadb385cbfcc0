import type { Clock } from '../core/clock.ts'
import { ProgressMeter, type TransferProgress } from '../core/progress-meter.ts'

/**
 * Told how far a body has come, in bytes on the wire: at its first piece, at most ten times a second, and
 * at its end.
 */
export type ProgressCallback = (progress: TransferProgress) => void

/** Tells `callback`, which may do what it likes, as ending the call. `onThrow` gets what it throws. */
export function meterOf(
  callback: ProgressCallback,
  clock: Clock,
  onThrow: (error: Error) => void,
): ProgressMeter {
  const tell = (progress: TransferProgress): void => {
    try {
      callback(progress)
    } catch (error) {
      onThrow(error instanceof Error ? error : new Error(`a progress callback threw ${String(error)}`))
    }
  }
  return new ProgressMeter(() => clock.now(), tell)
}
