import { constants, ftruncateSync, writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { LIMITS } from '../../core/limits.ts'
import { onRejection } from '../../core/rejection.ts'
import { FileError, fileError, systemCode } from '../file-error.ts'
import { makeFolder } from '../make-folder.ts'
import { EntryLine } from './entry-line.ts'
import {
  isBeginning,
  JournalContents,
  openToRead,
  type JournalEntry,
  type JournalStatus,
} from './journal-contents.ts'
import { JournalLock } from './journal-lock.ts'
import { JOURNAL_VERSION, type Facts, type JournalRecord } from './journal-records.ts'
import type { KeySet } from './key-set.ts'
import { newSeed, type Key, type KeyMaker } from './key.ts'

export interface JournalOptions {
  /** Whether what is added is forced to the disk, in batches: without, only a loss of power loses any. */
  readonly fsync: boolean
  readonly clock: Clock
  /** Told in words what was found damaged, and what was done about it. */
  readonly note: (text: string) => void
  /** Forces to the disk what entries speak of, before they are forced there themselves. */
  readonly beforeSync?: (() => Promise<void>) | undefined
}

/** Not through a link: in a folder that others write to it would lead to a file of somebody's choice. Windows has no such flag. */
const READ_AND_WRITE = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/**
 * What a job has done, one line an item, in `journal.jsonl` of its folder. A line is in the file before `add`
 * returns: a process that is killed loses none. Once a second the file is forced to the disk: a machine
 * that loses power loses what came since.
 *
 * One journal at a time writes into a folder; `Journal.read` disturbs nobody.
 */
export class Journal {
  readonly #contents: JournalContents
  readonly #handle: FileHandle
  readonly #lock: JournalLock
  readonly #options: JournalOptions
  readonly #line = new EntryLine()
  /** Something of a line may stand behind the last whole one, because a write has failed. */
  #isTorn = false
  /** Up to where the file is on the disk. */
  #synced: number
  /** Entries since the last time that it was. */
  #unsynced = 0
  #syncing: Promise<void> | null = null
  #cancelSync: (() => void) | null = null
  /** Told by the next `add`. */
  #syncError: FileError | null = null
  #isClosed = false

  private constructor(
    contents: JournalContents,
    handle: FileHandle,
    lock: JournalLock,
    options: JournalOptions,
  ) {
    this.#contents = contents
    this.#handle = handle
    this.#lock = lock
    this.#options = options
    this.#synced = contents.end
  }

  /**
   * Makes the folder if there is none, and reads what its journal says. Rejects with FileError: ERR_FILE_BUSY when
   * another process works on it, ERR_FILE when it cannot be read or written, or is no journal.
   */
  static async open(dir: string, options: JournalOptions): Promise<Journal> {
    const folder = resolve(dir)
    try {
      await makeFolder(folder, 0o700)
    } catch (error) {
      throw fileError('make', folder, error)
    }
    const path = journalPath(folder)
    const handle = await openToWrite(path)
    let lock: JournalLock | null = null
    try {
      lock = JournalLock.take(folder)
      const contents = new JournalContents(path)
      const { size } = await handle.stat()
      await contents.read(handle, size)
      const journal = new Journal(contents, handle, lock, options)
      await journal.#mend(size)
      if (contents.end === 0) await journal.#begin()
      return journal
    } catch (error) {
      lock?.release()
      await handle.close()
      throw systemCode(error) === '' ? error : fileError('open', path, error)
    }
  }

  /** What the journal of a folder says now, whether or not a job is running. Rejects with FileError. */
  static async read(dir: string): Promise<JournalContents> {
    const path = journalPath(resolve(dir))
    const handle = await openToRead(path)
    try {
      const contents = new JournalContents(path)
      await contents.read(handle, (await handle.stat()).size)
      if (contents.end === 0) {
        throw new FileError('ERR_FILE', path, `cannot read ${path}: nothing is in it yet`)
      }
      return contents
    } finally {
      await handle.close()
    }
  }

  /** Whether a process is working on the folder. */
  static isTaken(dir: string): boolean {
    return JournalLock.isTaken(resolve(dir))
  }

  get path(): string {
    return this.#contents.path
  }

  /** What is known of items: those that are finished, and whatever a run notes of others. */
  get keys(): KeySet {
    return this.#contents.keys
  }

  /** Items that are finished. */
  get counts(): { readonly ok: number; readonly failed: number } {
    return this.#contents.counts
  }

  /** Makes the key of an item from whatever tells it from all others. */
  get makeKey(): KeyMaker {
    return this.#contents.makeKey
  }

  get status(): JournalStatus {
    return this.#contents.status
  }

  /**
   * An item is finished. `line`: a JSON object in one line. Returns false, and writes nothing, when it was
   * finished before. Throws FileError when it cannot be written, or when an earlier one did not reach the disk: the
   * item is not finished then, and adding it may be tried again.
   */
  add(key: Key, ok: boolean, line: string): boolean {
    const state = this.keys.state(key)
    if (state === 'ok' || state === 'failed') return false
    const length = this.#line.make(key, ok, line)
    this.#write(this.#line.bytes, length)
    this.#contents.finish(key, ok)
    return true
  }

  /** Finished items, in order; those that are added meanwhile are left out. `all`: see `JournalContents`. */
  entries(options?: { readonly all?: boolean }): AsyncGenerator<JournalEntry, void, void> {
    return this.#contents.entries(options)
  }

  /** Items that have failed are not finished from now on. Returns how many. Throws as `add`. */
  async retryFailed(): Promise<number> {
    const { failed } = this.counts
    if (failed > 0) this.#record({ retry: failed, at: this.#now() })
    await this.sync()
    return failed
  }

  /** Throws as `add`. */
  startRun(facts: Facts): void {
    this.#record({ run: this.status.runs + 1, at: this.#now(), facts })
  }

  /** Throws as `add`. */
  endRun(facts: Facts): void {
    this.#record({ end: this.status.runs, at: this.#now(), facts })
  }

  /** All that was added is on the disk; without `fsync`, nothing is waited for. Rejects with FileError. */
  async sync(): Promise<void> {
    if (!this.#options.fsync) return
    const { end } = this.#contents
    while (this.#synced < end) await this.#sync()
  }

  /** Gives the folder up, with all on the disk. Rejects with FileError when that fails; it is given up then, too. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelSync?.()
    this.#cancelSync = null
    try {
      await this.sync()
    } finally {
      await this.#syncing?.catch(() => undefined)
      await this.#handle.close()
      this.#lock.release()
    }
  }

  #now(): string {
    return new Date(this.#options.clock.date()).toISOString()
  }

  #record(record: JournalRecord): void {
    const position = this.#contents.end
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`)
    if (bytes.length > LIMITS.maxJournalLine) {
      throw new RangeError(`a record of a journal has at most ${LIMITS.maxJournalLine} bytes`)
    }
    this.#write(bytes, bytes.length)
    this.#contents.note(record, position)
  }

  /** The first line is on the disk before any other is written: without its seed the others say nothing. */
  async #begin(): Promise<void> {
    const seed = newSeed()
    this.#record({ job: JOURNAL_VERSION, created: this.#now(), seed })
    await this.sync()
    if (!this.#options.fsync) return
    const folder = dirname(this.path)
    await syncFolder(folder)
    await syncFolder(dirname(folder))
  }

  /** Cuts off what a process that ended, or a machine, has left of a line, and tells what is damaged. */
  async #mend(size: number): Promise<void> {
    const { note } = this.#options
    const { damaged, end } = this.#contents
    if (end === 0 && size > 0) {
      const text = Buffer.alloc(Math.min(size, LIMITS.journalReadSize))
      await this.#handle.read(text, 0, text.length, 0)
      if (!isBeginning(text.toString('latin1'))) {
        throw new FileError(
          'ERR_FILE',
          this.path,
          `cannot use ${this.path}: it is no journal of trawl; name another folder`,
        )
      }
    }
    if (size > end) {
      this.#cut()
      note(`${this.path}: cut off ${size - end} bytes of a line that was not written to its end`)
    }
    if (damaged > 0) note(`${this.path}: ${damaged} damaged lines are left out; what they told is done again`)
  }

  /** All of it, or nothing. */
  #write(bytes: Buffer, length: number): void {
    if (this.#isClosed) throw new Error('the journal is closed')
    this.#throwSyncError()
    if (this.#isTorn) this.#cut()
    const contents = this.#contents
    let done = 0
    try {
      while (done < length) {
        const count = writeSync(this.#handle.fd, bytes, done, length - done, contents.end + done)
        if (count === 0) throw new Error('nothing was written')
        done += count
      }
    } catch (error) {
      this.#isTorn = true
      this.#cutQuietly()
      throw fileError('write', this.path, error)
    }
    contents.end += length
    this.#syncSoon()
  }

  #cut(): void {
    try {
      ftruncateSync(this.#handle.fd, this.#contents.end)
    } catch (error) {
      throw fileError('write', this.path, error)
    }
    this.#isTorn = false
  }

  #cutQuietly(): void {
    try {
      this.#cut()
    } catch {
      // The next write tries again, and so does the next who opens the file.
    }
  }

  #throwSyncError(): void {
    const error = this.#syncError
    this.#syncError = null
    if (error !== null) throw error
  }

  #syncSoon(): void {
    if (!this.#options.fsync) return
    this.#unsynced++
    if (this.#unsynced >= LIMITS.journalSyncEntries) this.#syncBeside()
    else this.#cancelSync ??= this.#options.clock.after(LIMITS.journalSyncInterval, this.#onTimer)
  }

  readonly #onTimer = (): void => {
    this.#cancelSync = null
    this.#syncBeside()
  }

  /** While `add` goes on. */
  #syncBeside(): void {
    // At its end it looks for what was added meanwhile.
    if (this.#syncing !== null || this.#synced >= this.#contents.end) return
    onRejection(this.#sync(), (error) => {
      this.#syncError = error as FileError
    })
  }

  /** One at a time: the one that is under way, or a new one. */
  #sync(): Promise<void> {
    this.#syncing ??= this.#syncNow()
    return this.#syncing
  }

  async #syncNow(): Promise<void> {
    const { end } = this.#contents
    const { beforeSync } = this.#options
    this.#unsynced = 0
    try {
      if (beforeSync !== undefined) await beforeSync()
      await this.#handle.datasync()
      this.#synced = end
    } catch (error) {
      throw fileError('write', this.path, error)
    } finally {
      this.#syncing = null
    }
    // What was added meanwhile.
    if (end < this.#contents.end && !this.#isClosed) this.#syncSoon()
  }
}

function journalPath(folder: string): string {
  return resolve(folder, 'journal.jsonl')
}

async function openToWrite(path: string): Promise<FileHandle> {
  try {
    return await open(path, READ_AND_WRITE, 0o600)
  } catch (error) {
    throw fileError('open', path, error)
  }
}

/** So that the file's name is on the disk, too. Some systems do not open folders. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => null)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}
