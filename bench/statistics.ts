/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** null of none. */
export function spread(numbers: readonly number[]): Spread | null {
  if (numbers.length === 0) return null
  return { median: median(numbers), lowest: Math.min(...numbers), highest: Math.max(...numbers) }
}

/** The number that `share` of these, sorted ones, do not exceed. NaN of none. */
export function percentile(sorted: Readonly<ArrayLike<number>>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

/**
 * What `combine` makes of both, round by round, where both have a number: what else the machine does in a round falls on
 * both alike, so this is steadier than a ratio of two medians.
 */
export function byRound(
  ones: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
  combine: (one: number, other: number) => number,
): number[] {
  return ones.flatMap((one, round) => {
    const other = others[round]
    return one === undefined || other === undefined ? [] : [combine(one, other)]
  })
}

export function ratios(
  ones: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): number[] {
  return byRound(ones, others, (one, other) => one / other)
}
