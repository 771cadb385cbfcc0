import type { ProgressState } from './progress-counts.ts'
import { plainLine } from './progress-line.ts'
import { tableLines } from './progress-view.ts'
import type { RunFacts } from './run-facts.ts'
import { summaryLines } from './summary.ts'
import type { Tally } from './tally.ts'

/** As a terminal that has room for all of it. */
const COLUMNS = 100
const ROWS = 100

/** Where a run stands: what is going on now, and a summary so far. */
export function statisticsText(state: ProgressState, tally: Tally, facts: RunFacts): string {
  const busiest = tableLines(state, COLUMNS, ROWS)
  return [
    `statistics: ${plainLine(state)}`,
    ...busiest.map(({ text }) => `  ${text}`.trimEnd()),
    ...summaryLines(tally, { ...facts, finish: null }),
  ].join('\n')
}
