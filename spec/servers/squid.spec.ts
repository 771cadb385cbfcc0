import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConnectError } from '../../lib/core/errors.ts'
import { Target, type Scheme } from '../../lib/core/target.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { parseProxy } from '../../lib/net/proxy.ts'
import { createAuthority } from '../net/certificates.ts'
import { Asker } from '../net/proxy-asked.ts'
import { describeWith } from './describe-with.ts'
import { Squid, squidProgram } from './squid.ts'

const SIZE = 1_000
const heads: string[] = []

/** Small bodies: Node's https server breaks off a pipeline whose answers fill its buffer ("Parse Error: Paused"). */
const answer: RequestListener = (message, response) => {
  heads.push([`${message.method} ${message.url}`, ...message.rawHeaders].join('\n'))
  response.write(`${message.url}\n`)
  response.end('x'.repeat(SIZE))
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'fulfilled') throw new Error('it did not fail')
  expect(result.reason).toBeInstanceOf(ConnectError)
  expect(result.reason).toMatchObject({ phase: 'proxy' })
  return (result.reason as Error).message
}

describeWith([squidProgram], 'a real proxy', () => {
  let squid: Squid
  let guarded: Squid
  let trusting: TlsOptions
  let ports: Record<Scheme, number>
  const origins: Server[] = []
  const proxies: Squid[] = []

  beforeAll(async () => {
    const authority = await createAuthority()
    const identity = await authority.issue({ hosts: ['origin.test'] })
    trusting = { ca: authority.cert }
    const plain = createServer(answer)
    const secure = createSecureServer(identity, answer)
    for (const server of [plain, secure]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      origins.push(server)
    }
    ports = {
      http: (plain.address() as AddressInfo).port,
      https: (secure.address() as AddressInfo).port,
    }
    squid = await Squid.start({ hosts: ['origin.test'], forbiddenPort: 9 })
    proxies.push(squid)
    const credentials = { user: 'me', password: 's3cret:x' }
    guarded = await Squid.start({ hosts: ['origin.test'], credentials })
    proxies.push(guarded)
  }, 60_000)

  afterAll(async () => {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
    for (const server of origins) {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  })

  function targetOf(
    scheme: Scheme,
    proxy: Squid,
    credentials = '',
    more: { host?: string; port?: number; clientIp?: string } = {},
  ) {
    const via = parseProxy(`http://${credentials}127.0.0.1:${proxy.port}`)
    return new Target({ scheme, host: 'origin.test', port: ports[scheme], proxy: via, ...more })
  }

  it.each([
    ['http', 1, '127.0.0.2'],
    ['http', 8, '127.0.0.3'],
    ['https', 1, '127.0.0.4'],
    ['https', 8, '127.0.0.5'],
  ] as const)(
    'carries %s requests, %i in flight on a connection, from the client IP',
    async (scheme, depth, clientIp) => {
      {
        await using asker = new Asker({ maxPipelinedRequests: depth }, trusting)
        const target = targetOf(scheme, squid, '', { clientIp })
        const paths = Array.from({ length: 100 }, (_, i) => `/${i}`)
        const answers = await Promise.all(paths.map((path) => asker.ask(target, path)))
        expect(answers.map(({ body }) => body.slice(0, body.indexOf('\n')))).toEqual(paths)
        expect(answers.every(({ status, body }) => status === 200 && body.length > SIZE)).toBe(true)
      }
      const count = scheme === 'http' ? 100 : 1
      const entries = await squid.logged(count, (entry) => entry.client === clientIp)
      expect(entries).toHaveLength(count)
      expect(new Set(entries.map((entry) => entry.clientPort)).size).toBe(1)
      expect(entries[0]).toMatchObject(
        scheme === 'http'
          ? { method: 'GET', url: `http://origin.test:${ports.http}/0` }
          : { method: 'CONNECT', url: `origin.test:${ports.https}` },
      )
    },
  )

  it.each(['http', 'https'] as const)(
    'lets those with the password through to %s, and keeps it',
    async (scheme) => {
      heads.length = 0
      await using asker = new Asker({}, trusting)
      const target = targetOf(scheme, guarded, 'me:s3cret%3Ax@')
      for (let i = 0; i < 5; i++) expect((await asker.ask(target, `/${i}`)).status).toBe(200)
      expect(heads).toHaveLength(5)
      expect(heads.join('\n')).not.toMatch(/proxy-auth|s3cret|Basic/i)
      await asker.scheduler.close()
      const mine = await guarded.logged(1, (entry) => entry.url.includes(`:${ports[scheme]}`))
      expect(new Set(mine.map((entry) => entry.user))).toEqual(new Set(['me']))
    },
  )

  it('answers http requests without the right password by 407, and refuses tunnels', async () => {
    await using asker = new Asker({}, trusting)
    for (const credentials of ['', 'me:wr0ng@']) {
      expect((await asker.ask(targetOf('http', guarded, credentials), '/')).status).toBe(407)
      const message = await failure(asker.ask(targetOf('https', guarded, credentials), '/'))
      expect(message).toContain('407 Proxy Authentication Required')
      expect(message).toContain(credentials === '' ? 'it wants credentials' : 'it does not accept')
      expect(message).not.toContain('wr0ng')
    }
  })

  it('refuses a tunnel by its rules, to a name it does not know, and where nothing listens', async () => {
    await using asker = new Asker({}, trusting)
    const forbidden = targetOf('https', squid, '', { port: 9 })
    expect(await failure(asker.ask(forbidden, '/'))).toContain('403 Forbidden; its rules forbid')
    const unknown = targetOf('https', squid, '', { host: 'unknown.invalid' })
    expect(await failure(asker.ask(unknown, '/'))).toMatch(/refused a tunnel to unknown\.invalid:\d+: 50[03]/)
    const closed = targetOf('https', squid, '', { port: 1 })
    expect(await failure(asker.ask(closed, '/'))).toContain('503 Service Unavailable; it cannot reach')
  })

  it('may die under an idle tunnel: the next request says what became of it', async () => {
    const dying = await Squid.start({ hosts: ['origin.test'] })
    await using asker = new Asker({}, trusting)
    const target = targetOf('https', dying)
    expect((await asker.ask(target, '/')).status).toBe(200)
    await dying[Symbol.asyncDispose]()
    expect(await failure(asker.ask(target, '/'))).toContain('nothing listens there (ECONNREFUSED)')
  })
})
