/**
 * Bulk jobs: a million URLs, and files beside curl, wget2 and aria2c.
 *
 *   npm run bench:jobs                      all cases, three rounds: a quarter of an hour
 *   npm run bench:jobs -- --quick           fewer URLs and files, one round: a minute
 *   npm run bench:jobs -- --only a,b        these cases
 *   npm run bench:jobs -- --rounds 5        as often as this
 *   npm run bench:jobs -- --json FILE       what was measured, as JSON, after each case
 *   npm run bench:jobs -- --write           writes the section of docs/benchmarks.md
 */
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judge } from '../judge.ts'
import { describeMachine } from '../machine.ts'
import type { BenchCase } from '../measure.ts'
import { type CaseResult, failuresOf } from '../results.ts'
import { runCases } from '../run-cases.ts'
import { caseTable, goalsTable } from '../tables.ts'
import { cases as files } from './files.ts'
import { GOALS } from './goals.ts'
import { cases as million } from './million.ts'
import { section, withSection } from './section.ts'

const CASES: readonly BenchCase[] = [...million, ...files]
const PAGE = join(import.meta.dirname, '../../docs/benchmarks.md')
const ROUNDS = 3

function chosen(only: string | undefined): readonly BenchCase[] {
  if (only === undefined) return CASES
  return only.split(',').map((name) => {
    const found = CASES.find((each) => each.name === name)
    if (found !== undefined) return found
    throw new Error(`no case is called ${name}; there are ${CASES.map((each) => each.name).join(', ')}`)
  })
}

/** Of the last minute, with two digits. */
function load(): number {
  return Number(os.loadavg()[0]!.toFixed(2))
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  const { quick, write, only, json } = values
  if (write && (quick || only !== undefined))
    throw new Error('--write takes a run of all cases, not a quick one')
  if (values.rounds !== undefined && !/^[1-9]\d?$/.test(values.rounds)) {
    throw new Error('--rounds takes a number from 1 to 99')
  }
  const rounds = Number(values.rounds ?? (quick ? 1 : ROUNDS))
  const start = load()
  const plan = { cases: chosen(only), quick, rounds, warmUp: 0, measure: 0, atMost: Infinity }
  const keep = (results: readonly CaseResult[]): void => {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`)
  }
  const { results, stopped } = await runCases({ ...plan, measured: keep })
  const done = results.filter(({ clients }) => clients.some(({ samples }) => samples.length > 0))
  for (const each of done) console.log(`\n${each.title}\n\n${caseTable(each)}`)
  const judged = GOALS.map((goal) => judge(goal, done)).filter(({ measured }) => measured !== null)
  if (judged.length > 0) console.log(`\n${goalsTable(judged)}`)
  const failures = failuresOf(results)
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  if (write && !stopped) {
    const report = {
      ...describeMachine(),
      date: new Date().toISOString().slice(0, 10),
      load: { start, end: load() },
      settings: `Up to ${rounds} rounds; in a round one client of a case after the other, each time from another one on, each in processes of its own, apart from the servers.`,
      cases: results,
    }
    writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), section(report)))
  }
  return failures.length > 0 || stopped ? 1 : 0
}

process.exitCode = await main()
