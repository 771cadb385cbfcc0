import { describe, expect, it } from 'vitest'
import { Client, type ClientOptions, type RequestOptions } from '../../lib/index.ts'
import { WireStage } from './wire-stage.ts'

const URL_ = 'http://a.test/page'

/** A server that says, cacheable for all, to whom it talks. */
function stageOf(options: ClientOptions): WireStage {
  return new WireStage({ cache: true, maxConnPerTarget: 100, ...options }, (peer, nth) => {
    const head = peer.text.split('\r\n\r\n')[nth - 1]!
    const who = ['Cookie', 'Authorization', 'X-Key', 'Proxy-Authorization']
      .map((name) => new RegExp(`${name}: (.*)`).exec(head)?.[1] ?? '')
      .join('|')
    const body = `you are ${who}`
    peer.socket.write(
      `HTTP/1.1 200 OK\r\nCache-Control: public, max-age=600\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  })
}

interface Pair {
  readonly what: string
  readonly client?: ClientOptions
  readonly first: RequestOptions
  readonly second: RequestOptions
}

const bearer = (token: string): RequestOptions => ({ auth: { bearer: token } })
const basic = (password: string): RequestOptions => ({ auth: { basic: { username: 'u', password } } })

const APART: Pair[] = [
  { what: 'two sessions', client: { cookies: true }, first: { session: 'a' }, second: { session: 'b' } },
  { what: 'a jar and none', client: { cookies: true }, first: {}, second: { cookies: false } },
  { what: 'two passwords', first: basic('one'), second: basic('two') },
  { what: 'two tokens', first: bearer('one'), second: bearer('two') },
  { what: 'a token and none', first: bearer('one'), second: {} },
  {
    what: 'two functions that give tokens',
    first: { auth: { bearer: () => 'same' } },
    second: { auth: { bearer: () => 'same' } },
  },
  {
    what: 'two Authorization fields',
    first: { headers: { Authorization: 'Own one' } },
    second: { headers: { authorization: 'Own two' } },
  },
  {
    what: 'two Cookie fields',
    first: { headers: { Cookie: 'a=1' } },
    second: { headers: { Cookie: 'a=2' } },
  },
  {
    what: 'two secretHeaders',
    client: { secretHeaders: ['x-key'] },
    first: { headers: { 'X-Key': 'one' } },
    second: { headers: { 'X-Key': 'two' } },
  },
  {
    what: 'a secretHeader, and the same where it is none',
    first: { headers: { 'X-Key': 'one' }, secretHeaders: ['X-KEY'] },
    second: { headers: { 'X-Key': 'one' } },
  },
]

const TOGETHER: Pair[] = [
  { what: 'the same session', client: { cookies: true }, first: { session: 'a' }, second: { session: 'a' } },
  { what: 'the same password', first: basic('one'), second: basic('one') },
  { what: 'the same token', first: bearer('one'), second: bearer('one') },
  { what: 'two priorities', first: { priority: 1 }, second: { priority: 2 } },
]

describe('answers', () => {
  it.each(APART)(
    'are not shared by $what, stored or on their way',
    async ({ client = {}, first, second }) => {
      const stage = stageOf(client)
      const all = [first, second, first, second].map((options) => stage.client.request(URL_, options))
      const texts = (await stage.settle(Promise.all(all))).map((each) => each.text())
      expect([texts[0], texts[1]]).toEqual([texts[2], texts[3]])
      const third = await stage.settle(stage.client.request(URL_, second))
      expect([third.text(), third.cache]).toEqual([texts[1], 'hit'])
      const sent = stage.peers.reduce((sum, peer) => sum + peer.heads, 0)
      expect(sent).toBe(2)
      await stage.finish()
    },
  )

  it.each(TOGETHER)('are shared by $what', async ({ client = {}, first, second }) => {
    const stage = stageOf(client)
    const all = [first, second].map((options) => stage.client.request(URL_, options))
    const responses = await stage.settle(Promise.all(all))
    expect(responses.map((each) => each.cache)).toEqual(['miss', 'hit'])
    await stage.finish()
  })

  it('are not shared by two client certificates', async () => {
    const stage = stageOf({})
    const url = 'https://a.test/page'
    const ask = (key: string): Promise<string | null> =>
      stage.settle(stage.client.request(url, { tlsOptions: { key } })).then((each) => each.cache)
    expect([await ask('one'), await ask('two'), await ask('one')]).toEqual(['miss', 'miss', 'hit'])
    await stage.finish()
  })

  it('are not shared by two clients whose certificates differ, on one store', async () => {
    const kept = new Map<string, never[]>()
    const cache = {
      get: (key: string) => kept.get(key) ?? [],
      set: (key: string, stored: unknown) => void kept.set(key, [stored as never]),
      delete: (key: string) => void kept.delete(key),
      clear: () => kept.clear(),
      close: () => undefined,
    }
    const told: (string | null)[] = []
    for (const key of ['one', 'two', 'one']) {
      const stage = stageOf({ cache, tlsOptions: { key } })
      told.push((await stage.settle(stage.client.request('https://a.test/page'))).cache)
      await stage.finish()
    }
    expect(told).toEqual(['miss', 'miss', 'hit'])
  })

  it('of one origin say nothing of another', async () => {
    const stage = new WireStage(
      { cache: true },
      (peer) => {
        const host = /Host: (.*)/.exec(peer.text)![1]!
        peer.socket.write(
          `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: ${host.length}\r\n\r\n${host}`,
        )
      },
      ['a.test', 'b.test'],
    )
    for (const host of ['a.test', 'b.test', 'a.test']) {
      const response = await stage.settle(stage.client.request(`http://${host}/`))
      expect(response.text()).toBe(host)
    }
    await stage.finish()
  })
})

describe('a client', () => {
  it('without a cache has none', async () => {
    const client = new Client()
    expect(client.stats().cache).toBe(null)
    await client.close()
  })
})
