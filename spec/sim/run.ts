// Lives through simulated worlds, side by side on all cores: npm run sim -- --seeds 1..10000 [--minutes N].
// With --seed N one world is lived through once more and told in full.
import { Script } from '../script.ts'
import type { Narrowing } from './narrowing.ts'
import { MAX_SEED, runCrew, type CrewReport } from './runner/crew.ts'
import { describeFailure, replay } from './runner/describe.ts'

const script = new Script(`npm run sim -- [options]

  --seeds 1..1000       the seeds to live through, first and last
  --minutes N           no world is begun after so many minutes (default: all seeds)
  --workers N           default: one for each core
  --failures N          stop after so many failures (default 1)
  --no-shrink           print failures as they are
  --seed N              replay this seed, and print its world and trace
  --narrowing JSON      with --seed: what a shrunk world leaves out`)

/** Minutes of the longest run. */
const MAX_MINUTES = 24 * 60

function seedRange(text: string): { first: number; last: number } {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  if (match === null) return script.refuse(`--seeds ${text}: give the first and the last, as in 1..1000`)
  const [first, last] = match.slice(1).map((each) => script.whole('seeds', each, 0, MAX_SEED)) as [
    number,
    number,
  ]
  if (first <= last) return { first, last }
  return script.refuse(`--seeds ${text}: the first is greater than the last`)
}

function readNarrowing(text: string): Narrowing {
  try {
    const { calls, without } = JSON.parse(text) as Partial<Narrowing>
    return { calls: calls ?? null, without: without ?? [] }
  } catch {
    return script.refuse(`--narrowing ${text}: give it as a failure has printed it`)
  }
}

function rate(worlds: number, ms: number): string {
  return `${(worlds / (ms / 1000)).toFixed(1)} worlds/s`
}

function onProgress(worlds: number, failures: number, ms: number): void {
  console.log(`${worlds} worlds, ${rate(worlds, ms)}, ${failures} failed`)
}

function summary({ worlds, failures, ms, workers }: CrewReport): string {
  const cores = `${workers} ${workers === 1 ? 'core' : 'cores'}`
  return `${worlds} worlds in ${(ms / 1000).toFixed(1)} s on ${cores}: ${rate(worlds, ms)}, ${failures.length} failed`
}

async function main(): Promise<boolean> {
  const { values } = script.read({
    options: {
      seeds: { type: 'string', default: '1..1000' },
      minutes: { type: 'string' },
      workers: { type: 'string' },
      failures: { type: 'string', default: '1' },
      shrink: { type: 'boolean', default: true },
      seed: { type: 'string' },
      narrowing: { type: 'string' },
    },
    allowNegative: true,
  })
  if (values.seed !== undefined) {
    const narrowing = values.narrowing === undefined ? undefined : readNarrowing(values.narrowing)
    const { wrong, text } = await replay(script.whole('seed', values.seed, 0, MAX_SEED), narrowing)
    console.log(text)
    return wrong.length === 0
  }
  const { minutes, workers } = values
  const report = await runCrew({
    ...seedRange(values.seeds),
    ...(minutes === undefined
      ? {}
      : { maxTime: 60_000 * script.number('minutes', minutes, 0.01, MAX_MINUTES) }),
    ...(workers === undefined ? {} : { workers: script.whole('workers', workers, 1, 256) }),
    maxFailures: script.whole('failures', values.failures, 1, 1000),
    onProgress,
    onFailure: ({ seed, wrong }) => console.log(`seed ${seed} fails: ${wrong[0]}`),
  })
  for (const failure of report.failures) console.log(`\n${await describeFailure(failure, values.shrink)}`)
  console.log(summary(report))
  return report.failures.length === 0 && report.worlds > 0
}

process.exitCode = (await main()) ? 0 : 1
