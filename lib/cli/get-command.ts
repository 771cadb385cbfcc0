import type { Readable, Writable } from 'node:stream'
import { ArgumentError, Client, LIMITS, SqliteStore, type ClientOptions } from '../index.ts'
import type { BodyStore } from './body-sink.ts'
import { CliError, usageError } from './cli-error.ts'
import { clientOptions, fetchPlan } from './client-options.ts'
import type { CookieFiles } from './cookie-files.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Gate } from './gate.ts'
import type { GetOptions } from './get-options.ts'
import { GetRun } from './get-run.ts'
import { onInterrupts } from './interrupts.ts'
import { ItemFetcher } from './item-fetcher.ts'
import { NoStore } from './no-store.ts'
import { callsAtOnce } from './options.ts'
import { Progress, type ProgressMode, type ProgressStream } from './progress.ts'
import type { ReportFile } from './report-file.ts'
import { StdoutStore } from './stdout-store.ts'
import { summaryText } from './summary.ts'
import { UrlSource } from './url-source.ts'

/** The process's streams; a getter each, because asking for stdin opens it. */
export interface GetIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: ProgressStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `trawl get`. Throws a CliError for what can be refused before anything starts. */
export async function getCommand(options: GetOptions, io: GetIo): Promise<ExitCode> {
  const { client, source, store, report, cookies, cache } = await openAll(options, io)
  const gate = makeGate(options)
  const quiet = store instanceof StdoutStore && options.progress === 'auto'
  const fetcher = new ItemFetcher(client, fetchPlan(options), store, gate, cookies)
  const run: GetRun = new GetRun({
    client,
    source,
    fetcher,
    gate,
    report,
    width: callsAtOnce(options.maxConn ?? LIMITS.maxConn, options.pipeline ?? 1),
    note: (text) => progress.note(text),
  })
  const progress = new Progress(
    io.stderr,
    quiet ? 'none' : progressMode(options, io.stderr),
    () => run.counts,
  )
  const removeHandlers = onInterrupts(run)
  const started = performance.now()
  await progress.start()
  await run.work()
  fetcher.close()
  const elapsedMs = performance.now() - started
  const { dialled, reused } = client.stats()
  // Every call has ended: nothing is left to wait for, not even what aborted ones still get.
  client.destroy()
  cache?.close()
  progress.stop()
  source.stop()
  let { exitCode } = run
  exitCode = await finish(report?.close(), exitCode, io.stderr)
  exitCode = await finish(cookies?.save(io.stdout), exitCode, io.stderr)
  removeHandlers()
  if (!quiet) {
    const { outputDir, report: reportPath } = options
    const facts = { elapsedMs, dialled, reused, outputDir, report: reportPath, stopped: run.stopped }
    io.stderr.write(summaryText(run.tally, facts))
  }
  return exitCode
}

/** As many as can be in flight. */
function makeGate({ maxConn, maxConnPerTarget, pipeline, clientIps, gap, maxTime }: GetOptions): Gate {
  const depth = pipeline ?? 1
  // Each client IP makes a target of its own.
  const targets = Math.max(1, clientIps.length)
  const perTarget = (maxConnPerTarget ?? LIMITS.maxConnPerTarget) * depth
  // What waits for the pace has its time running: no more than can be sent in half of it.
  const inTime = gap > 0 && (maxTime ?? 0) > 0 ? Math.floor(maxTime! / 2 / gap) : Infinity
  return new Gate((maxConn ?? LIMITS.maxConn) * depth, Math.max(1, Math.min(perTarget, inTime)) * targets)
}

interface Opened {
  readonly client: Client
  readonly source: UrlSource
  readonly store: BodyStore
  readonly report: ReportFile | null
  /** null: none are kept. */
  readonly cookies: CookieFiles | null
  readonly cache: SqliteStore | null
}

/** Opens all that is read and written, so that a wrong path shows before the first request. */
async function openAll(options: GetOptions, io: GetIo): Promise<Opened> {
  const cookies = await openCookies(options, io)
  const cache = openCache(options.cache)
  let client: Client | null = null
  let source: UrlSource | null = null
  try {
    client = makeClient(clientOptions(options, cookies?.jars ?? null, cache))
    // Only a list from standard input needs it, and asking for it opens it.
    const stdin = options.input === '-' ? io.stdin : null
    source = await UrlSource.open(options.urls, options.input, stdin)
    const store = await openStore(options, io)
    return { client, source, store, report: await openReport(options.report, source), cookies, cache }
  } catch (error) {
    source?.stop()
    client?.destroy()
    cache?.close()
    throw error
  }
}

function makeClient(options: ClientOptions): Client {
  try {
    return new Client(options)
  } catch (error) {
    if (error instanceof ArgumentError) throw usageError(error.message, error)
    throw error
  }
}

async function openCookies({ cookies, clientIps }: GetOptions, io: GetIo): Promise<CookieFiles | null> {
  if (!cookies.keeps) return null
  const files = await import('./cookie-files.ts')
  return files.CookieFiles.open(cookies, clientIps, (text) => io.stderr.write(`trawl: ${text}\n`))
}

function openCache(path: string): SqliteStore | null {
  if (path === '') return null
  try {
    return new SqliteStore(path)
  } catch (error) {
    if (error instanceof ArgumentError) throw new CliError(EXIT.file, `--cache: ${error.message}`, error)
    throw error
  }
}

async function openReport(path: string, source: UrlSource): Promise<ReportFile | null> {
  if (path === '') return null
  const files = await import('./report-file.ts')
  const report = await files.ReportFile.open(path)
  if (source.identity === '' || (await report.identity()) !== source.identity) return report
  await report.close()
  throw usageError(`${path} is the input too; choose another --report`)
}

async function openStore(options: GetOptions, io: GetIo): Promise<BodyStore> {
  if (options.method === 'HEAD') return new NoStore()
  if (options.outputDir === '') return new StdoutStore(io.stdout)
  const folders = await import('./output-folder.ts')
  return folders.OutputFolder.open(options.outputDir, options.force)
}

function progressMode(options: GetOptions, stderr: ProgressStream): ProgressMode {
  if (options.progress !== 'auto') return options.progress
  return stderr.isTTY === true && process.env['TERM'] !== 'dumb' ? 'bar' : 'plain'
}

/** Waits for what is written at the end; that it cannot be is told, and is the exit code unless another is. */
async function finish(
  writing: Promise<void> | undefined,
  exitCode: ExitCode,
  stderr: Writable,
): Promise<ExitCode> {
  try {
    await writing
    return exitCode
  } catch (error) {
    stderr.write(`trawl: ${(error as Error).message}\n`)
    return exitCode === EXIT.ok ? EXIT.file : exitCode
  }
}
