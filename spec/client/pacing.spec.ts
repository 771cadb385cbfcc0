import { describe, expect, it } from 'vitest'
import { Client, LimitError, type ClientOptions } from '../../lib/index.ts'
import { RetryStage, status, type Act } from './retry-stage.ts'
import { OK, WireStage } from './wire-stage.ts'

/** Two turns of the wheel, and the way there and back. */
const SLACK = 30

async function times(options: ClientOptions, requests: number, acts: readonly Act[] = []): Promise<number[]> {
  const stage = new RetryStage(acts, options)
  await stage.settle(
    Promise.all(Array.from({ length: requests }, (_, i) => stage.client.get(`http://a.test/${i}`))),
  )
  await stage.finish()
  return stage.times
}

function gaps(of: readonly number[]): number[] {
  return of.slice(1).map((time, i) => time - of[i]!)
}

describe('pacing, through the client', () => {
  it('keeps a gap between the starts, never a shorter one', async () => {
    for (const gap of gaps(await times({ pacing: { minInterval: 200 } }, 10))) {
      expect(gap).toBeGreaterThanOrEqual(200)
      expect(gap).toBeLessThanOrEqual(200 + SLACK)
    }
  })

  it('lets no more start in any interval', async () => {
    const starts = await times({ pacing: { requestsPerInterval: 3, interval: 1_000 } }, 12)
    for (const start of starts) {
      // Seen by the server: 1 ms later, as all of them.
      expect(starts.filter((time) => time >= start && time < start + 1_000).length).toBeLessThanOrEqual(3)
    }
    expect(starts.at(-1)! - starts[0]!).toBeLessThanOrEqual(3_000 + 4 * SLACK)
  })

  it('counts redirects and retries', async () => {
    const found = 'HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n'
    const starts = await times({ pacing: { minInterval: 2_000 } }, 1, [status(500), found, status(500)])
    expect(starts.length).toBe(4)
    for (const gap of gaps(starts)) expect(gap).toBeGreaterThanOrEqual(2_000)
  })

  it('counts redirects and retries in the pace of all targets, too', async () => {
    const found = 'HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n'
    const starts = await times({ totalPacing: { minInterval: 2_000 } }, 1, [status(500), found, status(500)])
    expect(starts.length).toBe(4)
    for (const gap of gaps(starts)) expect(gap).toBeGreaterThanOrEqual(2_000)
  })

  it('of all targets takes three options, and says which it does not know', () => {
    const wrong: [unknown, RegExp][] = [
      [{ jitter: 0.5 }, /unknown option "jitter" of .*totalPacing/],
      [{ minInterval: -1 }, /totalPacing.minInterval is -1/],
      [{ requestsPerInterval: 0 }, /totalPacing.requestsPerInterval is 0/],
      [{ interval: 'a' }, /totalPacing.interval is "a"/],
      [5, /totalPacing is 5; it must be an object/],
    ]
    for (const [totalPacing, message] of wrong) {
      expect(() => new Client({ totalPacing } as ClientOptions)).toThrow(message)
    }
  })

  it('is what `hosts` says for some, and holds for each alone', async () => {
    const hosts = ['a.test', 'b.test']
    const asked: string[] = []
    const stage = new WireStage(
      { hosts: { 'a.test': { pacing: { minInterval: 1_000 } } } },
      (peer) => {
        asked.push(peer.dial.host)
        peer.socket.write(OK)
      },
      hosts,
    )
    const urls = Array.from({ length: 5 }, (_, i) => hosts.map((host) => `http://${host}/${i}`)).flat()
    await stage.settle(Promise.all(urls.map((url) => stage.client.get(url))))
    // All of b.test, while a.test has had its first.
    expect(asked.slice(0, 6).filter((host) => host === 'b.test').length).toBe(5)
    expect(asked.slice(6)).toEqual(Array.from({ length: 4 }, () => 'a.test'))
    await stage.finish()
  })

  it('a refusal pauses its target for all, and no other; a burst of them is one event', async () => {
    const hosts = ['a.test', 'b.test']
    let refusals = 0
    const answered: { host: string; at: number }[] = []
    const stage: WireStage = new WireStage(
      { maxRetries: 3 },
      (peer) => {
        const isRefused = peer.dial.host === 'a.test' && refusals < 6
        if (isRefused) refusals++
        else answered.push({ host: peer.dial.host, at: stage.clock.now() })
        peer.socket.write(isRefused ? status(429, 'Retry-After: 20\r\n') : OK)
      },
      hosts,
    )
    const start = stage.clock.now()
    const urls = Array.from({ length: 10 }, (_, i) => hosts.map((host) => `http://${host}/${i}`)).flat()
    const responses = await stage.settle(Promise.all(urls.map((url) => stage.client.get(url))))
    expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]))
    // Six connections were refused at once; four calls had waited, and were not sent to be refused as well.
    expect(responses.filter((response) => response.retries === 1).length).toBe(6)
    const of = (host: string): number[] =>
      answered.filter((each) => each.host === host).map(({ at }) => at - start)
    expect(Math.max(...of('b.test'))).toBeLessThan(100)
    expect(Math.min(...of('a.test'))).toBeGreaterThanOrEqual(20_000)
    expect(Math.max(...of('a.test'))).toBeLessThanOrEqual(20_000 + 4 * SLACK)
    await stage.finish()
  })

  it('a host that only ever refuses fails what waits, in the end', async () => {
    const pacing = { stallLimit: 60_000 }
    const stage = new RetryStage(
      Array.from({ length: 10_000 }, () => status(503)),
      { pacing, maxRetries: 0 },
    )
    const calls = Array.from({ length: 200 }, (_, i) => stage.client.get(`http://a.test/${i}`))
    const outcomes = await stage.settle(
      Promise.all(
        calls.map((call) =>
          call.then(
            ({ status: code }) => code,
            (error: unknown) => error,
          ),
        ),
      ),
    )
    const failed = outcomes.filter((outcome) => outcome instanceof LimitError)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed[0]).toMatchObject({ limit: 'stallLimit' })
    expect(outcomes.filter((outcome) => outcome === 503).length).toBe(200 - failed.length)
    expect(stage.count).toBe(200 - failed.length)
    await stage.finish()
  })
})
