import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { ConnectError, TimeoutError } from '../../lib/core/errors.ts'
import { Target, type Scheme } from '../../lib/core/target.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { parseProxy } from '../../lib/net/proxy.ts'
import { createAuthority, type Identity } from './certificates.ts'
import { listen, settledSockets } from './loopback.ts'
import { Asker } from './proxy-asked.ts'
import { httpProxy, scriptedProxy, socksProxy, type TestProxy } from './proxy-servers.ts'

let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  const authority = await createAuthority()
  identity = await authority.issue({ hosts: ['origin.test'] })
  trusting = { ca: authority.cert }
})

interface Origin extends AsyncDisposable {
  readonly port: number
  /** Request lines and fields, as they came. */
  readonly heads: string[]
  /** Sockets it has accepted. */
  readonly connections: Set<Socket>
}

/** Answers each request with its own path. */
async function startOrigin(scheme: Scheme): Promise<Origin> {
  const server = scheme === 'http' ? createServer() : createSecureServer(identity)
  const heads: string[] = []
  const connections = new Set<Socket>()
  server.on('request', (message, answer) => {
    connections.add(message.socket)
    heads.push([`${message.method} ${message.url}`, ...message.rawHeaders].join('\n'))
    answer.end(message.url)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A name that only the proxy knows: looking it up fails. */
function targetOf(scheme: Scheme, port: number, proxy: string, clientIp = ''): Target {
  return new Target({ scheme, host: 'origin.test', port, clientIp, proxy: parseProxy(proxy) })
}

function noLookup(host: string): never {
  throw new Error(`${host} must not be looked up`)
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'fulfilled') throw new Error('it did not fail')
  expect(result.reason).toBeInstanceOf(ConnectError)
  return (result.reason as Error).message
}

const PROXIES: [kind: string, scheme: Scheme, url: string, start: () => Promise<TestProxy>][] = [
  ['HTTP', 'http', 'http', () => httpProxy()],
  ['CONNECT', 'https', 'http', () => httpProxy()],
  ['SOCKS5', 'http', 'socks5h', () => socksProxy()],
  ['SOCKS5 with TLS', 'https', 'socks5h', () => socksProxy()],
]

describe.each(PROXIES)('requests over %s', (_, scheme, url, start) => {
  it('keep their connection, from the client IP, and the host is not looked up', async () => {
    await using origin = await startOrigin(scheme)
    await using proxy = await start()
    await using asker = new Asker({}, trusting, { resolve: noLookup })
    const target = targetOf(scheme, origin.port, `${url}://127.0.0.1:${proxy.port}`, '127.0.0.3')
    for (let i = 0; i < 20; i++) {
      expect(await asker.ask(target, `/${i}`)).toEqual({ status: 200, body: `/${i}` })
    }
    expect(new Set(proxy.seen.map((seen) => seen.connection))).toEqual(new Set([1]))
    expect(new Set(proxy.seen.map((seen) => seen.from))).toEqual(new Set(['127.0.0.3']))
    expect(origin.heads[3]).toMatch(/^GET \/3\nHost\norigin\.test:\d+/i)
  })

  it('are pipelined as to a host', async () => {
    await using origin = await startOrigin(scheme)
    await using proxy = await start()
    await using asker = new Asker({ maxPipelinedRequests: 8 }, trusting)
    const target = targetOf(scheme, origin.port, `${url}://127.0.0.1:${proxy.port}`)
    const paths = Array.from({ length: 200 }, (_unused, i) => `/${i}`)
    const answers = await Promise.all(paths.map((path) => asker.ask(target, path)))
    expect(answers.map((answer) => answer.body)).toEqual(paths)
    expect(asker.scheduler.stats().connections).toBe(1)
  })

  it('leave nothing behind', async () => {
    const before = await settledSockets()
    {
      await using origin = await startOrigin(scheme)
      await using proxy = await start()
      await using asker = new Asker({ maxConnPerTarget: 5 }, trusting)
      const target = targetOf(scheme, origin.port, `${url}://127.0.0.1:${proxy.port}`)
      await Promise.all(Array.from({ length: 30 }, (_unused, i) => asker.ask(target, `/${i}`)))
    }
    expect(await settledSockets()).toBe(before)
  })

  it('time out while connecting, whatever the proxy is at', async () => {
    const before = await settledSockets()
    {
      await using hanging = await listen((socket) => socket.resume())
      await using asker = new Asker({}, trusting)
      const target = targetOf(scheme, 80, `${url}://127.0.0.1:${hanging.port}`)
      const timeouts = {
        queueTimeout: 0,
        connectTimeout: 50,
        requestTimeout: 50,
        replyTimeout: 50,
        bodyTimeout: 50,
        minBodyRate: 0,
        minBodyRateWindow: 1_000,
      }
      const [result] = await Promise.allSettled([asker.ask(target, '/', { timeouts })])
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } })
      expect((result as PromiseRejectedResult).reason).toBeInstanceOf(TimeoutError)
    }
    expect(await settledSockets()).toBe(before)
  })
})

