import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { pid } from 'node:process'
import type { DatabaseSync } from 'node:sqlite'
import { LIMITS } from '../../core/limits.ts'
import { FileError } from '../file-error.ts'

/** SQLite's code for a file that another one has locked; the bits above say more of it. */
const BUSY = 5

/**
 * One process at a time works on a folder. The lock is a transaction that is never ended, in a database without
 * content: the system takes a lock away with the process that has it, however that ends, where a file with a
 * process's number in it would stay. Node.js offers no other lock of the system's.
 *
 * Never open the file by node:fs: on POSIX systems, closing it there gives up the lock.
 */
export class JournalLock {
  readonly #db: DatabaseSync

  private constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Throws FileError: ERR_FILE_BUSY when somebody has it. */
  static take(dir: string): JournalLock {
    const path = lockPath(dir)
    const db = openDatabase(path, false)
    try {
      // Not 0: another process that looks whether it is taken holds it for an instant.
      db.exec(`PRAGMA busy_timeout = ${LIMITS.journalLockTimeout}`)
      // Otherwise it makes a second file at once, which a killed process leaves, and a full disk has no room for.
      db.exec('PRAGMA journal_mode = MEMORY')
      db.exec('BEGIN EXCLUSIVE')
      // A file that may only be read is opened all the same, and locked against nobody: a change fails there.
      db.exec('PRAGMA user_version = 1')
    } catch (error) {
      db.close()
      if (isBusy(error))
        throw new FileError('ERR_FILE_BUSY', dir, `${ownerOf(dir)} is working on ${dir}`, error)
      throw notLocked(path, error)
    }
    tellOwner(dir)
    return new JournalLock(db)
  }

  /** Whether some process has the lock. */
  static isTaken(dir: string): boolean {
    let db: DatabaseSync | null = null
    try {
      db = openDatabase(lockPath(dir), true)
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
      return false
    } catch (error) {
      return isBusy(error)
    } finally {
      db?.close()
    }
  }

  release(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

function lockPath(dir: string): string {
  return resolve(dir, 'lock')
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  // Loaded when first used: Node.js 22 prints a warning as soon as anybody imports it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  try {
    return new DatabaseSync(path, { readOnly })
  } catch (error) {
    throw notLocked(path, error)
  }
}

function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY
}

function notLocked(path: string, cause: unknown): FileError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FileError(
    'ERR_FILE',
    path,
    `cannot lock ${path} (${why}): the folder must be writable, on a file system that has locks`,
    cause,
  )
}

/** For those who come while the lock is taken. It says nothing about whether it is. */
function tellOwner(dir: string): void {
  try {
    writeFileSync(join(dir, 'owner'), `process ${pid} on ${hostname()}\n`, { mode: 0o600 })
  } catch {
    // The disk may be full. Then the message says less.
  }
}

function ownerOf(dir: string): string {
  try {
    const text = readFileSync(join(dir, 'owner'), 'utf8').trim()
    return /^process \d{1,10} on [\w.-]{1,255}$/.test(text) ? text : 'another process'
  } catch {
    return 'another process'
  }
}
