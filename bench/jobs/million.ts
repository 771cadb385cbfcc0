import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { builtTrawl } from '../commands/built-trawl.ts'
import { runCommand } from '../commands/run-command.ts'
import type { BenchCase, Effort, Sample } from '../measure.ts'
import { BODY_SIZES, type Site } from '../site.ts'

const COUNT = 1_000_000
const QUICK_COUNT = 50_000
const HOSTS = 50

function countOf({ quick }: Effort): number {
  return quick ? QUICK_COUNT : COUNT
}

/** One line after the other is of another host. Nothing finds the hosts but the clients' own settings. */
function listOf(site: Site, count: number): string {
  const folder = join(site.folder, 'lists')
  const path = join(folder, `hosts-${count}.txt`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const { port } = site.nginx
  const lines = Array.from(
    { length: count },
    (_, n) => `http://host-${n % HOSTS}.test:${port}/files/${n}.html\n`,
  )
  writeFileSync(path, lines.join(''))
  return path
}

function sampleOf(cost: { cpu: number; wall: number; peakRss: number }, count: number): Sample {
  const { cpu, wall, peakRss } = cost
  return { cpu: cpu / count, wall, perSecond: (count * 1_000) / wall, peakRss }
}

async function map(effort: Effort): Promise<Sample> {
  const count = countOf(effort)
  const library = join(await builtTrawl(effort.site.folder), 'index.js')
  const script = join(import.meta.dirname, 'map-child.ts')
  const args = [script, library, listOf(effort.site, count)]
  const cost = await runCommand(process.execPath, args, { keepsOutput: true })
  if (cost === null) return {}
  const got = JSON.parse(cost.stdout) as { count: number; bytes: number }
  if (got.count !== count || got.bytes !== count * BODY_SIZES['/files/']) {
    throw new Error(`client.map gave ${got.count} results with ${got.bytes} bytes, of ${count}`)
  }
  return sampleOf(cost, count)
}

/** What the command says at its end, as far as it is checked. */
interface Summary {
  readonly done: number
  readonly ok: number
  readonly failed: number
  readonly duplicates: number
  readonly bytesOnWire: number
  readonly statuses: Readonly<Record<string, number>>
}

/** `trawl get`, with or without a job. The flags after the list are the ones to be compared. */
function trawl(...flags: string[]): BenchCase['clients'][string] {
  return async (effort) => {
    const count = countOf(effort)
    const { site } = effort
    const main = join(await builtTrawl(site.folder), 'cli/main.js')
    const folder = mkdtempSync(join(site.folder, 'trawl-bench-job-'))
    const dir = join(folder, 'job')
    const isJob = flags.includes('--job')
    try {
      const own = flags.map((flag) => (flag === 'DIR' ? dir : flag))
      const resolve = `*:${site.nginx.port}:127.0.0.1`
      const args = ['get', '--input', listOf(site, count), '--discard', '--resolve', resolve, ...own]
      const cost = await runCommand(process.execPath, [main, ...args, '--progress', 'json'])
      if (cost === null) return {}
      checkSummary(JSON.parse(cost.stderr.trimEnd().split('\n').at(-1)!) as Summary, count)
      if (isJob) await checkJournal(main, dir, folder, count)
      return sampleOf(cost, count)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function checkSummary(summary: Summary, count: number): void {
  const { done, ok, failed, duplicates, bytesOnWire, statuses } = summary
  const told = JSON.stringify({ done, ok, failed, duplicates, bytesOnWire, statuses })
  const bytes = count * BODY_SIZES['/files/']
  const right = {
    done: count,
    ok: count,
    failed: 0,
    duplicates: 0,
    bytesOnWire: bytes,
    statuses: { 200: count },
  }
  if (told !== JSON.stringify(right)) throw new Error(`the summary says ${told}`)
}

/** Each URL of the list is in the journal, finished once, with 200. */
async function checkJournal(main: string, dir: string, folder: string, count: number): Promise<void> {
  const report = join(folder, 'report.jsonl')
  await runCommand(process.execPath, [main, 'job', dir, '--export', report])
  const seen = new Uint8Array(count)
  let lines = 0
  for await (const line of createInterface({ input: createReadStream(report) })) {
    const { url, status } = JSON.parse(line) as { url: string; status: number }
    const n = Number(/\/files\/(\d+)\.html$/.exec(url)?.[1])
    if (status !== 200 || seen[n] !== 0 || !url.includes(`//host-${n % HOSTS}.test:`)) {
      throw new Error(`the journal has a wrong line, or one twice: ${line}`)
    }
    seen[n] = 1
    lines++
  }
  if (lines !== count) throw new Error(`the journal has ${lines} of ${count} items`)
}

export const cases: readonly BenchCase[] = [
  {
    name: 'million',
    title: '1,000,000 URLs of 50 hosts',
    text:
      '128 bytes from each, from one nginx (50,000 URLs with `--quick`), the list in turns by host. Whole processes of the built package, start-up included. ' +
      '`trawl get --input urls.txt --discard --resolve "*:PORT:127.0.0.1" --progress json`, with `--job DIR` (each item in the journal before it counts, ' +
      'the file on the disk once a second), without it, and a program with `client.map` over the lines of the same list, at its default of 64 under way. ' +
      "Checked each time: the summary, and the job's journal line by line.",
    unit: 'URL',
    quick: true,
    metrics: ['cpu', 'wall', 'perSecond', 'peakRss'],
    peer: 'client.map',
    clients: {
      'trawl get --job': trawl('--job', 'DIR'),
      'client.map': map,
      'trawl get': trawl(),
    },
    maxRounds: 2,
    onceOnly: ['trawl get'],
  },
]
