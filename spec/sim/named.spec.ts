import { describe, expect, test } from 'vitest'
import { ConnectError, TimeoutError, type RequestError } from '../../lib/index.ts'
import { answering, range, Stage } from './stage.ts'
import { Watcher } from './watcher.ts'

/** Of stages whose calls are tried again once at most, and follow no redirects. */
const FEW = { maxRetries: 1, maxRedirects: 0, retryBudget: 1, clientIpList: ['192.0.2.11'] }

describe('where exchanges go', () => {
  test('five slow requests to an idle pool use five connections, not one pipeline', async () => {
    const stage = new Stage({ maxPipelinedRequests: 8 }, { 'a.test': answering({ delay: 1000 }) })
    await stage.getAll('a.test', range(1, 5))
    expect(stage.network.counts.get('a.test:80')?.dials).toBe(5)
    expect(stage.now).toBeLessThan(1100)
    await stage.finish()
  })

  test('depth N is exactly N, and refills as a sliding window', async () => {
    const stage = new Stage(
      { maxPipelinedRequests: 4, maxConnPerTarget: 1 },
      { 'a.test': answering({ delay: 20 }) },
    )
    await stage.getAll('a.test', range(1, 30))
    const pending = stage.book.received.map((each) => each.pending)
    expect(pending[0]).toBe(1)
    expect(Math.max(...pending)).toBe(4)
    // Once it is full, each answer makes room for one request, which finds three before it.
    expect(pending.slice(5, 30)).toEqual(Array.from({ length: 25 }, () => 4))
    expect(stage.network.dials).toBe(1)
    await stage.finish()
  })

  test("prefer: 'pipeline' fills a connection before it dials another", async () => {
    const stage = new Stage(
      { maxPipelinedRequests: 8, prefer: 'pipeline' },
      { 'a.test': answering({ delay: 20 }) },
    )
    await stage.getAll('a.test', [1])
    await stage.getAll('a.test', range(2, 9))
    expect(stage.network.dials).toBe(1)
    await stage.finish()
  })

  test('idle connections of A at maxConn do not starve B', async () => {
    const stage = new Stage(
      { maxConn: 2, maxConnPerTarget: 2, keepAliveTimeout: 60_000 },
      { 'a.test': answering(), 'b.test': answering() },
    )
    await stage.getAll('a.test', [1, 2])
    expect(stage.network.open).toBe(2)
    const before = stage.now
    await stage.getAll('b.test', [3])
    expect(stage.now - before).toBeLessThan(20)
    expect(stage.network.maxOpen).toBe(2)
    await stage.finish()
  })

  test('a refused dial wakes the next waiter', async () => {
    const stage = new Stage(
      { maxConn: 1 },
      { 'a.test': answering({}, { onDial: () => 'refuse' }), 'b.test': answering() },
    )
    const refused = stage.failure(stage.client.get(stage.url('a.test', 1)))
    const next = stage.client.get(stage.url('b.test', 2))
    const { error } = await refused
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ERR_CONNECT_TCP')
    stage.expectOwn(await stage.settle(next), 'b.test', 2)
    await stage.finish()
  })

  test('higher priority goes first, and equal priority in order', async () => {
    const stage = new Stage({ maxConnPerTarget: 1 }, { 'a.test': answering() })
    const priorities = [0, 0, 5, -5, 5, 0]
    await stage.settle(
      Promise.all(priorities.map((priority, id) => stage.client.get(stage.url('a.test', id), { priority }))),
    )
    expect(stage.book.received.map((each) => each.id)).toEqual([2, 4, 0, 1, 5, 3])
    await stage.finish()
  })
})

