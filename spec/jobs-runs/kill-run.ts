import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from '../../lib/jobs/journal/journal.ts'
import type { Random } from '../../lib/testing/index.ts'
import type { JobSite } from './job-site.ts'
import { reportUrl } from './job-check.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')
/** What a line of the journal takes, about: the moments of the kills are spread by it. */
const LINE_SIZE = 400
const LEAST_LINES = 20
/** The longest that one run may take, ms. */
const MOST_TIME = 900_000

export interface KillPlan {
  readonly site: JobSite
  /** An empty folder. */
  readonly folder: string
  readonly urls: number
  readonly kills: number
  readonly random: Random
  /** Of the command, beyond those of every run. */
  readonly flags: readonly string[]
  /** What each run is ended by, in turn; where there are several, the next follows when the one before was told of. */
  readonly signals?: readonly (readonly NodeJS.Signals[])[]
  /** The report is taken away after each kill. */
  readonly losesReport: boolean
  readonly say: (text: string) => void
}

/** One run of the command, to its kill or to its end. */
export interface RunFigures {
  readonly when: string
  readonly ms: number
  /** Requests that the server got, and those of them for URLs that an earlier run had asked for. */
  readonly requests: number
  readonly again: number
  /** Bytes of bodies that were sent for those. */
  readonly bytesAgain: number
  /** Of those, the ones that went on with a part. */
  readonly resumed: number
  /** URLs that this run asked for, and that were not in the journal at its end. */
  readonly lost: number
  /**
   * Requests for what this run had asked for already: with --pipeline, a body that turns out to be too large to be held
   * is asked for again, alone on its connection.
   */
  readonly twice: number
  readonly exitCode: number | null
}

export interface KilledJob {
  readonly runs: readonly RunFigures[]
  readonly list: string
  readonly jobDir: string
  readonly outputDir: string
  readonly report: string
  readonly stderr: string
}

/** Runs a job that is killed so many times, each time with the same command; and then to its end. */
export async function runKilled(plan: KillPlan): Promise<KilledJob> {
  const { site, folder, kills, random, urls, say } = plan
  const list = join(folder, 'urls.txt')
  const jobDir = join(folder, 'job')
  const outputDir = join(folder, 'out')
  const report = join(folder, 'report.jsonl')
  mkdirSync(folder, { recursive: true })
  site.writeList(list)
  const args = ['get', '--input', list, '--job', jobDir, '--output-dir', outputDir, '--report', report]
  args.push(...site.route, '--progress', 'none', ...plan.flags)
  const runs: RunFigures[] = []
  const asked = new Set<string>()
  let stderr = ''
  for (const [i, moment] of momentsOf(kills, random, urls).entries()) {
    const started = performance.now()
    const child = start(args)
    const read = collect(child)
    const exited = once(child, 'exit')
    if (moment !== null) await waitFor(child, moment, join(jobDir, 'journal.jsonl'))
    const signals = moment === null ? [] : (plan.signals?.[i] ?? ['SIGKILL'])
    await stop(child, signals, read)
    const timer = setTimeout(() => child.kill('SIGKILL'), MOST_TIME)
    await exited
    clearTimeout(timer)
    const ms = performance.now() - started
    await site.quiet()
    stderr = read()
    const done = await finished(jobDir)
    const figures = { ...count(site, asked, done), ms, exitCode: child.exitCode, when: wordsOf(moment) }
    runs.push(figures)
    say(lineOf(runs.length, figures, done.size))
    if (plan.losesReport && moment !== null) rmSync(report, { force: true })
  }
  return { runs, list, jobDir, outputDir, report, stderr }
}

/** A kill: so many bytes of journal and ms later, or so many ms after the start; null: none. */
interface Moment {
  readonly size: number
  readonly ms: number
}

/** By what is done, and every fourth one while the run is still beginning: it reads journal and report then. */
function momentsOf(kills: number, random: Random, urls: number): (Moment | null)[] {
  const sizes = Array.from({ length: kills }, () => random.next() * urls * LINE_SIZE).toSorted(
    (a, b) => a - b,
  )
  const moments = sizes.map((size, i) =>
    i % 4 === 3
      ? { size: 0, ms: random.int(100, 1_500) }
      : { size: Math.round(size), ms: random.int(0, 150) },
  )
  return [...moments, null]
}

function wordsOf(moment: Moment | null): string {
  if (moment === null) return 'to its end'
  return moment.size === 0
    ? `${moment.ms} ms after its start`
    : `at ${Math.round(moment.size / LINE_SIZE)} + ${moment.ms} ms`
}

async function waitFor(child: ChildProcess, { size, ms }: Moment, journal: string): Promise<void> {
  const until = performance.now() + MOST_TIME
  // Something is to be done in each run that is not ended at its beginning.
  const enough = size === 0 ? 0 : Math.max(size, sizeOf(journal) + LEAST_LINES * LINE_SIZE)
  const isTooEarly = (): boolean => sizeOf(journal) < enough
  while (isTooEarly() && child.exitCode === null && performance.now() < until) await pause(5)
  await pause(ms)
}

async function stop(
  child: ChildProcess,
  signals: readonly NodeJS.Signals[],
  read: () => string,
): Promise<void> {
  for (const [i, signal] of signals.entries()) {
    const until = performance.now() + MOST_TIME
    const isTold = (): boolean => i === 0 || read().includes('interrupted: ')
    while (!isTold() && child.exitCode === null && performance.now() < until) await pause(2)
    child.kill(signal)
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

function start(args: readonly string[]): ChildProcess {
  const env = { ...process.env, no_proxy: '*', NO_PROXY: '*' }
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env })
}

function collect({ stderr }: ChildProcess): () => string {
  let text = ''
  stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** URLs that the journal has. */
async function finished(jobDir: string): Promise<Set<string>> {
  const done = new Set<string>()
  if (sizeOf(join(jobDir, 'journal.jsonl')) === 0) return done
  for await (const { line } of (await Journal.read(jobDir)).entries()) done.add(reportUrl(line))
  return done
}

type Counts = Pick<RunFigures, 'requests' | 'again' | 'bytesAgain' | 'resumed' | 'lost' | 'twice'>

/** Of the run that has just ended. `asked` has what earlier ones asked for, and gets what this one did. */
function count(site: JobSite, asked: Set<string>, done: ReadonlySet<string>): Counts {
  const requests = site.newRequests()
  const again = requests.filter(({ url }) => asked.has(url))
  const own = new Set(requests.map(({ url }) => url))
  for (const url of own) asked.add(url)
  return {
    requests: requests.length,
    again: again.length,
    bytesAgain: again.reduce((sum, { sent }) => sum + sent, 0),
    resumed: again.filter(({ range }) => range !== '').length,
    lost: [...own].filter((url) => !done.has(url)).length,
    twice: requests.length - own.size,
  }
}

function lineOf(number: number, figures: RunFigures, done: number): string {
  const { when, ms, requests, again, bytesAgain, resumed, lost, twice, exitCode } = figures
  const end = exitCode === null ? 'killed' : `exit code ${exitCode}`
  return (
    `run ${number} ${when}: ${end} after ${(ms / 1000).toFixed(1)} s, ${requests} requests, ` +
    `${again} of them again (${(bytesAgain / 1e6).toFixed(2)} MB, ${resumed} by Range), ` +
    `${done} in the journal, ${lost} asked for and not in it` +
    (twice > 0 ? `, ${twice} asked for twice` : '')
  )
}
