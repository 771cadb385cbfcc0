import type { ClientOptions } from '../../lib/index.ts'
import { Random } from '../../lib/testing/random.ts'

/** What a world's client may do in all. */
export interface Caps {
  /** Starts over all targets; null: as many as come. */
  readonly totalPace: {
    readonly minInterval: number
    readonly requestsPerInterval: number
    readonly interval: number
  } | null
  /** Bytes read a second, over all connections and by target. */
  readonly totalRate: number
  readonly targetRate: number
  readonly options: ClientOptions
}

export const NO_CAPS: Caps = { totalPace: null, totalRate: Infinity, targetRate: Infinity, options: {} }

const RATES = [2_000, 20_000, 100_000, 1_000_000]

/** Drawn apart, so that seeds without caps keep the worlds that they had before there were any. */
export function drawCaps(seed: number): Caps {
  const random = new Random(seed ^ 0x0ca5)
  const totalPace = random.chance(0.2) ? drawTotalPace(random) : null
  const totalRate = random.chance(0.2) ? random.pick(RATES) : Infinity
  const targetRate = random.chance(0.2) ? random.pick(RATES) : Infinity
  const options: ClientOptions = { maxDownloadRatePerTarget: targetRate, maxDownloadRate: totalRate }
  if (totalPace !== null) options.totalPacing = totalPace
  return { totalPace, totalRate, targetRate, options }
}

function drawTotalPace(random: Random): Caps['totalPace'] {
  const isCounted = random.chance(0.6)
  return {
    minInterval: isCounted && random.chance(0.7) ? 0 : random.pick([1, 10, 40]),
    requestsPerInterval: isCounted ? random.pick([1, 3, 10, 30]) : Infinity,
    interval: random.pick([50, 300, 1000]),
  }
}
