import { describe, expect, it } from 'vitest'
import { Client, TimeoutError, type RequestOptions } from '../../lib/index.ts'
import { SimClock, SimNetwork, type SimSocket } from '../../lib/testing/index.ts'

/** What one server does with its first request; `say` is its socket. */
type Misdeed = (say: SimSocket) => void

/** How late a request is told, in virtual ms, that `limit` has passed since `from`. */
async function run(
  options: RequestOptions,
  misdeed: Misdeed | 'hang the dial',
): Promise<{ error: TimeoutError; after: number; closing: number }> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, conditions: { latency: [1, 1] } })
  network.listen('slow.test', 80, {
    onDial: () => (misdeed === 'hang the dial' ? 'hang' : 'accept'),
    onConnection: (socket) => ({
      onData: () => {
        if (misdeed !== 'hang the dial') misdeed(socket)
      },
      onClose: () => {},
    }),
  })
  const client = new Client({ clock, network, maxRetries: 0 })
  const started = clock.now()
  const error = await clock.settle(
    client.get('http://slow.test/', options).then(
      () => Promise.reject(new Error('it did not time out')),
      (reason: unknown) => reason as TimeoutError,
    ),
  )
  const after = clock.now() - started
  const closed = client.close()
  await clock.settle(closed)
  return { error, after, closing: clock.now() - started - after }
}

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5'

describe('timeouts fire within 50 ms of their value (undici: up to 999 ms late)', () => {
  it.each([
    ['connect', { connectTimeout: 100 }, 'hang the dial', 100],
    ['connect', { connectTimeout: 1234 }, 'hang the dial', 1234],
    ['head', { replyTimeout: 100 }, () => {}, 100],
    ['head', { replyTimeout: 2500 }, () => {}, 2500],
    ['body', { bodyTimeout: 300 }, (say: SimSocket) => say.write(head), 300],
    ['total', { totalTimeout: 700 }, () => {}, 700],
  ] as const)('%s, %j', async (phase, options, misdeed, limit) => {
    const { error, after, closing } = await run(options, misdeed)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ phase, limit, code: `ERR_TIMEOUT_${phase.toUpperCase()}` })
    expect(after).toBeGreaterThanOrEqual(limit)
    // 4 ms: the dial and the request's way take 1 ms each way.
    expect(after).toBeLessThanOrEqual(limit + 50 + 4)
    // Nobody waits for an answer that is only read to be dropped.
    expect(closing).toBeLessThanOrEqual(10)
  })
})

/** A client for whom every dial to slow.test hangs. */
function hangingTarget(): { clock: SimClock; client: Client; started: number } {
  const clock = new SimClock()
  const network = new SimNetwork({ clock })
  network.listen('slow.test', 80, {
    onDial: () => 'hang',
    onConnection: () => ({ onData() {}, onClose() {} }),
  })
  return { clock, client: new Client({ clock, network, maxRetries: 0 }), started: clock.now() }
}

it('requests to one target that hangs each have their own connect timeout', async () => {
  const { clock, client, started } = hangingTarget()
  const limits = [1000, 100, 500, 250]
  const calls = limits.map(async (connectTimeout) => {
    const error = await client.get('http://slow.test/', { connectTimeout }).catch((e: unknown) => e)
    expect(error).toMatchObject({ phase: 'connect', limit: connectTimeout })
    return clock.now() - started - connectTimeout
  })
  for (const late of await clock.settle(Promise.all(calls))) {
    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThanOrEqual(50)
  }
  await clock.settle(client.close())
})

it('a dial that hangs is not inherited from a request that was aborted', async () => {
  const { clock, client, started } = hangingTarget()
  const abort = new AbortController()
  const first = client.get('http://slow.test/', { connectTimeout: 60_000, signal: abort.signal })
  const second = client.get('http://slow.test/', { connectTimeout: 100 })
  clock.after(50, () => abort.abort())
  await clock.settle(Promise.allSettled([first, second]))
  expect(clock.now() - started).toBeLessThanOrEqual(150)
  await expect(second).rejects.toMatchObject({ limit: 100 })
  await clock.settle(client.close())
})

it('nor from one whose time to wait was over', async () => {
  const { clock, client, started } = hangingTarget()
  const first = client.get('http://slow.test/', { connectTimeout: 60_000, queueTimeout: 50 })
  const second = client.get('http://slow.test/', { connectTimeout: 100 })
  await clock.settle(Promise.allSettled([first, second]))
  expect(clock.now() - started).toBeLessThanOrEqual(150)
  await expect(first).rejects.toMatchObject({ phase: 'queue', limit: 50 })
  await expect(second).rejects.toMatchObject({ phase: 'connect', limit: 100 })
  expect(client.stats().connections).toBe(0)
  await clock.settle(client.close())
})
