import { describe, expect, test } from 'vitest'
import type { LimitError, ProtocolError, RequestError, Response } from '../../lib/index.ts'
import type { AnswerPlan } from './answer-plan.ts'
import { STORM } from './misdeeds.ts'
import { answering, range, Stage } from './stage.ts'

/** What becomes of one GET, and then of another to the same server. */
async function twoCalls(first: Partial<AnswerPlan>): Promise<{ error: RequestError; stage: Stage }> {
  const stage = new Stage({ maxConnPerTarget: 1 }, { 'a.test': answering((id) => (id === 1 ? first : {})) })
  const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
  await stage.getAll('a.test', [2])
  return { error, stage }
}

describe('lengths that are wrong', () => {
  test('more bytes than Content-Length says: they are no part of it, and of nothing else', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1 },
      { 'a.test': answering((id) => (id === 1 ? { misdeed: 'short-length' } : {})) },
    )
    const short = await stage.settle(stage.client.get(stage.url('a.test', 1)))
    expect(short.bytes()).toHaveLength(50)
    await stage.getAll('a.test', [2])
    expect(stage.network.dials).toBe(2)
    await stage.finish()
  })

  test.each(['drop', 'half-close', 'reset', 'hang'] as const)(
    'fewer bytes than Content-Length says, then %s: an error, never a short success',
    async (end) => {
      const { error, stage } = await twoCalls({ misdeed: 'long-length', end })
      expect(error.code).toBe(end === 'hang' ? 'ERR_TIMEOUT_BODY' : 'ERR_CONNECTION_CLOSED')
      expect(error.progress).toBe('answered')
      await stage.finish()
    },
  )

  test('Content-Length twice, with different values: nobody can say where the body ends', async () => {
    const { error, stage } = await twoCalls({ misdeed: 'two-lengths' })
    expect((error as ProtocolError).rule).toBe('content-length')
    await stage.finish()
  })
})

describe('heads', () => {
  test('a storm of interim answers ends at its bound', async () => {
    const { error, stage } = await twoCalls({ misdeed: 'storm', interim: STORM })
    expect((error as LimitError).limit).toBe('maxInformational')
    await stage.finish()
  })

  test('a head larger than maxHeadSize is not read on', async () => {
    const { error, stage } = await twoCalls({ misdeed: 'huge-head' })
    expect((error as LimitError).limit).toBe('maxHeadSize')
    await stage.finish()
  })

  test('a head that comes byte by byte is a head like any other', async () => {
    const stage = new Stage({}, { 'a.test': answering({ drip: 500 }) })
    await stage.getAll('a.test', [1])
    expect(stage.now).toBeGreaterThan(60)
    await stage.finish()
  })
})

describe('bodies', () => {
  test.each([
    ['rubbish-chunk', 'chunk-size'],
    ['bare-chunk', 'chunk-end'],
  ] as const)('%s: the rule %s', async (misdeed, rule) => {
    const { error, stage } = await twoCalls({ misdeed, framing: 'chunked', pieces: 3 })
    expect((error as ProtocolError).rule).toBe(rule)
    await stage.finish()
  })

  test('a bomb is not decoded beyond its ratio, by request and by stream', async () => {
    const { error, stage } = await twoCalls({ misdeed: 'bomb', coding: 'gzip' })
    expect((error as LimitError).limit).toBe('maxDecodeRatio')
    const read = async (): Promise<void> => {
      const response = await stage.client.stream(stage.url('a.test', 1))
      for await (const chunk of response.body) expect(chunk.length).toBeLessThanOrEqual(32_768)
    }
    const streamed = await stage.failure(read())
    expect((streamed.error as LimitError).limit).toBe('maxDecodeRatio')
    await stage.finish()
  })
})

describe('bytes after an answer', () => {
  test.each([
    ['surplus', 0],
    ['surplus', 5],
    ['poison', 0],
    ['poison', 5],
  ] as const)(
    '%s, %i ms later, on a connection that waits: closed, and never an answer',
    async (misdeed, gap) => {
      const stage = new Stage(
        { maxConnPerTarget: 1 },
        { 'a.test': answering((id) => (id === 1 ? { misdeed, gap } : {})) },
      )
      await stage.getAll('a.test', [1])
      await stage.clock.advance(20)
      expect(stage.network.open).toBe(0)
      await stage.getAll('a.test', [2])
      await stage.finish()
    },
  )

  test('surplus in the same piece as the answer, with others waiting: they go elsewhere', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1 },
      { 'a.test': answering((id) => (id % 5 === 1 ? { misdeed: 'poison', gap: 0 } : {})) },
    )
    // The next is sent when the answer is whole; what stands behind that is seen before.
    stage.network.conditions = { latency: [5, 5] }
    await stage.getAll('a.test', range(1, 10))
    expect(stage.book.fakes.size).toBe(2)
    await stage.finish()
  })

  test('rubbish between pipelined answers: those behind it are sent again, and have their own', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1, maxPipelinedRequests: 4 },
      { 'a.test': answering((id) => (id === 2 ? { misdeed: 'surplus' } : { delay: 10 })) },
    )
    await stage.getAll('a.test', [1])
    const calls = range(2, 5).map((id) => stage.client.get(stage.url('a.test', id)))
    const results = await stage.settle(Promise.allSettled(calls))
    const ends = results.map((each) =>
      each.status === 'fulfilled' ? each.value.status : (each.reason as ProtocolError).rule,
    )
    // The one that was next cannot know whether the rubbish was to be its answer.
    expect(ends).toEqual([200, 'status-line', 200, 200])
    const rest = [4, 5].map((id) => results[id - 2] as PromiseFulfilledResult<Response>)
    for (const [index, { value }] of rest.entries()) stage.expectOwn(value, 'a.test', 4 + index)
    expect(stage.client.stats().targets[0]?.depth).toBe(1)
    await stage.finish()
  })
})

test('a dial that fails when a target has had all its starts stops nobody who waits for the next', async () => {
  let dials = 0
  const stage = new Stage(
    { pacing: { requestsPerInterval: 2, interval: 1000 }, connectTimeout: 150, keepAliveTimeout: 20 },
    { 'a.test': answering({}, { onDial: () => (++dials === 2 ? 'hang' : 'accept') }) },
  )
  // The first connection takes the first two, and is gone when the second dial is given up.
  await stage.getAll('a.test', range(1, 3))
  expect(stage.now).toBeGreaterThanOrEqual(1000)
  expect(stage.now).toBeLessThan(1300)
  await stage.finish()
})