describe('connections that go', () => {
  test.each(['drop', 'close', 'half-close'] as const)(
    'a server that ends the connection after the first of five pipelined requests (%s): all five succeed',
    async (end) => {
      let closed = false
      const stage = new Stage(
        { maxPipelinedRequests: 8, maxConnPerTarget: 1 },
        {
          'a.test': answering((id) => {
            if (id !== 1 || closed) return {}
            closed = true
            return { end, delay: 20 }
          }),
        },
      )
      await stage.getAll('a.test', [0])
      await stage.getAll('a.test', range(1, 5))
      expect(stage.book.maxPending).toBe(5)
      // Whoever says that it closes has not broken a pipeline.
      expect(stage.client.stats().targets[0]?.depth).toBe(end === 'drop' ? 1 : 8)
      await stage.finish()
    },
  )

  test.each(['close', 'reset'] as const)(
    'a server that ends idle connections at the moment of reuse (%s) costs no failed GET: 400 of 400',
    async (deed) => {
      const stage = new Stage({ maxConnPerTarget: 2 }, { 'a.test': answering({}, { onReuse: () => deed }) })
      for (let id = 0; id < 400; id++) await stage.getAll('a.test', [id])
      expect(stage.book.answers).toHaveLength(400)
      await stage.finish()
    },
  )

  test.each(['close', 'reset'] as const)('a POST is never sent twice, not even then (%s)', async (deed) => {
    const stage = new Stage({}, { 'a.test': answering({}, { onReuse: () => deed }) })
    await stage.getAll('a.test', [1])
    const { error } = await stage.failure(stage.client.post(stage.url('a.test', 2), { body: 'once' }))
    expect(error.code).toBe('ERR_CONNECTION_CLOSED')
    expect(error.progress).toBe('sent')
    expect(stage.tap.sends.get(2)).toBe(1)
    await stage.finish()
  })

  test('a POST that its user calls idempotent is sent again', async () => {
    const stage = new Stage({}, { 'a.test': answering({}, { onReuse: () => 'reset' }) })
    await stage.getAll('a.test', [1])
    const options = { body: 'twice', idempotent: true }
    const response = await stage.settle(stage.client.post(stage.url('a.test', 2), options))
    expect(response.status).toBe(200)
    expect(response.attempt).toBe(2)
    expect(stage.tap.sends.get(2)).toBe(2)
    await stage.finish()
  })

  test.each(['garbage', 'fake'] as const)(
    'bytes on an idle connection are never an answer: %s',
    async (deed) => {
      const stage = new Stage({}, { 'a.test': answering({}, { onIdle: () => ({ after: 5, deed }) }) })
      await stage.getAll('a.test', [1])
      await stage.clock.advance(50)
      expect(stage.network.open).toBe(0)
      await stage.getAll('a.test', [2])
      await stage.finish()
    },
  )
})

describe('answers', () => {
  test('103 before the answer does not shift answers', async () => {
    const stage = new Stage(
      { maxPipelinedRequests: 8, maxConnPerTarget: 1 },
      { 'a.test': answering((id) => (id % 2 === 0 ? { interim: [103, 100, 103] } : {})) },
    )
    await stage.getAll('a.test', range(1, 20))
    expect(stage.book.maxPending).toBe(8)
    await stage.finish()
  })

  test('trailers do not desynchronise', async () => {
    const stage = new Stage(
      { maxPipelinedRequests: 8, maxConnPerTarget: 1 },
      { 'a.test': answering({ framing: 'chunked', trailers: true, pieces: 3 }) },
    )
    const responses = await stage.getAll('a.test', range(1, 20))
    expect(responses[7]?.trailers?.get('x-checksum')).toBe('1')
    expect(stage.network.dials).toBe(1)
    await stage.finish()
  })

  test('a response without length on HTTP/1.1 is read until close', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1 },
      { 'a.test': answering({ framing: 'close', end: 'close', pieces: 3, gap: 10 }) },
    )
    await stage.getAll('a.test', [1, 2])
    expect(stage.network.dials).toBe(2)
    await stage.finish()
  })

  test('a body cut short is an error, never a short success', async () => {
    const stage = new Stage({}, { 'a.test': answering({ cut: 0.9, end: 'drop' }) })
    const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
    expect(error.code).toBe('ERR_CONNECTION_CLOSED')
    expect(error.progress).toBe('answered')
    await stage.finish()
  })

  test('truncated gzip is an error', async () => {
    const stage = new Stage({}, { 'a.test': answering({ coding: 'gzip', damaged: true }) })
    const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
    expect(error.code).toBe('ERR_DECODING')
    await stage.finish()
  })

  test('a body that nobody reads blocks neither the pool nor close()', async () => {
    const stage = new Stage({ maxConnPerTarget: 2, bodyTimeout: 60_000 }, { 'a.test': answering() })
    const unread = await stage.settle(stage.client.stream(stage.url('a.test', 1, 1_000_000)))
    expect(unread.status).toBe(200)
    await stage.getAll('a.test', range(2, 6))
    const before = stage.now
    await stage.finish()
    expect(stage.now - before).toBeLessThan(1000)
  })
})

