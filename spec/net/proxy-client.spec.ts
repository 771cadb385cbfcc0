import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ArgumentError,
  Client,
  ConnectError,
  proxyFromEnvironment,
  type ClientOptions,
} from '../../lib/index.ts'
import { createAuthority } from './certificates.ts'
import { httpProxy, openingProxy, socksProxy } from './proxy-servers.ts'

let ca: string
let plain: string
let secure: string
const servers: Server[] = []
const heads: string[] = []

/** Answers with its path; `/to?url` redirects there. */
const answer: RequestListener = (message, response) => {
  heads.push([`${message.method} ${message.url}`, ...message.rawHeaders].join('\n'))
  const [path, location] = message.url!.split('?')
  if (path === '/to') response.writeHead(302, { Location: decodeURIComponent(location!) })
  response.end(message.url)
}

beforeAll(async () => {
  const authority = await createAuthority()
  ca = authority.cert
  servers.push(
    createServer(answer),
    createSecureServer(await authority.issue({ hosts: ['origin.test'] }), answer),
  )
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const [http, https] = servers.map((server) => (server.address() as AddressInfo).port)
  plain = `http://origin.test:${http}`
  secure = `https://origin.test:${https}`
})

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

beforeEach(() => {
  heads.length = 0
})

function noLookup(host: string): never {
  throw new Error(`${host} must not be looked up`)
}

function clientOver(proxy: ClientOptions['proxy'], more: ClientOptions = {}): Client {
  return new Client({ proxy, tlsOptions: { ca }, resolve: noLookup, maxRetries: 0, ...more })
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'fulfilled') throw new Error('it did not fail')
  return result.reason as Error
}

describe('the option proxy', () => {
  it('takes a URL, a function, and null for none; that of a request wins', async () => {
    await using first = await httpProxy()
    await using second = await socksProxy()
    const asked: string[] = []
    const option = (url: string): string | null => {
      asked.push(url)
      return url.startsWith('https:') ? `socks5h://127.0.0.1:${second.port}` : null
    }
    await using client = clientOver(`http://127.0.0.1:${first.port}`)
    expect(await client.get(`${plain}/1`).then((response) => response.text())).toBe('/1')
    expect(await client.get(`${secure}/2`, { proxy: option }).then((response) => response.text())).toBe('/2')
    expect(asked).toEqual([`${secure}/2`])
    expect([first.seen.length, second.seen.length]).toEqual([1, 1])
    // Without a proxy the name is looked up.
    expect((await failure(client.get(`${plain}/3`, { proxy: option }))).message).toContain(
      'must not be looked up',
    )
    expect((await failure(client.get(`${plain}/4`, { proxy: null }))).message).toContain(
      'must not be looked up',
    )
  })

  it('takes what the environment says', async () => {
    await using proxy = await httpProxy()
    const env = { HTTP_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: 'other.test' }
    await using client = clientOver(proxyFromEnvironment(env))
    expect((await client.get(`${plain}/`)).status).toBe(200)
    expect((await failure(client.get('http://www.other.test/'))).message).toContain('must not be looked up')
    expect((await failure(client.get(`${secure}/`))).message).toContain('must not be looked up')
  })

  it('refuses what is no proxy, and shows no secret', async () => {
    const wrong = 'ftp://me:s3cret@proxy.test'
    expect(() => clientOver(wrong)).toThrow(ArgumentError)
    expect(() => clientOver(wrong)).not.toThrow('s3cret')
    await using client = clientOver(() => wrong)
    for (const promise of [client.get(plain), client.get(plain, { proxy: wrong })]) {
      const error = await failure(promise)
      expect(error).toBeInstanceOf(ArgumentError)
      expect(error.message).toContain('use http, https, socks5 or socks5h')
      expect(error.message).not.toContain('s3cret')
    }
  })

  it('goes with the client IPs', async () => {
    await using proxy = await httpProxy()
    await using client = clientOver(`http://127.0.0.1:${proxy.port}`, {
      clientIps: ['127.0.0.2', '127.0.0.3'],
    })
    for (let i = 0; i < 4; i++) await client.get(`${secure}/${i}`)
    expect(proxy.seen.map((seen) => seen.from).toSorted()).toEqual(['127.0.0.2', '127.0.0.3'])
  })
})

describe('a secret in the option proxy', () => {
  it('shows nowhere, and goes to the proxy alone: over redirects, too', async () => {
    await using guarded = await httpProxy({ credentials: 'me:s3cret' })
    await using open = await httpProxy()
    const option = (url: string): string =>
      url.endsWith('/end') ? `http://127.0.0.1:${open.port}` : `http://me:s3cret@127.0.0.1:${guarded.port}`
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const told: string[] = []
    try {
      await using client = clientOver(option, { debug: 'stream' })
      for (const origin of [plain, secure]) {
        const to = encodeURIComponent(`${secure}/end`)
        expect(await client.get(`${origin}/to?${to}`).then((response) => response.text())).toBe('/end')
      }
      told.push(JSON.stringify(client.stats()))
    } finally {
      told.push(...write.mock.calls.map(([text]) => String(text)))
      write.mockRestore()
    }
    expect(told.join('\n')).toContain(`via http://me@127.0.0.1:${guarded.port} #`)
    expect(told.join('\n')).not.toMatch(/s3cret|bWU6czNjcmV0/)
    expect(guarded.seen.map((seen) => seen.fields.join())).toEqual([
      expect.stringContaining('bWU6czNjcmV0'),
      expect.stringContaining('bWU6czNjcmV0'),
    ])
    expect(open.seen.length).toBeGreaterThan(0)
    expect(JSON.stringify(open.seen)).not.toMatch(/proxy-authorization/i)
    expect(heads).toHaveLength(4)
    expect(heads.join('\n')).not.toMatch(/proxy-authorization|bWU6czNjcmV0/i)
  })

  it('shows in no error', async () => {
    await using proxy = await httpProxy({ credentials: 'me:s3cret' })
    await using client = clientOver(`http://me:wr0ng@127.0.0.1:${proxy.port}`)
    const error = await failure(client.get(secure))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({ phase: 'proxy', code: 'ERR_CONNECT_PROXY', cause: { status: 407 } })
    expect(error.message).toMatch(
      /^GET https:\/\/origin\.test:\d+\/: the proxy http:\/\/me@127\.0\.0\.1:\d+ refused/,
    )
    expect(error.stack).not.toMatch(/wr0ng|bWU6/)
  })
})

it('a tunnel that its proxy closes while idle is made anew', async () => {
  const [, https] = servers.map((server) => (server.address() as AddressInfo).port)
  await using proxy = await openingProxy(https!, 'HTTP/1.1 200 OK\r\n\r\n')
  const sockets: Socket[] = []
  proxy.server.on('connection', (socket: Socket) => sockets.push(socket))
  await using client = clientOver(`http://127.0.0.1:${proxy.port}`)
  for (let i = 0; i < 5; i++) {
    expect(await client.get(`${secure}/${i}`).then((response) => response.text())).toBe(`/${i}`)
    sockets.at(-1)!.destroy()
  }
  expect(sockets).toHaveLength(5)
})
