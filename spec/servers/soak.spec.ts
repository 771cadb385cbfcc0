import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { describeWith } from './describe-with.ts'
import { FILES, fileOf } from './shelf.ts'
import { ROUTES, type Stand } from './stands.ts'
import { PADDING, Tap } from './tap.ts'

const REQUESTS = 1_000
const CONNECTIONS = 4
/** How they are answered, in turn; files of each size come in all of these ways. */
const WAYS = ['files', 'files', 'chunked', 'files', 'gzip']

for (const route of ROUTES) {
  describeWith(route.programs, `1,000 requests: ${route.name}`, () => {
    let stand: Stand

    beforeAll(async () => {
      stand = await route.start()
    }, 60_000)

    // oxlint-disable-next-line typescript/no-unnecessary-condition -- where it did not start
    afterAll(() => stand?.[Symbol.asyncDispose]())

    it.each([1, 8])('at depth %i: each answer is what the file holds', async (depth) => {
      await using tap = await Tap.to(stand.site.port)
      const { origin, options } = stand.site.by(tap.port)
      const limits = { maxConnPerTarget: CONNECTIONS, maxPipelinedRequests: depth }
      const client = new Client({ ...options, ...limits })
      const wrong: string[] = []
      let retries = 0
      const ask = async (n: number): Promise<void> => {
        const path = `/${WAYS[n % WAYS.length]}/${n % FILES}.txt`
        const response = await client.get(`${origin}${path}?${PADDING}`)
        retries += response.retries
        const text = response.text()
        if (response.status !== 200 || text !== fileOf(n)) wrong.push(`${path}: ${response.status} ${text}`)
      }
      await Promise.all(Array.from({ length: REQUESTS }, (_, n) => ask(n)))
      const stats = client.stats()
      await client.close()

      expect(wrong).toEqual([])
      expect(retries).toBe(0)
      const done = { requests: REQUESTS, waiting: 0, inFlight: 0, errors: 0 }
      expect(stats).toMatchObject({ ...done, dialled: tap.accepted })
      expect(stats.targets).toMatchObject([{ ...done, depth }])
      expect(tap.mostInFlight).toBe(depth)
      // All that came over the wire was counted; what encrypts it comes on top.
      const overhead = tap.bytesDown - stats.bytes
      expect(overhead).toBeGreaterThanOrEqual(0)
      expect(overhead > 0).toBe(route.isEncrypted)
      expect(client.stats()).toMatchObject({ ...done, connections: 0 })
      await expect.poll(() => tap.open).toBe(0)
    })
  })
}
