import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, RequestError } from '../../../lib/index.ts'

/** Lets in who has the good token; `/away` redirects to `away`, on this or another origin. */
class TokenServer {
  good = 'good'
  away = ''
  readonly seen: string[] = []
  readonly #server = http.createServer((request, response) => {
    request.resume()
    const { authorization = 'none' } = request.headers
    this.seen.push(authorization)
    if (request.url === '/away') response.writeHead(307, { location: this.away }).end()
    else if (authorization === `Bearer ${this.good}`) response.end('in')
    else response.writeHead(401).end('out')
  })

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await once(this.#server.close(), 'close')
  }
}

let api: TokenServer
let other: TokenServer

beforeEach(async () => {
  api = new TokenServer()
  other = new TokenServer()
  await Promise.all([api.start(), other.start()])
})
afterEach(() => Promise.all([api.stop(), other.stop()]))

describe('bearer, through the client', () => {
  it('is refreshed once for all that were refused', async () => {
    let refreshes = 0
    const refresh = async (): Promise<string> => {
      refreshes++
      await new Promise((resolve) => void setImmediate(resolve))
      return 'good'
    }
    await using client = new Client({
      baseUrl: api.origin,
      auth: { bearer: 'old', refresh },
      maxConnPerTarget: 8,
    })
    const responses = await Promise.all(Array.from({ length: 40 }, (_, i) => client.get(`/${i}`)))
    expect(new Set(responses.map((response) => response.text()))).toEqual(new Set(['in']))
    expect(refreshes).toBe(1)
    expect(new Set(api.seen)).toEqual(new Set(['Bearer old', 'Bearer good']))
  })

  it('is asked for before the first request goes out', async () => {
    await using client = new Client({ baseUrl: api.origin, auth: { bearer: async () => 'good' } })
    expect((await client.post('/', { body: 'x' })).text()).toBe('in')
    expect((await client.get('/')).text()).toBe('in')
    expect(api.seen).toEqual(['Bearer good', 'Bearer good'])
  })

  it('rejects with its cause when it cannot be had, and the next call asks again', async () => {
    const tokens = [new Error('no login'), 'good']
    const bearer = (): string => {
      const next = tokens.shift()
      if (typeof next === 'string') return next
      throw next!
    }
    await using client = new Client({ baseUrl: api.origin, auth: { bearer }, maxRetries: 0 })
    const error = await client.get('/a').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({
      message: `GET ${api.origin}/a: no token: bearer() failed`,
      cause: new Error('no login'),
    })
    expect(api.seen).toEqual([])
    expect((await client.get('/')).text()).toBe('in')
  })

  it('gives the 401 when a fresh token is refused as well', async () => {
    let count = 0
    const refresh = (): string => `wrong${++count}`
    await using client = new Client({ baseUrl: api.origin, auth: { bearer: 'old', refresh } })
    expect((await client.get('/')).text()).toBe('out')
    expect(api.seen).toEqual(['Bearer old', 'Bearer wrong1'])
  })

  it('goes along a redirect on its own origin, and to no other', async () => {
    await using client = new Client({ baseUrl: api.origin, auth: { bearer: 'good', refresh: () => 'good2' } })
    api.away = '/in'
    expect((await client.get('/away')).text()).toBe('in')
    api.away = `${other.origin}/in`
    expect((await client.get('/away')).text()).toBe('out')
    expect((await client.get(`${other.origin}/`)).text()).toBe('out')
    expect(api.seen).toEqual(['Bearer good', 'Bearer good', 'Bearer good'])
    expect(other.seen).toEqual(['none', 'none'])
  })

  it('does not come to its origin by a redirect from elsewhere, unless the call has it', async () => {
    await using client = new Client({ auth: { bearer: 'good', origins: [api.origin] } })
    other.away = `${api.origin}/in`
    expect((await client.get(`${other.origin}/away`)).text()).toBe('in')
    expect(other.seen).toEqual(['none'])
    await using bare = new Client()
    const auth = { bearer: 'good' }
    expect((await bare.get(`${other.origin}/away`, { auth })).text()).toBe('out')
    expect(other.seen).toEqual(['none', 'Bearer good'])
    expect(api.seen).toEqual(['Bearer good', 'none'])
  })

  it('leaves a field that the request sets itself, and steps back for auth: null', async () => {
    await using client = new Client({ baseUrl: api.origin, auth: { bearer: 'old', refresh: () => 'good' } })
    expect((await client.get('/', { headers: { authorization: 'mine' } })).text()).toBe('out')
    expect((await client.get('/', { auth: null })).text()).toBe('out')
    expect(api.seen).toEqual(['mine', 'none'])
  })
})
