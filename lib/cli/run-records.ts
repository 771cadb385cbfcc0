import { isAbsolute, resolve } from 'node:path'
import type { Journal } from '../jobs/journal/journal.ts'
import type { Task } from '../jobs/run/task.ts'
import { EXIT } from './exit-codes.ts'
import type { Outcome } from './outcome.ts'
import { reportLine, type ReportFile } from './report-file.ts'

/**
 * What a run writes down of each item: a line of the journal, then the same line of the report. A process that is killed
 * between the two leaves a report that is behind: `catchUp` brings it up to the journal in the next run.
 */
export class RunRecords {
  readonly #journal: Journal | null
  readonly #report: ReportFile | null

  constructor(journal: Journal | null, report: ReportFile | null) {
    this.#journal = journal
    this.#report = report
  }

  /** Returns what to wait for before the next, if anything. Throws, or rejects with, a FileError. */
  add(task: Task, outcome: Outcome): Promise<void> | undefined {
    const journal = this.#journal
    if (journal === null && this.#report === null) return undefined
    const line = reportLine(outcome)
    if (journal?.add(task.key, outcome.exitCode === EXIT.ok, line) === false) return undefined
    return this.#report?.add(line)
  }
}

/** Of a run's first facts: where its report is, and how much the file had before the job. */
export interface ReportFacts {
  readonly report: string
  readonly reportStart: number
}

/**
 * Makes the report say what the journal says, each item once: a killed run may have left it behind, or half a line
 * at its end. A report that the job did not have before gets all of it. Returns what the next run has to know.
 */
export async function catchUp(report: ReportFile, journal: Journal): Promise<ReportFacts> {
  const path = isAbsolute(report.path) ? report.path : resolve(report.path)
  const size = await report.size()
  const start = startOf(journal, path, size)
  let end = start
  let isBehind = false
  for await (const { line } of journal.entries({ all: true })) {
    const next = end + Buffer.byteLength(line) + 1
    if (!isBehind && next > size) {
      isBehind = true
      if (size > end) await report.truncate(end)
    }
    if (isBehind) await report.add(line)
    end = next
  }
  return { report: path, reportStart: start }
}

/** Bytes that the file had before the job wrote to it. */
function startOf(journal: Journal, path: string, size: number): number {
  for (const { startFacts } of journal.status.lastRuns.toReversed()) {
    const { report, reportStart } = startFacts as Partial<ReportFacts>
    // A file that is shorter than it was is another one.
    if (report === path && typeof reportStart === 'number' && reportStart <= size) return reportStart
  }
  return size
}
