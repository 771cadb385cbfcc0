import type { Metric } from './measure.ts'
import { type CaseResult, valuesOf } from './results.ts'
import { byRound, type Spread, spread } from './statistics.ts'

/** A number that a run gives. */
export type Figure = readonly [inCase: string, client: string, metric: Metric]

/** One line of what is to be reached. */
export interface Goal {
  readonly what: string
  readonly of: Figure
  /** What it is divided by, or what is taken from it, round by round. */
  readonly to?: Figure
  readonly minus?: Figure
  /** Only one of both. */
  readonly atMost?: number
  readonly atLeast?: number
  /** After the number, where it is no ratio. */
  readonly unit?: string
}

export interface Judgement {
  readonly goal: Goal
  /** null: a figure was not measured in this run. */
  readonly measured: Spread | null
  readonly verdict: 'reached' | 'missed' | 'not measured'
}

/** By the median of what the rounds of one run gave. */
export function judge(goal: Goal, results: readonly CaseResult[]): Judgement {
  const ones = figures(goal.of, results)
  let values: number[]
  if (goal.to !== undefined) values = byRound(ones, figures(goal.to, results), (one, other) => one / other)
  else if (goal.minus !== undefined)
    values = byRound(ones, figures(goal.minus, results), (one, other) => one - other)
  else values = ones.filter((value) => value !== undefined)
  const measured = spread(values)
  if (measured === null) return { goal, measured, verdict: 'not measured' }
  const reached =
    measured.median <= (goal.atMost ?? Infinity) && measured.median >= (goal.atLeast ?? -Infinity)
  return { goal, measured, verdict: reached ? 'reached' : 'missed' }
}

/** By round; none where the case or the client is not part of the run. */
export function figures(
  [name, client, metric]: Figure,
  results: readonly CaseResult[],
): (number | undefined)[] {
  const result = results.find((each) => each.name === name)?.clients.find((each) => each.client === client)
  return result === undefined ? [] : valuesOf(result, metric)
}
