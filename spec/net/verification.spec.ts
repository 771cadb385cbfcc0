import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Client, type ClientOptions, type TlsOptions } from '../../lib/index.ts'
import { createAuthority, createSelfSigned, type Identity } from './certificates.ts'
import { httpProxy, socksProxy, type TestProxy } from './proxy-servers.ts'

const DAY = 86_400_000
const FAULTS = ['another host', 'expired', 'not yet valid', 'self-signed', 'an unknown CA'] as const
type Fault = (typeof FAULTS)[number]

/** What an error says of each, and what is to be done. */
const SAYS: Readonly<Record<Fault, RegExp>> = {
  'another host': /certificate is for another host \(DNS:other\.test\); set (?<options>\w+)\.servername, or/,
  expired: /certificate has expired; set (?<options>\w+)\.rejectUnauthorized to false/,
  'not yet valid':
    /certificate is not valid yet, or this clock is wrong; set (?<options>\w+)\.rejectUnauthorized/,
  'self-signed': /certificate is self-signed; give its CA in (?<options>\w+)\.ca, or/,
  'an unknown CA':
    /certificate (?:comes from an unknown CA|cannot be traced to a CA); give its CA in (?<options>\w+)\.ca, or/,
}

const identities = new Map<Fault | 'right', Identity>()
let trusting: TlsOptions
let plainProxy: TestProxy
let secureProxy: TestProxy
let socks: TestProxy

beforeAll(async () => {
  const authority = await createAuthority()
  const unknown = await createAuthority('somebody else')
  const now = Date.now()
  trusting = { ca: authority.cert }
  identities.set('right', await authority.issue())
  identities.set('another host', await authority.issue({ hosts: ['other.test'] }))
  const past = { notBefore: new Date(now - 9 * DAY), notAfter: new Date(now - DAY) }
  identities.set('expired', await authority.issue(past))
  identities.set('not yet valid', await authority.issue({ notBefore: new Date(now + DAY) }))
  identities.set('self-signed', await createSelfSigned())
  identities.set('an unknown CA', await unknown.issue())
  plainProxy = await httpProxy()
  secureProxy = await httpProxy({ identity: identities.get('right')! })
  socks = await socksProxy()
})

afterAll(async () => {
  for (const proxy of [plainProxy, secureProxy, socks]) await proxy[Symbol.asyncDispose]()
})

afterEach(() => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
})

/** A host with this certificate, and what it was asked for. */
async function host(fault: Fault | 'right') {
  const asked: string[] = []
  const server = createServer({ ...identities.get(fault)! }, (message, response) => {
    asked.push(message.url!)
    response.end('ok')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    asked,
    url: `https://localhost:${(server.address() as AddressInfo).port}/secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function failure(url: string, options: ClientOptions): Promise<Error> {
  await using client = new Client(options)
  return client.get(url).then(
    () => new Error('it was to fail, and succeeded'),
    (error: unknown) => error as Error,
  )
}

/** To the host: directly, and inside each kind of tunnel. */
const WAYS: readonly (readonly [way: string, proxy: () => string | null])[] = [
  ['directly', () => null],
  ['through an http proxy', () => `http://127.0.0.1:${plainProxy.port}`],
  ['through an https proxy', () => `https://localhost:${secureProxy.port}`],
  ['through SOCKS', () => `socks5h://127.0.0.1:${socks.port}`],
]

describe.each(WAYS)('TLS with a host, %s,', (_way, proxy) => {
  it.each(FAULTS)('fails for a certificate that is %s, says so, and sends nothing', async (fault) => {
    await using server = await host(fault)
    const options = { tlsOptions: trusting, proxyTlsOptions: trusting, proxy: proxy() }
    const error = await failure(server.url, options)
    expect(error).toMatchObject({ code: 'ERR_CONNECT_TLS', phase: 'tls', attempt: 1, url: server.url })
    expect(error.message).toContain(`TLS with ${new URL(server.url).host} failed: the server's certificate`)
    expect(SAYS[fault].exec(error.message)?.groups).toEqual({ options: 'tlsOptions' })
    expect(server.asked).toEqual([])
  })

  it('works for one that is right', async () => {
    await using server = await host('right')
    await using client = new Client({ tlsOptions: trusting, proxyTlsOptions: trusting, proxy: proxy() })
    expect((await client.get(server.url)).status).toBe(200)
  })

  it.each([
    ['the environment', {}],
    ['a value that is not false', { rejectUnauthorized: 0 as unknown as boolean }],
    ['null', { rejectUnauthorized: null as unknown as boolean }],
    ['nothing', { rejectUnauthorized: undefined }],
    ['options of the proxy', {}, { rejectUnauthorized: false }],
  ] as [string, TlsOptions, TlsOptions?][])('is not turned off by %s', async (_what, own, ofProxy) => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    await using server = await host('self-signed')
    const proxyTlsOptions = ofProxy ?? trusting
    expect(await failure(server.url, { tlsOptions: own, proxyTlsOptions, proxy: proxy() })).toMatchObject({
      code: 'ERR_CONNECT_TLS',
    })
    expect(server.asked).toEqual([])
  })

  it.each(FAULTS)('is turned off by tlsOptions.rejectUnauthorized alone: %s', async (fault) => {
    await using server = await host(fault)
    const tlsOptions = { ...trusting, rejectUnauthorized: false }
    await using client = new Client({ tlsOptions, proxyTlsOptions: trusting, proxy: proxy() })
    expect((await client.get(server.url)).status).toBe(200)
  })
})

describe('TLS with a proxy', () => {
  it.each(FAULTS.flatMap((fault) => ['http', 'https'].map((scheme) => [fault, scheme] as const)))(
    'fails for a certificate that is %s, before an %s page is asked for, and shows no password',
    async (fault, scheme) => {
      await using proxy = await httpProxy({ identity: identities.get(fault)! })
      // What the host is trusted for says nothing of the proxy.
      const tlsOptions = { ...trusting, rejectUnauthorized: false }
      const url = `${scheme}://origin.test/secret`
      const options = {
        tlsOptions,
        proxyTlsOptions: trusting,
        proxy: `https://u:hush@localhost:${proxy.port}`,
      }
      const error = await failure(url, options)
      expect(error).toMatchObject({ code: 'ERR_CONNECT_PROXY', phase: 'proxy', attempt: 1, url })
      expect(error.message).toContain(`the proxy https://u@localhost:${proxy.port} cannot be used: TLS with`)
      expect(SAYS[fault].exec(error.message)?.groups).toEqual({ options: 'proxyTlsOptions' })
      expect(error.message).not.toContain('hush')
      expect(proxy.seen).toEqual([])
    },
  )

  it('is turned off by proxyTlsOptions.rejectUnauthorized alone', async () => {
    await using server = await host('right')
    await using proxy = await httpProxy({ identity: identities.get('self-signed')! })
    const proxyTlsOptions = { rejectUnauthorized: false }
    const options = { tlsOptions: trusting, proxyTlsOptions, proxy: `https://localhost:${proxy.port}` }
    await using client = new Client(options)
    expect((await client.get(server.url)).status).toBe(200)
  })
})
