import { setTimeout as wait } from 'node:timers/promises'

/** However slow the machine is today. */
const MAX_STEPS = 20

/**
 * Waits `step` ms, and on, until there were `least` answers more: on a busy machine the time alone does not say whether
 * the code has been compiled, nor whether there is enough to share the CPU by.
 */
export async function until(least: number, step: number, answersOf: () => number): Promise<void> {
  const end = answersOf() + least
  for (let n = 0; n < MAX_STEPS; n++) {
    await wait(step)
    if (answersOf() >= end) return
  }
}
