/** The process that is measured: a crawl over all targets. Started by run.ts, which talks to it by messages. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client, MemoryStore, type ClientOptions, type ClientStats, type Resolve } from '../../lib/index.ts'
import { Random } from '../../lib/testing/random.ts'
import { Crawler } from './crawler.ts'
import { Errands } from './errands.ts'
import { collect, countTimers, descriptors, listenersOf, memory, still, timersSet } from './holdings.ts'
import { Ledger } from './ledger.ts'
import type { FromCrawl, ToCrawl } from './messages.ts'
import { pathOf } from './page.ts'
import type { CrawlReport, Sample, Still } from './sample.ts'
import { CLIENT_IPS, DEAD_ADDRESS, type OpenTarget } from './targets.ts'
import { download, fetch, fileOf, passing, post, request, stream } from './workers.ts'

/** Connections of the main client, of the one with short waits, and of each that comes and goes. */
const MAX_CONN = { crawling: 100, brief: 24, passing: 6 }
/** ms that everything has to settle in, once the town is healed, and that sockets have to go away in. */
const SETTLES = 60_000
const GOES_AWAY = 5_000

/** The crawl is under way for so long when the measuring begins, ms. */
const LEAD = 10_000

type Begin = Extract<ToCrawl, { kind: 'begin' }>

const startedAt = performance.now()
const now = (): number => performance.now() - startedAt
const cpuBefore = process.cpuUsage()
const ledger = new Ledger()
const shared = new AbortController()

countTimers()
process.on('unhandledRejection', (error) => ledger.fault('loose', `unhandled rejection: ${textOf(error)}`))
process.on('uncaughtException', (error) => ledger.fault('loose', `uncaught exception: ${textOf(error)}`))
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') ledger.fault('loose', `warning: ${textOf(warning)}`)
})

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function tell(message: FromCrawl): void {
  process.send!(message)
}

async function soak({ targets, ca, seconds, seed }: Begin): Promise<void> {
  const random = new Random(seed)
  const folder = await mkdtemp(join(tmpdir(), 'trawl-soak-'))
  const options = clientOptions(targets, ca, random.fork())
  await warmUp(targets, options, folder)
  const before = still(shared.signal)
  const crawler = new Crawler(targets, new Errands(targets, random.fork(), now), ledger, shared.signal)
  const clients = openClients(options)
  await visitAll(clients, targets)
  const from = now() + LEAD
  const elapsed = (): number => (now() - from) / 1000
  const workers = startWorkers(crawler, clients, options, folder)
  await wait(LEAD)
  const pause = Math.min(2_000, Math.max(250, (seconds * 1000) / 120))
  while (elapsed() < seconds) {
    await wait(pause)
    tell({ kind: 'sample', sample: await takeSample(elapsed(), clients), ends: ledger.ends })
  }
  crawler.stop()
  tell({ kind: 'over' })
  await within(Promise.all(workers), SETTLES)
  const unsettled = ledger.underWay
  const closed = await within(Promise.all(clients.map((client) => client.close())), SETTLES)
  if (!closed) ledger.fault('loose', `a client has not closed after ${SETTLES} ms`)
  await rm(folder, { recursive: true, force: true })
  tell({ kind: 'report', report: { ...(await finish(before, clients)), unsettled } })
}

function clientOptions(targets: readonly OpenTarget[], ca: string, random: Random): ClientOptions {
  return {
    tlsOptions: { ca },
    resolve: resolver(targets, random),
    clientIps: CLIENT_IPS,
    maxPipelinedRequests: 4,
    connectTimeout: 10_000,
    replyTimeout: 10_000,
    bodyTimeout: 10_000,
  }
}

/** Names of honest targets are always found, by way of an address where nobody listens; others at times. */
function resolver(targets: readonly OpenTarget[], random: Random): Resolve {
  const named = new Map(targets.map((target) => [target.host, target]))
  return (host) => {
    const target = named.get(host)
    if (target === undefined) throw Object.assign(new Error(`no such name: ${host}`), { code: 'ENOTFOUND' })
    if (target.kind === 'nameless' && random.chance(0.5)) {
      throw Object.assign(new Error('try again'), { code: random.pick(['EAI_AGAIN', 'ENOTFOUND']) })
    }
    return random.chance(0.3) ? [DEAD_ADDRESS, target.address] : target.address
  }
}

function openClients(options: ClientOptions): [crawling: Client, brief: Client] {
  const crawling = new Client({
    ...options,
    maxConn: MAX_CONN.crawling,
    maxConnPerTarget: 2,
    clientIpPolicy: 'sticky',
    cookies: true,
    cache: new MemoryStore(2 ** 20),
  })
  const brief = new Client({
    ...options,
    maxConn: MAX_CONN.brief,
    prefer: 'pipeline',
    keepAliveTimeout: 200,
    moveAfterRefusal: true,
  })
  return [crawling, brief]
}

