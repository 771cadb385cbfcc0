import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, CookieJars, systemClock, type ClientOptions, type Clock } from '../../lib/index.ts'
import { Sites, to } from './sites.ts'

/** Retries wait for nothing. */
const clock: Clock = Object.create(systemClock, { random: { value: () => 0 } }) as Clock

let sites: Sites
let client: Client

beforeAll(async () => {
  sites = await Sites.open(2, 1)
})
afterAll(() => sites.close())

function open(options: ClientOptions = {}): Client {
  const tlsOptions = { ca: sites.ca }
  client = new Client({ clock, resolve: sites.resolve, tlsOptions, cookies: true, ...options })
  return client
}

beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
  open()
})
afterEach(() => client.close())

const plain = (host: string): string => sites.origin(0, host)
const tls = (host: string): string => sites.origin(2, host)
/** What each request brought, in order. */
const sent = (): string[] => sites.seen.map(({ fields }) => fields['cookie'] ?? '')

/** Sets these cookies and leads on to `location`. */
function sets(path: string, location: string, ...cookies: string[]): void {
  sites.on(path, (_seen, response) => {
    response.writeHead(302, { location, 'set-cookie': cookies }).end()
  })
}

describe('a cookie that a redirect sets goes', () => {
  type Row = [set: string, to: () => string, goes: boolean]
  const ROWS: Row[] = [
    ['a=1', () => plain('www.a.test') + '/x', true],
    ['a=1', () => sites.origin(1, 'www.a.test') + '/x', true],
    ['a=1', () => tls('www.a.test') + '/x', true],
    ['a=1', () => plain('a.test') + '/x', false],
    ['a=1', () => plain('shop.a.test') + '/x', false],
    ['a=1', () => plain('x.www.a.test') + '/x', false],
    ['a=1', () => plain('b.test') + '/x', false],
    ['a=1', () => plain('127.0.0.1') + '/x', false],
    ['a=1', () => plain('www.a.test.') + '/x', false],
    ['a=1', () => plain('WWW.A.TEST') + '/x', true],
    ['a=1; Domain=a.test', () => plain('shop.a.test') + '/x', true],
    ['a=1; Domain=a.test', () => plain('a.test') + '/x', true],
    ['a=1; Domain=a.test', () => plain('nota.test') + '/x', false],
    ['a=1; Domain=a.test', () => plain('b.test') + '/x', false],
    ['a=1; Domain=test', () => plain('www.a.test') + '/x', false],
    ['a=1; Domain=b.test', () => plain('b.test') + '/x', false],
    ['a=1; Path=/in', () => plain('www.a.test') + '/in/x', true],
    ['a=1; Path=/in', () => plain('www.a.test') + '/inx', false],
    ['a=1; Secure', () => tls('www.a.test') + '/x', false],
  ]
  it.each(ROWS)('%s: %s: %s', async (set, place, goes) => {
    sets('/set', place(), set)
    await client.get(`${plain('www.a.test')}/set`)
    expect(sent()).toEqual(['', goes ? 'a=1' : ''])
  })

  const SECURE: Row[] = [
    ['a=1; Secure', () => tls('www.a.test') + '/x', true],
    ['a=1; Secure', () => plain('www.a.test') + '/x', false],
    ['a=1; Secure; Domain=a.test', () => plain('a.test') + '/x', false],
    ['__Host-a=1; Secure; Path=/', () => tls('www.a.test') + '/x', true],
    ['__Host-a=1; Secure; Path=/; Domain=a.test', () => tls('www.a.test') + '/x', false],
    ['a=1', () => plain('www.a.test') + '/x', true],
  ]
  it.each(SECURE)('over TLS: %s: %s: %s', async (set, place, goes) => {
    sets('/set', place(), set)
    await client.get(`${tls('www.a.test')}/set`, { allowInsecureRedirect: true })
    expect(sent()).toEqual(['', goes ? set.split(';')[0] : ''])
  })

  it('to no place on the way, and back to its own', async () => {
    sets('/set', plain('b.test') + to(`${plain('www.a.test')}/x`), 'a=1')
    await client.get(`${plain('www.a.test')}/set`)
    expect(sent()).toEqual(['', '', 'a=1'])
  })
})

