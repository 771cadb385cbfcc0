import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { httpProxy, socksProxy } from '../net/proxy-servers.ts'

/** Hears every address of 127.0.0.0/8, so that one of them can stand for a public one. */
let server: Server
let port: number
const asked: string[] = []
const PUBLIC = '127.0.0.2'
const ONLY_PUBLIC: ClientOptions = { denyPrivateAddresses: { allow: [PUBLIC] }, maxRetries: 3 }

beforeAll(async () => {
  server = createServer((message, response) => {
    asked.push(`${message.socket.localAddress} ${message.url}`)
    const [path, location] = message.url!.split('?')
    if (path === '/to') response.writeHead(302, { Location: decodeURIComponent(location!) })
    response.end('ok')
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  server.closeAllConnections()
  await once(server.close(), 'close')
})

beforeEach(() => {
  asked.length = 0
})

const denied = { name: 'ConnectError', code: 'ERR_CONNECT_DENIED', phase: 'denied', attempt: 1 }

function ask(client: Client, how: 'request' | 'stream' | 'fetch', url: string): Promise<unknown> {
  return how === 'fetch' ? client.fetch(url) : client[how](url)
}

describe('denyPrivateAddresses', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '127。0。0。1',
    '１２７.0.0.1',
    '%31%32%37.0.0.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    'localhost',
    'LOCALHOST.',
    'a.b.localhost',
    '169.254.169.254',
    '2852039166',
    '[fd00:ec2::254]',
  ])('refuses http://%s/, in whatever way it is spelt', async (host) => {
    await using client = new Client({ denyPrivateAddresses: true })
    const error = await client.get(`http://${host}:${port}/`).catch((reason: unknown) => reason)
    expect(error).toMatchObject(denied)
    expect(asked).toEqual([])
  })

  it('is off unless it is asked for', async () => {
    await using client = new Client()
    expect((await client.get(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  it('judges what resolve gave at each dial: a name that leads elsewhere the second time gains nothing', async () => {
    const answers = [PUBLIC, '127.0.0.1']
    await using client = new Client({ ...ONLY_PUBLIC, resolve: () => answers.shift() })
    const url = `http://rebinding.test:${port}/`
    expect((await client.get(url, { headers: { Connection: 'close' } })).status).toBe(200)
    await expect(client.get(url)).rejects.toMatchObject(denied)
    expect(asked).toEqual([`${PUBLIC} /`])
  })

  it('skips the addresses that are refused where a name has others', async () => {
    await using client = new Client({
      ...ONLY_PUBLIC,
      resolve: () => ['127.0.0.1', '::1', PUBLIC, '10.0.0.1'],
    })
    expect((await client.get(`http://mixed.test:${port}/`)).status).toBe(200)
    expect(asked).toEqual([`${PUBLIC} /`])
  })

  it.each(['request', 'stream', 'fetch'] as const)('holds for where a redirect of %s leads', async (how) => {
    await using client = new Client(ONLY_PUBLIC)
    const url = `http://${PUBLIC}:${port}/to?${encodeURIComponent(`http://127.0.0.1:${port}/secret`)}`
    const error: unknown = await ask(client, how, url).catch((reason: unknown) => reason)
    expect(how === 'fetch' ? (error as Error).cause : error).toMatchObject(denied)
    expect(asked).toHaveLength(1)
  })

  it('holds for map, whose other items go on', async () => {
    await using client = new Client(ONLY_PUBLIC)
    const urls = [`http://127.0.0.1:${port}/a`, `http://${PUBLIC}:${port}/b`]
    const results: unknown[] = []
    for await (const result of client.map(urls, (response) => response.text(), { ordered: true })) {
      results.push(result)
    }
    expect(results).toMatchObject([
      { ok: false, error: denied },
      { ok: true, value: 'ok' },
    ])
    expect(asked).toEqual([`${PUBLIC} /b`])
  })

  it('holds for download, which leaves nothing on the disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trawl-denied-'))
    try {
      await using client = new Client(ONLY_PUBLIC)
      const url = `http://${PUBLIC}:${port}/to?${encodeURIComponent(`http://127.0.0.1:${port}/secret`)}`
      await expect(client.download(url, join(folder, 'file'))).rejects.toMatchObject(denied)
      expect(await readdir(folder)).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('holds for clients that extend this one, and cannot be taken back there', async () => {
    await using client = new Client({ denyPrivateAddresses: true })
    await expect(client.extend({ maxRetries: 0 }).get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(
      denied,
    )
    expect(() => client.extend({ denyPrivateAddresses: false } as object)).toThrow('unknown option')
  })

  it('is not tried again, and leaves nothing behind', async () => {
    const client = new Client({ denyPrivateAddresses: true, maxConn: 1, maxRetries: 5 })
    const urls = Array.from({ length: 20 }, (_, i) => `http://127.0.0.1:${port}/${i}`)
    const settled = await Promise.allSettled(urls.map((url) => client.get(url)))
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
    expect(client.stats()).toMatchObject({ connections: 0, waiting: 0, inFlight: 0 })
    await client.close()
  })
})

describe('denyPrivateAddresses over a proxy', () => {
  it.each(['http', 'socks5', 'socks5h'] as const)(
    '%s: refuses addresses before the proxy is called',
    async (kind) => {
      await using proxy = kind === 'http' ? await httpProxy() : await socksProxy()
      await using client = new Client({
        denyPrivateAddresses: true,
        proxy: `${kind}://127.0.0.1:${proxy.port}`,
      })
      for (const host of ['127.0.0.1', '2130706433', '[::ffff:7f00:1]', 'localhost']) {
        await expect(client.get(`http://${host}:${port}/`)).rejects.toMatchObject(denied)
        await expect(client.get(`https://${host}:${port}/`)).rejects.toMatchObject(denied)
      }
      expect(proxy.seen).toEqual([])
    },
  )

  it('socks5: refuses what this machine looks up, and takes the first address that may be dialled', async () => {
    await using proxy = await socksProxy()
    const names: Record<string, string[]> = {
      'private.test': ['10.0.0.1'],
      'mixed.test': ['10.0.0.1', '8.8.8.8'],
    }
    await using client = new Client({
      denyPrivateAddresses: true,
      proxy: `socks5://127.0.0.1:${proxy.port}`,
      resolve: (host) => names[host],
    })
    await expect(client.get(`http://private.test:${port}/`)).rejects.toMatchObject(denied)
    expect((await client.get(`http://mixed.test:${port}/`)).status).toBe(200)
    expect(proxy.seen.map(({ line }) => line)).toEqual([`SOCKS 8.8.8.8:${port}`])
  })

  it.each(['http', 'socks5h'] as const)('%s: cannot see what the proxy looks up', async (kind) => {
    await using proxy = kind === 'http' ? await httpProxy() : await socksProxy()
    await using client = new Client({
      denyPrivateAddresses: true,
      proxy: `${kind}://127.0.0.1:${proxy.port}`,
    })
    expect((await client.get(`http://private.test:${port}/`)).status).toBe(200)
    expect(proxy.seen).toHaveLength(1)
  })
})