describe('an http request to a proxy', () => {
  it('has the whole URL in its line, the host in its Host, and credentials that stay there', async () => {
    await using origin = await startOrigin('http')
    await using proxy = await httpProxy({ credentials: 'me:s3cret' })
    await using asker = new Asker()
    const target = targetOf('http', origin.port, `http://me:s3cret@127.0.0.1:${proxy.port}`)
    const host = `origin.test:${origin.port}`
    expect(await asker.ask(target, '/a?b=c')).toEqual({ status: 200, body: '/a?b=c' })
    expect(proxy.seen).toMatchObject([
      {
        line: `GET http://${host}/a?b=c`,
        fields: [`Host: ${host}`, 'Proxy-Authorization: Basic bWU6czNjcmV0'],
      },
    ])
    expect(origin.heads[0]).toContain('GET /a?b=c')
    expect(origin.heads[0]).not.toMatch(/proxy-auth|bWU6czNjcmV0|s3cret/i)
    const { key } = target
    expect(JSON.stringify(asker.scheduler.stats())).toContain(JSON.stringify(key).slice(1, -1))
    expect(JSON.stringify(asker.scheduler.stats())).not.toMatch(/s3cret|bWU6czNjcmV0/)
  })

  it("has the user's own credentials instead, if there are some", async () => {
    await using proxy = await httpProxy({ credentials: 'you:else' })
    await using origin = await startOrigin('http')
    await using asker = new Asker()
    const target = targetOf('http', origin.port, `http://me:s3cret@127.0.0.1:${proxy.port}`)
    const own = `Basic ${Buffer.from('you:else').toString('base64')}`
    const fields = `Host: ${target.authority}\r\nproxy-authorization: ${own}\r\n`
    expect((await asker.ask(target, '/', { fields })).status).toBe(200)
    expect(proxy.seen[0]!.fields).toEqual([`Host: ${target.authority}`, `proxy-authorization: ${own}`])
  })

  it('for all of a host has no path', async () => {
    const head = Promise.withResolvers<string>()
    await using proxy = await scriptedProxy((socket, text) => {
      head.resolve(text)
      socket.end('HTTP/1.1 204 No Content\r\n\r\n')
    })
    await using asker = new Asker()
    const target = targetOf('http', 80, `http://127.0.0.1:${proxy.port}`)
    expect((await asker.ask(target, '*', { method: 'OPTIONS' })).status).toBe(204)
    expect(await head.promise).toBe('OPTIONS http://origin.test HTTP/1.1\r\nHost: origin.test\r\n\r\n')
  })

  it('gets the answer of a proxy that refuses it', async () => {
    await using proxy = await httpProxy({ credentials: 'me:s3cret' })
    await using asker = new Asker()
    const target = targetOf('http', 80, `http://127.0.0.1:${proxy.port}`)
    expect((await asker.ask(target, '/')).status).toBe(407)
  })
})

describe('credentials', () => {
  it.each(PROXIES.slice(0, 2))(
    'of one never share a connection with those of another (%s)',
    async (...row) => {
      const [, scheme] = row
      await using origin = await startOrigin(scheme)
      await using proxy = await httpProxy()
      await using asker = new Asker({ maxConnPerTarget: 1 }, trusting)
      const at = `127.0.0.1:${proxy.port}`
      const urls = [`http://me:a@${at}`, `http://me:b@${at}`, `http://you:a@${at}`, `http://${at}`]
      for (let i = 0; i < 12; i++) await asker.ask(targetOf(scheme, origin.port, urls[i % 4]!), `/${i}`)
      const byConnection = new Map<number, Set<string>>()
      for (const { connection, fields } of proxy.seen) {
        const credentials = fields.find((field) => field.startsWith('Proxy-')) ?? 'none'
        byConnection.set(connection, (byConnection.get(connection) ?? new Set()).add(credentials))
      }
      expect(byConnection.size).toBe(4)
      expect([...byConnection.values()].map((set) => set.size)).toEqual([1, 1, 1, 1])
    },
  )

  it('go into no tunnel and no error', async () => {
    await using origin = await startOrigin('https')
    await using proxy = await httpProxy({ credentials: 'me:s3cret' })
    await using asker = new Asker({}, trusting)
    const at = `127.0.0.1:${proxy.port}`
    await asker.ask(targetOf('https', origin.port, `http://me:s3cret@${at}`), '/')
    expect(origin.heads.join('\n')).not.toMatch(/proxy|s3cret|Basic/i)
    const wrong = targetOf('https', origin.port, `http://me:wr0ng@${at}`)
    const message = await messageOf(asker.ask(wrong, '/'))
    expect(message).toMatch(/^the proxy http:\/\/me@127\.0\.0\.1:\d+ refused a tunnel/)
    expect(message).not.toMatch(/wr0ng|bWU6/)
  })
})

it('a refusal by CONNECT never passes for an answer', async () => {
  const body = '<html>the origin says hello</html>'
  await using proxy = await scriptedProxy(
    `HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await using asker = new Asker({}, trusting)
  const message = await messageOf(asker.ask(targetOf('https', 443, `http://127.0.0.1:${proxy.port}`), '/'))
  expect(message).toContain('403 Forbidden')
  expect(message).not.toContain('hello')
})