describe('the jar', () => {
  it('is asked anew for a retry, and for a retry with another request', async () => {
    let count = 0
    sites.on('/busy', (_seen, response) => {
      if (++count < 3) response.writeHead(500, { 'set-cookie': `n=${count}` })
      response.end('ok')
    })
    await client.get(`${plain('a.test')}/busy`)
    count = 0
    await client.get(`${plain('a.test')}/busy`, { modifyRequest: (request) => ({ ...request }) })
    expect(sent()).toEqual(['', 'n=1', 'n=2', 'n=2', 'n=1', 'n=2'])
  })

  it('gives way to a Cookie field of the user, and learns all the same', async () => {
    sets('/set', '/x', 'jar=1')
    await client.get(`${plain('a.test')}/set`, { headers: { Cookie: 'mine=1' } })
    await client.get(`${plain('a.test')}/x`)
    expect(sent()).toEqual(['mine=1', 'mine=1', 'jar=1'])
  })

  it('comes back where a redirect elsewhere has dropped the Cookie field of the user', async () => {
    client.cookies!.jar('').set('jar=b', plain('b.test'))
    client.cookies!.jar('').set('jar=a', plain('a.test'))
    await client.get(plain('a.test') + to(plain('b.test') + to(`${plain('a.test')}/x`)), {
      headers: { cookie: 'mine=1' },
    })
    expect(sent()).toEqual(['mine=1', 'jar=b', 'jar=a'])
  })

  it('is left alone with cookies: false, redirects and retries included', async () => {
    client.cookies!.jar('').set('old=1', plain('a.test'))
    sets('/set', '/x', 'new=1')
    await client.get(`${plain('a.test')}/set`, { cookies: false })
    expect(sent()).toEqual(['', ''])
    expect(
      client
        .cookies!.jar('')
        .cookies()
        .map(({ name }) => name),
    ).toEqual(['old'])
  })

  it('is not there without the option', async () => {
    open({ cookies: false })
    sets('/set', '/x', 'a=1')
    await client.get(`${plain('a.test')}/set`)
    expect([client.cookies, sent()]).toEqual([null, ['', '']])
  })

  it('never fails a request for what a server sets', async () => {
    const odd = [
      '',
      ';',
      '=',
      '=;',
      'a',
      'a=\u00FF',
      'x=1; Expires=never; Max-Age=many; Domain=.; Path',
      '\t=\t',
    ]
    sites.on('/odd', (_seen, response) => {
      response.setHeader('set-cookie', [...odd, `big=${'x'.repeat(10_000)}`, 'good=1'])
      response.end('ok')
    })
    expect((await client.get(`${plain('a.test')}/odd`)).text()).toBe('ok')
    await client.get(`${plain('a.test')}/x`)
    expect(sent()[1]).toContain('good=1')
    expect(sent()[1]).not.toContain('big')
  })

  it('is another for each session, redirects included', async () => {
    sites.on('/login', ({ fields }, response) => {
      response.writeHead(302, { location: '/x', 'set-cookie': `id=${fields['x-who']}` }).end()
    })
    const url = plain('a.test')
    for (const session of ['ada', 'grace']) {
      await client.get(`${url}/login`, { session, headers: { 'x-who': session } })
    }
    await Promise.all([
      client.get(`${url}/1`, { session: 'ada' }),
      client.get(`${url}/1`, { session: 'grace' }),
    ])
    await client.get(`${url}/2`)
    const extended = client.extend({ session: 'ada' })
    await extended.get(`${url}/3`)
    expect(sent().slice(0, 4)).toEqual(['', 'id=ada', '', 'id=grace'])
    expect(sent().slice(4, 6).toSorted()).toEqual(['id=ada', 'id=grace'])
    expect(sent().slice(6)).toEqual(['', 'id=ada'])
  })

  it('is one for all clients that are given the same jars', async () => {
    const jars = new CookieJars()
    await using other = new Client({ cookies: jars, resolve: sites.resolve })
    open({ cookies: jars })
    sets('/set', '/x', 'a=1')
    await client.get(`${plain('a.test')}/set`)
    await other.get(`${plain('a.test')}/x`)
    expect(sent()).toEqual(['', 'a=1', 'a=1'])
  })

  // Only Linux has the whole of 127.0.0.0/8.
  it.skipIf(process.platform !== 'linux')('is another for each client IP', async () => {
    open({ clientIps: ['127.0.0.2', '127.0.0.3'] })
    sites.on('/login', ({ from }, response) => {
      response.writeHead(302, { location: '/x', 'set-cookie': `ip=${from}` }).end()
    })
    for (let i = 0; i < 2; i++) await client.get(`${plain('a.test')}/login`)
    for (let i = 0; i < 2; i++) await client.get(`${plain('a.test')}/y`)
    expect(sites.seen.map(({ from, fields }) => `${from} ${fields['cookie'] ?? ''}`)).toEqual([
      '127.0.0.2 ',
      '127.0.0.2 ip=127.0.0.2',
      '127.0.0.3 ',
      '127.0.0.3 ip=127.0.0.3',
      '127.0.0.2 ip=127.0.0.2',
      '127.0.0.3 ip=127.0.0.3',
    ])
  })
})