describe('times', () => {
  const LIMIT = 300

  test.each([
    ['connect', answering({}, { onDial: () => 'hang' }), { connectTimeout: LIMIT }],
    ['head', answering({ cut: 0, end: 'hang' }), { replyTimeout: LIMIT }],
    ['body', answering({ cut: 0.9, end: 'hang' }), { bodyTimeout: LIMIT }],
    ['total', answering({ delay: 5000 }), { totalTimeout: LIMIT }],
  ] as const)(
    'a %s timeout fires within 50 ms of its value, and not before',
    async (phase, server, timeouts) => {
      const stage = new Stage(timeouts, { 'a.test': server })
      const { error, after } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
      expect(error).toBeInstanceOf(TimeoutError)
      expect((error as TimeoutError).phase).toBe(phase)
      expect((error as TimeoutError).limit).toBe(LIMIT)
      expect(after).toBeGreaterThanOrEqual(LIMIT)
      expect(after).toBeLessThanOrEqual(LIMIT + 50)
      await stage.finish()
    },
  )

  test('a queue timeout fires while others are served', async () => {
    const stage = new Stage({ maxConn: 1, queueTimeout: LIMIT }, { 'a.test': answering({ delay: 2000 }) })
    const served = stage.client.get(stage.url('a.test', 1))
    const { error, after } = await stage.failure(stage.client.get(stage.url('a.test', 2)))
    expect(error.code).toBe('ERR_TIMEOUT_QUEUE')
    expect(after).toBeGreaterThanOrEqual(LIMIT)
    expect(after).toBeLessThanOrEqual(LIMIT + 50)
    stage.expectOwn(await stage.settle(served), 'a.test', 1)
    await stage.finish()
  })

  test('a send timeout fires when the server takes nothing more', async () => {
    const stage = new Stage({ requestTimeout: LIMIT }, { 'a.test': answering() })
    stage.network.listen('a.test', 80, {
      onConnection: (socket) => {
        queueMicrotask(() => socket.pause())
        return { onData: () => undefined, onClose: () => undefined }
      },
    })
    const body = Buffer.alloc(1_000_000)
    const { error, after } = await stage.failure(stage.client.put(stage.url('a.test', 1), { body }))
    expect(error.code).toBe('ERR_TIMEOUT_SEND')
    expect(after).toBeLessThanOrEqual(LIMIT + 50)
    // It never reads on, so it never learns that the client has gone.
    await stage.settle(stage.client.close())
    expect(stage.network.open).toBe(0)
  })

  test('a cancelled waiting request settles at once', async () => {
    const stage = new Stage({ maxConn: 1 }, { 'a.test': answering({ delay: 2000 }) })
    const served = stage.client.get(stage.url('a.test', 1))
    const controller = new AbortController()
    stage.clock.after(100, () => controller.abort())
    const { error, after } = await stage.failure(
      stage.client.get(stage.url('a.test', 2), { signal: controller.signal }),
    )
    expect(error.code).toBe('ERR_ABORTED')
    expect(error.progress).toBe('waiting')
    expect(after).toBe(100)
    stage.expectOwn(await stage.settle(served), 'a.test', 1)
    expect(stage.tap.sends.has(2)).toBe(false)
    await stage.finish()
  })
})

