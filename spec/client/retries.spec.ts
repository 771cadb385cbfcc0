import { describe, expect, it } from 'vitest'
import {
  AbortError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  LIMITS,
  RETRY_STATUSES,
  TimeoutError,
  type RequestOptions,
} from '../../lib/index.ts'
import { reset, RetryStage, status, type Act } from './retry-stage.ts'
import { OK } from './wire-stage.ts'

const URL_ = 'http://a.test/x'
/** Two turns of the wheel, and the way there and back. */
const SLACK = 30

describe('a status that is tried again', () => {
  it.each([...RETRY_STATUSES])('%i', async (code) => {
    const stage = new RetryStage([status(code)])
    const response = await stage.settle(stage.client.get(URL_))
    expect([response.status, response.text(), response.retries, stage.count]).toEqual([200, 'ok', 1, 2])
    await stage.finish()
  })

  it.each([400, 401, 403, 404, 409, 410, 425, 501, 505, 521, 599])('is not %i', async (code) => {
    const stage = new RetryStage([status(code)])
    const response = await stage.settle(stage.client.get(URL_))
    expect([response.status, response.text(), response.retries, stage.count]).toEqual([
      code,
      String(code),
      0,
      1,
    ])
    await stage.finish()
  })

  it('is the response in the end, with its body, after as many retries as there may be', async () => {
    for (const maxRetries of [0, 1, 3]) {
      const stage = new RetryStage(
        Array.from({ length: 9 }, () => status(500)),
        { maxRetries },
      )
      const response = await stage.settle(stage.client.get(URL_))
      expect([response.status, response.text(), response.retries]).toEqual([500, '500', maxRetries])
      expect(stage.count).toBe(maxRetries + 1)
      await stage.finish()
    }
  })

  it('is the last answer, if that is another', async () => {
    const stage = new RetryStage([status(500), status(502), status(404)])
    const response = await stage.settle(stage.client.get(URL_))
    expect([response.status, response.retries, stage.count]).toEqual([404, 2, 3])
    await stage.finish()
  })

  it('is one of the option, the request over the client', async () => {
    const stage = new RetryStage([status(404), status(500)], { retryStatuses: [404] })
    const response = await stage.settle(stage.client.get(URL_))
    expect([response.status, stage.count]).toEqual([500, 2])
    const own = await stage.settle(stage.client.get(URL_, { retryStatuses: [], maxRetries: 1 }))
    expect([own.status, stage.count]).toEqual([200, 3])
    await stage.finish()
  })

  it('works for streams and their heads', async () => {
    const stage = new RetryStage([status(500), status(502)])
    const response = await stage.settle(stage.client.stream(URL_))
    expect([response.status, response.retries, await stage.settle(response.text())]).toEqual([200, 2, 'ok'])
    await stage.finish()
  })
})

const half: Act = (peer) => {
  peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
  peer.socket.end()
}
const damaged = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz'
const silent: Act = () => undefined
const stalled: Act = (peer) => void peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')

describe('an error that is tried again', () => {
  const ROWS: readonly [what: string, act: Act, options: RequestOptions][] = [
    ['a body that breaks off', half, {}],
    ['a body that is damaged', damaged, {}],
    ['a server that says nothing', silent, { replyTimeout: 100 }],
    ['a body that stalls', stalled, { bodyTimeout: 100 }],
    ['a head that breaks off', (peer) => (peer.socket.write('HTTP/1.1 200'), peer.socket.end()), {}],
  ]
  it.each(ROWS)('%s', async (_what, act, options) => {
    const stage = new RetryStage([act, act])
    const response = await stage.settle(stage.client.get(URL_, options))
    expect([response.text(), response.retries, stage.count]).toEqual(['ok', 2, 3])
    await stage.finish()
    const last = new RetryStage([act, act])
    const { error } = await last.failure(last.client.get(URL_, { ...options, maxRetries: 1 }))
    expect(error).toMatchObject({ attempt: 2, url: URL_, method: 'GET' })
    expect(last.count).toBe(2)
    await last.finish()
  })

  it('a dial that fails: also for what is not idempotent, as nothing was sent', async () => {
    const stage = new RetryStage([])
    stage.fate = 'refuse'
    const call = stage.client.post(URL_, { body: 'x' })
    await stage.pass(5)
    stage.fate = 'accept'
    const response = await stage.settle(call)
    expect([response.status, stage.count]).toEqual([200, 1])
    expect(response.retries).toBeGreaterThan(0)
    await stage.finish()
  })

  it('not for ever', async () => {
    const stage = new RetryStage([])
    stage.fate = 'refuse'
    const { error } = await stage.failure(stage.client.get(URL_, { maxRetries: 2 }))
    expect(error).toBeInstanceOf(ConnectError)
    expect(stage.network.failedDials).toBe(3)
    await stage.finish()
  })

  it('not within a streamed body: that is its reader’s', async () => {
    const stage = new RetryStage([half])
    const response = await stage.settle(stage.client.stream(URL_))
    const { error } = await stage.failure(response.text())
    expect(error).toBeInstanceOf(ConnectionClosedError)
    expect(stage.count).toBe(1)
    await stage.finish()
  })
})

