import { resolve } from 'node:path'
import { FileError, type ClientStats } from '../index.ts'
import type { RunOutcome } from '../reports/run-outcome.ts'
import { CliError, usageError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import type { Outcome } from './outcome.ts'

/** Which records of a run are asked for. */
export interface RecorderOptions {
  /** Paths; '' for none. */
  readonly har: string
  readonly trace: string
  readonly htmlReport: string
  /** The port of 127.0.0.1 that figures are served on, 0: one that is free; null: none. */
  readonly metrics: number | null
  /** A job goes on: its HAR is added to. */
  readonly goesOn?: boolean
}

/** What is told of a run at its end. */
export interface RecordedEnd {
  readonly elapsedMs: number
  /** Why it did not come to its end; '': it did. */
  readonly stopped: string
}

/** One kind of record. */
interface Recorder {
  /** What it wants to know of each item; null: nothing. */
  readonly add: ((outcome: RunOutcome) => void) | null
  close(end: RecordedEnd): Promise<void> | void
  /** Ends it without a record, where that is another way than to close it. */
  readonly discard?: () => void
}

type Note = (text: string) => void
type ReadStats = (() => ClientStats) | null

/** All that is written down of a run besides the report. */
export class Recorders {
  readonly #all: readonly Recorder[]
  readonly #adds: readonly ((outcome: RunOutcome) => void)[]

  constructor(all: readonly Recorder[]) {
    this.#all = all
    this.#adds = all.flatMap(({ add }) => (add === null ? [] : [add]))
  }

  /** To be called once for each item that is done. */
  add(outcome: Outcome): void {
    if (this.#adds.length === 0) return
    const seen = recorded(outcome)
    for (const add of this.#adds) add(seen)
  }

  /** Finishes all of them, and then throws what went wrong first, if anything did. */
  async close(end: RecordedEnd): Promise<void> {
    const results = await Promise.allSettled(this.#all.map(async (each) => each.close(end)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

/**
 * Opens what is asked for, so that a wrong path or a taken port shows before the first request; null: nothing is.
 * Throws a CliError. `stats`: the client's; without it neither page nor figures tell what waits and what is paused.
 */
export async function openRecorders(
  options: RecorderOptions,
  note: Note,
  stats: ReadStats = null,
): Promise<Recorders | null> {
  checkPaths(options)
  const opened: Recorder[] = []
  try {
    if (options.har !== '') opened.push(await openHar(options.har, options.goesOn ?? false, note))
    if (options.trace !== '') opened.push(await openTrace(options.trace, note))
    if (options.htmlReport !== '') opened.push(await openPage(options.htmlReport, stats))
    if (options.metrics !== null) {
      opened.push(await openMetrics(options.metrics, note, stats))
    }
  } catch (error) {
    for (const each of opened) {
      if (each.discard === undefined) await each.close({ elapsedMs: 0, stopped: '' })
      else each.discard()
    }
    throw error
  }
  return opened.length === 0 ? null : new Recorders(opened)
}

/** Loaded only when used, as all of these. */
async function openHar(path: string, append: boolean, note: Note): Promise<Recorder> {
  const { HarFile } = await import('../reports/har-file.ts')
  const file = await opening('har', path, () => HarFile.open(path, { append, note }))
  return { add: null, close: () => file.close() }
}

async function openTrace(path: string, note: Note): Promise<Recorder> {
  const { TraceFile } = await import('../reports/trace-file.ts')
  const file = await opening('trace', path, () => TraceFile.open(path, { note }))
  return { add: null, close: () => file.close() }
}

async function openPage(path: string, stats: ReadStats): Promise<Recorder> {
  const { HtmlReport } = await import('../reports/html-report.ts')
  const page = await opening('html-report', path, () =>
    HtmlReport.open(path, { title: 'A run of trawl get', ...(stats === null ? {} : { stats }) }),
  )
  return {
    add: (outcome) => page.add(outcome),
    close: ({ elapsedMs, stopped }) => page.close({ elapsedMs, stopped, stats: stats?.() ?? null }),
    discard: () => page.discard(),
  }
}

async function openMetrics(port: number, note: Note, stats: ReadStats): Promise<Recorder> {
  const [{ Metrics }, { MetricsServer }] = await Promise.all([
    import('../reports/metrics.ts'),
    import('./metrics-server.ts'),
  ])
  const metrics = await Metrics.open(stats)
  const server = await MetricsServer.open(port, metrics)
  note(`figures for Prometheus: ${server.url}`)
  return { add: (outcome) => metrics.add(outcome), close: () => server.close() }
}

async function opening<T>(flag: string, path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const why = error instanceof FileError ? error.message : `cannot write ${path}: ${reasonOf(error)}`
    throw new CliError(EXIT.file, `--${flag}: ${why}`, error)
  }
}

/** Two of them in one file would write over each other. */
function checkPaths({ har, trace, htmlReport }: RecorderOptions): void {
  const flags = new Map<string, string>()
  for (const [flag, path] of [
    ['--har', har],
    ['--trace', trace],
    ['--html-report', htmlReport],
  ] as const) {
    if (path === '') continue
    const whole = resolve(path)
    const other = flags.get(whole)
    if (other !== undefined)
      throw usageError(`${other} and ${flag} are both ${path}; give each a file of its own`)
    flags.set(whole, flag)
  }
}

function recorded(outcome: Outcome): RunOutcome {
  return {
    url: outcome.url,
    host: outcome.host,
    ok: outcome.exitCode === EXIT.ok,
    status: outcome.status,
    error: outcome.error,
    message: outcome.message,
    bytesOnWire: outcome.bytesOnWire,
    bytesDecoded: outcome.bytesDecoded,
    headMs: outcome.headMs,
    totalMs: outcome.totalMs,
    clientIp: outcome.clientIp,
    retries: outcome.retries,
    redirects: outcome.redirects,
    cache: outcome.cache,
  }
}
