import { rm, writeFile } from 'node:fs/promises'
import { LIMITS, type Client } from '../index.ts'
import type { Journal } from '../jobs/journal/journal.ts'
import { KeySet } from '../jobs/journal/key-set.ts'
import { keyMaker, newSeed } from '../jobs/journal/key.ts'
import { fetchPlan } from './client-options.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { GetOptions } from './get-options.ts'
import { GetRun } from './get-run.ts'
import { onInterrupts } from './interrupts.ts'
import { ItemFetcher } from './item-fetcher.ts'
import { CLI_LIMITS } from './limits.ts'
import { openAll, type GetIo, type OpenRun } from './open-run.ts'
import type { RunFacts } from './run-facts.ts'
import { RunRecords } from './run-records.ts'
import { plainNote, RunScreen } from './run-screen.ts'
import { holdYoungSpace } from './young-space.ts'

/** `trawl get`. Throws a CliError for what can be refused before anything starts. `argv`: what it was called with. */
export async function getCommand(options: GetOptions, io: GetIo, argv: readonly string[]): Promise<ExitCode> {
  const started = performance.now()
  const toStderr = (text: string): void => void io.stderr.write(`${plainNote(options, text)}\n`)
  let note = toStderr
  if (options.dryRun) return (await import('./dry-run.ts')).dryRun(options, io, toStderr)
  const opened = await openAll(options, io, (text) => note(text))
  if (opened.journal !== null) await keepCommand(options, argv)
  const run: GetRun = makeRun(options, opened, (text) => note(text))
  const screen = new RunScreen(options, opened, run, io.stderr, started)
  note = (text) => screen.note(text)
  const removeHandlers = onInterrupts(run)
  const release = holdYoungSpace()
  await screen.start()
  await run.work()
  release()
  const facts = screen.stop()
  const exitCode = await closeAll(opened, run, facts, io, toStderr)
  removeHandlers()
  screen.summarize(facts)
  return exitCode
}

/** Of URLs that a person has typed: to have a secret one would load node:crypto. */
const NO_SEED = '0'.repeat(16)

function makeRun(options: GetOptions, opened: OpenRun, note: (text: string) => void): GetRun {
  const { client, source, store, report, cookies, journal, recorders, spills } = opened
  return new GetRun({
    client,
    source,
    makeFetcher: (leave) => new ItemFetcher(client, fetchPlan(options), store, cookies, leave),
    keys: journal?.keys ?? new KeySet(),
    keyOf: journal?.makeKey ?? keyMaker(options.input === '' ? NO_SEED : newSeed()),
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
    note,
  })
}

/** Items that hold a place at once: as many as can be in flight. */
function widthOf({ maxConn, pipeline, totalGap, maxTime }: GetOptions): number {
  const inFlight = (maxConn ?? LIMITS.maxConn) * (pipeline ?? 1)
  return Math.min(CLI_LIMITS.maxCalls, inFlight, inTime(totalGap, maxTime))
}

/** The same of one host: each client IP makes a target of its own. */
function placesOf(client: Client, { gap, maxTime }: GetOptions, host: string): number {
  const { maxConnPerTarget, maxPipelinedRequests } = client.limits.of(host)
  const places = Math.min(maxConnPerTarget * maxPipelinedRequests, inTime(gap, maxTime))
  return places * Math.max(1, client.limits.clientIps)
}

/** What waits for the pace has its time running: no more than can be sent in half of it. */
function inTime(gap: number, maxTime = 0): number {
  return gap > 0 && maxTime > 0 ? Math.max(1, Math.floor(maxTime / 2 / gap)) : Infinity
}

/** For `trawl job DIR --retry-failed`: a help, without which the job is what it is. */
async function keepCommand(options: GetOptions, argv: readonly string[]): Promise<void> {
  const { commandPath, keptCommand } = await import('./job-command-line.ts')
  const path = commandPath(options.job)
  const text = keptCommand(argv, process.cwd())
  try {
    await rm(path, { force: true })
    if (text !== null) await writeFile(path, text, { mode: 0o600, flag: 'wx' })
  } catch {
    // A disk that is full is told by the journal.
  }
}

/** Every call has ended: nothing is left to wait for, not even what aborted ones still get. Gives the exit code. */
async function closeAll(
  opened: OpenRun,
  run: GetRun,
  facts: RunFacts,
  io: GetIo,
  note: (text: string) => void,
): Promise<ExitCode> {
  const { client, source, report, cookies, cache, journal, recorders, spills } = opened
  client.destroy()
  cache?.close()
  source.stop()
  spills.close()
  let { exitCode } = run
  const closing = [
    endJob(journal, run, facts),
    report?.close(),
    recorders?.close(facts),
    cookies?.save(io.stdout),
  ]
  for (const result of await Promise.allSettled(closing.map(async (each) => each))) {
    if (result.status === 'fulfilled') continue
    // That it cannot be written is told, and is the exit code unless another is.
    note((result.reason as Error).message)
    if (exitCode === EXIT.ok) exitCode = EXIT.file
  }
  return exitCode
}

async function endJob(journal: Journal | null, run: GetRun, facts: RunFacts): Promise<void> {
  if (journal === null) return
  const { ok, failed } = run.tally
  try {
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
