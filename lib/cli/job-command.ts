import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { FileError, systemClock } from '../index.ts'
import { Journal } from '../jobs/journal/journal.ts'
import type { JournalContents, JournalStatus } from '../jobs/journal/journal-contents.ts'
import type { JournalRun } from '../jobs/journal/journal-records.ts'
import { CliError } from './cli-error.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import type { JobOptions } from './job-options.ts'
import { readCommand, type JobCommandLine } from './job-command-line.ts'
import { formatBytes, formatCount } from './quantities.ts'
import { readable } from './readable.ts'

export interface JobIo {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** `trawl job`. `again`: runs `trawl get` with these arguments, in this folder. Throws a CliError. */
export async function jobCommand(
  options: JobOptions,
  io: JobIo,
  again: (command: JobCommandLine) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    switch (options.action) {
      case 'status':
        return await showStatus(options, io)
      case 'export':
        return await exportReport(options, io)
      case 'retry-failed':
        return await retryFailed(options, io, again)
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    throw new CliError(EXIT.file, error.message, error)
  }
}

async function showStatus({ dir, json }: JobOptions, { stdout }: JobIo): Promise<ExitCode> {
  const { status } = await Journal.read(dir)
  const isRunning = Journal.isTaken(dir)
  stdout.write(
    json ? `${JSON.stringify({ ...status, running: isRunning })}\n` : statusText(status, isRunning),
  )
  return EXIT.ok
}

function statusText(status: JournalStatus, isRunning: boolean): string {
  const { ok, failed, created, runs, lastRuns, size, damaged } = status
  const lines = [
    `${formatCount(ok + failed)} finished: ${formatCount(ok)} ok, ${formatCount(failed)} failed`,
    `begun ${created}, ${formatCount(runs)} ${runs === 1 ? 'run' : 'runs'}, journal of ${formatBytes(size)}`,
    ...(damaged === 0
      ? []
      : [`${formatCount(damaged)} damaged lines of the journal: their items are done again`]),
    ...lastRuns.map((run) => `  run ${run.number}: ${runText(run, run === lastRuns.at(-1) && isRunning)}`),
  ]
  return `${lines.join('\n')}\n`
}

function runText({ started, ended, endFacts }: JournalRun, isRunning: boolean): string {
  if (ended === null) return isRunning ? `since ${started}, running` : `${started}, killed`
  const {
    ok = 0,
    failed = 0,
    stopped = '',
  } = (endFacts ?? {}) as { ok?: number; failed?: number; stopped?: string }
  const why = stopped === '' ? 'to the end of the list' : readable(stopped)
  return `${started} to ${ended}, ${formatCount(ok)} ok, ${formatCount(failed)} failed, ${why}`
}

async function exportReport({ dir, file, json }: JobOptions, { stdout, stderr }: JobIo): Promise<ExitCode> {
  const contents = await Journal.read(dir)
  const count = await writeEntries(contents, file, stdout)
  if (file !== '-')
    stderr.write(
      json ? `${JSON.stringify({ exported: count, file })}\n` : `${formatCount(count)} lines in ${file}\n`,
    )
  return EXIT.ok
}

/** One line for each finished item, the last word on each. */
async function writeEntries(contents: JournalContents, file: string, stdout: Writable): Promise<number> {
  const out = file === '-' ? stdout : createWriteStream(file)
  let failure: Error | null = null
  out.on('error', (error: Error) => {
    failure ??= error
  })
  let count = 0
  for await (const { line } of contents.entries()) {
    count++
    if (failure !== null) break
    if (!out.write(`${line}\n`)) await Promise.race([once(out, 'drain'), once(out, 'close')])
  }
  if (file !== '-') await new Promise<void>((resolve) => out.end(() => resolve()))
  if (failure === null) return count
  throw new CliError(EXIT.file, `cannot write ${file}: ${reasonOf(failure)}; name another file`, failure)
}

async function retryFailed(
  { dir, json }: JobOptions,
  { stderr }: JobIo,
  again: (command: JobCommandLine) => Promise<ExitCode>,
): Promise<ExitCode> {
  // Read first: it makes no journal where there is none.
  const { status } = await Journal.read(dir)
  if (status.failed === 0) {
    stderr.write(json ? '{"failed":0}\n' : 'nothing has failed\n')
    return EXIT.ok
  }
  const journal = await Journal.open(dir, {
    fsync: true,
    clock: systemClock,
    note: (text) => void stderr.write(`trawl: ${text}\n`),
  })
  let count: number
  try {
    count = await journal.retryFailed()
  } finally {
    await journal.close()
  }
  const command = await readCommand(dir, (path) => readFile(path, 'utf8'))
  if (json) stderr.write(`${JSON.stringify({ failed: count, runs: command !== null })}\n`)
  else if (command !== null) stderr.write(`${formatCount(count)} that have failed are fetched again\n`)
  else
    stderr.write(
      `${formatCount(count)} that have failed are fetched again by the next run: give the job's command line once more, which has secrets or standard input, and is not kept\n`,
    )
  return command === null ? EXIT.ok : again(command)
}
