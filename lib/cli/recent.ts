/**
 * How often something came of late. Time is cut into periods by whoever reads; the present one and the one
 * before it are counted, so that what counts needs no clock.
 */
export interface Recent {
  /** The last one in which it came. */
  period: number
  inPeriod: number
  inPeriodBefore: number
}

/** It came once more. */
export function countRecent(recent: Recent, period: number): void {
  if (recent.period !== period) {
    recent.inPeriodBefore = recent.period === period - 1 ? recent.inPeriod : 0
    recent.inPeriod = 0
    recent.period = period
  }
  recent.inPeriod++
}

/** How often it came in this period and the one before. */
export function recentCount(recent: Recent, period: number): number {
  if (recent.period === period) return recent.inPeriod + recent.inPeriodBefore
  return recent.period === period - 1 ? recent.inPeriod : 0
}
