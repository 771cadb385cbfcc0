/**
 * Whether trawl has become slower: ratios to peers, never absolute times, compared with those of guard.json.
 *
 *   npm run bench:guard                a few minutes; exits with 1 when one got worse
 *   npm run bench:guard -- --write     writes guard.json from this run
 *   npm run bench:guard -- --only a,b  these cases
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ALL_CASES } from './all-cases.ts'
import { compareWith, type Guarded, type GuardLine, guardTable, lineFor } from './compare-guard.ts'
import { type CaseResult, failuresOf } from './results.ts'
import { runCases } from './run-cases.ts'

const FILE = join(import.meta.dirname, 'guard.json')
const TIMES = { rounds: 5, warmUp: 600, measure: 700 }

/** To undici where the work is the same, and to the floor where that is steadier. */
const GUARDED: readonly Guarded[] = [
  { case: 'small', client: 'trawl', to: 'undici request', metric: 'cpu' },
  { case: 'small', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'small-10', client: 'trawl', to: 'undici request', metric: 'cpu' },
  { case: 'small-10', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'small-64', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: '64k', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'gzip-20k', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'fetch', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'tls', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'delay', client: 'trawl', to: 'raw socket', metric: 'cpu' },
]

/** Of each guarded line both clients, once. */
function clientsOf(guarded: readonly Guarded[], inCase: string): readonly string[] {
  const lines = guarded.filter((each) => each.case === inCase)
  return [...new Set(lines.flatMap(({ client, to }) => [client, to]))]
}

async function run(guarded: readonly Guarded[]): Promise<readonly CaseResult[] | null> {
  const { results, stopped } = await runCases({
    cases: ALL_CASES.filter(({ name }) => guarded.some((each) => each.case === name)),
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
  const lines = GUARDED.map((each) => lineFor(each, results)!)
  console.log(`\n${guardTable(lines.map((line) => compareWith(line, results)))}\n`)
  writeFileSync(FILE, `${JSON.stringify(lines, null, 2)}\n`)
  return 0
}

async function compare(wanted: readonly string[] | undefined): Promise<number> {
  const committed = JSON.parse(readFileSync(FILE, 'utf8')) as readonly GuardLine[]
  const lines = committed.filter((each) => wanted?.includes(each.case) ?? true)
  if (lines.length === 0) throw new Error('none of these cases is guarded')
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
