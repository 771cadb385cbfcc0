import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ConnectError } from '../../lib/core/errors.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { type Authority, createAuthority, createSelfSigned, type Identity } from './certificates.ts'
import {
  activeSockets,
  ignore,
  listen,
  listenTls,
  type Loopback,
  relay,
  rounds,
  roundTrips,
  settledSockets,
} from './loopback.ts'
import { dial, dialOpen } from './wire-recorder.ts'

const VERSIONS: SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
const network = new TcpNetwork({ clock: systemClock })
let authority: Authority
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  authority = await createAuthority()
  identity = await authority.issue()
  trusting = { ca: authority.cert }
})

function echo(socket: Socket): void {
  socket.pipe(socket)
}

async function failure(server: Loopback, tls: TlsOptions, host = 'localhost'): Promise<ConnectError> {
  const { owner } = dial(network, { host, port: server.port, tls })
  const error = await owner.failure()
  expect(error).toBeInstanceOf(ConnectError)
  expect(error).toMatchObject({ phase: 'tls', code: 'ERR_CONNECT_TLS' })
  expect(owner.events).toEqual(['close'])
  expect(error.message).toMatch(new RegExp(`^TLS with ${host}:${server.port} failed: `))
  return error as unknown as ConnectError
}

describe('a TLS wire', () => {
  it.each(VERSIONS)('carries bytes both ways with %s', async (version) => {
    const seen = Promise.withResolvers<TLSSocket>()
    const options = {
      ...identity,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ['h2', 'http/1.1'],
    }
    await using server = await listenTls(options, (socket) => {
      seen.resolve(socket)
      socket.pipe(socket)
    })
    const { wire, owner } = await dialOpen(network, { host: 'localhost', port: server.port, tls: trusting })
    const socket = await seen.promise
    expect(socket.servername).toBe('localhost')
    expect(socket.alpnProtocol).toBe('http/1.1')
    wire.write('caf\u00e9')
    wire.write(Buffer.alloc(300_000, 'x'))
    await owner.untilReceived(300_004)
    expect(owner.text).toBe(`caf\u00e9${'x'.repeat(300_000)}`)
    expect(wire.remoteAddress).toBe('127.0.0.1')
    wire.destroy()
  })

  it('sends no server name for an address, and holds the certificate against it', async () => {
    const seen = Promise.withResolvers<TLSSocket>()
    await using server = await listenTls(identity, seen.resolve)
    const { wire } = await dialOpen(network, { host: '127.0.0.1', port: server.port, tls: trusting })
    expect((await seen.promise).servername).toBe(false)
    wire.destroy()
  })

  it('sends the name it is given, for another one in the URL', async () => {
    const other = await authority.issue({ hosts: ['shop.test'] })
    const seen = Promise.withResolvers<TLSSocket>()
    await using server = await listenTls(other, seen.resolve)
    const tls = { ...trusting, servername: 'shop.test' }
    const { wire } = await dialOpen(network, { host: 'localhost', port: server.port, tls })
    expect((await seen.promise).servername).toBe('shop.test')
    wire.destroy()
  })

  it('without a server name still checks the host', async () => {
    const other = await authority.issue({ hosts: ['shop.test', '127.0.0.1'] })
    await using server = await listenTls(other, echo)
    const tls = { ...trusting, servername: '' }
    const error = await failure(server, tls)
    expect(error.message).toContain('for another host')
    const local = new TcpNetwork({ clock: systemClock, resolve: () => '127.0.0.1' })
    const { wire } = await dialOpen(local, { host: 'shop.test', port: server.port, tls })
    wire.destroy()
  })

  it('binds the client IP', async () => {
    const seen = Promise.withResolvers<TLSSocket>()
    await using server = await listenTls(identity, seen.resolve)
    const options = { host: 'localhost', port: server.port, tls: trusting, clientIp: '127.0.0.2' }
    const { wire } = await dialOpen(network, options)
    expect((await seen.promise).remoteAddress).toBe('127.0.0.2')
    expect(wire.localAddress).toBe('127.0.0.2')
    wire.destroy()
  })

  it('falls back to the address that answers', async () => {
    await using server = await listenTls(identity, echo)
    const local = new TcpNetwork({ clock: systemClock, resolve: () => ['127.0.0.9', '127.0.0.1'] })
    const { wire } = await dialOpen(local, { host: 'localhost', port: server.port, tls: trusting })
    expect(wire.remoteAddress).toBe('127.0.0.1')
    wire.destroy()
  })

  it('keeps the process alive only while referenced', async () => {
    const seen = Promise.withResolvers<TLSSocket>()
    await using server = await listenTls(identity, seen.resolve)
    const { wire, owner } = dial(network, { host: 'localhost', port: server.port, tls: trusting })
    await owner.until('open')
    ;(await seen.promise).unref()
    await rounds(10)
    const open = activeSockets()
    wire.unref()
    expect(activeSockets()).toBe(open - 1)
    wire.ref()
    expect(activeSockets()).toBe(open)
    wire.destroy()
  })
})

