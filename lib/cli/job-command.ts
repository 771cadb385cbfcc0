import { readFile, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { FileError, systemClock } from '../index.ts'
import { readJob } from '../jobs/job-folder.ts'
import { Journal } from '../jobs/journal/journal.ts'
import type { JournalStatus } from '../jobs/journal/journal-contents.ts'
import type { JournalRun } from '../jobs/journal/journal-records.ts'
import { CliError } from './cli-error.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import { readCommand, type JobCommandLine } from './job-command-line.ts'
import { exportJournal } from './job-export.ts'
import type { JobOptions } from './job-options.ts'
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
  const { status } = await readJob(dir)
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

async function exportReport({ dir, file }: JobOptions, { stdout, stderr }: JobIo): Promise<ExitCode> {
  const count = await exportJournal(dir, await readJob(dir), file, stdout)
  if (file !== '-') stderr.write(`${formatCount(count)} ${count === 1 ? 'line' : 'lines'} in ${file}\n`)
  return EXIT.ok
}

async function retryFailed(
  { dir, json }: JobOptions,
  { stderr }: JobIo,
  again: (command: JobCommandLine) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { status } = await readJob(dir)
  if (status.failed === 0) {
    stderr.write(json ? `${JSON.stringify({ failed: 0, runs: false })}\n` : 'nothing has failed\n')
    return EXIT.ok
  }
  const command = await readCommand(dir, (path) => readFile(path, 'utf8'))
  if (command !== null) await checkFolder(command)
  const count = await forgetFailed(dir, (text) => void stderr.write(`trawl: ${text}\n`))
  if (json) stderr.write(`${JSON.stringify({ failed: count, runs: command !== null })}\n`)
  else if (command !== null) stderr.write(`${formatCount(count)} that have failed are fetched again\n`)
  else stderr.write(`${formatCount(count)} that have failed are fetched again by the next run: ${NOT_KEPT}\n`)
  return command === null ? EXIT.ok : again(command)
}

const NOT_KEPT =
  "give the job's command line once more; it is not kept where it has secrets, reads a pipe, or the folder was moved"

/** Before anything is changed. Throws a CliError. */
async function checkFolder({ cwd }: JobCommandLine): Promise<void> {
  try {
    await stat(cwd)
  } catch (error) {
    throw new CliError(
      EXIT.file,
      `the job was run in ${cwd}, which cannot be gone to: ${reasonOf(error)}; make it again`,
      error,
    )
  }
}

async function forgetFailed(dir: string, note: (text: string) => void): Promise<number> {
  const journal = await Journal.open(dir, { fsync: true, clock: systemClock, note })
  try {
    return await journal.retryFailed()
  } finally {
    await journal.close()
  }
}
