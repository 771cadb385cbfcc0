import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  Client,
  ClosedError,
  type ClientOptions,
  type ExtendOptions,
} from '../../lib/index.ts'
import { Sites, to } from './sites.ts'

let sites: Sites
let client: Client

beforeAll(async () => {
  sites = await Sites.open(2)
})
afterAll(() => sites.close())
beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
})
afterEach(() => client.close())

function open(options: ClientOptions = {}): Client {
  client = new Client({ resolve: sites.resolve, maxRetries: 0, ...options })
  return client
}

const A = (): string => sites.origin(0, 'a.test')
const B = (): string => sites.origin(1, 'b.test')

async function fields(one: Client, ...names: string[]): Promise<(string | undefined)[]> {
  await one.get(`${A()}/x`)
  return names.map((name) => sites.seen.at(-1)!.fields[name])
}

describe('what a client passes on', () => {
  it('fields, which the new one adds to, replaces and leaves out', async () => {
    open({ headers: { 'x-a': '1', 'X-B': '2', 'x-c': '3' } })
    const child = client.extend({ headers: { 'x-b': 'new', 'x-c': null, 'x-d': '4' } })
    const grandchild = child.extend({ headers: [['x-c', 'back']], maxRedirects: 1 })
    const names = ['x-a', 'x-b', 'x-c', 'x-d']
    expect(await fields(child, ...names)).toEqual(['1', 'new', undefined, '4'])
    expect(await fields(grandchild, ...names)).toEqual(['1', 'new', 'back', '4'])
    expect(await fields(client, ...names)).toEqual(['1', '2', '3', undefined])
  })

  it('null leaves a default out for good, and a field brings it back', async () => {
    open({ headers: { 'user-agent': null } })
    const child = client.extend({ headers: { 'x-a': '1' } })
    expect(await fields(child, 'user-agent')).toEqual([undefined])
    expect(await fields(child.extend({ headers: { 'user-agent': 'me' } }), 'user-agent')).toEqual(['me'])
  })

  it('options, one by one; undefined changes none', async () => {
    open({ redirect: 'manual', expectSuccess: true })
    const child = client.extend({ redirect: undefined, expectSuccess: false })
    expect((await child.get(A() + to('/x'))).status).toBe(302)
    await expect(client.get(A() + to('/x'))).rejects.toThrow('no success')
  })

  it('connections, jars and numbers', async () => {
    open({ cookies: true, maxConn: 1 })
    const child = client.extend({ headers: { a: 'b' } })
    sites.on('/set', (_seen, response) => response.setHeader('set-cookie', 'id=1').end())
    await client.get(`${A()}/set`)
    expect(await fields(child, 'cookie')).toEqual(['id=1'])
    expect(child.cookies).toBe(client.cookies)
    expect(new Set(sites.seen.map(({ port }) => port)).size).toBe(1)
  })

  it('middleware, the outer one first, and the cache', async () => {
    const log: string[] = []
    const note =
      (name: string): NonNullable<ExtendOptions['use']>[number] =>
      async (request, next) => {
        log.push(name)
        return next(request)
      }
    open({ use: [note('a'), note('b')], cache: true })
    sites.on('/kept', (_seen, response) => response.setHeader('cache-control', 'max-age=99').end('kept'))
    const child = client.extend({ use: [note('c')] })
    await child.get(`${A()}/kept`)
    expect((await client.get(`${A()}/kept`)).cache).toBe('hit')
    expect(log).toEqual(['a', 'b', 'c', 'a', 'b'])
  })

  it('its end: to close one is to close all', async () => {
    open()
    const child = client.extend({})
    await child.close()
    await expect(client.get(`${A()}/x`)).rejects.toThrow(ClosedError)
    const other = new Client()
    other.extend({}).destroy()
    await expect(other.get(`${A()}/x`)).rejects.toThrow(ClosedError)
  })
})

describe('credentials', () => {
  const auth = { bearer: 'hunter2' } as const

  it('stay with the origin that they were given for, whatever base the new client has', async () => {
    open({ baseUrl: A(), auth })
    const child = client.extend({ baseUrl: B() })
    await child.get('/b')
    await child.get(`${A()}/a`)
    await child.extend({ headers: { a: 'b' } }).get(`${B()}/c`)
    expect(sites.seen.map(({ fields: { authorization } }) => authorization)).toEqual([
      undefined,
      'Bearer hunter2',
      undefined,
    ])
  })

  it('are asked for once for all', async () => {
    let count = 0
    open({ baseUrl: A(), auth: { bearer: async () => `token ${++count}`.replace(' ', '') } })
    const child = client.extend({ headers: { a: 'b' } })
    await Promise.all([client.get('/a'), child.get('/b'), child.extend({}).get('/c')])
    expect([count, ...new Set(sites.seen.map(({ fields: { authorization } }) => authorization))]).toEqual([
      1,
      'Bearer token1',
    ])
  })

  it('go to the base of the client that they are given with', async () => {
    open({ baseUrl: A() })
    const child = client.extend({ auth })
    await child.get('/a')
    await child.extend({ auth, baseUrl: B() }).get('/b')
    await child.extend({ auth: null }).get('/c')
    expect(sites.seen.map(({ fields: { authorization } }) => authorization)).toEqual([
      'Bearer hunter2',
      'Bearer hunter2',
      undefined,
    ])
  })

  it('are refused where nothing says what they are for', () => {
    open()
    expect(() => client.extend({ auth })).toThrow(ArgumentError)
  })
})

describe('what it refuses', () => {
  it.each([
    ['what pools are made with', { maxConn: 1 }],
    ['jars', { cookies: true }],
    ['a cache', { cache: true }],
    ['client IPs', { clientIps: ['127.0.0.2'] }],
    ['what is no option', { header: {} }],
    ['a bad value', { maxRetries: -1 }],
    ['a line end', { headers: { a: 'b\r\nc: d' } }],
  ])('%s', (_what, options) => {
    open()
    expect(() => client.extend(options as ExtendOptions)).toThrow(ArgumentError)
  })
})
