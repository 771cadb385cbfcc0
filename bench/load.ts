import { setTimeout as wait } from 'node:timers/promises'
import type { Job, Load } from './clients/job.ts'
import { Meter } from './meter.ts'
import { peakRss } from './peak-rss.ts'

/** One load, in a process of its own: warms up, measures, writes what it measured as JSON, and ends. */
export interface LoadOptions {
  /** A file of bench/clients/ and what it exports, as 'undici/dispatch'. */
  readonly load: string
  readonly job: Job
  /** ms. */
  readonly warmUp: number
  readonly measure: number
}

/** Answers after which the code has been compiled; on a busy machine the time alone does not say so. */
const WARM_ANSWERS = 5_000
/** Fewer say nothing; it is measured for longer then. */
const FEW_ANSWERS = 100
const PARTS = 4

async function run({ load: path, job, warmUp, measure }: LoadOptions): Promise<string> {
  const [file, name] = path.split('/') as [string, string]
  const load = ((await import(`./clients/${file}.ts`)) as Record<string, Load>)[name]
  if (load === undefined) throw new Error(`no load is called ${path}`)
  const meter = new Meter()
  const running = load(job, meter)
  // A load that fails ends the case at once, not at the end of the measured time.
  for (let part = 1; part <= PARTS; part++) {
    await Promise.race([wait(warmUp), running])
    if (meter.answers >= WARM_ANSWERS) break
  }
  meter.measure()
  const cpuBefore = process.cpuUsage()
  const timeBefore = performance.now()
  for (let part = 1; part <= PARTS; part++) {
    await Promise.race([wait(measure), running])
    if (meter.answers >= FEW_ANSWERS) break
  }
  const cpu = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - timeBefore) / 1_000
  const { answers } = meter
  if (answers === 0) throw new Error('not one answer came in the measured time')
  const { p50, p99 } = meter.stop()
  await running
  return JSON.stringify({
    cpu: (cpu.user + cpu.system) / answers,
    perSecond: answers / seconds,
    p50,
    p99,
    peakRss: peakRss(),
  })
}

process.stdout.write(await run(JSON.parse(process.argv[2]!) as LoadOptions))
process.exit(0)
