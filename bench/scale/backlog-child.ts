import type { Sample } from '../measure.ts'
import { peakRss } from '../peak-rss.ts'
import { until } from './until.ts'
import { WAITING_CLIENTS } from './waiting-clients.ts'

/** One client with a backlog that stays as long as it is, in a process of its own: writes its sample, and ends. */
export interface BacklogJob {
  readonly client: string
  readonly port: number
  readonly path: string
  /** Requests that wait, spread over the hosts. */
  readonly waiting: number
  readonly hosts: number
  readonly perHost: number
  /** ms. */
  readonly warmUp: number
  readonly measure: number
}

/** At least, before they count and while they do. */
const ANSWERS = 20_000

async function run(job: BacklogJob): Promise<Sample> {
  const client = await WAITING_CLIENTS[job.client]!(job)
  let answers = 0
  let failed: Error | null = null
  let asked = 0
  const ask = (): void => {
    client.get(asked++).then(answered, (error: Error) => (failed = error))
  }
  // Each that is answered is replaced, so that as many wait as before.
  const answered = (): void => {
    answers++
    ask()
  }
  for (let n = 0; n < job.waiting + job.hosts * job.perHost; n++) ask()
  globalThis.gc!()
  await until(ANSWERS, job.warmUp, () => answers)
  const before = { answers, cpu: process.cpuUsage(), time: performance.now() }
  await until(ANSWERS, job.measure, () => answers)
  const { user, system } = process.cpuUsage(before.cpu)
  const seconds = (performance.now() - before.time) / 1_000
  const count = answers - before.answers
  if (failed !== null) throw failed
  return {
    cpu: (user + system) / count,
    perSecond: count / seconds,
    peakRss: peakRss(),
  }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as BacklogJob)))
process.exit(0)
