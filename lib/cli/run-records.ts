import type { Journal } from '../jobs/journal/journal.ts'
import type { Task } from '../jobs/run/task.ts'
import { EXIT } from './exit-codes.ts'
import type { Outcome } from './outcome.ts'
import { reportLine, type ReportFile } from './report-file.ts'

/**
 * What a run writes down of each item: a line of the journal, then the same line of the report. A process that is killed
 * between the two leaves a report that is behind: `startRun` brings it up to the journal in the next run.
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
