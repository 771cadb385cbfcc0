import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../../lib/core/clock.ts'
import { Journal, type JournalOptions } from '../../../lib/jobs/journal/journal.ts'
import type { JournalContents, JournalEntry } from '../../../lib/jobs/journal/journal-contents.ts'

/** A folder of a job, which is gone at the end. */
export class JobFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'trawl-job-'))
  /** What journals have told. */
  readonly notes: string[] = []

  get file(): string {
    return join(this.path, 'journal.jsonl')
  }

  open(options: Partial<JournalOptions> = {}): Promise<Journal> {
    const note = (text: string): void => void this.notes.push(text)
    return Journal.open(this.path, { fsync: false, clock: systemClock, note, ...options })
  }

  read(): Buffer {
    return readFileSync(this.file)
  }

  write(content: Buffer | string): void {
    writeFileSync(this.file, content)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

/** A clock whose date and timers are the test's. */
export class HandClock {
  readonly #timers = new Set<() => void>()
  readonly clock: Clock = {
    ...systemClock,
    date: () => Date.UTC(2026, 10, 21),
    after: (_, callback) => {
      this.#timers.add(callback)
      return () => this.#timers.delete(callback)
    },
  }

  get timers(): number {
    return this.#timers.size
  }

  fire(): void {
    const due = [...this.#timers]
    this.#timers.clear()
    for (const callback of due) callback()
  }
}

export async function entriesOf(
  journal: Journal | JournalContents,
  options: { all?: boolean } = {},
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  for await (const entry of journal.entries(options)) entries.push(entry)
  return entries
}
