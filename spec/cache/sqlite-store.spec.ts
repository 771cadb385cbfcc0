import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteStore } from '../../lib/cache/sqlite-store.ts'
import { ArgumentError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { storedResponse } from './made-response.ts'
import { bodyFor } from './numbered-body.ts'

const WRITER = join(import.meta.dirname, 'sqlite-writer.ts')

let folder: string
let path: string
let children: ChildProcess[]
let stores: SqliteStore[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-cache-'))
  path = join(folder, 'cache.db')
  children = []
  stores = []
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true })
})

function open(maxBytes?: number): SqliteStore {
  const store = new SqliteStore(path, maxBytes)
  stores.push(store)
  return store
}

function writer(name: string, from: number, to: number): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', WRITER, path, name, String(from), String(to)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

/** Lines that `child` writes, as they come. */
function lines(child: ChildProcess): AsyncIterableIterator<string> {
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
}

async function run(child: ChildProcess): Promise<string> {
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout!.resume()
  await once(child, 'close')
  return errors
}

/** Garbage in the place of `length` bytes from `start` on. */
function overwrite(start: number, length: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(length, 0xa5), 0, null, start)
  closeSync(file)
}

/** Each entry that `name` may have written, or nothing; throws for one that is not whole. */
function check(store: SqliteStore, name: string): number {
  let found = 0
  for (let i = 0; i < 50; i++) {
    for (const { statusText, body } of store.get(`${name}${i}`)) {
      const number = Number(statusText.split(' ')[1])
      expect(number % 50).toBe(i)
      expect(Buffer.from(body).toString()).toBe(bodyFor(name, number))
      found++
    }
  }
  return found
}

describe('the store in a file', () => {
  it('gives back all that was put, after it was closed and opened again', () => {
    const given = storedResponse({
      status: 203,
      statusText: 'Grüße',
      fields: 'X-A: é\r\nSet-Cookie: a=b\r\n',
      contentEncoding: 'gzip',
      body: '\u0000\u0001 bytes',
      trailers: 'X-T: 1\r\n',
      vary: 'accept',
      variant: '=text/html',
      terms: { etag: '"1"', noCacheFields: ['set-cookie'], replayOnly: true },
    })
    const first = open()
    first.set('a', given)
    first.close()
    expect(open().get('a')).toEqual([given])
  })

  it('replaces the same variant only, and keeps the newest ones', () => {
    const store = open()
    for (let i = 0; i < LIMITS.maxCacheVariants + 3; i++)
      store.set('a', storedResponse({ variant: String(i) }))
    store.set('a', storedResponse({ variant: '7', body: 'again' }))
    store.set('a', storedResponse({ method: 'HEAD', variant: '7', body: '' }))
    const kept = store.get('a')
    expect(kept).toHaveLength(LIMITS.maxCacheVariants)
    expect(kept.filter((each) => each.variant === '7').map((each) => each.method)).toEqual(['GET', 'HEAD'])
  })

  it('writes a new head over an old one and leaves the body', () => {
    const store = open()
    store.set('a', storedResponse({ body: 'kept' }))
    store.refresh('a', storedResponse({ fields: 'X-New: 1\r\n', body: 'not looked at' }))
    const [found] = store.get('a')
    expect([found!.fields, Buffer.from(found!.body).toString()]).toEqual(['X-New: 1\r\n', 'kept'])
  })

  it('holds no more bytes than it may, and drops what was used longest ago', () => {
    const store = open(55_000)
    for (const key of ['a', 'b', 'c', 'd']) store.set(key, storedResponse({ body: 'x'.repeat(11_000) }))
    expect(store.get('a')).toHaveLength(1)
    store.set('e', storedResponse({ body: 'x'.repeat(11_000) }))
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => store.get(key).length > 0)).toEqual(['a', 'c', 'd', 'e'])
    for (let i = 0; i < 300; i++) {
      store.set(
        `k${i % 40}`,
        storedResponse({ variant: String(i % 3), body: 'x'.repeat((i * 7_919) % 30_000) }),
      )
      expect(store.stats().bytes).toBeLessThanOrEqual(55_000)
    }
    expect(store.stats().evicted).toBeGreaterThan(100)
    store.set('big', storedResponse({ body: 'x'.repeat(60_000) }))
    expect(store.get('big')).toEqual([])
  })

  it('counts right, so that the bound holds', () => {
    const store = open()
    for (let i = 0; i < 60; i++) store.set(`k${i % 7}`, storedResponse({ body: 'x'.repeat(i * 100) }))
    store.delete('k3')
    store.delete('never kept')
    store.refresh('k4', storedResponse({ fields: `X: ${'y'.repeat(500)}\r\n` }))
    const db = new DatabaseSync(path)
    const counted = db.prepare('SELECT sum(size) AS bytes, count(*) AS entries FROM entries').get()
    const bodies = db.prepare('SELECT count(*) AS entries FROM bodies').get()
    db.close()
    expect({ ...counted }).toEqual({ bytes: store.stats().bytes, entries: 6 })
    expect(bodies!['entries']).toBe(6)
    store.clear()
    expect(store.stats()).toMatchObject({ bytes: 0, entries: 0 })
  })

  it('is for its owner alone', () => {
    open().set('a', storedResponse())
    expect(statSync(path).mode & 0o077).toBe(0)
  })
})

