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

/** `case, client to other`: what tells one from another, with its metric. */
export function nameOf({ case: name, client, to, metric }: Guarded): string {
  return `${name}, ${client} to ${to}, ${metric}`
}

/**
 * The committed lines of the wanted cases, or all. Throws where nothing of that name is guarded, and where what is guarded
 * and what is committed are not the same: a line that is left out unseen guards nothing.
 */
export function chosenLines(
  guarded: readonly Guarded[],
  committed: readonly GuardLine[],
  wanted: readonly string[] | undefined,
): readonly GuardLine[] {
  const unknown = wanted?.filter((name) => !guarded.some((each) => each.case === name)) ?? []
  if (unknown.length > 0) throw new Error(`no case that is guarded is called ${unknown.join(', ')}`)
  const isWanted = (each: Guarded): boolean => wanted?.includes(each.case) ?? true
  const lines = committed.filter(isWanted)
  const needed = guarded.filter(isWanted).map(nameOf)
  const present = lines.map(nameOf)
  const missing = needed.filter((name) => !present.includes(name))
  if (missing.length > 0) throw new Error(`guard.json lacks ${missing.join('; ')}: write it anew`)
  const extra = present.filter((name) => !needed.includes(name))
  if (extra.length > 0) throw new Error(`guard.json has what is not guarded: ${extra.join('; ')}`)
  return lines
}

/** Of the ratio: rounds that are farther apart say that the machine had other things to do. */
const RESTLESS = 0.3

/** Lines that are worth little, as their rounds do not agree. */
export function restless(lines: readonly GuardLine[]): readonly GuardLine[] {
  return lines.filter(({ ratio, lowest, highest }) => highest - lowest > RESTLESS * ratio)
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
