import type { CaseResult } from './results.ts'
import type { Metric } from './measure.ts'
import { figures } from './judge.ts'
import { ratios, type Spread, spread } from './statistics.ts'
import { table, withRange } from './tables.ts'

/** A ratio that is to stay: a client of a case to another one of it. */
export interface Guarded {
  readonly case: string
  readonly client: string
  readonly to: string
  readonly metric: Metric
}

/** One that is committed, with the spread of the rounds that it is the median of. */
export interface GuardLine extends Guarded {
  readonly ratio: number
  readonly lowest: number
  readonly highest: number
  /** By what part of the ratio it may be exceeded. */
  readonly tolerance: number
}

export interface GuardVerdict {
  readonly line: GuardLine
  readonly measured: Spread | null
  /** 'better': outside of the tolerance to the good side, so that a new figure is worth committing. */
  readonly verdict: 'same' | 'better' | 'worse' | 'not measured'
}

/**
 * Never less: medians of five rounds of the same code have been as far apart. And never more: what is half as dear
 * again is to be seen, however restless the machine is.
 */
const LEAST_TOLERANCE = 0.12
const MOST_TOLERANCE = 0.5

/** null: there is no round with both. */
export function lineFor(guarded: Guarded, results: readonly CaseResult[]): GuardLine | null {
  const measured = ratioFor(guarded, results)
  if (measured === null) return null
  const { median: ratio, lowest, highest } = measured
  const range = (highest - lowest) / ratio
  const tolerance = Math.min(MOST_TOLERANCE, Math.max(LEAST_TOLERANCE, range))
  return {
    case: guarded.case,
    client: guarded.client,
    to: guarded.to,
    metric: guarded.metric,
    ratio: round(ratio),
    lowest: round(lowest),
    highest: round(highest),
    tolerance: round(tolerance),
  }
}

export function compareWith(line: GuardLine, results: readonly CaseResult[]): GuardVerdict {
  const measured = ratioFor(line, results)
  if (measured === null) return { line, measured, verdict: 'not measured' }
  const change = measured.median / line.ratio
  const limit = 1 + line.tolerance
  // More of them a second is better; of all else, less is.
  const worse = line.metric === 'perSecond' ? 1 / change : change
  if (worse > limit) return { line, measured, verdict: 'worse' }
  return { line, measured, verdict: worse < 1 / limit ? 'better' : 'same' }
}

function ratioFor(
  { case: name, client, to, metric }: Guarded,
  results: readonly CaseResult[],
): Spread | null {
  return spread(ratios(figures([name, client, metric], results), figures([name, to, metric], results)))
}

function round(value: number): number {
  return Number(value.toFixed(3))
}

export function guardTable(verdicts: readonly GuardVerdict[]): string {
  const rows = verdicts.map(({ line, measured, verdict }) => [
    `${line.case}, ${line.client} to ${line.to}`,
    line.metric,
    withRange({ median: line.ratio, lowest: line.lowest, highest: line.highest }),
    `${Math.round(line.tolerance * 100)} %`,
    withRange(measured),
    verdict,
  ])
  return table(['what', 'metric', 'committed', 'tolerance', 'measured', ''], rows)
}
