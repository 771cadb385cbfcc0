import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ConnectError } from '../../lib/core/errors.ts'
import type { DialOptions, TlsOptions } from '../../lib/net/network.ts'
import { parseProxy } from '../../lib/net/proxy.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { createAuthority, type Identity } from './certificates.ts'
import { listen, listenTls, rounds, roundTrips, settledSockets } from './loopback.ts'
import { socksProxy } from './proxy-servers.ts'
import { dial, type Dialled } from './wire-recorder.ts'

const network = new TcpNetwork({ clock: systemClock })
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  const authority = await createAuthority()
  identity = await authority.issue({ hosts: ['origin.test'] })
  trusting = { ca: authority.cert }
})

function echo(socket: Socket): void {
  socket.pipe(socket)
}

function unknown(): never {
  throw new Error('unknown')
}

/** Dials origin.test in the clear, a name that only the proxy knows. */
function through(proxy: string, port: number, options: Partial<DialOptions> = {}, by = network): Dialled {
  return dial(by, { host: 'origin.test', port, proxy: parseProxy(proxy), ...options })
}

async function failure({ owner }: Dialled, phase = 'proxy'): Promise<ConnectError> {
  const error = await owner.failure()
  expect(error).toBeInstanceOf(ConnectError)
  expect(error).toMatchObject({ phase })
  expect(owner.events).toEqual(['close'])
  return error as unknown as ConnectError
}

