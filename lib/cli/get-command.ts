import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import { LIMITS, type Client } from '../index.ts'
import type { Journal } from '../jobs/journal/journal.ts'
import { KeySet } from '../jobs/journal/key-set.ts'
import { keyMaker } from '../jobs/journal/key.ts'
import { fetchPlan } from './client-options.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { GetOptions } from './get-options.ts'
import { GetRun } from './get-run.ts'
import { onInterrupts } from './interrupts.ts'
import { ItemFetcher } from './item-fetcher.ts'
import { CLI_LIMITS } from './limits.ts'
import { openAll, type GetIo } from './open-run.ts'
import { Progress, type ProgressMode, type ProgressStream } from './progress.ts'
import { RefusalWatch } from './refusal-watch.ts'
import { RetryWatch } from './retry-watch.ts'
import { RunCounts } from './run-counts.ts'
import type { RunFacts } from './run-facts.ts'
import { RunRecords } from './run-records.ts'
import { onStatisticsSignal } from './statistics-signal.ts'
import { statisticsText } from './statistics.ts'
import { StdoutStore } from './stdout-store.ts'
import { summaryJson } from './summary-json.ts'
import { summaryText } from './summary.ts'

/** `trawl get`. Throws a CliError for what can be refused before anything starts. */
export async function getCommand(options: GetOptions, io: GetIo): Promise<ExitCode> {
  const started = performance.now()
  let tell = (text: string): void => void io.stderr.write(`trawl: ${text}\n`)
  const opened = await openAll(options, io, (text) => tell(text))
  const { client, source, store, report, cookies, cache, journal, recorders, spills } = opened
  const before = journal === null ? undefined : { ...journal.counts }
  const quiet = store instanceof StdoutStore && options.progress === 'auto'
  const mode = quiet ? 'none' : progressMode(options, io.stderr)
  const seed = randomBytes(8).toString('hex')
  const run: GetRun = new GetRun({
    client,
    source,
    makeFetcher: (leave) => new ItemFetcher(client, fetchPlan(options), store, cookies, leave),
    keys: journal?.keys ?? new KeySet(),
    keyOf: journal?.makeKey ?? keyMaker(seed),
    records: new RunRecords(journal, report),
    recorders,
    width: widthOf(options),
    placesOf: (host) => placesOf(client, options, host),
    dedupe: options.dedupe,
    spillPath: () => spills.path(),
    maxTotalTime: options.maxTotalTime,
    maxFailures: options.maxFailures,
    isJob: journal !== null,
    hasReport: report !== null,
    note: (text) => progress.note(text),
  })
  const refusals = new RefusalWatch()
  const retries = new RetryWatch()
  const counts = new RunCounts({
    client,
    tally: run.tally,
    total: () => run.total,
    retrying: () => retries.retrying,
    before,
  })
  const progress = new Progress(io.stderr, mode, () => counts.read())
  tell = (text) => progress.note(text)
  const facts = (): RunFacts => ({
    elapsedMs: performance.now() - started,
    dialled: client.stats().dialled,
    reused: client.stats().reused,
    outputDir: options.outputDir,
    report: options.report,
    stopped: run.stopped,
    finish: run.finishReason,
    before,
    refusals,
  })
  const removeHandlers = onInterrupts(run)
  const removeStatistics = onStatisticsSignal(() => progress.print(statistics(mode, progress, run, facts())))
  await progress.start()
  await run.work()
  const last = facts()
  // Every call has ended: nothing is left to wait for, not even what aborted ones still get.
  client.destroy()
  cache?.close()
  progress.stop()
  refusals.close()
  retries.close()
  source.stop()
  spills.close()
  let { exitCode } = run
  exitCode = await finish(endJob(journal, run, last), exitCode, io.stderr)
  exitCode = await finish(report?.close(), exitCode, io.stderr)
  exitCode = await finish(recorders?.close(last), exitCode, io.stderr)
  exitCode = await finish(cookies?.save(io.stdout), exitCode, io.stderr)
  removeHandlers()
  removeStatistics()
  if (mode === 'json') io.stderr.write(`${summaryJson(run.tally, last)}\n`)
  else if (!quiet) io.stderr.write(summaryText(run.tally, last))
  return exitCode
}

function statistics(mode: ProgressMode, progress: Progress, run: GetRun, facts: RunFacts): string {
  return mode === 'json'
    ? summaryJson(run.tally, { ...facts, finish: null })
    : statisticsText(progress.state(), run.tally, facts)
}

/** Items that hold a place at once: as many as can be in flight. */
function widthOf({ maxConn, pipeline }: GetOptions): number {
  return Math.min(CLI_LIMITS.maxCalls, (maxConn ?? LIMITS.maxConn) * (pipeline ?? 1))
}

/** The same of one host: each client IP makes a target of its own. */
function placesOf(client: Client, { gap, maxTime = 0 }: GetOptions, host: string): number {
  const { maxConnPerTarget, maxPipelinedRequests } = client.limits.of(host)
  // What waits for the pace has its time running: no more than can be sent in half of it.
  const inTime = gap > 0 && maxTime > 0 ? Math.max(1, Math.floor(maxTime / 2 / gap)) : Infinity
  return Math.min(maxConnPerTarget * maxPipelinedRequests, inTime) * Math.max(1, client.limits.clientIps)
}

async function endJob(journal: Journal | null, run: GetRun, facts: RunFacts): Promise<void> {
  if (journal === null) return
  try {
    const { ok, failed } = run.tally
    journal.endRun({
      reason: run.finishReason,
      stopped: run.stopped,
      ok,
      failed,
      elapsedMs: Math.round(facts.elapsedMs),
    })
  } finally {
    await journal.close()
  }
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
