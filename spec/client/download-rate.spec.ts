import { assert, describe, expect, it } from 'vitest'
import { Client, LIMITS, type ClientOptions, type Response } from '../../lib/index.ts'
import { SimClock, SimNetwork, type SimSocket } from '../../lib/testing/index.ts'
import { checkLeftovers } from '../sim/checkers.ts'
import { CountedClock } from '../sim/counted-clock.ts'

const PIECE = Buffer.alloc(65_536, 'x')

interface Read {
  readonly at: number
  readonly host: string
  readonly bytes: number
}

/** A client whose reads are noted, and servers that send `/N` as N bytes as fast as they are taken. */
class RateStage {
  readonly clock = new SimClock()
  readonly clientClock = new CountedClock(this.clock)
  readonly reads: Read[] = []
  readonly client: Client
  readonly network: SimNetwork
  readonly sockets: SimSocket[] = []
  readonly #hosts = new Map<number, string>()
  readonly #before = new Map<number, number>()

  constructor(options: ClientOptions, hosts: readonly string[] = ['a.test']) {
    this.network = new SimNetwork({
      clock: this.clock,
      conditions: { latency: [1, 1] },
      onWrite: (dial, _data, { host }) => this.#hosts.set(dial, host),
      onRead: (dial, all) => {
        const bytes = all - (this.#before.get(dial) ?? 0)
        this.#before.set(dial, all)
        this.reads.push({ at: this.clock.now(), host: this.#hosts.get(dial)!, bytes })
      },
    })
    for (const host of hosts) {
      for (const tls of [false, true]) {
        this.network.listen(host, tls ? 443 : 80, { tls, onConnection: (socket) => this.#serve(socket) })
      }
    }
    this.client = new Client({ maxRetries: 0, ...options, clock: this.clientClock, network: this.network })
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise)
  }

  /** Bytes read so far, or from one host. */
  bytes(host?: string): number {
    return this.reads.reduce(
      (sum, read) => sum + (host === undefined || read.host === host ? read.bytes : 0),
      0,
    )
  }

  /** The most that was ever read beyond what so many bytes a second allow. */
  excess(rate: number, host?: string): number {
    let level = 0
    let most = 0
    let last = 0
    for (const read of this.reads) {
      if (host !== undefined && read.host !== host) continue
      level = Math.max(0, level - ((read.at - last) * rate) / 1000) + read.bytes
      last = read.at
      most = Math.max(most, level)
    }
    return most
  }

  #serve(socket: SimSocket): ReturnType<typeof serve> {
    this.sockets.push(socket)
    return serve(socket)
  }

  async finish(): Promise<void> {
    await this.settle(this.client.close())
    assert.deepEqual([...checkLeftovers(this), ...this.network.violations], [])
    assert.equal(this.clientClock.holds, 0)
    await this.clock.run()
    assert.equal(this.network.openSockets, 0)
  }
}

/** Sends bodies as its writes are taken. */
function serve(socket: SimSocket): { onData(chunk: Buffer): void; onDrain(): void; onClose(): void } {
  let asked = ''
  let left = 0
  const send = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, Math.min(left, PIECE.length))
      left -= piece.length
      if (!socket.write(piece)) return
    }
    const path = /^\w+ \/(\d+) [^]*?\r\n\r\n/.exec(asked)
    if (path === null) return
    asked = asked.slice(path[0].length)
    left = Number(path[1])
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${left}\r\n\r\n`)
    send()
  }
  return {
    onData: (chunk) => {
      asked += chunk.toString('latin1')
      if (left === 0) send()
    },
    onDrain: send,
    onClose: () => undefined,
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** How much of what so many ms allow at this rate. */
function share(bytes: number, rate: number, ms: number): number {
  return (bytes * 1000) / ms / rate
}

describe('a cap on what is read in all', () => {
  it.each([
    [50_000, 1],
    [50_000, 50],
    [2_000_000, 1],
    [2_000_000, 50],
    [10_000_000, 4],
  ])('of %i bytes a second is kept, and used, by %i connections', async (rate, connections) => {
    const stage = new RateStage({ maxDownloadRate: rate, maxConnPerTarget: 50 })
    const calls = range(connections).map(() => stage.client.get(`http://a.test/${rate * 10}`))
    await stage.clock.advance(5_000)
    expect(Math.abs(share(stage.bytes(), rate, 5_000) - 1)).toBeLessThan(0.05)
    const readSize = Math.max(rate / LIMITS.readsPerSecond, LIMITS.minReadSize)
    const burst = (rate * LIMITS.downloadBurst) / 1000
    expect(stage.excess(rate)).toBeLessThanOrEqual(burst + (connections + 1) * readSize)
    stage.client.destroy()
    await Promise.allSettled(calls)
  })

  it('is shared fairly, and nothing times out because this side does not read', async () => {
    const timeouts = { bodyTimeout: 200, replyTimeout: 200, minBodyRate: 1_000, minBodyRateWindow: 200 }
    const stage = new RateStage({ ...timeouts, maxDownloadRate: 20_000, maxConnPerTarget: 50 })
    const ended: number[] = []
    const get = async (): Promise<Response> => {
      const response = await stage.client.get('http://a.test/20000')
      ended.push(stage.clock.now())
      return response
    }
    const responses = await stage.settle(Promise.all(range(20).map(() => get())))
    for (const response of responses) expect(response.bytes().length).toBe(20_000)
    // All of them took turns: the first is done when nearly all has come.
    expect(ended[0]! - ended.at(-1)!).toBeGreaterThan(-0.2 * ended.at(-1)!)
    await stage.finish()
  })

  it('holds for small answers on connections that are kept, too', async () => {
    const rate = 100_000
    const stage = new RateStage({ maxDownloadRate: rate, maxConnPerTarget: 10, maxConn: 10 })
    const start = stage.clock.now()
    await stage.settle(Promise.all(range(500).map(() => stage.client.get('http://a.test/1000'))))
    const took = stage.clock.now() - start
    expect(Math.abs(share(stage.bytes(), rate, took) - 1)).toBeLessThan(0.05)
    expect(stage.excess(rate)).toBeLessThanOrEqual(rate / 8 + 11 * 1_600)
    await stage.finish()
  })

  it('holds in pipelines, over TLS, and for streams', async () => {
    const rate = 200_000
    const stage = new RateStage({ maxDownloadRate: rate, maxPipelinedRequests: 8, maxConnPerTarget: 2 })
    const start = stage.clock.now()
    const piped = range(40).map(() => stage.client.get('http://a.test/5000'))
    const overTls = range(10).map(() => stage.client.get('https://a.test/20000'))
    const streamed = async (): Promise<Uint8Array> =>
      (await stage.client.stream('http://a.test/400000')).bytes()
    await stage.settle(Promise.all([...piped, ...overTls, streamed()]))
    expect(Math.abs(share(stage.bytes(), rate, stage.clock.now() - start) - 1)).toBeLessThan(0.05)
    expect(stage.excess(rate)).toBeLessThanOrEqual(rate / 8 + 5 * 3_200)
    await stage.finish()
  })

  it('is left to the others by a stream whose reader is slow, and that reader’s silence is its own', async () => {
    const rate = 100_000
    const stage = new RateStage({ maxDownloadRate: rate, bodyTimeout: 1_000 })
    const slow = stage.settle(stage.client.stream('http://a.test/1000000'))
    const response = await slow
    const other = stage.client.get('http://a.test/500000')
    const start = stage.clock.now()
    await stage.settle(other)
    // Once the slow one's queue was full, all was for the other.
    expect(stage.clock.now() - start).toBeLessThan(((500_000 + 3 * LIMITS.streamBuffer) / rate) * 1_000)
    const { error } = await stage.settle(
      response.bytes().then(
        () => ({ error: null }),
        (reason: unknown) => ({ error: reason as { code?: string } }),
      ),
    )
    expect(error?.code).toBe('ERR_TIMEOUT_BODY')
    await stage.finish()
  })

  it('goes on for a reader that comes back', async () => {
    const stage = new RateStage({ maxDownloadRate: 400_000, bodyTimeout: 0 })
    const response = await stage.settle(stage.client.stream('http://a.test/600000'))
    await stage.clock.advance(3_000)
    expect(stage.bytes()).toBeLessThan(300_000)
    const bytes = await stage.settle(response.bytes())
    expect(bytes.length).toBe(600_000)
    await stage.finish()
  })

  it('lets go of what is aborted while it waits, and keeps nothing when the client ends', async () => {
    const stage = new RateStage({ maxDownloadRate: 10_000, maxConnPerTarget: 10 })
    const controllers = range(10).map(() => new AbortController())
    const calls = controllers.map(({ signal }) =>
      stage.client.get('http://a.test/100000', { signal }).catch((error: unknown) => (error as Error).name),
    )
    await stage.clock.advance(2_000)
    for (const controller of controllers.slice(0, 9)) controller.abort()
    expect(await stage.settle(Promise.all(calls.slice(0, 9)))).toEqual(range(9).map(() => 'AbortError'))
    stage.client.destroy()
    expect(await stage.settle(calls[9]!)).toBe('ClosedError')
    await stage.finish()
  })

  it('asks nothing of connections that are idle: one that is closed meanwhile is seen', async () => {
    const stage = new RateStage({ maxDownloadRate: 5_000, keepAliveTimeout: 60_000 })
    await stage.settle(stage.client.get('http://a.test/20000'))
    expect(stage.client.stats().connections).toBe(1)
    for (const socket of stage.sockets) socket.close()
    await stage.clock.advance(10)
    expect(stage.client.stats().connections).toBe(0)
    await stage.finish()
  })
})