describe('a SOCKS5 tunnel', () => {
  it('carries bytes both ways, from the client IP', async () => {
    await using origin = await listen(echo)
    await using proxy = await socksProxy()
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port, {
      clientIp: '127.0.0.2',
    })
    await owner.until('open')
    expect(wire.write('caf\u00e9')).toBe(true)
    wire.write(Buffer.alloc(300_000, 'x'))
    await owner.untilReceived(300_004)
    expect(owner.text).toBe(`caf\u00e9${'x'.repeat(300_000)}`)
    expect([wire.remoteAddress, wire.localAddress]).toEqual(['127.0.0.1', '127.0.0.2'])
    expect(proxy.seen).toMatchObject([{ line: `SOCKS origin.test:${origin.port}`, from: '127.0.0.2' }])
    wire.destroy()
  })

  it('carries TLS, for the host and by its name', async () => {
    const seen = Promise.withResolvers<TLSSocket>()
    await using origin = await listenTls(identity, (socket) => {
      seen.resolve(socket)
      socket.once('data', (data) => socket.end(data))
    })
    await using proxy = await socksProxy()
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port, { tls: trusting })
    await owner.until('open')
    wire.write('ping')
    await owner.until('close')
    expect(owner.text).toBe('ping')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
    expect((await seen.promise).servername).toBe('origin.test')
  })

  it('ends with a clean FIN in the clear', async () => {
    await using origin = await listen((socket) => void socket.once('data', (data) => socket.end(data)))
    await using proxy = await socksProxy()
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port)
    await owner.until('open')
    wire.write('ping')
    await owner.until('close')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
    expect(owner.error).toBeNull()
  })

  it.each([
    ['socks5h', ['proxy.test'], 'origin.test'],
    ['socks5', ['proxy.test', 'origin.test'], '127.0.0.1'],
  ])('by %s: looks up %j, and asks the proxy for %s', async (scheme, expected, host) => {
    const asked: string[] = []
    const resolve = (name: string): Promise<string> => {
      asked.push(name)
      return Promise.resolve('127.0.0.1')
    }
    const own = new TcpNetwork({ clock: systemClock, resolve })
    await using origin = await listen(echo)
    await using proxy = await socksProxy()
    const { wire, owner } = through(`${scheme}://proxy.test:${proxy.port}`, origin.port, {}, own)
    await owner.until('open')
    expect(asked).toEqual(expected)
    expect(proxy.seen[0]!.line).toBe(`SOCKS ${host}:${origin.port}`)
    wire.destroy()
  })

  it.each([
    ['socks5', '::1', '[::1]'],
    ['socks5h', '::1', '[::1]'],
    ['socks5h', '127.0.0.7', '127.0.0.7'],
  ])('by %s passes the address %s on as an address', async (scheme, host, shown) => {
    await using origin = await listen(echo)
    await using proxy = await socksProxy()
    const { wire, owner } = through(`${scheme}://127.0.0.1:${proxy.port}`, origin.port, { host })
    await owner.until('open')
    expect(proxy.seen[0]!.line).toBe(`SOCKS ${shown}:${origin.port}`)
    wire.destroy()
  })

  it.each([
    ['an IPv4 address', [1, 127, 0, 0, 1]],
    ['an IPv6 address', [4, ...Array.from({ length: 15 }, () => 0), 1]],
    ['a name', [3, 6, ...Buffer.from('p.test')]],
  ])('opens at a reply with %s, byte by byte, and owns what comes behind it', async (_, bound) => {
    await using origin = await listen(echo)
    for (const bytewise of [false, true]) {
      await using proxy = await socksProxy({ bound, bytewise, glued: 'early', credentials: 'me:s3cret' })
      const { wire, owner } = through(`socks5h://me:s3cret@127.0.0.1:${proxy.port}`, origin.port)
      await owner.untilReceived(5)
      wire.write(' late')
      await owner.untilReceived(10)
      expect(owner.text).toBe('early late')
      expect(owner.events).toEqual(['open', 'data'])
      wire.destroy()
    }
  })

  it('holds back what comes behind the reply while paused', async () => {
    await using origin = await listen((socket) => socket.end(' and more'))
    await using proxy = await socksProxy({ glued: 'early' })
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port)
    wire.pause()
    await owner.until('open')
    await roundTrips(5)
    expect(owner.events).toEqual(['open'])
    wire.resume()
    await owner.until('close')
    expect(owner.text).toBe('early and more')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })

  it('leaves it at that when the owner destroys it on its opening', async () => {
    await using origin = await listen(echo)
    await using proxy = await socksProxy({ glued: 'early' })
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port)
    owner.on.open = () => wire.destroy()
    await owner.until('open')
    await roundTrips(3)
    expect(owner.events).toEqual(['open'])
  })

  it('reads on through the shared buffer, past the stream', { timeout: 30_000 }, async () => {
    const total = 20 << 20
    const block = Buffer.alloc(65_536, 'x')
    let sent = 0
    await using origin = await listen((socket) => {
      const fill = (): void => {
        while (sent < total) {
          sent += block.length
          if (!socket.write(block)) {
            socket.once('drain', fill)
            return
          }
        }
        socket.end()
      }
      fill()
    })
    await using proxy = await socksProxy()
    const { wire, owner } = through(`socks5h://127.0.0.1:${proxy.port}`, origin.port)
    owner.keep = false
    owner.on.data = () => wire.pause()
    await owner.until('data')
    const received = owner.received
    await roundTrips(50)
    expect(owner.received).toBe(received)
    owner.on.data = () => {
      wire.pause()
      setImmediate(() => wire.resume())
    }
    wire.resume()
    await owner.until('close')
    expect(owner.received).toBe(total)
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })
})