describe('verification', () => {
  it('refuses a self-signed certificate', async () => {
    await using server = await listenTls(await createSelfSigned(), echo)
    const error = await failure(server, {})
    expect(error.message).toContain(
      'self-signed; give its CA in tlsOptions.ca, or set tlsOptions.rejectUnauth',
    )
    expect(error.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('refuses an unknown CA', async () => {
    await using server = await listenTls(identity, echo)
    expect((await failure(server, {})).message).toContain('tlsOptions.ca')
  })

  it('refuses an expired certificate', async () => {
    const expired = await authority.issue({ notBefore: new Date(2001, 1), notAfter: new Date(2002, 1) })
    await using server = await listenTls(expired, echo)
    const { message } = await failure(server, trusting)
    expect(message).toContain(
      "the server's certificate has expired; set tlsOptions.rejectUnauthorized to false",
    )
  })

  it('refuses a certificate for another host, and says for which it is', async () => {
    await using server = await listenTls(await authority.issue({ hosts: ['shop.test'] }), echo)
    const { message } = await failure(server, trusting)
    expect(message).toContain('is for another host (DNS:shop.test); set tlsOptions.servername, or')
  })

  it('lets the user decide what an identity is', async () => {
    await using server = await listenTls(await authority.issue({ hosts: ['shop.test'] }), echo)
    const names: string[] = []
    const checkServerIdentity: TlsOptions['checkServerIdentity'] = (name) => {
      names.push(name)
      return undefined
    }
    const tls = { ...trusting, checkServerIdentity }
    const { wire } = await dialOpen(network, { host: 'localhost', port: server.port, tls })
    expect(names).toEqual(['localhost'])
    wire.destroy()
  })

  it('takes what the check throws for a refusal', async () => {
    await using server = await listenTls(await authority.issue(), echo)
    for (const thrown of [new Error('not my server'), 'not my server']) {
      const checkServerIdentity = (): never => {
        throw thrown
      }
      const error = await failure(server, { ...trusting, checkServerIdentity })
      expect(error).toMatchObject({ phase: 'tls' })
      expect(error.message).toContain('not my server')
    }
  })

  it.each([
    ['a text', (): unknown => 'no'],
    ['a promise', async (): Promise<void> => undefined],
    ['one that rejects', (): unknown => Promise.reject(new Error('late'))],
  ])('takes %s from the check for a refusal, never for an exception', async (_, check) => {
    await using server = await listenTls(await authority.issue(), echo)
    const checkServerIdentity = check as NonNullable<TlsOptions['checkServerIdentity']>
    const error = await failure(server, { ...trusting, checkServerIdentity })
    expect(error).toMatchObject({ phase: 'tls' })
    expect(error.message).toMatch(/gave a value of type (?:string|object); give undefined or an Error/)
  })

  it('is off when asked for', async () => {
    await using server = await listenTls(await createSelfSigned({ hosts: ['shop.test'] }), echo)
    const tls = { rejectUnauthorized: false }
    const { wire, owner } = await dialOpen(network, { host: 'localhost', port: server.port, tls })
    expect(owner.events).toEqual(['open'])
    wire.destroy()
  })

  it('does not take undefined for off', async () => {
    await using server = await listenTls(await createSelfSigned(), echo)
    const error = await failure(server, { rejectUnauthorized: undefined, checkServerIdentity: undefined })
    expect(error.message).toContain('self-signed')
  })
})

describe('a handshake that fails', () => {
  it('names options that cannot be used', async () => {
    const { owner } = dial(network, { port: 1, tls: { ca: trusting.ca, cert: 'no certificate' } })
    const error = await owner.failure()
    expect(error).toMatchObject({ phase: 'tls' })
    expect(error.message).toMatch(/^tlsOptions cannot be used: /)
  })

  it.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['noise', '\u0016\u0003\u0001\u00ff\u00ff noise, noise'],
  ])('says that a server speaks %s and not TLS', async (_, text) => {
    await using server = await listen((socket) => {
      socket.write(text, 'latin1')
    })
    expect((await failure(server, {})).message).toContain('the server does not speak TLS on this port')
  })

  it('tells of a server that closes or resets', async () => {
    await using closing = await listen((socket) => {
      socket.end()
      socket.resume()
    })
    expect((await failure(closing, {})).message).toContain('closed the connection during the handshake')
    await using resetting = await listen((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    expect((await failure(resetting, {})).message).toContain('ECONNRESET')
  })

  it('tells of versions, ciphers and protocols not shared', async () => {
    await using old = await listenTls({ ...identity, maxVersion: 'TLSv1.2' }, echo)
    expect((await failure(old, { ...trusting, minVersion: 'TLSv1.3' })).message).toContain('no TLS version')
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
    await using odd = await listenTls({ ...identity, maxVersion: 'TLSv1.2', ciphers }, echo)
    const tls = { ...trusting, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }
    expect((await failure(odd, tls)).message).toContain('no cipher is common')
    await using http2 = await listenTls({ ...identity, ALPNProtocols: ['h2'] }, echo)
    expect((await failure(http2, trusting)).message).toContain('does not offer HTTP/1.1')
  })

  it('is silent when the wire was destroyed before it ended', async () => {
    const hello = Promise.withResolvers<void>()
    await using server = await listen((socket) => {
      socket.once('data', () => hello.resolve())
    })
    const { wire, owner } = dial(network, { port: server.port, tls: {} })
    await hello.promise
    wire.destroy()
    await roundTrips(3)
    expect(owner.events).toEqual([])
  })
})

/** Dials, waits for an answer, and tells whether the server resumed a session for it. */
async function reused(
  server: Pick<Loopback, 'server' | 'port'>,
  from: TcpNetwork,
  sessionKey: string,
  tls = trusting,
): Promise<boolean> {
  const accepted = once(server.server, 'secureConnection') as Promise<[TLSSocket]>
  const { wire, owner } = await dialOpen(from, { host: 'localhost', port: server.port, tls, sessionKey })
  const [socket] = await accepted
  // TLS 1.3 sends its tickets after the handshake: they come before the answer.
  wire.write('x')
  await owner.until('data')
  wire.destroy()
  return socket.isSessionReused()
}

describe('sessions', () => {
  it.each(VERSIONS)('are resumed for an equal key with %s', async (version) => {
    const own = new TcpNetwork({ clock: systemClock })
    await using server = await listenTls({ ...identity, minVersion: version, maxVersion: version }, echo)
    expect(await reused(server, own, 'a')).toBe(false)
    expect(await reused(server, own, 'a')).toBe(true)
    expect(await reused(server, own, 'b')).toBe(false)
    expect(await reused(server, own, 'a', { ...trusting })).toBe(true)
    own.close()
    expect(await reused(server, own, 'a')).toBe(false)
  })

  it('are forgotten when a handshake fails', async () => {
    const own = new TcpNetwork({ clock: systemClock })
    let refusing = false
    await using server = await listenTls(identity, echo)
    await using front = await relay(server.port, (upstream, client) => {
      // Only when the handshake has begun: a reset before that may be the dial's own failure.
      client.once('data', () => refusing && client.resetAndDestroy())
      upstream.pipe(client)
    })
    const relayed = { server: server.server, port: front.port }
    expect(await reused(relayed, own, 'a')).toBe(false)
    expect(await reused(relayed, own, 'a')).toBe(true)
    refusing = true
    const { owner } = dial(own, { host: 'localhost', port: front.port, tls: trusting, sessionKey: 'a' })
    expect(await owner.failure()).toMatchObject({ phase: 'tls' })
    refusing = false
    expect(await reused(relayed, own, 'a')).toBe(false)
  })

  it('made without verification are never resumed with it', async () => {
    const own = new TcpNetwork({ clock: systemClock })
    await using server = await listenTls(await authority.issue({ hosts: ['shop.test'] }), echo)
    expect(await reused(server, own, 'a', { rejectUnauthorized: false })).toBe(false)
    expect(await reused(server, own, 'a', { rejectUnauthorized: false })).toBe(true)
    const { owner } = dial(own, { host: 'localhost', port: server.port, tls: trusting, sessionKey: 'a' })
    expect((await owner.failure()).message).toContain('for another host')
  })
})

it('leaves nothing behind after 50 failed handshakes', async () => {
  const accepted = new Set<Socket>()
  await using server = await listenTls(await createSelfSigned(), ignore)
  server.server.on('connection', (socket: Socket) => {
    accepted.add(socket)
    socket.once('close', () => accepted.delete(socket))
  })
  const before = await settledSockets()
  const dials = Array.from({ length: 50 }, () => dial(network, { port: server.port, tls: {} }))
  for (const { owner } of dials) expect(await owner.failure()).toBeInstanceOf(ConnectError)
  for (const socket of accepted) socket.destroy()
  expect(await settledSockets()).toBe(before)
})