describe('a cap for each target', () => {
  it('holds beside that of all, and is what `hosts` says for some', async () => {
    const stage = new RateStage(
      {
        maxDownloadRate: 300_000,
        maxDownloadRatePerTarget: 250_000,
        hosts: { 'b.test': { maxDownloadRatePerTarget: 20_000 } },
      },
      ['a.test', 'b.test', 'c.test'],
    )
    const calls = ['a', 'b', 'c'].flatMap((name) =>
      range(3).map(() => stage.client.get(`http://${name}.test/9000000`)),
    )
    await stage.clock.advance(5_000)
    expect(Math.abs(share(stage.bytes('b.test'), 20_000, 5_000) - 1)).toBeLessThan(0.05)
    expect(Math.abs(share(stage.bytes(), 300_000, 5_000) - 1)).toBeLessThan(0.05)
    expect(stage.excess(20_000, 'b.test')).toBeLessThanOrEqual(20_000 / 8 + 4 * LIMITS.minReadSize)
    expect(stage.excess(250_000, 'a.test')).toBeLessThanOrEqual(250_000 / 8 + 4 * 4_700)
    // What is left of all is for the other two, alike.
    expect(stage.bytes('a.test') / stage.bytes('c.test')).toBeGreaterThan(0.8)
    expect(stage.bytes('a.test') / stage.bytes('c.test')).toBeLessThan(1.25)
    stage.client.destroy()
    await Promise.allSettled(calls)
  })

  it('is not forgotten between two connections', async () => {
    const stage = new RateStage({ maxDownloadRatePerTarget: 10_000, headers: { connection: 'close' } })
    const start = stage.clock.now()
    for (let round = 0; round < 20; round++) await stage.settle(stage.client.get('http://a.test/2000'))
    expect(Math.abs(share(stage.bytes() - 10_000 / 8, 10_000, stage.clock.now() - start) - 1)).toBeLessThan(
      0.05,
    )
    await stage.finish()
  })
})

it('a rate that is none is refused', () => {
  for (const rate of [0, -1, Number.NaN, '5', null]) {
    for (const name of ['maxDownloadRate', 'maxDownloadRatePerTarget']) {
      expect(() => new Client({ [name]: rate })).toThrow(new RegExp(`${name} .* bytes per second from 1`))
    }
  }
  expect(() => new Client({ hosts: { 'a.test': { maxDownloadRatePerTarget: 0 } } })).toThrow(
    'bytes per second',
  )
})
