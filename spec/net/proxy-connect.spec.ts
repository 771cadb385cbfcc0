import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { DialOptions, TlsOptions } from '../../lib/net/network.ts'
import { parseProxy } from '../../lib/net/proxy.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { createAuthority, createSelfSigned, type Authority, type Identity } from './certificates.ts'
import {
  activeSockets,
  ignore,
  listenTls,
  refusedPort,
  rounds,
  roundTrips,
  settledSockets,
} from './loopback.ts'
import { httpProxy, openingProxy, scriptedProxy } from './proxy-servers.ts'
import { dial, dialOpen, type Dialled } from './wire-recorder.ts'

const VERSIONS: SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
const network = new TcpNetwork({ clock: systemClock })
let authority: Authority
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  authority = await createAuthority()
  identity = await authority.issue({ hosts: ['origin.test', 'localhost', '127.0.0.1'] })
  trusting = { ca: authority.cert }
})

function echo(socket: Socket): void {
  socket.pipe(socket)
}

/** Dials origin.test, a name that only the proxy knows, over the proxy at that port or URL. */
function through(proxy: number | string, port = 443, options: Partial<DialOptions> = {}): Dialled {
  const url = typeof proxy === 'string' ? proxy : `http://127.0.0.1:${proxy}`
  return dial(network, { host: 'origin.test', port, tls: trusting, proxy: parseProxy(url), ...options })
}

function unknown(): never {
  throw new Error('unknown')
}

async function failure({ owner }: Dialled, phase = 'proxy'): Promise<string> {
  const error = await owner.failure()
  expect(error).toBeInstanceOf(ConnectError)
  expect(error).toMatchObject({ phase })
  expect(owner.events).toEqual(['close'])
  return error.message
}

