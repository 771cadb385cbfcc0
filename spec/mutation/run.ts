// Mutation testing: changes the code in one place at a time, and asks whether a spec notices.
// npm run mutation -- [--files lib/http1/chunked.ts:40-90] [--fresh]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { Script } from '../script.ts'
import { lineOf, readReport, score } from './report.ts'
import { Scratch } from './scratch.ts'
import type { SuiteName } from './suites.ts'

/** Percent of the mutants that must be noticed. */
const LEAST_SCORE = 85

const script = new Script(`npm run mutation -- [options]

  --files a.ts,b.ts:1-20  what to mutate, of lib/http1 and lib/scheduler; with lines or without
                          (default: lib/http1/*.ts and lib/scheduler/pool.ts)
  --workers N             side by side (default 1)
  --seeds N               simulated worlds that the scheduler's mutants go through (default 60)
  --fresh                 install Stryker again

Fails when the score is below ${LEAST_SCORE} %, or a survivor is not in spec/mutation/survivors.md.`)

interface Group {
  readonly name: SuiteName
  readonly mutate: readonly string[]
}

function groupsOf(files: string): Group[] {
  const all = files.split(',').map((path) => posix.normalize(path))
  const groups = (['http1', 'scheduler'] as const).map((name) => ({
    name,
    mutate: all.filter((path) => path.startsWith(`lib/${name}/`)),
  }))
  const known = new Set(groups.flatMap(({ mutate }) => mutate))
  const stray = all.find((path) => !known.has(path))
  if (stray !== undefined) return script.refuse(`--files ${stray}: give files of lib/http1 or lib/scheduler`)
  return groups.filter(({ mutate }) => mutate.length > 0)
}

/** Where the report of a group's run is. */
async function runGroup(group: Group, scratch: Scratch, workers: number, seeds: number): Promise<string> {
  const report = join(scratch.copy, `${group.name}-report.json`)
  const config = {
    testRunner: 'specs',
    plugins: [join(scratch.copy, 'spec/mutation/host/plugin.ts')],
    mutate: group.mutate,
    concurrency: workers,
    coverageAnalysis: 'perTest',
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    inPlace: true,
    // It would read this one by an interface that TypeScript 7 no longer has.
    tsconfigFile: 'none',
    dryRunTimeoutMinutes: 10,
    // For what never looks at the clock of the specs: the rest is told by its work, see host/meter.ts.
    timeoutMS: 60_000,
  }
  const configFile = join(scratch.copy, `${group.name}-stryker.json`)
  writeFileSync(configFile, JSON.stringify(config))
  const child = spawn(process.execPath, [scratch.bin, 'run', configFile], {
    cwd: scratch.copy,
    env: { ...process.env, MUTATION_SUITE: group.name, SIM_SEEDS: `1..${seeds}` },
    stdio: 'inherit',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`Stryker ended with ${code}`)
  return report
}

/** The indented lines of the page. */
function explained(): Set<string> {
  const page = readFileSync(join(import.meta.dirname, 'survivors.md'), 'utf8')
  return new Set([...page.matchAll(/^ {4}(\S.*)$/gm)].map((match) => match[1]!))
}

function judge(reports: readonly string[], whole: boolean): boolean {
  const { tallies, survivors } = readReport(reports)
  for (const [file, tally] of tallies) {
    const { killed, timeout, survived, uncovered } = tally
    console.log(
      `${file}: ${score([tally]).toFixed(1)} %, ${killed} killed, ${timeout} timed out, ${survived} survived, ${uncovered} not covered`,
    )
  }
  const known = explained()
  const lines = new Set(survivors.map((survivor) => lineOf(survivor)))
  const open = survivors.filter((survivor) => !known.has(lineOf(survivor)))
  for (const survivor of open) {
    console.log(`${survivor.file}:${survivor.line} ${survivor.covered ? 'survives' : 'is not covered'}:`)
    console.log(`    ${lineOf(survivor)}`)
  }
  if (whole) {
    const gone = [...known].filter((line) => !lines.has(line))
    if (gone.length > 0) console.log(`no survivors any more, take them out:\n    ${gone.join('\n    ')}`)
  }
  const total = score(tallies.values())
  console.log(`score ${total.toFixed(1)} %, ${survivors.length} survivors, ${open.length} unexplained`)
  return open.length === 0 && (!whole || total >= LEAST_SCORE)
}

async function main(): Promise<boolean> {
  const { values } = script.read({
    options: {
      files: { type: 'string' },
      workers: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '60' },
      fresh: { type: 'boolean', default: false },
    },
  })
  const workers = script.whole('workers', values.workers, 1, 64)
  const seeds = script.whole('seeds', values.seeds, 1, 10_000)
  const started = performance.now()
  const groups = groupsOf(values.files ?? 'lib/http1/*.ts,lib/scheduler/pool.ts')
  setPriority(constants.priority.PRIORITY_LOW)
  const scratch = new Scratch(join(tmpdir(), 'trawl-mutation'))
  if (values.fresh) scratch.forget()
  scratch.make()
  const reports: string[] = []
  for (const group of groups) {
    reports.push(await runGroup(group, scratch, workers, seeds))
  }
  const passed = judge(reports, values.files === undefined)
  console.log(`${((performance.now() - started) / 60_000).toFixed(1)} minutes`)
  return passed
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
