import { setTimeout as wait } from 'node:timers/promises'
import type { Job, Load } from './clients/job.ts'
import { Meter } from './meter.ts'
import { peakRss } from './peak-rss.ts'
import { WARM_ANSWERS, WARM_CPU } from './warm-up.ts'

/** One load, in a process of its own: warms up, measures, writes what it measured as JSON, and ends. */
export interface LoadOptions {
  /** A file of bench/clients/ and what it exports, as 'undici/dispatch'. */
  readonly load: string
  readonly job: Job
  /** ms. */
  readonly warmUp: number
  readonly measure: number
}

/** No load is warmed up for more than so many times `warmUp`, when others keep the machine busy. */
const WARM_PATIENCE = 15
/** ms between two looks at whether it is warm. */
const LOOK_EVERY = 100
/** It is measured for up to four times as long where the process got less than a third of a CPU. */
const MEASURED_CPU = 1 / 3
const MEASURED_PARTS = 4

async function run({ load: path, job, warmUp, measure }: LoadOptions): Promise<string> {
  const [file, name] = path.split('/') as [string, string]
  const load = ((await import(`./clients/${file}.ts`)) as Record<string, Load>)[name]
  if (load === undefined) throw new Error(`no load is called ${path}`)
  const meter = new Meter()
  const running = load(job, meter)
  // A load that fails ends the case at once, not at the end of the measured time.
  const start = process.cpuUsage()
  for (let waited = 0; waited < WARM_PATIENCE * warmUp; waited += LOOK_EVERY) {
    await Promise.race([wait(LOOK_EVERY), running])
    if (meter.answers >= WARM_ANSWERS * warmUp || cpuSince(start) >= WARM_CPU * warmUp) break
  }
  meter.measure()
  const before = process.cpuUsage()
  const timeBefore = performance.now()
  for (let part = 1; part <= MEASURED_PARTS; part++) {
    await Promise.race([wait(measure), running])
    if (cpuSince(before) >= MEASURED_CPU * measure) break
  }
  const cpu = cpuSince(before)
  const seconds = (performance.now() - timeBefore) / 1_000
  const { answers } = meter
  if (answers === 0) throw new Error('not one answer came in the measured time')
  const { p50, p99 } = meter.stop()
  await running
  return JSON.stringify({
    cpu: (cpu * 1_000) / answers,
    perSecond: answers / seconds,
    p50,
    p99,
    peakRss: peakRss(),
  })
}

/** ms, user and system. */
function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

process.stdout.write(await run(JSON.parse(process.argv[2]!) as LoadOptions))
process.exit(0)
