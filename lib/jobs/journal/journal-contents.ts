import { open, type FileHandle } from 'node:fs/promises'
import { LIMITS } from '../../core/limits.ts'
import { FileError, fileError, systemCode } from '../file-error.ts'
import { keyOf, kindOf, textOf } from './entry-line.ts'
import { JOURNAL_VERSION, parseRecord, type JournalRecord, type JournalRun } from './journal-records.ts'
import { KeySet } from './key-set.ts'
import { keyMaker, type Key, type KeyMaker } from './key.ts'
import { readLines, textEnd, type Lines } from './line-reader.ts'

/** An item that is finished. */
export interface JournalEntry {
  readonly key: Key
  readonly ok: boolean
  /** The JSON object that was added. */
  readonly line: string
}

export interface JournalStatus {
  readonly ok: number
  readonly failed: number
  /** ISO 8601. */
  readonly created: string
  /** Begun, in all. */
  readonly runs: number
  /** The last `LIMITS.maxJournalRuns` of them. */
  readonly lastRuns: readonly JournalRun[]
  /** Bytes of the file. */
  readonly size: number
  /** Lines that could not be read: what they told is done again. */
  readonly damaged: number
}

const FIRST = '{"job":'

/** What a journal's file says: which items are finished, and what became of the runs. */
export class JournalContents {
  readonly path: string
  /** Finished items, and whatever a run notes of others. */
  readonly keys: KeySet = new KeySet()
  readonly counts: { ok: number; failed: number } = { ok: 0, failed: 0 }
  /** Where the last whole line ends. */
  end = 0
  damaged = 0
  created = ''
  seed = ''
  #makeKey: KeyMaker | null = null
  /** Entries of items that were finished already. They count for nothing. */
  #repeated = 0
  /** Where the last record stands that made failed items unfinished. */
  #retriedAt = 0
  #runs = 0
  readonly #lastRuns: JournalRun[] = []

  constructor(path: string) {
    this.path = path
  }

  /** Reads a file of so many bytes. Throws FileError when it is no journal, or one that cannot be read. */
  async read(handle: FileHandle, size: number): Promise<void> {
    try {
      for await (const lines of readLines(handle, size)) this.#take(lines)
    } catch (error) {
      throw fileError('read', this.path, error)
    }
  }

  /** Makes the key of an item from whatever tells it from all others. */
  get makeKey(): KeyMaker {
    this.#makeKey ??= keyMaker(this.seed)
    return this.#makeKey
  }

  get status(): JournalStatus {
    const { ok, failed } = this.counts
    const { created, damaged, end } = this
    return { ok, failed, created, runs: this.#runs, lastRuns: [...this.#lastRuns], size: end, damaged }
  }

  /** An item is finished; false: it was already. */
  finish(key: Key, ok: boolean): boolean {
    if (!this.keys.finish(key, ok)) return false
    if (ok) this.counts.ok++
    else this.counts.failed++
    return true
  }

  /** A record that stands at `position`. */
  note(record: JournalRecord, position: number): void {
    if ('job' in record) {
      this.created = record.created
      this.seed = record.seed
    } else if ('retry' in record) {
      this.#retriedAt = position
      if (this.counts.failed > 0) this.keys.forgetFailed()
      this.counts.failed = 0
    } else if ('run' in record) {
      this.#runs = record.run
      const { run: number, at: started, facts: startFacts } = record
      this.#lastRuns.push({ number, started, startFacts, ended: null, endFacts: null })
      if (this.#lastRuns.length > LIMITS.maxJournalRuns) this.#lastRuns.shift()
    } else {
      const last = this.#lastRuns.at(-1)
      if (last?.number !== record.end) return
      this.#lastRuns[this.#lastRuns.length - 1] = { ...last, ended: record.at, endFacts: record.facts }
    }
  }

  /**
   * Finished items, in the order in which they were, as the journal stands now. `all`: those also that have failed
   * and were tried again since.
   */
  async *entries({ all = false }: { readonly all?: boolean } = {}): AsyncGenerator<JournalEntry, void, void> {
    const { end } = this
    const retriedAt = all ? 0 : this.#retriedAt
    const given = this.#repeated > 0 && !all ? new KeySet() : null
    const handle = await openToRead(this.path)
    try {
      for await (const { bytes, position } of readLines(handle, end)) {
        const hasNul = bytes.includes(0)
        for (let start = 0; start < bytes.length;) {
          const lineEnd = bytes.indexOf(0x0a, start)
          const last = textEnd(bytes, start, lineEnd)
          const kind =
            hasNul && bytes.subarray(start, last).includes(0) ? 'damaged' : kindOf(bytes, start, last)
          const at = start
          start = lineEnd + 1
          if (kind === 'record' || kind === 'damaged') continue
          const ok = kind === 'ok'
          if (!ok && position + at < retriedAt) continue
          const key = keyOf(bytes, at)
          if (given !== null && given.see(key) === 'seen') continue
          yield { key, ok, line: textOf(bytes, at, last, ok) }
        }
      }
    } catch (error) {
      throw systemCode(error) === '' ? error : fileError('read', this.path, error)
    } finally {
      await handle.close()
    }
  }

  #take({ bytes, position, end }: Lines): void {
    const hasNul = bytes.includes(0)
    for (let start = 0; start < bytes.length;) {
      const lineEnd = bytes.indexOf(0x0a, start)
      const last = textEnd(bytes, start, lineEnd)
      const kind = hasNul && bytes.subarray(start, last).includes(0) ? 'damaged' : kindOf(bytes, start, last)
      if (position + start === 0) this.#takeFirst(bytes.toString('utf8', 0, last))
      else if (kind === 'ok' || kind === 'failed') {
        if (!this.finish(keyOf(bytes, start), kind === 'ok')) this.#repeated++
      } else {
        const record = kind === 'record' ? parseRecord(bytes.toString('utf8', start, last)) : null
        if (record === null || 'job' in record) this.damaged++
        else this.note(record, position + start)
      }
      start = lineEnd + 1
    }
    this.end = end
  }

  #takeFirst(text: string): void {
    const record = text.startsWith(FIRST) ? parseRecord(text) : null
    if (record === null || !('job' in record)) {
      const why = text.startsWith(FIRST) ? 'its first line is damaged' : 'it is no journal of trawl'
      throw new FileError('ERR_FILE', this.path, `cannot use ${this.path}: ${why}; name another folder`)
    }
    if (record.job !== JOURNAL_VERSION) {
      throw new FileError(
        'ERR_FILE',
        this.path,
        `cannot use ${this.path}: it has layout ${record.job}, and this version of trawl knows ${JOURNAL_VERSION}; ` +
          'use the one that made it, or name another folder',
      )
    }
    this.note(record, 0)
  }
}

export async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (error) {
    throw fileError('read', path, error)
  }
}

/** Whether a file without a whole line is the beginning of a journal, whose process ended in its first write. */
export function isBeginning(text: string): boolean {
  const begun = text.replaceAll('\0', '')
  return begun.startsWith(FIRST) || FIRST.startsWith(begun)
}
