import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { LIMITS } from '../core/limits.ts'
import { damaged, openCacheFile } from './cache-file.ts'
import { sizeOf, type CacheStore, type StoreStats, type StoredResponse } from './store.ts'

/** SQLite's codes for a file that is no database, or is no longer one. */
const BROKEN = new Set([11, 26])
const SAME = 'key = ? AND method = ? AND vary = ? AND variant = ?'

interface Row {
  readonly id: number
  readonly method: 'GET' | 'HEAD'
  readonly vary: string
  readonly variant: string
  readonly meta: string
  readonly body: Uint8Array
}

/**
 * Keeps responses in one SQLite file that several processes may use at once, up to a number of bytes;
 * what was used longest ago goes first. A process that dies leaves whole entries.
 */
export class SqliteStore implements CacheStore {
  readonly #path: string
  readonly #maxBytes: number
  readonly #db: DatabaseSync
  readonly #select: StatementSync
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #insertBody: StatementSync
  readonly #update: StatementSync
  readonly #remove: StatementSync
  readonly #trim: StatementSync
  readonly #touch: StatementSync
  readonly #totals: StatementSync
  readonly #evict: StatementSync
  /** Entries used since the last write: written down with the next one. */
  readonly #used = new Set<number>()
  #evicted = 0
  /** Nothing more can be done with the file; told once. */
  #isBroken = false
  #isOpen = true

  /** Throws ArgumentError for a file that is no cache, or a damaged one. `maxBytes` holds for all entries. */
  constructor(path: string, maxBytes: number = LIMITS.maxDiskCache) {
    this.#path = path
    this.#maxBytes = maxBytes
    const db = openCacheFile(path)
    this.#db = db
    const next = '(SELECT coalesce(max(used), 0) + 1 FROM entries)'
    this.#select = db.prepare(
      'SELECT e.id, method, vary, variant, meta, body FROM entries e JOIN bodies b ON b.id = e.id WHERE key = ?',
    )
    this.#find = db.prepare('SELECT id FROM entries WHERE key = ? LIMIT 1')
    this.#insert = db.prepare(
      `INSERT INTO entries (key, method, vary, variant, meta, size, used) VALUES (?, ?, ?, ?, ?, ?, ${next}) RETURNING id`,
    )
    this.#insertBody = db.prepare('INSERT OR REPLACE INTO bodies (id, body) VALUES (?, ?)')
    this.#update = db.prepare(`UPDATE entries SET meta = ?, size = ?, used = ${next} WHERE ${SAME}`)
    this.#remove = db.prepare(`DELETE FROM entries WHERE ${SAME}`)
    this.#trim = db.prepare(
      'DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE key = ? ORDER BY used DESC LIMIT -1 OFFSET ?)',
    )
    this.#touch = db.prepare(`UPDATE entries SET used = ${next} WHERE id = ?`)
    this.#totals = db.prepare('SELECT bytes, entries FROM totals')
    this.#evict = db.prepare('DELETE FROM entries WHERE id = (SELECT id FROM entries ORDER BY used LIMIT 1)')
  }

  get(key: string): readonly StoredResponse[] {
    if (this.#isBroken) return []
    return this.#guard(() => {
      const rows = this.#select.all(key) as unknown as Row[]
      for (const { id } of rows) {
        this.#used.delete(id)
        this.#used.add(id)
      }
      if (this.#used.size >= LIMITS.maxCacheUses) this.#transact(() => {})
      return rows.map((row) => fromRow(row))
    })
  }

  set(key: string, stored: StoredResponse): void {
    const size = sizeOf(key, stored)
    const { method, vary, variant, body } = stored
    this.#transact(() => {
      this.#remove.run(key, method, vary, variant)
      if (size > this.#maxBytes) return
      const { id } = this.#insert.get(key, method, vary, variant, metaOf(stored), size) as { id: number }
      this.#insertBody.run(id, body)
      this.#trim.run(key, LIMITS.maxCacheVariants)
      this.#makeRoom()
    })
  }

  refresh(key: string, stored: StoredResponse): void {
    const { method, vary, variant } = stored
    this.#transact(() => {
      this.#update.run(metaOf(stored), sizeOf(key, stored), key, method, vary, variant)
      this.#makeRoom()
    })
  }

  delete(key: string): void {
    if (this.#isBroken) return
    // Most of what is deleted was never kept: that is seen without the lock that writing needs.
    if (this.#guard(() => this.#find.get(key)) === undefined) return
    this.#transact(() => this.#trim.run(key, 0))
  }

  clear(): void {
    this.#transact(() => this.#db.exec('DELETE FROM entries'))
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      if (this.#used.size > 0) this.#transact(() => {})
    } finally {
      this.#db.close()
    }
  }

  stats(): StoreStats {
    if (this.#isBroken || !this.#isOpen) return { entries: 0, bytes: 0, evicted: this.#evicted }
    const { bytes, entries } = this.#totals.get() as { bytes: number; entries: number }
    return { entries, bytes, evicted: this.#evicted }
  }

  #makeRoom(): void {
    for (;;) {
      const { bytes, entries } = this.#totals.get() as { bytes: number; entries: number }
      if (bytes <= this.#maxBytes || entries === 0) return
      this.#evicted += Number(this.#evict.run().changes)
    }
  }

  /** All or nothing, and by one process at a time. */
  #transact(act: () => void): void {
    if (this.#isBroken) return
    this.#guard(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        for (const id of this.#used) this.#touch.run(id)
        act()
        this.#db.exec('COMMIT')
        this.#used.clear()
      } catch (error) {
        this.#rollBack()
        throw error
      }
    })
  }

  /** Some errors, as a full disk, have ended the transaction already. */
  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK')
    } catch {
      // Then there is none to end.
    }
  }

  #guard<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      const code = (error as { errcode?: number }).errcode ?? 0
      // The low byte is the primary code; the rest says more of it.
      if (!BROKEN.has(code & 0xff)) throw error
      this.#isBroken = true
      throw damaged(this.#path, error)
    }
  }
}

/** All that has no column of its own. */
function metaOf(stored: StoredResponse): string {
  return JSON.stringify({
    ...stored,
    method: undefined,
    vary: undefined,
    variant: undefined,
    body: undefined,
  })
}

function fromRow({ method, vary, variant, meta, body }: Row): StoredResponse {
  const rest = JSON.parse(meta) as Omit<StoredResponse, 'method' | 'vary' | 'variant' | 'body'>
  return { ...rest, method, vary, variant, body }
}
