import { closeSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** "trwl", in the header of every cache file: SQLite's application id. */
const APPLICATION_ID = 0x7472_776c
const SCHEMA_VERSION = 1
const MAGIC = 'SQLite format 3\0'

/**
 * The bodies stand apart, so that a 304 does not write them again. Triggers keep the totals, whichever
 * process writes. `used` is a counter and no time: what has the lowest was used longest ago.
 */
const SCHEMA = `
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    method TEXT NOT NULL,
    vary TEXT NOT NULL,
    variant TEXT NOT NULL,
    meta TEXT NOT NULL,
    size INTEGER NOT NULL,
    used INTEGER NOT NULL,
    UNIQUE (key, method, vary, variant)
  );
  CREATE INDEX entries_used ON entries (used);
  CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE totals (bytes INTEGER NOT NULL, entries INTEGER NOT NULL);
  INSERT INTO totals VALUES (0, 0);
  CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    UPDATE totals SET bytes = bytes + new.size, entries = entries + 1;
  END;
  CREATE TRIGGER entry_changed AFTER UPDATE OF size ON entries BEGIN
    UPDATE totals SET bytes = bytes + new.size - old.size;
  END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    DELETE FROM bodies WHERE id = old.id;
    UPDATE totals SET bytes = bytes - old.size, entries = entries - 1;
  END;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** Opens or makes the cache file. Throws ArgumentError that names the file and what to do. */
export function openCacheFile(path: string): DatabaseSync {
  checkHeader(path)
  // Loaded when first used: Node.js 22 prints a warning as soon as anybody imports it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  let db: DatabaseSync | null = null
  try {
    // Absolute: ':memory:' and '' are names like any other, and a later chdir changes nothing.
    db = new DatabaseSync(resolve(path))
    prepare(db, path)
    return db
  } catch (error) {
    db?.close()
    throw error instanceof ArgumentError ? error : damaged(path, error)
  }
}

/** The error for a file that SQLite cannot work with. */
export function damaged(path: string, cause: unknown): ArgumentError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ArgumentError(
    `cache: the file ${path} cannot be used (${why}): delete it, with ${path}-wal and ${path}-shm, or name another one`,
    cause,
  )
}

function prepare(db: DatabaseSync, path: string): void {
  db.exec(`PRAGMA busy_timeout = ${LIMITS.cacheBusyTimeout}`)
  // Before anything is written: setting the journal mode alone changes a file that is not ours.
  checkOwner(db, path)
  // With a write-ahead log readers wait for nobody, and a process that dies leaves whole entries.
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`)
  db.exec(`PRAGMA journal_size_limit = ${LIMITS.maxCacheLog}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have made the tables in the meantime.
    if (checkOwner(db, path) === 'new') db.exec(SCHEMA)
    db.prepare('SELECT bytes, entries FROM totals').get()
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function checkOwner(db: DatabaseSync, path: string): 'new' | 'ours' {
  const application = numberOf(db, 'PRAGMA application_id', 'application_id')
  const version = numberOf(db, 'PRAGMA user_version', 'user_version')
  const tables = numberOf(db, 'SELECT count(*) AS count FROM sqlite_schema', 'count')
  if (application === 0 && version === 0 && tables === 0) return 'new'
  if (application !== APPLICATION_ID) throw foreign(path)
  if (version !== SCHEMA_VERSION) throw otherVersion(path, version)
  return 'ours'
}

function numberOf(db: DatabaseSync, sql: string, column: string): number {
  return Number(db.prepare(sql).get()![column])
}

function foreign(path: string): ArgumentError {
  return new ArgumentError(`cache: the file ${path} is no cache of trawl: name another one, or delete it`)
}

function otherVersion(path: string, version: number): ArgumentError {
  return new ArgumentError(
    `cache: the file ${path} has layout ${version}, and this version of trawl reads ${SCHEMA_VERSION}: ` +
      'delete the file, or name another one',
  )
}

/** A file of somebody else is left alone. An empty one, as the one just made here, is not anybody's. */
function checkHeader(path: string): void {
  const header = Buffer.alloc(MAGIC.length)
  const size = readHeader(path, header)
  if (size > 0 && header.toString('latin1', 0, size) !== MAGIC) throw foreign(path)
}

function readHeader(path: string, header: Buffer): number {
  try {
    // What is stored may be somebody's private page: the file is for its owner alone.
    const file = openSync(path, 'a+', 0o600)
    try {
      return readSync(file, header, 0, header.length, 0)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ArgumentError(
      `cache: the file ${path} cannot be opened (${why}): its folder must exist and be writable`,
      error,
    )
  }
}
