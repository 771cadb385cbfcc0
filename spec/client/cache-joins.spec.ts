import { describe, expect, it } from 'vitest'
import type { RequestOptions, Response, StreamResponse } from '../../lib/index.ts'
import { WireStage, type OnHead, type Peer } from './wire-stage.ts'

const URL_ = 'http://a.test/page'
const FRESH = 'Cache-Control: max-age=600\r\n'

function answer(body: string, fields = FRESH, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

const never = (): Promise<never> => new Promise(() => undefined)

/** A server whose answers are given by hand: `peers` of the stage wait. */
const silent: OnHead = () => undefined

function stageOf(onHead: OnHead, options = {}): WireStage {
  return new WireStage({ cache: true, maxConnPerTarget: 100, ...options }, onHead, ['a.test', 'b.test'])
}

/** Heads that have come, on all connections. */
function asked(stage: WireStage): number {
  return stage.peers.reduce((sum, peer) => sum + peer.heads, 0)
}

function many(stage: WireStage, count: number, options: RequestOptions = {}): Promise<Response>[] {
  return Array.from({ length: count }, () => stage.client.request(URL_, options))
}

describe('identical requests at once', () => {
  it('are asked for once', async () => {
    const stage = stageOf((peer) => peer.socket.write(answer('page')))
    const responses = await stage.settle(Promise.all(many(stage, 20)))
    expect(responses.map((each) => each.text())).toEqual(Array(20).fill('page'))
    expect(responses.map((each) => each.cache)).toEqual(['miss', ...Array(19).fill('hit')])
    expect(asked(stage)).toBe(1)
    expect(stage.client.stats().cache).toMatchObject({ misses: 1, hits: 19 })
    await stage.finish()
  })

  it('go on without a leader that is aborted', async () => {
    const stage = stageOf((peer) => {
      if (stage.peers.indexOf(peer) > 0 || peer.heads > 1) peer.socket.write(answer('page'))
    })
    const controller = new AbortController()
    const leader = stage.client
      .request(URL_, { signal: controller.signal })
      .catch((error: Error) => error.name)
    const others = many(stage, 5)
    await stage.pass(50)
    controller.abort()
    const responses = await stage.settle(Promise.all(others))
    expect(await leader).toBe('AbortError')
    expect(responses.map((each) => each.cache)).toEqual(['miss', 'hit', 'hit', 'hit', 'hit'])
    expect(asked(stage)).toBe(2)
    await stage.finish()
  })

  it('do not wait for one another where no answer comes: two leaders are waited for, not more', async () => {
    const stage = stageOf(silent)
    const start = stage.clock.now()
    const ends: number[] = []
    const calls = many(stage, 12, { replyTimeout: 1_000 }).map((call) =>
      call.catch((error: { code: string }) => {
        ends.push(stage.clock.now() - start)
        return error.code
      }),
    )
    expect(await stage.settle(Promise.all(calls))).toEqual(Array(12).fill('ERR_TIMEOUT_HEAD'))
    expect(Math.max(...ends)).toBeLessThan(3_500)
    await stage.finish()
  })

  it('wait for no leader longer than the limit, even one without timeouts', async () => {
    let held: Peer | null = null
    const stage = stageOf((peer) => {
      if (held === null) held = peer
      else peer.socket.write(answer('page'))
    })
    const controller = new AbortController()
    const leader = stage.client
      .request(URL_, { replyTimeout: 0, bodyTimeout: 0, signal: controller.signal })
      .catch((error: Error) => error.name)
    const others = many(stage, 3)
    await stage.pass(31_000)
    const responses = await stage.settle(Promise.all(others))
    expect(responses.map((each) => each.cache)).toEqual(['miss', 'hit', 'hit'])
    expect(asked(stage)).toBe(2)
    controller.abort()
    expect(await leader).toBe('AbortError')
    await stage.finish()
  })

  it('do not wait for the body of an answer that is not kept', async () => {
    let first = true
    const stage = stageOf((peer) => {
      const head = 'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\n'
      peer.socket.write(first ? `${head}pa` : `${head}page`)
      first = false
    })
    const calls = many(stage, 4)
    await stage.pass(100)
    expect(asked(stage)).toBe(4)
    stage.peers[0]!.socket.write('ge')
    const responses = await stage.settle(Promise.all(calls))
    expect(responses.map((each) => [each.text(), each.cache])).toEqual(
      Array.from({ length: 4 }, () => ['page', 'miss']),
    )
    await stage.finish()
  })

  it('do not queue for an answer that turns out too large to be kept', async () => {
    const piece = 'x'.repeat(1_048_576)
    const stage = stageOf((peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\n${FRESH}Transfer-Encoding: chunked\r\n\r\n`)
      for (let i = 0; i < 9; i++) peer.socket.write(`100000\r\n${piece}\r\n`)
      peer.socket.write('0\r\n\r\n')
    })
    const responses = await stage.settle(Promise.all(many(stage, 4)))
    expect(responses.map((each) => each.cache)).toEqual(Array(4).fill('miss'))
    expect(asked(stage)).toBe(4)
    // And nobody waits for it the next time.
    await stage.settle(Promise.all(many(stage, 2)))
    expect(asked(stage)).toBe(6)
    await stage.finish()
  })

  it('that differ by what Vary names all get their own', async () => {
    const stage = stageOf((peer) => {
      const language = /Accept-Language: (\w+)\r\n(?![^]*Accept-Language)/.exec(peer.text)![1]!
      peer.socket.write(answer(language, `${FRESH}Vary: Accept-Language\r\n`))
    })
    const languages = ['de', 'fr', 'de', 'it', 'fr', 'de']
    const calls = languages.map((each) =>
      stage.client.request(URL_, { headers: { 'Accept-Language': each } }),
    )
    const responses = await stage.settle(Promise.all(calls))
    expect(responses.map((each) => each.text())).toEqual(languages)
    expect(asked(stage)).toBeLessThan(6)
    await stage.finish()
  })

  it('share a redirect, whose body comes while the call goes on', async () => {
    const stage = stageOf((peer, nth) => {
      const path = peer.text.split('\r\n\r\n')[nth - 1]!.split(' ')[1]
      if (path === '/page') {
        peer.socket.write(answer('over there', `${FRESH}Location: http://b.test/new\r\n`, '301 Moved'))
      } else peer.socket.write(answer('new'))
    })
    const responses = await stage.settle(Promise.all(many(stage, 6)))
    expect(responses.map((each) => [each.text(), each.url, each.redirects.length])).toEqual(
      Array.from({ length: 6 }, () => ['new', 'http://b.test/new', 1]),
    )
    expect(asked(stage)).toBe(2)
    await stage.finish()
  })

  it('do not wait for whoever reads a stream slowly, or not at all', async () => {
    const body = 'x'.repeat(1_000_000)
    const stage = stageOf((peer) => peer.socket.write(answer(body)))
    const streams: StreamResponse[] = []
    const leader = await stage.settle(stage.client.stream(URL_, { bodyTimeout: 0 }))
    streams.push(leader)
    const responses = await stage.settle(Promise.all(many(stage, 3)))
    expect(responses.map((each) => each.text().length)).toEqual(Array(3).fill(1_000_000))
    expect(responses.map((each) => each.cache)).toEqual(['miss', 'hit', 'hit'])
    expect(asked(stage)).toBe(2)
    await leader.discard()
    await stage.finish()
  })

  it('share a stream that is read', async () => {
    const body = 'x'.repeat(50_000)
    const stage = stageOf((peer) => peer.socket.write(answer(body)))
    const calls = Array.from({ length: 5 }, async () => {
      const response = await stage.client.stream(URL_)
      return [(await response.text()).length, response.cache]
    })
    const results = await stage.settle(Promise.all(calls))
    expect(results).toEqual([[50_000, 'miss'], ...Array.from({ length: 4 }, () => [50_000, 'hit'])])
    expect(asked(stage)).toBe(1)
    await stage.finish()
  })

  it('go on without a stream that is given up', async () => {
    const stage = stageOf((peer) => {
      if (peer === stage.peers[0]) peer.socket.write(answer('x'.repeat(1_000_000)).slice(0, 20_000))
      else peer.socket.write(answer('page'))
    })
    const leader = await stage.settle(stage.client.stream(URL_))
    const others = many(stage, 3)
    await stage.pass(10)
    expect(asked(stage)).toBe(1)
    await leader.discard()
    const responses = await stage.settle(Promise.all(others))
    expect(responses.map((each) => each.text())).toEqual(['page', 'page', 'page'])
    expect(asked(stage)).toBe(2)
    await stage.finish()
  })

  it('keep their own total timeout while they wait, and leave nothing behind', async () => {
    const stage = stageOf(silent)
    const leader = stage.client.request(URL_).catch((error: { code: string }) => error.code)
    const { error, after } = await stage.failure(stage.client.request(URL_, { totalTimeout: 500 }))
    expect([error.code, error.attempt]).toEqual(['ERR_TIMEOUT_TOTAL', 1])
    expect(after).toBeLessThan(600)
    stage.peers[0]!.socket.write(answer('page'))
    await stage.settle(leader)
    await stage.finish()
  })

  it('are waited for by close', async () => {
    const stage = stageOf(silent)
    const calls = many(stage, 3)
    await stage.pass(10)
    const closed = stage.client.close()
    stage.peers[0]!.socket.write(answer('page'))
    const responses = await stage.settle(Promise.all(calls))
    expect(responses.map((each) => each.cache)).toEqual(['miss', 'hit', 'hit'])
    await stage.settle(closed)
    await stage.finish()
  })

  it('all end with destroy, without one request more', async () => {
    const stage = stageOf(silent)
    const calls = many(stage, 5).map((call) => call.catch((error: { code: string }) => error.code))
    await stage.pass(10)
    stage.client.destroy()
    expect(await stage.settle(Promise.all(calls))).toEqual(Array(5).fill('ERR_CLOSED'))
    expect(asked(stage)).toBe(1)
    await stage.finish()
  })

  it('are tried again by their leader, who leads on', async () => {
    let count = 0
    const stage = stageOf(
      (peer) => {
        count++
        peer.socket.write(count < 3 ? answer('busy', '', '503 Busy') : answer('page'))
      },
      { maxRetries: 3 },
    )
    const responses = await stage.settle(Promise.all(many(stage, 5)))
    expect(responses.map((each) => each.text())).toEqual(Array(5).fill('page'))
    expect(responses.map((each) => each.retries)).toEqual([2, 0, 0, 0, 0])
    expect(count).toBe(3)
    await stage.finish()
  })

  it('are shared by a store that takes its time', async () => {
    const kept = new Map<string, unknown[]>()
    const later = <T>(act: () => T, ms = 20): Promise<T> =>
      new Promise((resolve) => {
        stage.clock.after(ms, () => resolve(act()))
      })
    const store = {
      get: (key: string) => later(() => (kept.get(key) ?? []) as never[]),
      set: (key: string, stored: unknown) => later(() => void kept.set(key, [stored]), 200),
      delete: (key: string) => later(() => void kept.delete(key)),
      clear: () => later(() => kept.clear()),
      close: () => undefined,
    }
    const stage: WireStage = stageOf((peer) => peer.socket.write(answer('page')), { cache: store })
    const responses = await stage.settle(Promise.all(many(stage, 5)))
    expect(responses.map((each) => each.cache)).toEqual(['miss', ...Array(4).fill('hit')])
    expect(asked(stage)).toBe(1)
    await stage.finish()
  })

  it('go to the server when the store hangs', async () => {
    const store = { get: never, set: () => undefined, delete: () => undefined, clear: never, close: never }
    const stage = stageOf((peer) => peer.socket.write(answer('page')), { cache: store })
    const responses = await stage.settle(Promise.all(many(stage, 2)))
    expect(responses.map((each) => [each.text(), each.cache])).toEqual([
      ['page', 'miss'],
      ['page', 'miss'],
    ])
    await stage.finish()
  })
})
