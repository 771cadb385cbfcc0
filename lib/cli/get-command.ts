import type { Readable, Writable } from 'node:stream'
import { ArgumentError, Client, LIMITS, type ClientOptions } from '../index.ts'
import type { BodyStore } from './body-sink.ts'
import { CliError } from './cli-error.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Gate } from './gate.ts'
import { GetRun } from './get-run.ts'
import { onInterrupts } from './interrupts.ts'
import { ItemFetcher, type FetchPlan } from './item-fetcher.ts'
import { CLI_LIMITS } from './limits.ts'
import { NoStore } from './no-store.ts'
import { callsAtOnce, type GetOptions } from './options.ts'
import { OutputFolder } from './output-folder.ts'
import { Progress, type ProgressMode, type ProgressStream } from './progress.ts'
import { ReportFile } from './report-file.ts'
import { StdoutStore } from './stdout-store.ts'
import { summaryText } from './summary.ts'
import { UrlSource } from './url-source.ts'

/** The process's streams; a getter each, because asking for stdin opens it. */
export interface GetIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: ProgressStream
}

/** `trawl get`. Throws a CliError for what can be refused before anything starts. */
export async function getCommand(options: GetOptions, io: GetIo): Promise<ExitCode> {
  const client = makeClient(options)
  const { source, store, report } = await openAll(options, io)
  const gate = makeGate(options)
  const quiet = store instanceof StdoutStore && options.progress === 'auto'
  const run: GetRun = new GetRun({
    client,
    source,
    fetcher: new ItemFetcher(client, fetchPlan(options), store, gate),
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
  const elapsedMs = performance.now() - started
  const { dialled, reused } = client.stats()
  // Every call has ended: nothing is left to wait for, not even what aborted ones still get.
  client.destroy()
  progress.stop()
  removeHandlers()
  source.stop()
  const exitCode = await closeReport(report, run.exitCode, io.stderr)
  if (!quiet) {
    const { outputDir, report: reportPath } = options
    const facts = { elapsedMs, dialled, reused, outputDir, report: reportPath, stopped: run.stopped }
    io.stderr.write(summaryText(run.tally, facts))
  }
  return exitCode
}

function makeClient(options: GetOptions): Client {
  try {
    return new Client(clientOptions(options))
  } catch (error) {
    if (error instanceof ArgumentError) throw new CliError(EXIT.usage, error.message, error)
    throw error
  }
}

function clientOptions(options: GetOptions): ClientOptions {
  return {
    ...(options.maxConn === undefined ? {} : { maxConn: options.maxConn }),
    ...(options.maxConnPerTarget === undefined ? {} : { maxConnPerTarget: options.maxConnPerTarget }),
    ...(options.pipeline === undefined ? {} : { maxPipelinedRequests: options.pipeline }),
    ...(options.connectTimeout === undefined ? {} : { connectTimeout: options.connectTimeout }),
    ...(options.maxTime === undefined ? {} : { totalTimeout: options.maxTime }),
    ...(mayPipeline(options)
      ? { maxBodySize: Math.min(CLI_LIMITS.wholeBody, options.maxFileSize ?? Infinity) }
      : {}),
    headers: options.headers,
    maxRetries: 0,
    redirect: 'manual',
    ...(options.clientIp === undefined ? {} : { clientIp: options.clientIp }),
    ...(options.insecure ? { tlsOptions: { rejectUnauthorized: false } } : {}),
    ...(options.resolve.size === 0
      ? {}
      : { resolve: (host: string) => options.resolve.get(host) ?? options.resolve.get('*') }),
  }
}

/** As many as can be in flight. */
function makeGate({ maxConn, maxConnPerTarget, pipeline }: GetOptions): Gate {
  const depth = pipeline ?? 1
  return new Gate((maxConn ?? LIMITS.maxConn) * depth, (maxConnPerTarget ?? LIMITS.maxConnPerTarget) * depth)
}

function fetchPlan(options: GetOptions): FetchPlan {
  const { method, body } = options
  return {
    request: method === 'GET' && body === undefined ? undefined : { method, body },
    whole: mayPipeline(options),
    maxFileSize: options.maxFileSize ?? Infinity,
  }
}

/** Only these: a body that is too large is asked for a second time, which a POST must not be. */
function mayPipeline({ pipeline, method, body }: GetOptions): boolean {
  return (pipeline ?? 1) > 1 && (method === 'GET' || method === 'HEAD') && body === undefined
}

interface Opened {
  readonly source: UrlSource
  readonly store: BodyStore
  readonly report: ReportFile | null
}

/** Opens all that is read and written, so that a wrong path shows before the first request. */
async function openAll(options: GetOptions, io: GetIo): Promise<Opened> {
  // Only a list from standard input needs it, and asking for it opens it.
  const stdin = options.input === '-' ? io.stdin : null
  const source = await UrlSource.open(options.urls, options.input, stdin)
  try {
    const store = await openStore(options, io)
    const report = options.report === '' ? null : await ReportFile.open(options.report)
    if (report !== null && source.identity !== '' && (await report.identity()) === source.identity) {
      await report.close()
      throw new CliError(EXIT.usage, `${options.report} is the input too; choose another --report`)
    }
    return { source, store, report }
  } catch (error) {
    source.stop()
    throw error
  }
}

async function openStore(options: GetOptions, io: GetIo): Promise<BodyStore> {
  if (options.method === 'HEAD') return new NoStore()
  if (options.outputDir === '') return new StdoutStore(io.stdout)
  return OutputFolder.open(options.outputDir, options.force)
}

function progressMode(options: GetOptions, stderr: ProgressStream): ProgressMode {
  if (options.progress !== 'auto') return options.progress
  return stderr.isTTY === true && process.env['TERM'] !== 'dumb' ? 'bar' : 'plain'
}

async function closeReport(
  report: ReportFile | null,
  exitCode: ExitCode,
  stderr: Writable,
): Promise<ExitCode> {
  try {
    await report?.close()
    return exitCode
  } catch (error) {
    stderr.write(`trawl: ${(error as Error).message}\n`)
    return exitCode === EXIT.ok ? EXIT.file : exitCode
  }
}
