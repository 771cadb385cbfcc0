import type { Sample } from '../measure.ts'
import { peakRss } from '../peak-rss.ts'
import { HOST_CLIENTS, type HostClient } from './host-clients.ts'
import { until } from './until.ts'

/** One client and many hosts, in a process of its own: writes its sample as JSON, and ends. */
export interface TargetsJob {
  readonly client: string
  readonly port: number
  readonly path: string
  readonly bodySize: number
  readonly hosts: number
  /** once: each host is asked once; steady: over and over, by `perHost` at a time. */
  readonly mode: 'once' | 'steady'
  readonly perHost: number
  /** once: hosts that are asked at the same time. */
  readonly abreast: number
  /** steady, ms at least: see `LEAST_ANSWERS`. */
  readonly warmUp: number
  readonly measure: number
}

/** once: hosts that are asked before, as what is made once and compiled is no cost of a host. */
const WARM_HOSTS = 1_000
/** steady: answers of each loop, at least, before they count and while they do. */
const LEAST_ANSWERS = 10

async function get(client: HostClient, host: string, bodySize: number): Promise<void> {
  const body = await client.get(host)
  if (body.length !== bodySize) throw new Error(`a body of ${body.length} instead of ${bodySize}`)
}

/** From the first dial to the last connection closed. */
async function once(client: HostClient, job: TargetsJob): Promise<Sample> {
  const visit = async (from: number, to: number): Promise<void> => {
    let next = from
    const loop = async (): Promise<void> => {
      while (next < to) await get(client, `host-${next++}.localhost`, job.bodySize)
    }
    await Promise.all(Array.from({ length: job.abreast }, loop))
  }
  await visit(0, WARM_HOSTS)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await visit(WARM_HOSTS, WARM_HOSTS + job.hosts)
  const seconds = (performance.now() - start) / 1_000
  await client.close()
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / job.hosts, perSecond: job.hosts / seconds, peakRss: peakRss() }
}

/** What the loops of `steady` share. */
interface Progress {
  answers: number
  goesOn: boolean
  /** ms; null: not measured yet. */
  latencies: number[] | null
}

async function steady(client: HostClient, job: TargetsJob): Promise<Sample> {
  const progress: Progress = { answers: 0, goesOn: true, latencies: null }
  const loop = async (_: unknown, n: number): Promise<void> => {
    const host = `host-${n % job.hosts}.localhost`
    while (progress.goesOn) {
      const start = performance.now()
      await get(client, host, job.bodySize)
      progress.answers++
      progress.latencies?.push(performance.now() - start)
    }
  }
  const loops = job.hosts * job.perHost
  const running = Promise.all(Array.from({ length: loops }, loop))
  await Promise.race([until(loops * LEAST_ANSWERS, job.warmUp, () => progress.answers), running])
  progress.latencies = []
  const before = { answers: progress.answers, cpu: process.cpuUsage(), time: performance.now() }
  await Promise.race([until(loops * LEAST_ANSWERS, job.measure, () => progress.answers), running])
  const { user, system } = process.cpuUsage(before.cpu)
  const seconds = (performance.now() - before.time) / 1_000
  const count = progress.answers - before.answers
  const sorted = progress.latencies.toSorted((a, b) => a - b)
  progress.goesOn = false
  await running
  return {
    cpu: (user + system) / count,
    perSecond: count / seconds,
    p50: sorted[sorted.length >> 1]!,
    p99: sorted[Math.floor(sorted.length * 0.99)]!,
    peakRss: peakRss(),
  }
}

const job = JSON.parse(process.argv[2]!) as TargetsJob
const client = await HOST_CLIENTS[job.client]!(job)
process.stdout.write(JSON.stringify(await (job.mode === 'once' ? once : steady)(client, job)))
process.exit(0)
