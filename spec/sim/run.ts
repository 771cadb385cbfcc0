// Lives through simulated worlds, side by side on all cores: npm run sim -- --seeds 1..10000 [--minutes N].
// With --seed N one world is lived through once more and told in full.
import { parseArgs } from 'node:util'
import type { Narrowing } from './narrowing.ts'
import { MAX_SEED, runCrew, type CrewReport } from './runner/crew.ts'
import { describeFailure, replay } from './runner/describe.ts'

const HELP = `npm run sim -- [options]

  --seeds 1..1000       the seeds to live through, first and last
  --minutes N           no world is begun after so many minutes (default: all seeds)
  --workers N           default: one for each core
  --failures N          stop after so many failures (default 1)
  --no-shrink           print failures as they are
  --seed N              replay this seed, and print its world and trace
  --narrowing JSON      with --seed: what a shrunk world leaves out`

class UsageError extends Error {}

function whole(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new UsageError(`--${name} ${text}: give a whole number from ${least} to ${most}`)
}

function seedRange(text: string): { first: number; last: number } {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  if (match === null) throw new UsageError(`--seeds ${text}: give the first and the last, as in 1..1000`)
  const [first, last] = match.slice(1).map((each) => whole('seeds', each, 0, MAX_SEED)) as [number, number]
  if (first <= last) return { first, last }
  throw new UsageError(`--seeds ${text}: the first is greater than the last`)
}

function readNarrowing(text: string): Narrowing {
  const { calls, without } = JSON.parse(text) as Partial<Narrowing>
  return { calls: calls ?? null, without: without ?? [] }
}

function rate(worlds: number, ms: number): string {
  return `${(worlds / (ms / 1000)).toFixed(1)} worlds/s`
}

/** ms, from minutes. */
function duration(text: string): number {
  const minutes = Number(text)
  if (minutes > 0 && minutes < Infinity) return 60_000 * minutes
  throw new UsageError(`--minutes ${text}: give a number greater than 0`)
}

function onProgress(worlds: number, failures: number, ms: number): void {
  console.log(`${worlds} worlds, ${rate(worlds, ms)}, ${failures} failed`)
}

function summary({ worlds, failures, ms, workers }: CrewReport): string {
  const cores = `${workers} ${workers === 1 ? 'core' : 'cores'}`
  return `${worlds} worlds in ${(ms / 1000).toFixed(1)} s on ${cores}: ${rate(worlds, ms)}, ${failures.length} failed`
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..1000' },
      minutes: { type: 'string' },
      workers: { type: 'string' },
      failures: { type: 'string', default: '1' },
      shrink: { type: 'boolean', default: true },
      seed: { type: 'string' },
      narrowing: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  })
  if (values.help) {
    console.log(HELP)
    return true
  }
  if (values.seed !== undefined) {
    const narrowing = values.narrowing === undefined ? undefined : readNarrowing(values.narrowing)
    const { wrong, text } = await replay(whole('seed', values.seed, 0, MAX_SEED), narrowing)
    console.log(text)
    return wrong.length === 0
  }
  const { minutes, workers } = values
  const report = await runCrew({
    ...seedRange(values.seeds),
    ...(minutes === undefined ? {} : { maxTime: duration(minutes) }),
    ...(workers === undefined ? {} : { workers: whole('workers', workers, 1, 256) }),
    maxFailures: whole('failures', values.failures, 1, 1000),
    onProgress,
  })
  for (const failure of report.failures) console.log(`\n${await describeFailure(failure, values.shrink)}`)
  console.log(summary(report))
  return report.failures.length === 0 && report.worlds > 0
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`)
  process.exitCode = 2
}
