import { describe, expect, it } from 'vitest'
import type { RequestOptions } from '../../lib/index.ts'
import { OK, WireStage, type OnHead } from './wire-stage.ts'

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
const URL_ = 'http://a.test/x'
const WHY = new Error('no longer wanted')

const silent: OnHead = () => undefined
const half: OnHead = (peer) => {
  peer.socket.write(HALF)
}

/** Where a call is when it is aborted, and what its error must say. */
interface Phase {
  readonly where: string
  readonly onHead?: OnHead
  readonly options?: RequestOptions
  readonly progress: string
  /** ms from the start: the network takes 1 ms each way. */
  readonly at: number
  readonly fate?: 'hang'
  /** Others that are under way before it. */
  readonly before?: number
}

const slowBody = async function* (): AsyncGenerator<string> {
  yield 'begun'
  await new Promise(() => undefined)
}

const PHASES: Phase[] = [
  { where: 'while it waits for a place', onHead: silent, before: 1, progress: 'waiting', at: 50 },
  { where: 'in the tick in which it was made', progress: 'waiting', at: 0 },
  { where: 'while it is dialled', fate: 'hang', progress: 'waiting', at: 50 },
  {
    where: 'while it is sent',
    options: { method: 'POST', body: slowBody() },
    onHead: silent,
    progress: 'sent',
    at: 50,
  },
  {
    where: 'while it waits for 100',
    options: { method: 'POST', body: 'x', expectContinue: 500 },
    onHead: silent,
    progress: 'sent',
    at: 50,
  },
  { where: 'before the head', onHead: silent, progress: 'sent', at: 50 },
  { where: 'in the head', onHead: (peer) => peer.socket.write('HTTP/1.1 200'), progress: 'answered', at: 50 },
  { where: 'in the body', onHead: half, progress: 'answered', at: 50 },
]

describe.each(PHASES)('a call that is aborted $where', (phase) => {
  it.each(['request', 'stream'] as const)(
    '(%s) ends at once, leaves nothing, and others go on',
    async (name) => {
      let healed = false
      const server: OnHead = (peer, nth) => {
        if (healed) peer.socket.write(OK)
        else phase.onHead!(peer, nth)
      }
      const stage = new WireStage({ maxConn: 1 }, server, ['a.test', 'b.test'])
      stage.fate = phase.fate ?? 'accept'
      const others = Array.from({ length: phase.before ?? 0 }, () => stage.client.get(`${URL_}/before`))
      const controller = new AbortController()
      const options = { ...phase.options, signal: controller.signal }
      const started = stage.clock.now()
      const read = async (): Promise<unknown> => {
        const response = await stage.client[name](URL_, options)
        return response.text()
      }
      const outcome = read().catch((error: unknown) => error)
      if (phase.at > 0) await stage.pass(phase.at)
      controller.abort(WHY)
      expect(await outcome).toMatchObject({
        name: 'AbortError',
        code: 'ERR_ABORTED',
        cause: WHY,
        url: URL_,
        progress: phase.progress,
      })
      expect(stage.clock.now() - started).toBe(phase.at)
      healed = true
      stage.fate = 'accept'
      for (const peer of stage.peers) if (others.length > 0) peer.socket.write(OK)
      const began = stage.clock.now()
      const after = await stage.settle(stage.client.get('http://b.test/after'))
      expect(after.text()).toBe('ok')
      expect(stage.clock.now() - began).toBeLessThan(2000)
      await stage.settle(Promise.all(others))
      await stage.finish()
    },
  )
})

describe('a signal', () => {
  it('that is aborted already sends nothing', async () => {
    const stage = new WireStage()
    for (const name of ['request', 'stream'] as const) {
      const call = stage.client[name](URL_, { signal: AbortSignal.abort(WHY) })
      await expect(call).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: WHY, progress: 'waiting' })
    }
    await stage.pass(100)
    expect(stage.network.dials).toBe(0)
    await stage.finish()
  })

  it('may be shared by many calls, and is let go by each that settles', async () => {
    const stage = new WireStage({ maxConnPerTarget: 2 }, (peer, nth) => {
      if (nth <= 2) peer.socket.write(OK)
    })
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const calls = Array.from({ length: 10 }, (_, n) => stage.client.get(`${URL_}/${n}`, { signal }))
    const settled = Promise.allSettled(calls)
    await stage.pass(50)
    expect(listeners).toBe(6)
    controller.abort()
    const statuses = (await settled).map((outcome) => outcome.status)
    expect(statuses.filter((status) => status === 'fulfilled')).toHaveLength(4)
    expect(listeners).toBe(0)
    await stage.finish()
  })

  it('that is aborted late changes nothing', async () => {
    const stage = new WireStage()
    const controller = new AbortController()
    const response = await stage.settle(stage.client.get(URL_, { signal: controller.signal }))
    controller.abort()
    expect(response.text()).toBe('ok')
    await stage.finish()
  })
})

describe('an aborted call and its connection', () => {
  it('the rest of its answer is never given to the next', async () => {
    const stage = new WireStage({ maxConn: 1 }, (peer, nth) => {
      if (stage.peers.length === 1 && nth === 1) {
        stage.clock.after(100, () => peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong'))
      } else peer.socket.write(OK)
    })
    const controller = new AbortController()
    const aborted = stage.client.get(URL_, { signal: controller.signal }).catch((error: unknown) => error)
    await stage.pass(10)
    controller.abort()
    expect(await aborted).toMatchObject({ code: 'ERR_ABORTED' })
    for (let n = 0; n < 3; n++) {
      expect((await stage.settle(stage.client.get(`${URL_}/${n}`))).text()).toBe('ok')
    }
    await stage.finish()
  })

  it('a source whose request is aborted is closed', async () => {
    const stage = new WireStage({}, silent)
    const controller = new AbortController()
    let closed = false
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: () => {
          closed = true
          return Promise.resolve({ done: true as const, value: undefined })
        },
      }),
    }
    const aborted = stage.client
      .post(URL_, { body, signal: controller.signal })
      .catch((error: unknown) => error)
    await stage.pass(10)
    controller.abort()
    expect(await aborted).toMatchObject({ code: 'ERR_ABORTED', progress: 'sent' })
    expect(closed).toBe(true)
    await stage.finish()
  })
})
