import { crc32 } from 'node:zlib'
import { assert, describe, expect, it } from 'vitest'
import { RequestError, systemClock, type Response } from '../../lib/index.ts'
import { Random } from '../../lib/testing/random.ts'
import { expectedBody } from './honest-answer.ts'
import { HostileStage } from './hostile-stage.ts'
import { drawMisdeed, INDISTINGUISHABLE, MISDEED_KINDS, misdeedFromPath, pathWith } from './misdeeds.ts'

const REQUESTS = 300
/** Larger than what is sent in one piece with its head. */
const MOST_UPLOAD = 40_000
/**
 * Two answers to one request are two answers: which of them is whose cannot be checked. And who has
 * been answered without being read does not know: the next request on that connection is not read either.
 */
const KINDS = MISDEED_KINDS.filter((kind) => !INDISTINGUISHABLE.has(kind) && kind !== 'early-unread')
/** Of those that never get an answer: nobody else is to be in a hurry, however slow the machine. */
const HASTE = { replyTimeout: 100, bodyTimeout: 100, requestTimeout: 100 }
const STALLS = /misdeed=(silence|stall-at|unread-upload|long-length-stall|no-last-chunk-stall)/

interface Drawn {
  readonly method: string
  readonly path: string
  readonly body: Buffer | null
}

function draw(random: Random, n: number): Drawn {
  const method = random.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'PUT', 'POST', 'POST'])
  const path = pathWith(`/${n}?body=${random.pick([0, 150, 3_000, 70_000])}`, drawMisdeed(random, KINDS))
  const body = method.startsWith('P') ? Buffer.alloc(random.int(1, MOST_UPLOAD), n) : null
  return { method, path, body }
}

/** What is wrong with an answer; '' for its own one, or for what the misdeed makes of it. */
function faultOf({ method, path, body }: Drawn, response: Response): string {
  const { status, headers, redirects } = response
  const { pathname, search } = new URL(response.url)
  const text = response.text()
  // A server that times a connection out just as a request comes: no client can tell.
  if (headers.has('x-unasked')) return status === 408 ? '' : 'an answer that nobody asked for'
  if (status === 429) return misdeedFromPath(path).kind === 'refusal' ? '' : 'refused for nothing'
  if (status !== 200) return `status ${status}`
  const moved = redirects.length > 0 && method === 'POST'
  const own = expectedBody(moved ? 'GET' : method, pathname + search)
  const isShort = misdeedFromPath(path).kind === 'short-length' && text.length === own.length - 10
  if (text !== own && !(isShort && own.startsWith(text))) return `another body: ${text.slice(0, 80)}`
  const told = headers.get('x-body')
  const sent = body === null || moved ? '0-0' : `${body.length}-${crc32(body)}`
  return told === sent || told === 'unread' ? '' : `the server got ${told} instead of ${sent}`
}

const RUNS = [
  { way: 'tcp', tls: false, depth: 1, seed: 1 },
  { way: 'tls', tls: true, depth: 8, seed: 2 },
]

describe('300 requests to a server with every misdeed', () => {
  it.each(RUNS)(
    'settle, each with its own answer: over $way at depth $depth',
    async ({ tls, depth, seed }) => {
      const random = new Random(seed)
      const chance = random.fork()
      // Real time; but no wait before a retry is longer than it must be.
      const clock = { ...systemClock, random: () => chance.next() * 0.03 }
      const options = {
        clock,
        maxConnPerTarget: 8,
        maxPipelinedRequests: depth,
        maxRetries: 2,
        retryBudget: 1_000,
      }
      let healed = false
      await using stage = await HostileStage.open(tls, options, {}, ({ path }) =>
        healed ? { kind: 'none' } : misdeedFromPath(path),
      )
      const { client, server } = stage
      const all = Array.from({ length: REQUESTS }, (_, n) => draw(random, n))
      let own = 0
      const faults = await Promise.all(
        all.map(async (drawn) => {
          const { method, path, body } = drawn
          try {
            const waits = STALLS.test(path) ? HASTE : {}
            const response = await client.request(server.origin + path, { ...waits, method, body })
            own++
            return faultOf(drawn, response)
          } catch (error) {
            assert.instanceOf(error, RequestError)
            assert.include(error.message, `${server.origin}/`)
            assert.notInclude(error.message, 'socket hang up')
            return ''
          }
        }),
      )
      expect(faults.filter((fault) => fault !== '')).toEqual([])
      expect(own).toBeGreaterThan(REQUESTS / 4)
      const posts = all.filter(({ method }) => method === 'POST')
      expect(posts.filter(({ path }) => server.timesOf('POST', path) > 1)).toEqual([])
      healed = true
      const after = await Promise.all(Array.from({ length: 20 }, (_, n) => stage.ask(`/after/${n}`)))
      expect(after).toEqual(after.map(() => ({ status: 200, body: 'own' })))
      // Where the server reads no upload, it does not see the client go.
      stage.lingers = true
    },
    30_000,
  )
})
