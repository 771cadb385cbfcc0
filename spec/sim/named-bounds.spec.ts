import { describe, expect, test } from 'vitest'
import { LIMITS, type LimitError, type RequestError } from '../../lib/index.ts'
import { answering, range, Stage } from './stage.ts'
import { Watcher } from './watcher.ts'

const PLAIN = { maxRetries: 0, maxRedirects: 20, retryBudget: 100, clientIpList: [] }

describe('memory', () => {
  test('of a stream that nobody reads no more is read than it holds, and one read beyond', async () => {
    const stage = new Stage({ bodyTimeout: 60_000 }, { 'a.test': answering() })
    const response = await stage.settle(stage.client.stream(stage.url('a.test', 1, 1_000_000)))
    await stage.clock.advance(5000)
    const read = stage.tap.readFor(1)
    expect(read).toBeGreaterThanOrEqual(LIMITS.streamBuffer)
    expect(read).toBeLessThanOrEqual(LIMITS.streamBuffer + LIMITS.readBuffer)
    await stage.settle(response.discard())
    await stage.finish()
  })

  test('a source of a body is asked for nothing while the server takes nothing', async () => {
    const stage = new Stage({ requestTimeout: 5000 }, { 'a.test': answering() })
    stage.network.listen('a.test', 80, {
      onConnection: (socket) => {
        queueMicrotask(() => socket.pause())
        return { onData: () => undefined, onClose: () => undefined }
      },
    })
    let made = 0
    const source = function* (): Generator<Uint8Array, void, undefined> {
      for (; made < 1000; made++) yield Buffer.alloc(10_000)
    }
    const { error } = await stage.failure(stage.client.put(stage.url('a.test', 1), { body: source() }))
    expect(error.code).toBe('ERR_TIMEOUT_SEND')
    // What the socket takes, and the piece that it does not.
    expect(made).toBeLessThanOrEqual(LIMITS.simBuffer / 10_000 + 2)
    expect(stage.network.maxOverrun).toBe(0)
    await stage.settle(stage.client.close())
  })

  test('the queue has a bound, and whoever comes too late is told it', async () => {
    const stage = new Stage({ maxConn: 1, maxQueued: 5 }, { 'a.test': answering({ delay: 20 }) })
    const watcher = new Watcher(stage.clock)
    const calls = range(1, 10).map((id) => stage.client.get(stage.url('a.test', id)))
    const results = await stage.settle(Promise.allSettled(calls))
    const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused.map(({ reason }) => (reason as LimitError).limit)).toEqual(
      range(1, 5).map(() => 'maxQueued'),
    )
    await stage.finish()
    expect(watcher.stop(PLAIN, [], 5)).toEqual([])
  })

  test('an aborted answer is read on for a while, and no further', async () => {
    const stage = new Stage({}, { 'a.test': answering({ framing: 'chunked' }) })
    const response = await stage.settle(stage.client.stream(stage.url('a.test', 1, 1_000_000)))
    await stage.settle(response.discard())
    await stage.clock.advance(5000)
    const most = LIMITS.streamBuffer + LIMITS.maxMutedBytes + 2 * LIMITS.readBuffer
    expect(stage.tap.readFor(1)).toBeLessThanOrEqual(most)
    expect(stage.network.open).toBe(0)
    await stage.finish()
  })
})

describe('slow networks', () => {
  test('a body that comes slowly, but comes, is not silent', async () => {
    const stage = new Stage({ bodyTimeout: 100 }, { 'a.test': answering() })
    stage.network.conditions = { bandwidth: 50 }
    const response = await stage.settle(stage.client.get(stage.url('a.test', 1, 100_000)))
    expect(response.bytes()).toHaveLength(100_000)
    expect(stage.now).toBeGreaterThan(2000)
    await stage.finish()
  })

  test.each([
    ['a dial', { onDial: () => ({ after: 400 }) }],
    ['a lookup', { onLookup: () => ({ after: 400 }) }],
  ] as const)(
    '%s that is slower than connectTimeout fails, and what comes of it later is nothing',
    async (_, more) => {
      const stage = new Stage({ connectTimeout: 300 }, { 'a.test': answering({}, more) })
      stage.servers['a.test']!.heal({
        ...stage.servers['a.test']!.behaviour,
        addressing: { families: [4], dead: false },
      })
      const { error, after } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
      expect(error.code).toBe('ERR_TIMEOUT_CONNECT')
      expect(after).toBeLessThanOrEqual(350)
      await stage.clock.advance(1000)
      expect(stage.book.received).toHaveLength(0)
      await stage.finish()
    },
  )

  test('a host that never resolves fails each call by itself, and holds no place from others', async () => {
    const stage = new Stage({ maxConn: 2 }, { 'a.test': answering() })
    const lost = range(1, 5).map((id) =>
      stage.client.get(`http://lost.test/${id}`).catch((error: RequestError) => error.code),
    )
    await stage.getAll('a.test', range(6, 12))
    expect(await stage.settle(Promise.all(lost))).toEqual(range(1, 5).map(() => 'ERR_CONNECT_DNS'))
    await stage.finish()
  })
})

test('a server that half-closes in the middle of an upload has still answered', async () => {
  const stage = new Stage({}, { 'a.test': answering({ early: true, end: 'half-close' }) })
  let made = 0
  const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (; made < 50; made++) {
      await new Promise<void>((resolve) => {
        stage.clock.after(5, resolve)
      })
      yield Buffer.alloc(1000)
    }
  }
  const response = await stage.settle(stage.client.put(stage.url('a.test', 1), { body: source() }))
  expect(response.text()).toContain(' unread #0')
  // The source is closed with the connection.
  const then = made
  await stage.clock.advance(500)
  expect(made).toBeLessThanOrEqual(then + 1)
  await stage.finish()
})