describe('a file that cannot be used', () => {
  it.each([
    [
      'a text',
      () => writeFileSync(path, 'not a database, but a text that is long enough to be looked at'.repeat(4)),
    ],
    ['a short one', () => writeFileSync(path, 'x')],
    [
      'a database of somebody else',
      () => {
        const db = new DatabaseSync(path)
        db.exec('CREATE TABLE notes (text TEXT); PRAGMA application_id = 1')
        db.close()
      },
    ],
    [
      'a database of somebody else that has our layout number',
      () => {
        const db = new DatabaseSync(path)
        db.exec('CREATE TABLE totals (bytes, entries); PRAGMA application_id = 1; PRAGMA user_version = 1')
        db.close()
      },
    ],
    [
      'a database of somebody who left no mark',
      () => {
        const db = new DatabaseSync(path)
        db.exec('CREATE TABLE notes (text TEXT)')
        db.close()
      },
    ],
    [
      'one that is cut short',
      () => {
        const store = new SqliteStore(path)
        for (let i = 0; i < 50; i++) store.set(`k${i}`, storedResponse({ body: 'x'.repeat(2_000) }))
        store.close()
        truncateSync(path, Math.floor(statSync(path).size / 2))
      },
    ],
    [
      'one of another layout',
      () => {
        new SqliteStore(path).close()
        const db = new DatabaseSync(path)
        db.exec('PRAGMA user_version = 99')
        db.close()
      },
    ],
    [
      'one whose pages are overwritten',
      () => {
        new SqliteStore(path).close()
        overwrite(100, statSync(path).size - 100)
      },
    ],
  ])('is refused and left as it was: %s', (_, make) => {
    make()
    const before = readFileSync(path)
    expect(() => open()).toThrow(ArgumentError)
    expect(() => open()).toThrow(new RegExp(`${path}.*(delete|name another)`))
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('names the folder that is not there', () => {
    path = join(folder, 'none', 'cache.db')
    expect(() => open()).toThrow(/none.*cannot be opened.*folder must exist/)
  })

  it('that breaks in use is told once, and from then on holds nothing', () => {
    const store = open()
    for (let i = 0; i < 200; i++) store.set(`k${i}`, storedResponse({ body: 'x'.repeat(2_000) }))
    store.close()
    const middle = Math.floor(statSync(path).size / 8_192) * 4_096
    overwrite(middle, statSync(path).size - middle)
    const cut = open()
    const told: unknown[] = []
    for (let i = 0; i < 200; i++) {
      try {
        cut.get(`k${i}`)
      } catch (error) {
        told.push(error)
      }
    }
    expect(told).toHaveLength(1)
    expect(String(told[0])).toMatch(new RegExp(`${path}.*delete it`))
    expect(() => cut.set('a', storedResponse())).not.toThrow()
    expect(cut.get('a')).toEqual([])
  })
})

describe('several processes', () => {
  it('write into one file at once, which none of them had made before', { timeout: 60_000 }, async () => {
    const both = [writer('a', 0, 150), writer('b', 0, 150)]
    const store = open()
    for (let i = 0; i < 50; i++)
      store.set(`c${i}`, storedResponse({ statusText: `c ${i}`, body: bodyFor('c', i) }))
    expect(await Promise.all(both.map((child) => run(child)))).toEqual(['', ''])
    expect(['a', 'b', 'c'].map((name) => check(store, name))).toEqual([50, 50, 50])
    expect(store.stats().entries).toBe(150)
  })

  it('that are killed while they write leave whole entries', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const child = writer('a', round * 100_000, round * 100_000 + 90_000)
      // Killed somewhere in the midst of its writes: it has a long way to go.
      let seen = 0
      for await (const _ of lines(child)) if (++seen > 3 + round) break
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(child.signalCode).toBe('SIGKILL')
      const store = open()
      expect(check(store, 'a')).toBeGreaterThan(20)
      store.set('a0', storedResponse({ statusText: 'a 0', body: bodyFor('a', 0) }))
      expect(check(store, 'a')).toBeGreaterThan(20)
      store.close()
    }
  })
})