function startWorkers(
  crawler: Crawler,
  [crawling, brief]: readonly [Client, Client],
  options: ClientOptions,
  folder: string,
): Promise<unknown>[] {
  const times = (count: number, work: (worker: number) => Promise<void>): Promise<void>[] =>
    Array.from({ length: count }, (_, worker) => crawler.each(() => work(worker)))
  const own = crawling.extend({ headers: { 'user-agent': 'soak' } })
  return [
    crawler.map(crawling, 100),
    crawler.map(brief, 24),
    ...times(6, () => request(crawler, own)),
    ...times(8, () => stream(crawler, crawling)),
    ...times(2, () => stream(crawler, brief)),
    ...times(6, () => fetch(crawler, crawling)),
    ...times(3, (worker) => download(crawler, crawling, fileOf(folder, worker))),
    ...times(8, () => post(crawler, crawling)),
    ...times(4, () => post(crawler, brief)),
    ...times(1, () => passing(crawler, { ...options, maxConn: MAX_CONN.passing })),
  ]
}

/** What is made but once is there before anything is counted: modules, TLS, threads for files. */
async function warmUp(targets: readonly OpenTarget[], options: ClientOptions, folder: string): Promise<void> {
  const client = new Client(options)
  const page = { kind: 'file', id: 1, size: 1_000, delay: 0, to: '' } as const
  for (const scheme of ['http', 'https']) {
    const target = targets.find((one) => one.kind === 'honest' && one.scheme === scheme)!
    const url = target.origin + pathOf(page)
    await client.request(url)
    await (await client.fetch(url)).text()
    await client.download(url, join(folder, 'warm-up'))
  }
  await client.close()
  await goneAway(0)
}

/** What is kept of each target is there when the measuring begins: its record, its TLS session. */
async function visitAll(clients: readonly Client[], targets: readonly OpenTarget[]): Promise<void> {
  const path = pathOf({ kind: 'page', id: 1, size: 1_000, delay: 0, to: '' })
  const urls = targets.flatMap(({ origin }) =>
    CLIENT_IPS.map((clientIp) => ({ url: origin + path, clientIp, maxRetries: 0, replyTimeout: 1_000 })),
  )
  for (const client of clients) {
    let visited = 0
    for await (const { ok } of client.map(urls, () => undefined)) visited += ok ? 1 : 0
    if (visited < urls.length / 2)
      ledger.fault('innocent', `only ${visited} of ${urls.length} visits went well`)
  }
}

async function takeSample(at: number, clients: readonly Client[]): Promise<Sample> {
  const underWay = ledger.underWay
  const all = clients.map((client) => client.stats())
  for (const stats of all) seePipelines(stats)
  return {
    at,
    ...(await memory()),
    descriptors: descriptors(),
    timers: timersSet(),
    listeners: listenersOf(shared.signal),
    connections: all.reduce((sum, { connections }) => sum + connections, 0),
    calls: ledger.begun,
    underWay,
    oldest: ledger.oldest,
  }
}

function seePipelines({ targets }: ClientStats): void {
  for (const { inFlight, connections } of targets) if (inFlight > connections) ledger.see('pipelines')
}

async function finish(before: Still, clients: readonly Client[]): Promise<Omit<CrawlReport, 'unsettled'>> {
  await goneAway(before.descriptors)
  const left = clients
    .map((client) => client.stats())
    .reduce((sum, { connections, inFlight, waiting }) => sum + connections + inFlight + waiting, 0)
  const { calls, ends, bytes, seen, faults } = ledger
  const cpu = process.cpuUsage(cpuBefore)
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const after = still(shared.signal)
  const maxConn = MAX_CONN.crawling + MAX_CONN.brief
  return { before, after, maxConn, cpuSeconds, calls, ends, bytes, seen, faults, left }
}

/** A closed socket gives its descriptor back some turns later. */
async function goneAway(most: number): Promise<void> {
  const deadline = performance.now() + GOES_AWAY
  let last = -1
  while (performance.now() < deadline) {
    await collect()
    await wait(100)
    const held = descriptors()
    if (held <= most || (most === 0 && held === last)) return
    last = held
  }
}

/** Whether it was done in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  return Promise.race([work.then(() => true), wait(ms, false, { ref: false })])
}

function crash(error: unknown): never {
  console.error(textOf(error))
  return process.exit(1)
}

process.on('message', (message: ToCrawl) => {
  if (message.kind === 'begin') soak(message).catch(crash)
  else process.exit(0)
})
// Its parent has gone.
process.on('disconnect', () => process.exit(1))
