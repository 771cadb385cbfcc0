import { GOALS } from './goals.ts'
import { judge } from '../judge.ts'
import { withoutLocalPaths } from '../local-paths.ts'
import { roundsNote, type RunReport } from '../page.ts'
import { failuresOf } from '../results.ts'
import { caseTable, goalsTable } from '../tables.ts'

const BEGIN = '<!-- made by: npm run bench:jobs -- --write -->'
const END = '<!-- end of what that made -->'

/** The part of docs/benchmarks.md that is about bulk jobs. */
export function section(report: RunReport): string {
  const { date, machine, load, versions, settings, cases } = report
  const failures = failuresOf(cases).map((each) => `- ${withoutLocalPaths(each)}`)
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const parts = [
    BEGIN,
    '## Bulk jobs',
    `Written by \`npm run bench:jobs -- --write\` on ${date}, on ${machine}; its load average was ${load.start} at the start and ${load.end} at the end. ` +
      `With ${names.join(', ')}. ${settings} Numbers are medians of the rounds, with the lowest and the highest of them.`,
    ...(failures.length === 0 ? [] : [`### Failed in bulk\n\n${failures.join('\n')}`]),
    ...cases.map((each) => `### ${each.title}\n\n${each.text}${roundsNote(each)}\n\n${caseTable(each)}`),
    `### To reach with bulk jobs\n\n${goalsTable(GOALS.map((goal) => judge(goal, cases)))}`,
    END,
  ]
  return parts.join('\n\n')
}

/** The section that a page has; '' for none. */
export function sectionOf(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  return from === -1 || to < from ? '' : page.slice(from, to + END.length)
}

/** The page with this section instead of its own, at its end. */
export function withSection(page: string, text: string): string {
  const rest = page.replace(sectionOf(page), '').trimEnd()
  return text === '' ? `${rest}\n` : `${rest}\n\n${text}\n`
}