describe('what is not idempotent', () => {
  it.each(['POST', 'PATCH', 'LOCK'])('%s is sent once, whatever comes', async (method) => {
    for (const act of [status(500), reset, half, damaged]) {
      const stage = new RetryStage([act])
      const call = stage.client.request(URL_, { method, body: 'x' })
      const outcome = await stage.settle(
        call.then(
          ({ status: code }) => code,
          ({ code }: { code: string }) => code,
        ),
      )
      expect(outcome).not.toBe(200)
      expect(stage.count).toBe(1)
      await stage.finish()
    }
  })

  it('is sent again where the user says so, with its body', async () => {
    const stage = new RetryStage([status(500), half])
    const response = await stage.settle(stage.client.post(URL_, { body: 'x', idempotent: true }))
    expect([response.status, response.retries, stage.count]).toEqual([200, 2, 3])
    expect(stage.heads.map((head) => /content-length: (\d+)/i.exec(head)?.[1])).toEqual(['1', '1', '1'])
    await stage.finish()
  })

  it('nor is a GET that the user says is not', async () => {
    const stage = new RetryStage([status(500)])
    const response = await stage.settle(stage.client.get(URL_, { idempotent: false }))
    expect([response.status, stage.count]).toEqual([500, 1])
    await stage.finish()
  })

  it('nor is a PUT whose body is a stream, and used up', async () => {
    const stage = new RetryStage([status(500)])
    const response = await stage.settle(stage.client.put(URL_, { body: [Buffer.from('x')].values() }))
    expect([response.status, response.text(), stage.count]).toEqual([500, '500', 1])
    await stage.finish()
  })
})