describe('found by a seed', () => {
  test('a client destroyed while a pool waits to dial again leaves no timer', async () => {
    let dials = 0
    const stage = new Stage(
      { maxConnPerTarget: 2 },
      { 'a.test': answering({ delay: 500 }, { onDial: () => (++dials > 1 ? 'refuse' : 'accept') }) },
    )
    const inFlight = stage.client.get(stage.url('a.test', 1)).catch((error: RequestError) => error.code)
    await stage.clock.advance(10)
    const refused = stage.client.get(stage.url('a.test', 2))
    stage.clock.after(100, () => stage.client.destroy())
    expect((await stage.failure(refused)).error.code).toBe('ERR_CLOSED')
    expect(await inFlight).toBe('ERR_CLOSED')
    await stage.finish()
  })

  test('exchanges that end with their connection each have an error of their own', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1, maxPipelinedRequests: 4 },
      { 'a.test': answering((id) => ({ delay: id === 0 ? 1 : 1000 })) },
    )
    await stage.getAll('a.test', [0])
    const calls = range(1, 3).map((id) => stage.client.get(stage.url('a.test', id)))
    stage.clock.after(100, () => stage.client.destroy())
    const results = await stage.settle(Promise.allSettled(calls))
    const urls = results.map((result) =>
      result.status === 'rejected' ? (result.reason as RequestError).url : '',
    )
    expect(urls).toEqual(range(1, 3).map((id) => stage.url('a.test', id)))
    await stage.finish()
  })

  test('a server that closes after each answer, and says so, fails nobody behind it', async () => {
    const stage = new Stage(
      { maxConnPerTarget: 1, maxPipelinedRequests: 8 },
      {
        'a.test': answering((_id, connection) =>
          connection.answered > 0 ? { end: 'half-close', delay: 5 } : {},
        ),
      },
    )
    await stage.getAll('a.test', [0])
    await stage.getAll('a.test', range(1, 30))
    expect(stage.book.answers).toHaveLength(31)
    await stage.finish()
  })

  test('a reader that is slow but reads on is not taken for one that has gone', async () => {
    const stage = new Stage({ bodyTimeout: 100 }, { 'a.test': answering({ pieces: 40, gap: 1 }) })
    const response = await stage.settle(stage.client.stream(stage.url('a.test', 1, 400_000)))
    let size = 0
    const read = async (): Promise<void> => {
      for await (const chunk of response.body) {
        size += chunk.length
        await new Promise<void>((resolve) => {
          stage.clock.after(30, resolve)
        })
      }
    }
    await stage.settle(read())
    expect(size).toBe(400_000)
    await stage.finish()
  })

  test('a body that takes longer to make than idle connections live is sent all the same', async () => {
    const stage = new Stage({ keepAliveTimeout: 50 }, { 'a.test': answering() })
    const slow = async function* (): AsyncGenerator<string, void, undefined> {
      for (const piece of ['one ', 'two ', 'three']) {
        await new Promise<void>((resolve) => {
          stage.clock.after(100, resolve)
        })
        yield piece
      }
    }
    await stage.getAll('a.test', [1])
    const response = await stage.settle(stage.client.post(stage.url('a.test', 2), { body: slow() }))
    expect(response.text()).toContain(' 13 ')
    expect(stage.network.dials).toBe(1)
    await stage.finish()
  })

  test('a call for which no client IP is left says which it is', async () => {
    const stage = new Stage({ clientIps: ['192.0.2.11'] }, { 'a.test': answering() })
    stage.network.unbindable.add('192.0.2.11')
    const url = stage.url('a.test', 1)
    // First it cannot be bound, then it is set aside.
    for (let round = 1; round <= 2; round++) {
      const { error } = await stage.failure(stage.client.post(url.replace('//', '//user:secret@')))
      expect(error).toMatchObject({ code: 'ERR_CONNECT_TCP', method: 'POST', url })
      expect(error.message).not.toContain('secret')
    }
    await stage.finish()
  })

  test('a revalidation behind a stale answer is a call with a start and an end', async () => {
    const fields = ['Cache-Control: max-age=0, stale-while-revalidate=30', 'ETag: "1"']
    const stage = new Stage({ cache: true }, { 'a.test': answering({ fields }) })
    const watcher = new Watcher(stage.clock)
    await stage.getAll('a.test', [1])
    const [stale] = await stage.getAll('a.test', [1])
    expect(stale?.cache).toBe('stale')
    await stage.clock.advance(50)
    expect(stage.book.answers).toHaveLength(2)
    await stage.finish()
    expect(watcher.stop(FEW)).toEqual([])
  })

  test('a HEAD that names a validator does not lend it to a stored body that came without', async () => {
    let count = 0
    const fields = (): string[] =>
      ++count === 1 ? ['Cache-Control: max-age=1'] : ['Cache-Control: max-age=1', 'ETag: "2"']
    const stage = new Stage({ cache: true }, { 'a.test': answering(() => ({ fields: fields() })) })
    await stage.getAll('a.test', [1])
    await stage.clock.advance(2000)
    await stage.settle(stage.client.head(stage.url('a.test', 1)))
    const [response] = await stage.getAll('a.test', [1])
    // Neither freshened nor revalidated: what the tag is about is another body.
    expect(response?.cache).toBe('miss')
    expect(response?.headers.get('x-answer')).toBe('2')
    await stage.finish()
  })

  test('what one HEAD said of a stored body holds on when the next one says nothing', async () => {
    // Seed 24757.
    const said = [
      ['Cache-Control: max-age=1, must-revalidate', 'ETag: "2"'],
      ['Cache-Control: max-age=0, stale-while-revalidate=30'],
      ['ETag: "2"'],
    ]
    const stage = new Stage(
      { cache: true },
      { 'a.test': answering(() => ({ fields: said[stage.book.answers.length] ?? [] })) },
    )
    const url = stage.url('a.test', 1)
    await stage.getAll('a.test', [1])
    for (let heads = 1; heads <= 2; heads++) {
      await stage.clock.advance(2000)
      await stage.settle(stage.client.head(url))
    }
    await stage.clock.advance(5000)
    const response = await stage.settle(stage.client.get(url))
    expect(response.cache).toBe('stale')
    expect(response.headers.get('x-answer')).toBe('2')
    await stage.finish()
  })

  test('a call that is aborted while it waits for its retry ends its exchange once', async () => {
    // Its answer is still being read and dropped then.
    const plan = { status: 500, pieces: 4, gap: 400 }
    const stage = new Stage({ maxRetries: 1, clientIps: ['192.0.2.11'] }, { 'a.test': answering(plan) })
    const watcher = new Watcher(stage.clock)
    const controller = new AbortController()
    stage.clock.after(10, () => controller.abort())
    const { signal } = controller
    const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1), { signal }))
    expect(error.code).toBe('ERR_ABORTED')
    expect(stage.client.stats().clientIps[0]?.load).toBe(0)
    await stage.finish()
    expect(watcher.stop(FEW)).toEqual([])
  })
})
