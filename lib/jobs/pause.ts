import type { Clock } from '../core/clock.ts'

/** Waits `ms`, or less when `signal` aborts: that is not told, whoever goes on meets the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    // No socket keeps the process alive meanwhile.
    const release = clock.hold()
    const end = (): void => {
      cancel()
      release()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal?.addEventListener('abort', end)
    if (signal?.aborted === true) end()
  })
}
