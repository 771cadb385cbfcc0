import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { systemClock } from '../../lib/core/clock.ts'
import { KeySet } from '../../lib/jobs/journal/key-set.ts'
import { Journal } from '../../lib/jobs/journal/journal.ts'
import { keyMaker, type Key } from '../../lib/jobs/journal/key.ts'
import { peakRss } from '../peak-rss.ts'

/** Writes a journal, or reads what there is of one, in a process of its own: see journal.ts. */
export interface JournalJob {
  readonly keeper: 'jsonl' | 'sqlite-each' | 'sqlite-batch' | 'sqlite-keyed'
  readonly step: 'write' | 'open' | 'export'
  readonly dir: string
  readonly count: number
}

export interface JournalSample {
  /** us of CPU an entry, all threads, user and system. */
  readonly cpu: number
  /** Seconds in all. */
  readonly wall: number
  /** MB. */
  readonly peakRss: number
  readonly size: number
  /** Entries that are known to be finished at the end. */
  readonly known: number
}

/** Rows of a transaction, where a killed process may lose some. */
const BATCH = 1_000
const SEED = '0123456789abcdef'

/** What a report has of one URL: about 300 bytes. */
function lineOf(n: number): string {
  return (
    `{"url":"http://www.site-${n % 50}.example/catalogue/page-${n}.html?x=1","status":200,` +
    `"at":"2026-11-21T21:27:49.000Z","ms":12.5,"bytes":${n % 65_536},"localIp":"127.0.0.1","remoteIp":"127.0.0.1",` +
    '"file":"catalogue/page.html","retries":0,"cache":"miss","sha256":"0123456789abcdef0123456789abcdef0123456789abcdef"}'
  )
}

const urlOf = (n: number): string => `http://www.site-${n % 50}.example/catalogue/page-${n}.html?x=1`

interface Keeper {
  write(count: number): Promise<number>
  open(): Promise<number>
  export(): Promise<number>
  readonly file: string
}

function jsonl(dir: string): Keeper {
  const options = { fsync: true, clock: systemClock, note: () => {} }
  return {
    file: join(dir, 'journal.jsonl'),
    write: async (count) => {
      const journal = await Journal.open(dir, options)
      const { makeKey } = journal
      for (let n = 0; n < count; n++) {
        journal.add(makeKey(urlOf(n)), n % 10 !== 0, lineOf(n))
        // As often as a job's sockets let it: the disk's own callbacks have their turn.
        if (n % 100 === 0) await new Promise(setImmediate)
      }
      await journal.close()
      return journal.counts.ok + journal.counts.failed
    },
    open: async () => {
      const journal = await Journal.open(dir, options)
      const { ok, failed } = journal.counts
      await journal.close()
      return ok + failed
    },
    export: async () => {
      let known = 0
      for await (const { line } of (await Journal.read(dir)).entries()) known += line.length > 0 ? 1 : 0
      return known
    },
  }
}

function openDatabase(dir: string): DatabaseSync {
  const db = new DatabaseSync(join(dir, 'journal.sqlite'))
  db.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536')
  return db
}

/** Entries in the order in which they come; which are finished stands in memory, as with JSONL. */
function sqliteLog(dir: string, batch: number): Keeper {
  return {
    file: join(dir, 'journal.sqlite'),
    write: async (count) => {
      const db = openDatabase(dir)
      db.exec(
        'CREATE TABLE entries (id INTEGER PRIMARY KEY, high INTEGER, low INTEGER, ok INTEGER, line TEXT)',
      )
      const insert = db.prepare('INSERT INTO entries (high, low, ok, line) VALUES (?, ?, ?, ?)')
      const keys = new KeySet()
      const add = (key: Key, ok: boolean, line: string): void => {
        if (keys.finish(key, ok)) insert.run(key.high, key.low, ok ? 1 : 0, line)
      }
      await inTransactions(db, batch, count, add)
      db.close()
      return keys.size
    },
    open: async () => {
      const db = openDatabase(dir)
      const keys = new KeySet()
      const rows = db.prepare('SELECT high, low, ok FROM entries').iterate()
      for (const row of rows) {
        const { high, low, ok } = row as { high: number; low: number; ok: number }
        keys.finish({ high, low }, ok === 1)
      }
      db.close()
      return keys.size
    },
    export: async () => {
      const db = openDatabase(dir)
      let known = 0
      for (const row of db.prepare('SELECT line FROM entries').iterate()) known += row['line'] === '' ? 0 : 1
      db.close()
      return known
    },
  }
}

function find(statement: StatementSync, { high, low }: Key): boolean {
  return statement.get(high, low) !== undefined
}

/** Entries by their key, and nothing in memory: whether an item is finished is looked up for each URL. */
function sqliteKeyed(dir: string): Keeper {
  const FIND = 'SELECT ok FROM entries WHERE high = ? AND low = ?'
  return {
    file: join(dir, 'journal.sqlite'),
    write: async (count) => {
      const db = openDatabase(dir)
      db.exec(
        'CREATE TABLE entries (high INTEGER, low INTEGER, ok INTEGER, line TEXT, PRIMARY KEY (high, low)) WITHOUT ROWID',
      )
      const insert = db.prepare('INSERT INTO entries (high, low, ok, line) VALUES (?, ?, ?, ?)')
      const seen = db.prepare(FIND)
      let known = 0
      await inTransactions(db, BATCH, count, (key, ok, line) => {
        if (find(seen, key)) return
        insert.run(key.high, key.low, ok ? 1 : 0, line)
        known++
      })
      db.close()
      return known
    },
    open: async () => {
      const db = openDatabase(dir)
      const { known } = db.prepare('SELECT count(*) AS known FROM entries').get() as { known: number }
      db.close()
      return known
    },
    export: async () => {
      const db = openDatabase(dir)
      let known = 0
      for (const row of db.prepare('SELECT line FROM entries').iterate()) known += row['line'] === '' ? 0 : 1
      db.close()
      return known
    },
  }
}

async function inTransactions(
  db: DatabaseSync,
  batch: number,
  count: number,
  add: (key: Key, ok: boolean, line: string) => void,
): Promise<void> {
  const makeKey = keyMaker(SEED)
  for (let n = 0; n < count; n++) {
    if (batch > 1 && n % batch === 0) db.exec(n === 0 ? 'BEGIN' : 'COMMIT; BEGIN')
    add(makeKey(urlOf(n)), n % 10 !== 0, lineOf(n))
    if (n % 100 === 0) await new Promise(setImmediate)
  }
  if (batch > 1) db.exec('COMMIT')
}

const KEEPERS = {
  jsonl,
  'sqlite-each': (dir: string) => sqliteLog(dir, 1),
  'sqlite-batch': (dir: string) => sqliteLog(dir, BATCH),
  'sqlite-keyed': sqliteKeyed,
}
const job = JSON.parse(process.argv[2]!) as JournalJob
mkdirSync(job.dir, { recursive: true })
const keeper = KEEPERS[job.keeper](job.dir)
const begun = performance.now()
const cpuBefore = process.cpuUsage()
const known = await keeper[job.step](job.count)
const { user, system } = process.cpuUsage(cpuBefore)
const sample: JournalSample = {
  cpu: (user + system) / job.count,
  wall: (performance.now() - begun) / 1_000,
  peakRss: peakRss(),
  size: statSync(keeper.file).size / 1e6,
  known,
}
process.stdout.write(JSON.stringify(sample))
