import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import { SqliteStore } from '../../lib/cache/sqlite-store.ts'
import type { CacheStore } from '../../lib/cache/store.ts'
import { storedResponse } from './made-response.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-cache-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const key = fc.constantFrom('a', 'b', 'c')
const response = fc
  .record({
    method: fc.constantFrom<'GET' | 'HEAD'>('GET', 'GET', 'HEAD'),
    vary: fc.constantFrom('', 'accept', 'accept,x'),
    variant: fc.constantFrom('', '=1', '=2\n-'),
    fields: fc.constantFrom('', 'X: 1\r\n', 'X: é\r\nY: "2"\r\n'),
    body: fc.string({ maxLength: 20 }),
  })
  .map((given) => storedResponse(given))

type Step = (store: CacheStore) => void

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(key, response).map(
      ([at, given]): Step =>
        (store) =>
          void store.set(at, given),
    ),
  },
  {
    weight: 2,
    arbitrary: key.map(
      (at): Step =>
        (store) =>
          void store.get(at),
    ),
  },
  {
    weight: 1,
    arbitrary: key.map(
      (at): Step =>
        (store) =>
          void store.delete(at),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((store) => void store.clear()) },
)

/** What a store holds, in an order that does not depend on it. */
async function held(store: CacheStore): Promise<string[]> {
  const all: string[] = []
  for (const at of ['a', 'b', 'c']) {
    for (const each of await store.get(at)) {
      const fields = Object.entries({ ...each, body: Buffer.from(each.body).toString() })
      all.push(JSON.stringify([at, ...fields.toSorted(([a], [b]) => (a < b ? -1 : 1))]))
    }
  }
  return all.toSorted()
}

it('a store in memory and one in a file hold the same, whatever is done with them', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const path = join(folder, `${run++}.cache`)
      const memory = new MemoryStore()
      const file = new SqliteStore(path)
      for (const each of steps) {
        each(memory)
        each(file)
      }
      const expected = await held(memory)
      const { entries, bytes } = memory.stats()
      expect(await held(file)).toEqual(expected)
      expect(file.stats()).toMatchObject({ entries, bytes })
      file.close()
      const again = new SqliteStore(path)
      expect(await held(again)).toEqual(expected)
      again.close()
    }),
    { numRuns: 60 },
  )
})

it('a file may have any name', () => {
  const here = process.cwd()
  process.chdir(folder)
  try {
    const first = new SqliteStore(':memory:')
    first.set('a', storedResponse())
    first.close()
    const second = new SqliteStore(':memory:')
    expect(second.get('a')).toHaveLength(1)
    second.close()
  } finally {
    process.chdir(here)
  }
})
