import { describe, expect, it } from 'vitest'
import { TimeoutError, type RequestOptions, type TimeoutPhase } from '../../lib/index.ts'
import { OK, WireStage, type OnHead } from './wire-stage.ts'

const URL_ = 'http://a.test/x'
const LIMIT = 300
/** Two turns of the wheel, and the latency of what set the clock going. */
const SLACK = 50

const silent: OnHead = () => undefined
const half: OnHead = (peer) => {
  peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
}
const deaf: OnHead = (peer) => peer.socket.pause()

interface Case {
  readonly phase: TimeoutPhase
  readonly option: keyof RequestOptions
  readonly onHead: OnHead
  readonly progress: string
  readonly fate?: 'hang'
  readonly options?: RequestOptions
}

const CASES: Case[] = [
  { phase: 'queue', option: 'queueTimeout', onHead: silent, fate: 'hang', progress: 'waiting' },
  { phase: 'connect', option: 'connectTimeout', onHead: silent, fate: 'hang', progress: 'waiting' },
  {
    phase: 'send',
    option: 'requestTimeout',
    onHead: deaf,
    options: { method: 'PUT', body: Buffer.alloc(1_000_000) },
    progress: 'sent',
  },
  { phase: 'head', option: 'replyTimeout', onHead: silent, progress: 'sent' },
  {
    phase: 'head',
    option: 'replyTimeout',
    onHead: (peer) => peer.socket.write('HTTP/1.1 200 OK\r\n'),
    progress: 'answered',
  },
  { phase: 'body', option: 'bodyTimeout', onHead: half, progress: 'answered' },
  { phase: 'total', option: 'totalTimeout', onHead: silent, progress: 'sent' },
  { phase: 'total', option: 'totalTimeout', onHead: silent, fate: 'hang', progress: 'waiting' },
  { phase: 'total', option: 'totalTimeout', onHead: half, progress: 'answered' },
]

describe.each(CASES)('$option ($phase, $progress)', ({ phase, option, onHead, progress, fate, options }) => {
  it.each(['client', 'request'] as const)(
    'of the %s ends a call when it is over, and not before',
    async (whose) => {
      for (const name of ['request', 'stream'] as const) {
        const own = whose === 'request' ? { [option]: LIMIT } : {}
        const stage = new WireStage({ [option]: whose === 'client' ? LIMIT : 60_000 }, onHead)
        stage.fate = fate ?? 'accept'
        const read = async (): Promise<unknown> =>
          (await stage.client[name](URL_, { ...options, ...own })).text()
        const { error, after } = await stage.failure(read())
        expect(error).toBeInstanceOf(TimeoutError)
        expect(error).toMatchObject({
          phase,
          limit: LIMIT,
          progress,
          url: URL_,
          code: `ERR_TIMEOUT_${phase.toUpperCase()}`,
        })
        expect(error.message).toContain(`${LIMIT} ms`)
        expect(after).toBeGreaterThanOrEqual(LIMIT)
        expect(after).toBeLessThanOrEqual(LIMIT + SLACK)
        for (const peer of stage.peers) peer.socket.resume()
        await stage.finish()
      }
    },
  )
})

describe('what is slow and not silent', () => {
  it('is not late: a body of which a byte comes now and then', async () => {
    const stage = new WireStage({ bodyTimeout: LIMIT }, (peer) => {
      peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n')
      for (let n = 1; n <= 20; n++) stage.clock.after(n * 250, () => peer.socket.write('x'))
    })
    expect((await stage.settle(stage.client.get(URL_))).text()).toBe('x'.repeat(20))
    await stage.finish()
  })

  it('is not late: a body whose source takes its time', async () => {
    const stage = new WireStage({ requestTimeout: LIMIT, replyTimeout: LIMIT }, (peer) => {
      peer.onMore = () => {
        if (peer.text.endsWith('0\r\n\r\n')) peer.socket.write(OK)
      }
    })
    const slow = async function* (): AsyncGenerator<string> {
      for (let n = 0; n < 3; n++) {
        await new Promise<void>((resolve) => {
          stage.clock.after(2 * LIMIT, resolve)
        })
        yield 'x'
      }
    }
    expect((await stage.settle(stage.client.post(URL_, { body: slow() }))).text()).toBe('ok')
    await stage.finish()
  })

  it('is not late: the answer behind one that took long', async () => {
    const stage = new WireStage({ maxConn: 1, maxPipelinedRequests: 2, replyTimeout: LIMIT }, (peer, nth) => {
      if (nth === 1) peer.socket.write(OK)
      else stage.clock.after((nth - 1) * 250, () => peer.socket.write(OK))
    })
    await stage.settle(stage.client.get(URL_))
    const both = await stage.settle(Promise.all([stage.client.get(URL_), stage.client.get(URL_)]))
    expect(both.map((response) => response.text())).toEqual(['ok', 'ok'])
    await stage.finish()
  })

  it('is late all the same when nobody reads it', async () => {
    const stage = new WireStage({ bodyTimeout: LIMIT }, (peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`)
    })
    const response = await stage.settle(stage.client.stream(URL_))
    await stage.pass(2 * LIMIT)
    const { error } = await stage.failure(response.text())
    expect(error.message).toMatch(/nobody read the body for 300 ms \(bodyTimeout\); read it, or discard it/)
    await stage.finish()
  })

  it('0 turns a limit off', async () => {
    const options = {
      queueTimeout: 0,
      connectTimeout: 0,
      requestTimeout: 0,
      replyTimeout: 0,
      bodyTimeout: 0,
      totalTimeout: 0,
    }
    const stage = new WireStage(options, (peer) => {
      stage.clock.after(600_000, () => half(peer, 1))
      stage.clock.after(1_200_000, () => peer.socket.write('x'.repeat(96)))
    })
    expect((await stage.settle(stage.client.get(URL_))).text()).toHaveLength(100)
    await stage.finish()
  })
})
