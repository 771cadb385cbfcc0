import { judge, type Goal } from './judge.ts'
import { withoutLocalPaths } from './local-paths.ts'
import type { Machine } from './machine.ts'
import { type CaseResult, failuresOf } from './results.ts'
import { caseTable, goalsTable } from './tables.ts'

export interface RunReport extends Machine {
  /** The day, as 2026-01-31. */
  readonly date: string
  /** Of the last minute, before and after the run. */
  readonly load: { readonly start: number; readonly end: number }
  /** What was run, in words. */
  readonly settings: string
  readonly cases: readonly CaseResult[]
}

/** docs/benchmarks.md: nothing in it is written by hand. */
export function page(report: RunReport, goals: readonly Goal[]): string {
  const { date, machine, load, versions, settings, cases } = report
  const judgements = goals.map((goal) => judge(goal, cases))
  const failures = failuresOf(cases).map((each) => withoutLocalPaths(each))
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const sections = cases.map(
    (each) => `## ${each.title}\n\n${each.text}${roundsNote(each)}\n\n${caseTable(each)}`,
  )
  const parts = [
    `# Benchmarks`,
    'Written by `npm run bench -- --write`, never by hand. What counts is the ratio within one run: absolute numbers are ' +
      'those of the machine that made them. Why goals are missed, and what each microsecond goes to, is in ' +
      '[performance](performance.md).',
    `On ${date}, on ${machine}; its load average was ${load.start} at the start and ${load.end} at the end. With ${names.join(', ')}. ${settings}`,
    'Each number is the median of the rounds, with the lowest and the highest of them; *connections* is the most that the ' +
      "server counted at once. *CPU* is the client's own, user and system. *p50* and *p99* are of every 13th request. " +
      '*peak* is the most memory that the process ever held; a raw socket shows what Node itself takes. *to undici* and *to ' +
      'the floor* are medians of the ratios round by round. trawl runs with its defaults: redirects, retries, time ' +
      'limits, decoding and limits are on. Peers run as their documentation proposes for many requests to one site, ' +
      'with their own time limits. The raw socket is the floor: it writes bytes that are ready and counts answers by ' +
      'their size.',
    ...(failures.length === 0 ? [] : [`## Failed\n\n${failures.map((each) => `- ${each}`).join('\n')}`]),
    ...sections,
    `## To reach\n\n${goalsTable(judgements)}`,
  ]
  return `${parts.join('\n\n')}\n`
}

/** Who ran less often than the others of the case, which a table without a range does not tell from rounds that agree. */
export function roundsNote({ clients }: CaseResult): string {
  const rounds = Math.max(...clients.map(({ samples }) => samples.length))
  const once = clients.filter(({ samples }) => samples.length === 1).map(({ client }) => client)
  return rounds === 1 || once.length === 0 ? '' : ` In one round: ${once.join('; ')}.`
}