describe('a tunnel by CONNECT', () => {
  it.each(VERSIONS)('carries %s from end to end', async (version) => {
    const seen = Promise.withResolvers<TLSSocket>()
    const options = { ...identity, minVersion: version, maxVersion: version }
    await using origin = await listenTls(options, (socket) => {
      seen.resolve(socket)
      echo(socket)
    })
    await using proxy = await httpProxy()
    const { wire, owner } = await dialOpen(network, {
      host: 'origin.test',
      port: origin.port,
      tls: trusting,
      proxy: parseProxy(`http://127.0.0.1:${proxy.port}`),
    })
    expect((await seen.promise).servername).toBe('origin.test')
    wire.write('caf\u00e9')
    wire.write(Buffer.alloc(300_000, 'x'))
    await owner.untilReceived(300_004)
    expect(owner.text).toBe(`caf\u00e9${'x'.repeat(300_000)}`)
    expect(wire.remoteAddress).toBe('127.0.0.1')
    expect(proxy.seen).toEqual([
      {
        line: `CONNECT origin.test:${origin.port}`,
        fields: [`Host: origin.test:${origin.port}`],
        from: '127.0.0.1',
        connection: 1,
      },
    ])
    wire.destroy()
  })

  it('is asked for from the client IP', async () => {
    await using origin = await listenTls(identity, echo)
    await using proxy = await httpProxy()
    const { wire, owner } = through(proxy.port, origin.port, { clientIp: '127.0.0.2' })
    await owner.until('open')
    expect(proxy.seen[0]!.from).toBe('127.0.0.2')
    expect(wire.localAddress).toBe('127.0.0.2')
    wire.destroy()
  })

  it('looks up the proxy and never the host', async () => {
    const asked: string[] = []
    const resolve = (host: string): string => {
      asked.push(host)
      return '127.0.0.1'
    }
    const own = new TcpNetwork({ clock: systemClock, resolve })
    await using origin = await listenTls(identity, echo)
    await using proxy = await httpProxy()
    const { wire } = await dialOpen(own, {
      host: 'origin.test',
      port: origin.port,
      tls: trusting,
      proxy: parseProxy(`http://proxy.test:${proxy.port}`),
    })
    expect(asked).toEqual(['proxy.test'])
    wire.destroy()
  })

  it('puts an IPv6 host in brackets', async () => {
    const head = Promise.withResolvers<string>()
    await using proxy = await scriptedProxy((_, text) => head.resolve(text))
    const { wire } = through(proxy.port, 8443, { host: '::1' })
    expect(await head.promise).toBe('CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n')
    wire.destroy()
  })

  it('is never asked for a host that would write lines of its own', async () => {
    await using proxy = await httpProxy()
    const message = await failure(through(proxy.port, 443, { host: 'a.test\r\nX: y' }))
    expect(message).toContain('no blanks and only ASCII')
    expect(proxy.seen).toEqual([])
  })

  it.each([
    ['a usual answer', 'HTTP/1.1 200 Connection established\r\n\r\n'],
    ['HTTP/1.0 without a reason', 'HTTP/1.0 200\r\nVia: x\r\n\r\n'],
    ['bare line feeds', 'HTTP/1.1 200 OK\nVia: x\n\n'],
    ['any 2xx', 'HTTP/1.1 299 Fine\r\n\r\n'],
    ['a Content-Length, which means nothing', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['chunked, which means nothing', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'],
    ['interim answers', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ])('opens at %s, whole and byte by byte', async (_, opening) => {
    await using origin = await listenTls(identity, echo)
    for (const bytewise of [false, true]) {
      await using proxy = await openingProxy(origin.port, opening, bytewise)
      const { wire, owner } = through(proxy.port)
      await owner.until('open')
      wire.write('ping')
      await owner.untilReceived(4)
      expect(owner.text).toBe('ping')
      wire.destroy()
    }
  })

  it('owns what comes right behind the answer', async () => {
    // A TLS alert, handshake_failure: it must reach TLS as the tunnel's first bytes.
    const alert = '\u0015\u0003\u0003\u0000\u0002\u0002\u0028'
    await using proxy = await scriptedProxy(`HTTP/1.1 200 OK\r\n\r\n${alert}`)
    expect(await failure(through(proxy.port), 'tls')).toContain('ALERT_HANDSHAKE_FAILURE')
    await using other = await scriptedProxy('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n')
    expect(await failure(through(other.port), 'tls')).toContain('does not speak TLS')
  })
})

describe('a proxy that refuses', () => {
  it.each([
    ['HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n', '407 Auth; it wants credentials'],
    ['HTTP/1.1 407 Auth\r\n\r\n', 'give user name and password in the proxy'],
    [
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: Digest r="x"\r\n\r\n',
      'takes NTLM, Digest only',
    ],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', '403 Forbidden; its rules forbid this host or port'],
    [
      'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\nno such x',
      '502 Bad Gateway; it cannot reach the host',
    ],
    ['HTTP/1.1 418\r\n\r\n', 'refused a tunnel to origin.test:443: 418'],
    ['HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\n\r\n', '302 Found'],
    ['HTTP/1.1 101 Switching\r\n\r\n', '101 Switching'],
    ['HTTP/1.1 503 a\u0007b\u001b[31m\r\n\r\n', '503 ab[31m; it cannot reach'],
    ['<html>no proxy</html>\r\n\r\n', 'is no HTTP proxy: it answered CONNECT with "<html>no proxy</html>"'],
    ['SSH-2.0-OpenSSH', 'is no HTTP proxy'],
    ['HTTP/2 200\r\n\r\n', 'is no HTTP proxy'],
    ['HTTP/1.1 20x OK\r\n\r\n', 'is no HTTP proxy'],
    ['HTTP/1.1 099 OK\r\n\r\n', 'is no HTTP proxy'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'is no HTTP proxy'],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(LIMITS.maxProxyHead)}`, `more than ${LIMITS.maxProxyHead} bytes`],
    [
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(LIMITS.maxProxyHead)}\r\n\r\n`,
      `more than ${LIMITS.maxProxyHead} bytes`,
    ],
    ['HTTP/1.1 100 C\r\n\r\n'.repeat(17), `more than ${LIMITS.maxInformational} interim answers`],
    [`HTTP/1.1 100 C\r\nX: ${'x'.repeat(4_000)}\r\n\r\n`.repeat(5), `more than ${LIMITS.maxProxyHead} bytes`],
  ])('by answer %# is an error of the proxy', async (answer, message) => {
    await using proxy = await scriptedProxy(answer)
    const told = await failure(through(proxy.port))
    expect(told).toContain(message)
    expect(told).toMatch(new RegExp(`^the proxy http://127\\.0\\.0\\.1:${proxy.port} `))
  })

  it('is the cause of the error, for programs', async () => {
    await using proxy = await scriptedProxy('HTTP/1.1 403 For\u0007bidden\r\n\r\n')
    const { cause } = await through(proxy.port).owner.failure()
    expect(cause).toEqual({ status: 403, statusText: 'Forbidden' })
  })

  it('knows who may pass', async () => {
    await using origin = await listenTls(identity, echo)
    await using proxy = await httpProxy({ credentials: 'me:s3cret' })
    const at = `127.0.0.1:${proxy.port}`
    const right = through(`http://me:s3cret@${at}`, origin.port)
    await right.owner.until('open')
    right.wire.destroy()
    expect(await failure(through(proxy.port, origin.port))).toContain('it wants credentials')
    const wrong = await failure(through(`http://me:wr0ng@${at}`, origin.port))
    expect(wrong).toContain(`the proxy http://me@${at} refused a tunnel`)
    expect(wrong).toContain('it does not accept the user name and password')
    expect(wrong).not.toContain('wr0ng')
    expect(proxy.seen.map((seen) => seen.fields.slice(1))).toEqual([
      ['Proxy-Authorization: Basic bWU6czNjcmV0'],
      [],
      [`Proxy-Authorization: Basic ${Buffer.from('me:wr0ng').toString('base64')}`],
    ])
  })

  it('shows nothing of our request when it sends it back', async () => {
    await using proxy = await scriptedProxy((socket, head) => socket.end(head))
    const message = await failure(through(`http://me:s3cret@127.0.0.1:${proxy.port}`))
    expect(message).toContain('it answered CONNECT with "CONNECT origin.test:443 HTTP/1.1"')
    expect(message).not.toMatch(/s3cret|Basic/)
  })
})

describe('a proxy that fails', () => {
  it('because nothing listens there says so', async () => {
    const port = await refusedPort()
    const message = await failure(through(port))
    expect(message).toContain(`the proxy http://127.0.0.1:${port} cannot be used: cannot connect to`)
    expect(message).toContain('nothing listens there (ECONNREFUSED)')
  })

  it('because nobody knows its name says so', async () => {
    const own = new TcpNetwork({ clock: systemClock, resolve: unknown })
    const options = { host: 'origin.test', port: 443, tls: trusting, proxy: parseProxy('http://p.test') }
    expect(await failure(dial(own, options))).toContain(
      'the proxy http://p.test:80 cannot be used: resolve("p.test")',
    )
  })

  it.each([
    ['at once', (socket: Socket) => socket.end()],
    ['in the middle of its answer', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nVi')],
  ])('by closing %s says so', async (_, act) => {
    await using proxy = await scriptedProxy(act)
    expect(await failure(through(proxy.port))).toContain(
      'broke off before the tunnel stood: the connection was closed',
    )
  })

  it('by a reset says so', async () => {
    await using proxy = await scriptedProxy((socket) => socket.resetAndDestroy())
    expect(await failure(through(proxy.port))).toContain('broke off before the tunnel stood: read ECONNRESET')
  })

  it('once the tunnel stood has broken TLS, and is named', async () => {
    await using proxy = await scriptedProxy((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const message = await failure(through(proxy.port), 'tls')
    expect(message).toContain('TLS with origin.test:443 failed: the server closed the connection')
    expect(message).toContain(`(through the proxy http://127.0.0.1:${proxy.port})`)
  })

  it('leaves nothing behind', async () => {
    const before = await settledSockets()
    {
      await using refusing = await scriptedProxy((socket) => socket.end('HTTP/1.1 502 X\r\n\r\n'))
      await using closing = await scriptedProxy((socket) => socket.end())
      await using breaking = await scriptedProxy((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
      const ports = [refusing.port, closing.port, breaking.port]
      const dials = Array.from({ length: 60 }, (_, i) => through(ports[i % 3]!))
      for (const { owner } of dials) expect(await owner.failure()).toBeInstanceOf(ConnectError)
      // Ours are gone, and so theirs end.
      await roundTrips(3)
    }
    expect(await settledSockets()).toBe(before)
  })
})

describe('TLS inside the tunnel', () => {
  it('is verified: the proxy cannot pass for the host', async () => {
    await using origin = await listenTls(await createSelfSigned({ hosts: ['origin.test'] }), echo)
    await using proxy = await httpProxy()
    expect(await failure(through(proxy.port, origin.port), 'tls')).toContain('self-signed')
    const other = await authority.issue({ hosts: ['other.test'] })
    await using wrong = await listenTls(other, echo)
    expect(await failure(through(proxy.port, wrong.port), 'tls')).toContain(
      'for another host (DNS:other.test)',
    )
    await using right = await listenTls(identity, echo)
    const byAddress = through(proxy.port, right.port, { host: '127.0.0.1' })
    await byAddress.owner.until('open')
    byAddress.wire.destroy()
    expect(await failure(through(proxy.port, right.port, { host: '127.0.0.9' }), 'tls')).toContain(
      'for another host',
    )
  })

  it('says what is wrong with its options', async () => {
    await using proxy = await httpProxy()
    await using origin = await listenTls(identity, echo)
    const dialled = through(proxy.port, origin.port, { tls: { cert: 'no certificate' } })
    expect(await failure(dialled, 'tls')).toContain('tlsOptions cannot be used')
  })

  it.each(VERSIONS)('resumes sessions for an equal key alone (%s)', async (version) => {
    const own = new TcpNetwork({ clock: systemClock })
    await using origin = await listenTls({ ...identity, minVersion: version, maxVersion: version }, echo)
    await using proxy = await httpProxy()
    const reused = async (sessionKey: string): Promise<boolean> => {
      const accepted = once(origin.server, 'secureConnection') as Promise<[TLSSocket]>
      const options = {
        host: 'origin.test',
        port: origin.port,
        tls: trusting,
        proxy: parseProxy(`http://127.0.0.1:${proxy.port}`),
        sessionKey,
      }
      const { wire, owner } = await dialOpen(own, options)
      const [socket] = await accepted
      wire.write('x')
      await owner.until('data')
      wire.destroy()
      return socket.isSessionReused()
    }
    expect(await reused('a')).toBe(false)
    expect(await reused('a')).toBe(true)
    expect(await reused('b')).toBe(false)
  })
})

describe('destroy', () => {
  it.each([
    ['before the answer', ''],
    ['within the answer', 'HTTP/1.1 200 OK\r\n'],
    ['within TLS', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('%s is the last thing, and leaves nothing', async (_, answer) => {
    const before = await settledSockets()
    {
      const gone = Promise.withResolvers<void>()
      const reached = Promise.withResolvers<void>()
      await using proxy = await scriptedProxy((socket) => {
        socket.on('end', () => gone.resolve())
        socket.on('data', () => reached.resolve())
        socket.write(answer)
        if (!answer.endsWith('\r\n\r\n')) reached.resolve()
      })
      const { wire, owner } = through(proxy.port)
      await reached.promise
      await rounds(5)
      wire.destroy()
      wire.destroy()
      await gone.promise
      await roundTrips(3)
      expect(owner.events).toEqual([])
      expect(wire.write('x')).toBe(false)
    }
    expect(await settledSockets()).toBe(before)
  })

  it.each(['open', 'data', 'fin'] as const)('from within on-%s is the last thing', async (event) => {
    await using origin = await listenTls(identity, (socket) => socket.end('answer'))
    await using proxy = await httpProxy()
    const { wire, owner } = through(proxy.port, origin.port)
    owner.on[event] = () => wire.destroy()
    await owner.until(event)
    const events = [...owner.events]
    await roundTrips(3)
    expect(owner.events).toEqual(events)
  })
})

it('a wire through a tunnel keeps the process alive only while referenced', async () => {
  await using proxy = await scriptedProxy(ignore)
  const before = await settledSockets()
  const waiting = through(proxy.port)
  await rounds(20)
  const open = activeSockets()
  expect(open).toBeGreaterThan(before)
  waiting.wire.unref()
  expect(activeSockets()).toBe(open - 1)
  waiting.wire.destroy()

  const accepted: Socket[] = []
  await using origin = await listenTls(identity, (socket) => void accepted.push(socket))
  await using relaying = await openingProxy(origin.port, 'HTTP/1.1 200 OK\r\n\r\n')
  const { wire, owner } = through(relaying.port, origin.port)
  wire.unref()
  wire.ref()
  await owner.until('open')
  await rounds(10)
  const all = activeSockets()
  wire.unref()
  expect(activeSockets()).toBe(all - 1)
  wire.ref()
  expect(activeSockets()).toBe(all)
  wire.destroy()
})
