import { resolve } from 'node:path'
import type { Journal } from '../jobs/journal/journal.ts'
import type { ReportFile } from './report-file.ts'
import { ReportReader } from './report-reader.ts'

/** Entries of the journal from number `from` on, up to the next part, stand in the report from byte `at` on. */
interface ReportPart {
  readonly from: number
  readonly at: number
}

/** Of a run's first facts: where its report is, and where in it the journal's entries stand. */
interface ReportFacts {
  readonly report: string
  readonly reportParts: readonly ReportPart[]
}

/**
 * Begins a run of a job, and makes its report say what the journal says, each item once. A killed run may have left it
 * behind, or half a line at its end; somebody may have written to it meanwhile, or put another file in its place, and
 * what is theirs stays. A report that the job did not have before gets all of it.
 */
export async function startRun(journal: Journal, report: ReportFile | null): Promise<void> {
  if (report === null) {
    journal.startRun({})
    return
  }
  const path = resolve(report.path)
  const reader = new ReportReader(path, await report.size())
  try {
    const { number, end, isOurs, parts } = await compare(reader, partsOf(journal, path), journal)
    const breaks = !isOurs && !reader.endsInLine
    const at = reader.size + (breaks ? 1 : 0)
    const facts: ReportFacts = {
      report: path,
      reportParts: isOurs ? parts : [...parts.filter(({ from }) => from < number), { from: number, at }],
    }
    // Before anything is added: a run that is killed meanwhile leaves a beginning of it, which the next one knows.
    journal.startRun({ ...facts })
    if (isOurs && end < reader.size) await report.truncate(end)
    if (breaks) await report.add('')
    await addFrom(number, report, journal)
  } finally {
    reader.close()
  }
}

interface Comparison {
  /** Entries that stand in the report. */
  readonly number: number
  /** Where the last of them ends. */
  readonly end: number
  /** Nothing follows but perhaps a beginning of the next entry. */
  readonly isOurs: boolean
  /** Where they stand. */
  readonly parts: readonly ReportPart[]
}

/** By the bytes: that a file is as long as it was says little. */
async function compare(
  reader: ReportReader,
  known: readonly ReportPart[],
  journal: Journal,
): Promise<Comparison> {
  let number = 0
  let end = -1
  const arrive = (): void => {
    for (const { from, at } of known) if (from === number) end = at
  }
  const result = (isOurs: boolean): Comparison => ({
    number,
    end,
    isOurs,
    parts: known.filter(({ from }) => from <= number),
  })
  arrive()
  if (end === -1) return result(false)
  for await (const { line } of journal.entries({ all: true })) {
    const bytes = Buffer.from(`${line}\n`)
    const found = reader.find(bytes, end)
    if (found !== 'whole') return result(found === 'beginning')
    end += bytes.length
    number++
    arrive()
  }
  return result(end === reader.size)
}

async function addFrom(first: number, report: ReportFile, journal: Journal): Promise<void> {
  let number = 0
  for await (const { line } of journal.entries({ all: true })) {
    if (number++ < first) continue
    const room = report.add(line)
    if (room !== undefined) await room
  }
}

/** Where the last run with this report has found or put the entries; empty: there was none. */
function partsOf(journal: Journal, path: string): readonly ReportPart[] {
  for (const { startFacts } of journal.status.lastRuns.toReversed()) {
    const { report, reportParts } = startFacts as Partial<ReportFacts>
    if (report === path && Array.isArray(reportParts)) return reportParts.filter(isPart)
  }
  return []
}

function isPart(value: unknown): value is ReportPart {
  const { from, at } = (value ?? {}) as Partial<ReportPart>
  return Number.isSafeInteger(from) && Number.isSafeInteger(at) && from! >= 0 && at! >= 0
}