describe('how long it waits', () => {
  it('draws from 0 to a limit that doubles', async () => {
    const waits: number[][] = [[], [], []]
    for (let i = 0; i < 20; i++) {
      const stage = new RetryStage([status(500), status(500), status(500)])
      for (let burnt = 0; burnt < i; burnt++) stage.clock.random()
      await stage.settle(stage.client.get(URL_))
      stage.gaps.forEach((gap, n) => waits[n]!.push(gap))
      await stage.finish()
    }
    for (const [n, drawn] of waits.entries()) {
      expect(Math.max(...drawn)).toBeLessThanOrEqual(LIMITS.retryBackoff * 2 ** n + SLACK)
      expect(Math.max(...drawn)).toBeGreaterThan(LIMITS.retryBackoff * 2 ** n * 0.6)
      expect(Math.min(...drawn)).toBeLessThan(LIMITS.retryBackoff * 2 ** n * 0.3)
    }
  })

  it.each([
    ['Retry-After: 7\r\n', 7_000],
    ['Retry-After: 7, 90\r\n', 7_000],
    ['Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nRetry-After: Thu, 01 Jan 2026 00:00:20 GMT\r\n', 20_000],
    // A server whose clock is a year behind.
    ['Date: Wed, 01 Jan 2025 00:00:00 GMT\r\nRetry-After: Wed, 01 Jan 2025 00:00:09 GMT\r\n', 9_000],
    ['Retry-After: 100000\r\n', LIMITS.maxRetryAfter],
  ])('as the server asks: %j', async (fields, wait) => {
    for (const code of [503, 429, 500]) {
      const stage = new RetryStage([status(code, fields)])
      const response = await stage.settle(stage.client.get(URL_))
      expect([response.status, response.retries]).toEqual([200, 1])
      expect(stage.gaps[0]).toBeGreaterThanOrEqual(wait)
      expect(stage.gaps[0]).toBeLessThanOrEqual(wait + SLACK)
      await stage.finish()
    }
  })

  it.each(['Retry-After: 0\r\n', 'Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n', 'Retry-After: soon\r\n'])(
    'by its own backoff where that says nothing: %j',
    async (fields) => {
      const stage = new RetryStage([status(500, fields)])
      await stage.settle(stage.client.get(URL_))
      expect(stage.gaps[0]).toBeGreaterThan(0)
      expect(stage.gaps[0]).toBeLessThanOrEqual(LIMITS.retryBackoff + SLACK)
      await stage.finish()
    },
  )

  it('gives up at once when its total time would be over, with the response', async () => {
    const stage = new RetryStage([status(503, 'Retry-After: 60\r\n')])
    const response = await stage.settle(stage.client.get(URL_, { totalTimeout: 59_000 }))
    expect([response.status, response.text(), response.retries]).toEqual([503, '503', 0])
    expect(stage.clock.now() - 1_000).toBeLessThan(SLACK)
    await stage.finish()
  })

  it('counts the total time over all tries', async () => {
    const stage = new RetryStage([reset, silent], { maxRetries: 9 })
    const { error, after } = await stage.failure(stage.client.get(URL_, { totalTimeout: 5_000 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT_TOTAL' })
    expect(after).toBeGreaterThanOrEqual(5_000)
    expect(after).toBeLessThanOrEqual(5_000 + SLACK)
    await stage.finish()
  })
})

describe('a call that waits for its retry', () => {
  it('holds no connection: another goes meanwhile', async () => {
    const stage = new RetryStage([status(500, 'Retry-After: 60\r\n')], { maxConn: 1 })
    const waiting = stage.client.get(URL_)
    await stage.pass(100)
    const other = await stage.settle(stage.client.get('http://a.test/other'))
    expect([other.status, stage.clock.now() < 2_000]).toEqual([200, true])
    expect((await stage.settle(waiting)).status).toBe(200)
    expect(stage.times[2]).toBeGreaterThanOrEqual(60_000)
    await stage.finish()
  })

  it('for long is given up by close(), at once, and what is behind it goes on', async () => {
    const stage = new RetryStage([status(500, 'Retry-After: 60\r\n')], { maxConnPerTarget: 1 })
    const [waiting, behind] = [stage.client.get(URL_), stage.client.get(URL_)]
    await stage.pass(100)
    const closed = stage.client.close()
    const { error } = await stage.failure(waiting)
    expect(error).toBeInstanceOf(ClosedError)
    expect((await stage.settle(behind)).status).toBe(200)
    await stage.settle(closed)
    await stage.finish()
  })

  it('is let finish by close()', async () => {
    const stage = new RetryStage([status(500, 'Retry-After: 9\r\n')])
    const call = stage.client.get(URL_)
    await stage.pass(100)
    const closed = stage.client.close()
    await expect(stage.client.get(URL_)).rejects.toThrow(ClosedError)
    expect((await stage.settle(call)).status).toBe(200)
    await stage.settle(closed)
    await stage.finish()
  })

  it('is ended by destroy() at once', async () => {
    const stage = new RetryStage([status(500, 'Retry-After: 60\r\n')])
    const call = stage.client.get(URL_)
    await stage.pass(100)
    stage.client.destroy(new Error('enough'))
    const { error, after } = await stage.failure(call)
    expect(error).toBeInstanceOf(ClosedError)
    expect(error).toMatchObject({ cause: new Error('enough'), url: URL_ })
    expect(after).toBe(0)
    await stage.finish()
  })

  it('is ended by its signal at once', async () => {
    const stage = new RetryStage([status(500, 'Retry-After: 60\r\n')])
    const abort = new AbortController()
    const call = stage.client.get(URL_, { signal: abort.signal })
    await stage.pass(100)
    abort.abort(new Error('enough'))
    const { error, after } = await stage.failure(call)
    expect(error).toBeInstanceOf(AbortError)
    expect([after, stage.count]).toEqual([0, 1])
    await stage.pass(100_000)
    expect(stage.count).toBe(1)
    await stage.finish()
  })
})

describe('a host that is dying', () => {
  const dead: Act[] = Array.from({ length: 10_000 }, () => status(500))

  it('is not hammered: each target has a budget', async () => {
    const stage = new RetryStage(dead, { retryBudget: 10, maxConn: 200, maxConnPerTarget: 200 })
    const calls = Array.from({ length: 200 }, (_, i) => stage.client.get(`http://a.test/${i}`))
    const responses = await stage.settle(Promise.all(calls))
    const retries = responses.reduce((sum, response) => sum + response.retries, 0)
    expect(stage.count).toBe(200 + retries)
    // The budget, and what has come back meanwhile.
    expect(retries).toBeGreaterThanOrEqual(10)
    expect(retries).toBeLessThanOrEqual(10 + Math.ceil(stage.clock.now() / 1_000))
    expect(new Set(responses.map((response) => response.text()))).toEqual(new Set(['500']))
    await stage.finish()
  })

  it('and one that only stumbles has all it needs', async () => {
    const acts = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? status(500) : OK))
    const stage = new RetryStage(acts, { retryBudget: 2 })
    for (let i = 0; i < 100; i++) {
      const response = await stage.settle(stage.client.get(`http://a.test/${i}`))
      expect([response.status, response.retries]).toEqual([200, 1])
    }
    await stage.finish()
  })

  it('also when what was tried again leads to another host', async () => {
    const found = 'HTTP/1.1 302 Found\r\nLocation: https://a.test/end\r\nContent-Length: 0\r\n\r\n'
    const acts = Array.from({ length: 300 }, (_, i) => [status(500), found, OK][i % 3]!)
    const stage = new RetryStage(acts, { retryBudget: 2 })
    for (let i = 0; i < 50; i++) {
      const response = await stage.settle(stage.client.get(`http://a.test/${i}`))
      expect([response.status, response.retries]).toEqual([200, 1])
    }
    await stage.finish()
  })
})