describe('a SOCKS5 proxy that refuses', () => {
  it.each([
    [1, 'it failed, and says no more (Failure)'],
    [2, 'its rules forbid this host or port (NotAllowed)'],
    [3, 'it cannot reach that network (NetworkUnreachable)'],
    [4, 'it cannot reach the host, or does not know the name (HostUnreachable)'],
    [5, 'nothing listens there (ConnectionRefused)'],
    [8, 'it does not know this kind of address; try socks5: instead of socks5h:'],
    [99, 'refused a tunnel to origin.test:80: it says no more'],
  ])('with the reply %i says so', async (reply, message) => {
    await using proxy = await socksProxy({ reply })
    const error = await failure(through(`socks5h://127.0.0.1:${proxy.port}`, 80))
    expect(error.message).toContain(
      `the proxy socks5h://127.0.0.1:${proxy.port} refused a tunnel to origin.test:80`,
    )
    expect(error.message).toContain(message)
    expect(error.cause).toBeUndefined()
  })

  it('knows who may pass, and no error shows a secret', async () => {
    await using origin = await listen(echo)
    await using proxy = await socksProxy({ credentials: 'me:s3cret' })
    const at = `127.0.0.1:${proxy.port}`
    const right = through(`socks5h://me:s3cret@${at}`, origin.port)
    await right.owner.until('open')
    right.wire.destroy()
    const none = await failure(through(`socks5h://${at}`, origin.port))
    expect(none.message).toContain('refused us: it wants credentials')
    const wrong = await failure(through(`socks5h://me:wr0ng@${at}`, origin.port))
    expect(wrong.message).toContain(`the proxy socks5h://me@${at} refused us: it does not accept`)
    expect(JSON.stringify(wrong) + wrong.stack! + String(wrong.cause)).not.toContain('wr0ng')
  })

  it('takes a user name without a password, as tokens are given', async () => {
    await using origin = await listen(echo)
    await using proxy = await socksProxy({ credentials: 'token:' })
    const { wire, owner } = through(`socks5h://token@127.0.0.1:${proxy.port}`, origin.port)
    await owner.until('open')
    expect(proxy.seen).toHaveLength(1)
    wire.destroy()
  })
})

describe('a SOCKS5 proxy that fails', () => {
  it.each([
    [
      'speaks HTTP',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'is no SOCKS5 proxy: its answer is of another protocol',
    ],
    ['wants an unknown authentication', '\u0005\u0003', 'refused us: it wants credentials'],
    [
      'answers what it was not asked yet',
      '\u0005\u0000\u0005\u0000\u0000\u0009',
      'broke off before the tunnel stood',
    ],
  ])('because it %s says so', async (_, answer, message) => {
    await using proxy = await listen((socket) => {
      socket.once('data', () => socket.end(answer, 'latin1'))
    })
    expect((await failure(through(`socks5h://127.0.0.1:${proxy.port}`, 80))).message).toContain(message)
  })

  it('by closing at once says so', async () => {
    await using proxy = await listen((socket) => {
      socket.end()
      socket.resume()
    })
    const error = await failure(through(`socks5h://127.0.0.1:${proxy.port}`, 80))
    expect(error.message).toContain('broke off before the tunnel stood: the connection was closed')
  })

  it('for a host that nobody knows has failed to look it up', async () => {
    await using proxy = await socksProxy()
    const own = new TcpNetwork({ clock: systemClock, resolve: unknown })
    const error = await failure(through(`socks5://127.0.0.1:${proxy.port}`, 80, {}, own), 'dns')
    expect(error.message).toContain('resolve("origin.test") failed: unknown')
  })

  it('for a name longer than SOCKS5 can say', async () => {
    await using proxy = await socksProxy()
    const host = `${'a'.repeat(300)}.test`
    const error = await failure(through(`socks5h://127.0.0.1:${proxy.port}`, 80, { host }))
    expect(error.message).toContain('An invalid destination host was provided')
  })

  it.each(['at the greeting', 'at the lookup'])(
    '%s: destroy is the last thing, and leaves nothing',
    async (when) => {
      const before = await settledSockets()
      {
        const reached = Promise.withResolvers<void>()
        const gone = Promise.withResolvers<void>()
        const answer = Promise.withResolvers<string>()
        const resolve = (host: string): string | Promise<string> => {
          if (host !== 'origin.test') return '127.0.0.1'
          reached.resolve()
          return answer.promise
        }
        const own = new TcpNetwork({ clock: systemClock, resolve })
        await using proxy = await listen((socket) => {
          socket.on('data', () => reached.resolve())
          socket.on('end', () => gone.resolve())
        })
        const scheme = when === 'at the lookup' ? 'socks5' : 'socks5h'
        const { wire, owner } = through(`${scheme}://127.0.0.1:${proxy.port}`, 80, {}, own)
        await reached.promise
        wire.destroy()
        answer.resolve('127.0.0.1')
        await gone.promise
        await rounds(5)
        expect(owner.events).toEqual([])
      }
      expect(await settledSockets()).toBe(before)
    },
  )
})
