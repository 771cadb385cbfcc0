import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { Folder } from '../jobs/download-stand.ts'
import { describeWith } from './describe-with.ts'
import { fileOf } from './shelf.ts'
import { type Door, LARGE, ROUTES, type Stand } from './stands.ts'
import { PADDING, Tap } from './tap.ts'

const MANY = 50

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A client whose only way to the door is this tap, and the origin to ask. */
function clientAt(door: Door, tap: Tap, options: ClientOptions = {}): [Client, string] {
  const way = door.by(tap.port)
  return [new Client({ ...way.options, ...options }), way.origin]
}

for (const route of ROUTES) {
  describeWith(route.programs, route.name, () => {
    let stand: Stand

    beforeAll(async () => {
      stand = await route.start()
    }, 60_000)

    // oxlint-disable-next-line typescript/no-unnecessary-condition -- where it did not start
    afterAll(() => stand?.[Symbol.asyncDispose]())

    it('chunked', async () => {
      await using tap = await Tap.to(stand.site.port)
      const [made, origin] = clientAt(stand.site, tap)
      await using client = made
      for (let times = 0; times < 3; times++) {
        const response = await client.get(`${origin}/chunked/2.txt`, {
          headers: { 'Accept-Encoding': 'identity' },
        })
        expect(response.headers.get('transfer-encoding')).toBe('chunked')
        expect(response.headers.has('content-length')).toBe(false)
        expect(response.text()).toBe(fileOf(2))
      }
      expect(tap.accepted).toBe(1)
    })

    it('a body that ends with the connection', async () => {
      await using tap = await Tap.to(stand.site.port)
      const [made, origin] = clientAt(stand.site, tap)
      await using client = made
      for (let times = 0; times < 3; times++) {
        const response = await client.get(`${origin}/close/2.txt`)
        expect(response.headers.get('transfer-encoding')).toBe(route.endsByClose ? null : 'chunked')
        expect(response.headers.has('content-length')).toBe(false)
        expect(response.text()).toBe(fileOf(2))
      }
      expect(tap.accepted).toBe(route.endsByClose ? 3 : 1)
    })

    it('gzip, made on the way', async () => {
      await using tap = await Tap.to(stand.site.port)
      const [made, origin] = clientAt(stand.site, tap)
      await using client = made
      const url = `${origin}/gzip/2.txt`
      const response = await client.get(url)
      expect(response.text()).toBe(fileOf(2))
      expect(response.bytesDecoded).toBe(fileOf(2).length)
      expect(response.bytesOnWire).toBeLessThan(response.bytesDecoded / 5)
      const plain = await client.get(url, { headers: { 'Accept-Encoding': 'identity' } })
      expect(plain.text()).toBe(fileOf(2))
      expect(plain.bytesOnWire).toBe(fileOf(2).length)
      expect(tap.accepted).toBe(1)
    })

    it('ranges', async () => {
      await using tap = await Tap.to(stand.site.port)
      const [made, origin] = clientAt(stand.site, tap)
      await using client = made
      const url = `${origin}/files/large.bin`
      for (const [range, from, to] of [
        ['bytes=0-0', 0, 1],
        ['bytes=1000000-1999999', 1_000_000, 2_000_000],
        ['bytes=-5', LARGE.length - 5, LARGE.length],
      ] as const) {
        const part = await client.get(url, { headers: { Range: range } })
        expect([part.status, part.headers.get('content-range')]).toEqual([
          206,
          `bytes ${from}-${to - 1}/${LARGE.length}`,
        ])
        expect(digest(part.bytes())).toBe(digest(LARGE.subarray(from, to)))
      }
      const beyond = await client.get(url, { headers: { Range: 'bytes=3000000-' } })
      expect(beyond.status).toBe(416)
      expect(digest((await client.get(url)).bytes())).toBe(digest(LARGE))
      expect(tap.accepted).toBe(1)
    })

    it('a download that is cut, and resumed', async () => {
      using folder = new Folder()
      await using tap = await Tap.to(stand.site.port, 1_000_000)
      const [made, origin] = clientAt(stand.site, tap)
      await using client = made
      const result = await client.download(`${origin}/files/large.bin`, folder.file())
      expect(result).toMatchObject({ status: 206, size: LARGE.length, retries: 1 })
      expect(digest(readFileSync(folder.file()))).toBe(digest(LARGE))
      expect(tap.accepted).toBe(2)
      // What came before the cut did not come again.
      expect(tap.bytesDown).toBeLessThan(LARGE.length + 100_000)
    })

    it.each([1, 8])('%i in flight on a connection, as the wire shows', async (depth) => {
      await using tap = await Tap.to(stand.site.port)
      const [made, origin] = clientAt(stand.site, tap, { maxConnPerTarget: 1, maxPipelinedRequests: depth })
      await using client = made
      const all = Array.from({ length: MANY }, (_, n) => client.get(`${origin}/files/${n}.txt?${PADDING}`))
      const bodies = (await Promise.all(all)).map((response) => response.text())
      expect(bodies).toEqual(Array.from({ length: MANY }, (_, n) => fileOf(n)))
      expect(tap.accepted).toBe(1)
      expect(tap.mostInFlight).toBe(depth)
    })

    it.each([1, 8])('a limit of requests on a connection, at depth %i', async (depth) => {
      const { limited, perConnection } = stand
      await using tap = await Tap.to(limited.port)
      const [made, origin] = clientAt(limited, tap, { maxConnPerTarget: 1, maxPipelinedRequests: depth })
      await using client = made
      const all = Array.from({ length: MANY }, (_, n) =>
        client.get(`${origin}/files/${n}.txt?limit-${depth}`),
      )
      const bodies = (await Promise.all(all)).map((response) => response.text())
      expect(bodies).toEqual(Array.from({ length: MANY }, (_, n) => fileOf(n)))
      const stats = client.stats()
      expect(stats).toMatchObject({ requests: MANY, waiting: 0, inFlight: 0 })
      const counts = new Map<string, number>()
      for (const each of await limited.answered(`?limit-${depth}`, MANY))
        counts.set(each, (counts.get(each) ?? 0) + 1)
      const answered = [...counts.values()].reduce((sum, count) => sum + count, 0)
      const needed = Math.ceil(MANY / perConnection)
      expect(Math.max(...counts.values())).toBe(perConnection)
      // What a reset took along, or cut, was asked for once more.
      const spare = depth === 1 || route.lingers ? 0 : needed
      for (const [got, least] of [
        [answered, MANY],
        [counts.size, needed],
        [tap.accepted, needed],
        [stats.errors, 0],
      ] as const) {
        expect(got).toBeGreaterThanOrEqual(least)
        expect(got).toBeLessThanOrEqual(least + spare)
      }
    })
  })
}
