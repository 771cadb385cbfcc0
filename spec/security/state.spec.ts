import { describe, expect, it } from 'vitest'
import type { ClientOptions } from '../../lib/index.ts'
import { always, WireStage, type OnHead } from '../client/wire-stage.ts'

/** What was never read, never came about or was given up leaves nothing behind: no connection, no wait, no timer. */

const ROUNDS = 200
const LONG = `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(300_000)}`

async function quiet(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

interface Course {
  readonly what: string
  readonly options?: ClientOptions
  readonly onHead?: OnHead
  readonly fate?: WireStage['fate']
  readonly act: (stage: WireStage, i: number) => Promise<unknown>
}

const url = (i: number): string => `http://a.test/${i}`

const COURSES: readonly Course[] = [
  { what: 'streams that nobody reads', onHead: always(LONG), act: ({ client }, i) => client.stream(url(i)) },
  {
    what: 'bodies of fetch that nobody reads',
    onHead: always(LONG),
    act: ({ client }, i) => client.fetch(url(i)),
  },
  {
    what: 'streams that are discarded',
    onHead: always(LONG),
    act: async ({ client }, i) => (await client.stream(url(i))).discard(),
  },
  {
    what: 'streams that are left after a piece',
    onHead: always(LONG),
    act: async ({ client }, i) => {
      for await (const piece of (await client.stream(url(i))).body) return piece
      return null
    },
  },
  {
    what: 'answers that end too soon',
    onHead: (peer) => {
      peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')
      peer.socket.close()
    },
    act: ({ client }, i) => client.get(url(i)),
  },
  {
    what: 'answers that are none',
    onHead: always('no HTTP at all\r\n\r\n'),
    act: ({ client }, i) => client.get(url(i)),
  },
  { what: 'servers that say nothing', onHead: () => undefined, act: ({ client }, i) => client.get(url(i)) },
  { what: 'dials that are refused', fate: 'refuse', act: ({ client }, i) => client.get(url(i)) },
  { what: 'dials that hang', fate: 'hang', act: ({ client }, i) => client.get(url(i)) },
  { what: 'hosts that nobody knows', act: ({ client }, i) => client.get(`http://h${i}.invalid/`) },
  {
    what: 'proxies that nobody knows',
    act: ({ client }, i) => client.get(url(i), { proxy: `http://h${i}.invalid` }),
  },
  {
    what: 'calls that are aborted',
    onHead: () => undefined,
    act: async ({ client, clock }, i) => {
      const { signal, abort } = aborter()
      clock.after(i % 7, abort)
      return client.get(url(i), { signal })
    },
  },
  {
    what: 'bodies that are refused while they are sent',
    onHead: always('HTTP/1.1 413 Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    act: ({ client }, i) =>
      client.post(url(i), { body: Array.from({ length: 50 }, () => 'x'.repeat(10_000)) }),
  },
  {
    what: 'arguments that are wrong',
    act: async ({ client }, i) => client.get(url(i), { headers: { 'a\n': 'x' } }),
  },
]

function aborter(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

/** Longer than all limits: what has a time of its own has had it, ms. */
const LONGER = 60_000

async function lived({ options, onHead, fate, act }: Course): Promise<WireStage> {
  const limits = { connectTimeout: 500, replyTimeout: 500, bodyTimeout: 500, requestTimeout: 500 }
  const stage = new WireStage({ ...limits, ...options }, onHead)
  if (fate !== undefined) stage.fate = fate
  const all = Array.from({ length: ROUNDS }, (_, i) => quiet(act(stage, i)))
  await stage.settle(Promise.all(all))
  return stage
}

describe('nothing is left of', () => {
  it.each(COURSES)('$what, after a while', async (course) => {
    const stage = await lived(course)
    await stage.pass(LONGER)
    const { waiting, inFlight, connections, targets } = stage.client.stats()
    expect({ waiting, inFlight, connections }).toEqual({ waiting: 0, inFlight: 0, connections: 0 })
    expect(targets.filter((target) => target.connections + target.waiting > 0)).toEqual([])
    expect(stage.clientClock.pending).toBe(0)
    await stage.finish()
  })

  // A timer that was forgotten has run out after a while.
  it.each(COURSES)('$what, once the client is closed', async (course) => {
    const stage = await lived(course)
    await stage.settle(stage.client.close())
    expect(stage.clientClock.pending).toBe(0)
    await stage.finish()
  })
})
