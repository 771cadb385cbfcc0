import type { Clock } from '../core/clock.ts'
import { ProgressMeter, type TransferProgress } from '../core/progress-meter.ts'
import { onRejection } from '../core/rejection.ts'
import { asError } from './thrown.ts'

/**
 * Told how far a body has come, in bytes on the wire: at its first piece, at most ten times a second, and
 * at its end.
 */
export type ProgressCallback = (progress: TransferProgress) => void

/** Tells `callback`, which may do what it likes, as ending the call. `onThrow` gets what it throws, or rejects with. */
export function meterOf(
  callback: ProgressCallback,
  clock: Clock,
  onThrow: (error: Error) => void,
): ProgressMeter {
  const fail = (thrown: unknown): void => onThrow(asError(thrown))
  const tell = (progress: TransferProgress): void => {
    try {
      onRejection(callback(progress), fail)
    } catch (error) {
      fail(error)
    }
  }
  return new ProgressMeter(() => clock.now(), tell)
}
