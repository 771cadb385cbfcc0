/**
 * Whether trawl has become slower: ratios to peers, never absolute times, compared with those of guard.json.
 *
 *   npm run bench:guard                about six minutes; exits with 1 when one got worse, or is missing
 *   npm run bench:guard -- --write     writes guard.json from this run
 *   npm run bench:guard -- --only a,b  these cases
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ALL_CASES } from './all-cases.ts'
import {
  chosenLines,
  compareWith,
  type Guarded,
  type GuardLine,
  guardTable,
  lineFor,
  nameOf,
  restless,
} from './compare-guard.ts'
import { GUARDED } from './guarded.ts'
import type { BenchCase } from './measure.ts'
import { type CaseResult, failuresOf } from './results.ts'
import { runCases } from './run-cases.ts'

const FILE = join(import.meta.dirname, 'guard.json')
const TIMES = { rounds: 5, warmUp: 600, measure: 700 }
/** Cases that take long. */
const ROUNDS: Readonly<Record<string, number>> = { 'targets-once': 3, 'download-file': 3 }

/** Of each guarded line both clients, once. */
function clientsOf(guarded: readonly Guarded[], inCase: string): readonly string[] {
  const lines = guarded.filter((each) => each.case === inCase)
  return [...new Set(lines.flatMap(({ client, to }) => [client, to]))]
}

function shortened(each: BenchCase): BenchCase {
  return { ...each, maxRounds: Math.min(each.maxRounds ?? Infinity, ROUNDS[each.name] ?? Infinity) }
}

async function run(guarded: readonly Guarded[]): Promise<readonly CaseResult[] | null> {
  const { results, stopped } = await runCases({
    cases: ALL_CASES.filter(({ name }) => guarded.some((each) => each.case === name)).map(shortened),
    clients: ({ name }) => clientsOf(guarded, name),
    quick: false,
    atMost: Infinity,
    ...TIMES,
  })
  const failures = failuresOf(results)
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  return stopped || failures.length > 0 ? null : results
}

async function write(): Promise<number> {
  const results = await run(GUARDED)
  if (results === null) return 1
  const lines: GuardLine[] = []
  for (const each of GUARDED) {
    const line = lineFor(each, results)
    if (line === null) throw new Error(`${nameOf(each)} was not measured`)
    lines.push(line)
  }
  console.log(`\n${guardTable(lines.map((line) => compareWith(line, results)))}\n`)
  for (const line of restless(lines)) {
    const { lowest, highest, ratio } = line
    console.log(
      `WARNING: ${nameOf(line)} went from ${lowest} to ${highest}, which is more than 30 % of ${ratio}:`,
    )
    console.log(
      '         a guard as wide as that sees little; write it again on a machine that does nothing else\n',
    )
  }
  writeFileSync(FILE, `${JSON.stringify(lines, null, 2)}\n`)
  return 0
}

async function compare(wanted: readonly string[] | undefined): Promise<number> {
  const committed = JSON.parse(readFileSync(FILE, 'utf8')) as readonly GuardLine[]
  const lines = chosenLines(GUARDED, committed, wanted)
  const results = await run(lines)
  if (results === null) return 1
  const verdicts = lines.map((line) => compareWith(line, results))
  console.log(`\n${guardTable(verdicts)}\n`)
  return verdicts.some(({ verdict }) => verdict === 'worse' || verdict === 'not measured') ? 1 : 0
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { write: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  if (!values.write) return await compare(values.only?.split(','))
  if (values.only !== undefined) throw new Error('--write takes a run of all that is guarded')
  return await write()
}

process.exitCode = await main()
