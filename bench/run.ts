/**
 * trawl beside its peers.
 *
 *   npm run bench                      all cases, about twenty minutes with --rounds 3
 *   npm run bench -- --quick           two minutes: each case as a ratio to undici, or the nearest peer, and to the floor
 *   npm run bench -- --only a,b        these cases
 *   npm run bench -- --rounds 3        as often as this; 3 otherwise
 *   npm run bench -- --json FILE       what was measured, as JSON, after each case
 *   npm run bench -- --write           writes docs/benchmarks.md
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ALL_CASES } from './all-cases.ts'
import { GOALS } from './goals.ts'
import { sectionOf, withSection } from './jobs/section.ts'
import { judge } from './judge.ts'
import { describeMachine } from './machine.ts'
import type { BenchCase, Effort } from './measure.ts'
import { page, type RunReport } from './page.ts'
import { type CaseResult, failuresOf, unmeasured } from './results.ts'
import { runCases } from './run-cases.ts'
import { caseTable, goalsTable, quickTable } from './tables.ts'
import { WARM_ANSWERS, WARM_CPU } from './warm-up.ts'

interface Times extends Pick<Effort, 'warmUp' | 'measure'> {
  readonly rounds: number
  readonly atMost: number
}

/** Twenty minutes; when the machine is slow, what is left out is the last round of some cases. */
const FULL: Times = { rounds: 3, warmUp: 500, measure: 800, atMost: 1_170_000 }
/** What is left of two minutes is for the site to be opened, and for the run that began last. */
const QUICK: Times = { rounds: 5, warmUp: 250, measure: 250, atMost: 113_000 }

const PAGE = join(import.meta.dirname, '../docs/benchmarks.md')

function readArguments() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  const { quick, only, rounds, json, write } = values
  if (write && (quick || only !== undefined))
    throw new Error('--write takes a run of all cases, not a quick one')
  if (rounds !== undefined && !/^[1-9]\d?$/.test(rounds))
    throw new Error('--rounds takes a number from 1 to 99')
  return {
    quick,
    json,
    write,
    cases: chosen(only, quick),
    rounds: rounds === undefined ? null : Number(rounds),
  }
}

function chosen(only: string | undefined, quick: boolean): readonly BenchCase[] {
  if (only === undefined) return quick ? ALL_CASES.filter((each) => each.quick) : ALL_CASES
  return only.split(',').map((name) => {
    const found = ALL_CASES.find((each) => each.name === name)
    if (found !== undefined) return found
    throw new Error(`no case is called ${name}; there are ${ALL_CASES.map((each) => each.name).join(', ')}`)
  })
}

async function main(): Promise<number> {
  const { quick, json, write, cases, rounds } = readArguments()
  const times = { ...(quick ? QUICK : FULL), ...(rounds === null ? {} : { rounds }) }
  // Who asks for more rounds has more time.
  const atMost = !quick && times.rounds > FULL.rounds ? Infinity : times.atMost
  const machine = describeMachine()
  const date = new Date().toISOString().slice(0, 10)
  const start = loadAverage()
  const report = (results: readonly CaseResult[]): RunReport => ({
    ...machine,
    date,
    load: { start, end: loadAverage() },
    settings: settingsOf(times),
    cases: results,
  })
  const save = (results: readonly CaseResult[]): void => {
    if (json === undefined) return
    writeFileSync(`${json}.part`, `${JSON.stringify(report(results), null, 1)}\n`)
    renameSync(`${json}.part`, json)
  }
  const { results, stopped } = await runCases({
    cases,
    quick,
    ...times,
    atMost,
    clients: (of) => (quick && of.quickClients ? of.quickClients : Object.keys(of.clients)),
    measured: save,
  })
  save(results)
  print(results.filter(isMeasured), quick)
  const left = unmeasured(results)
  if (left.length > 0) console.log(`NOT MEASURED, as no time was left: ${left.join('; ')}`)
  const failures = failuresOf(results)
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  if (stopped) console.log('stopped before the end')
  else if (write) writePage(report(results))
  return failures.length > 0 || left.length > 0 || stopped ? 1 : 0
}

/** The section on bulk jobs has a run of its own: it stays as it is. */
function writePage(report: RunReport): void {
  writeFileSync(PAGE, withSection(page(report, GOALS), sectionOf(readFileSync(PAGE, 'utf8'))))
}

/** Of the last minute, with two digits. */
function loadAverage(): number {
  return Number(os.loadavg()[0]!.toFixed(2))
}

function isMeasured({ clients }: CaseResult): boolean {
  return clients.some(({ samples }) => samples.length > 0)
}

function settingsOf({ rounds, warmUp, measure }: Times): string {
  return (
    `Up to ${rounds} rounds; in a round one client of a case after the other, each time from another one on, each in a process of its own, apart from ` +
    `the servers. Those that send requests in a loop are warmed up with ${(WARM_ANSWERS * warmUp).toLocaleString('en')} of them or ${WARM_CPU * warmUp} ms of CPU, and ` +
    `measured for ${measure} ms.`
  )
}

function print(results: readonly CaseResult[], quick: boolean): void {
  if (quick) console.log(`\n${quickTable(results)}\n`)
  else console.log(`\n${results.map((each) => `${each.title}\n\n${caseTable(each)}`).join('\n\n')}\n`)
  const judged = GOALS.map((goal) => judge(goal, results)).filter(({ measured }) => measured !== null)
  if (judged.length > 0) console.log(`${goalsTable(judged)}\n`)
}

process.exitCode = await main()
