import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ArgumentError, ConnectError } from '../../lib/core/errors.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { parseProxy, type ProxyServer } from '../../lib/net/proxy.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { createAuthority, createSelfSigned, type Identity } from './certificates.ts'
import { listen, listenTls, settledSockets } from './loopback.ts'
import { httpProxy } from './proxy-servers.ts'
import { dial, dialOpen, type Dialled } from './wire-recorder.ts'

const network = new TcpNetwork({ clock: systemClock })
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  const authority = await createAuthority()
  identity = await authority.issue({ hosts: ['origin.test', 'localhost'] })
  trusting = { ca: authority.cert }
})

function echo(socket: TLSSocket): void {
  socket.pipe(socket)
}

function httpsProxy(port: number, tls: TlsOptions): ProxyServer {
  return parseProxy(`https://localhost:${port}`, tls)
}

async function failure({ owner }: Dialled, phase = 'proxy'): Promise<string> {
  const error = await owner.failure()
  expect(error).toBeInstanceOf(ConnectError)
  expect(error).toMatchObject({ phase })
  expect(owner.events).toEqual(['close'])
  return error.message
}

describe('an https proxy', () => {
  it('is spoken to by TLS, and passes http requests on', async () => {
    const seen = Promise.withResolvers<TLSSocket>()
    await using proxy = await listenTls(identity, (socket) => {
      seen.resolve(socket)
      socket.once('data', (data) => socket.end(data))
    })
    const { wire, owner } = await dialOpen(network, {
      host: 'origin.test',
      port: 80,
      proxy: httpsProxy(proxy.port, trusting),
    })
    expect((await seen.promise).servername).toBe('localhost')
    wire.write('GET http://origin.test/ HTTP/1.1\r\n\r\n')
    await owner.until('close')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })

  it('opens tunnels for TLS inside its own', async () => {
    const before = await settledSockets()
    {
      await using origin = await listenTls(identity, echo)
      await using proxy = await httpProxy({ identity })
      const { wire, owner } = await dialOpen(network, {
        host: 'origin.test',
        port: origin.port,
        tls: trusting,
        proxy: httpsProxy(proxy.port, trusting),
      })
      wire.write(Buffer.alloc(200_000, 'x'))
      await owner.untilReceived(200_000)
      expect(owner.text).toBe('x'.repeat(200_000))
      expect(wire.remoteAddress).toBe('127.0.0.1')
      wire.destroy()
    }
    expect(await settledSockets()).toBe(before)
  })

  it('must prove who it is by its own options, whatever the host may do', async () => {
    await using proxy = await httpProxy({ identity: await createSelfSigned() })
    for (const tls of [null, { rejectUnauthorized: false }]) {
      const options = { host: 'origin.test', port: 443, tls, proxy: httpsProxy(proxy.port, {}) }
      const message = await failure(dial(network, options))
      expect(message).toContain(
        `the proxy https://localhost:${proxy.port} cannot be used: TLS with localhost:`,
      )
      expect(message).toContain('give its CA in proxyTlsOptions.ca')
    }
    expect(proxy.seen).toEqual([])
    await using plain = await listen((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')),
    )
    const options = { host: 'origin.test', port: 443, tls: trusting, proxy: httpsProxy(plain.port, {}) }
    expect(await failure(dial(network, options))).toContain('does not speak TLS')
  })

  it('resumes its sessions for an equal key alone', async () => {
    const own = new TcpNetwork({ clock: systemClock })
    await using proxy = await listenTls(identity, echo)
    const reused = async (sessionKey: string): Promise<boolean> => {
      const accepted = once(proxy.server, 'secureConnection') as Promise<[TLSSocket]>
      const options = { host: 'origin.test', port: 80, proxy: httpsProxy(proxy.port, trusting), sessionKey }
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

  it('that cuts an answer short, by a bare FIN, is seen', async () => {
    await using proxy = await listenTls(identity, (socket) => {
      socket.once('data', () => socket.write('half', () => socket.destroy()))
    })
    const options = { host: 'origin.test', port: 80, proxy: httpsProxy(proxy.port, trusting) }
    const { wire, owner } = await dialOpen(network, options)
    wire.write('GET http://origin.test/ HTTP/1.1\r\n\r\n')
    await owner.until('fin')
    expect(owner.events).toEqual(['open', 'data', 'fin unclean'])
    wire.destroy()
  })

  it('could end what goes through it, so no end is clean', async () => {
    await using origin = await listenTls(identity, (socket) => {
      socket.once('data', (data) => socket.end(data))
    })
    await using proxy = await httpProxy({ identity })
    const options = { host: 'origin.test', port: origin.port, tls: trusting }
    const { wire, owner } = await dialOpen(network, { ...options, proxy: httpsProxy(proxy.port, trusting) })
    wire.write('ping')
    await owner.until('close')
    expect(owner.text).toBe('ping')
    expect(owner.events).toEqual(['open', 'data', 'fin unclean', 'close'])
  })
})

it('a proxy of other making is not gone over, nor past', async () => {
  await using server = await listen((socket) => socket.destroy())
  const proxy = { name: `http://127.0.0.1:${server.port}`, forwards: true, fields: '' }
  expect(() => dial(network, { port: server.port, proxy })).toThrow(ArgumentError)
})
