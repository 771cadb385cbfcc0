import { InvalidArgumentError } from 'commander'
import type { PacingInput } from '../index.ts'

/** ms. */
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Gaps below this, ms, are not kept one by one, but over a window: the client's timers turn every 10 ms. */
const SHORTEST_GAP = 20
const MAX_PER_SECOND = 10_000

/** The mean gap that a --rate or --rate-per-host means, ms. curl's form: `N/s`, `N/m`, `N/h`, `N/d`, and N alone for an hour. */
export function rateOption(value: string): number {
  const [, count, unit = 'h'] = /^(\d+)(?:\/([smhd]))?$/u.exec(value) ?? []
  const gap = UNITS[unit]! / Number(count)
  if (gap >= 1_000 / MAX_PER_SECOND && Number.isFinite(gap)) return gap
  throw new InvalidArgumentError(
    `It must be N/s, N/m, N/h or N/d with N above 0, as 10/s, and at most ${MAX_PER_SECOND} in a second.`,
  )
}

/** How the client keeps to it. */
export function pacingOf(gap: number): Pick<PacingInput, 'minInterval' | 'requestsPerInterval' | 'interval'> {
  if (gap >= SHORTEST_GAP) return { minInterval: gap }
  const requestsPerInterval = Math.ceil(1_000 / gap)
  return { requestsPerInterval, interval: requestsPerInterval * gap }
}
