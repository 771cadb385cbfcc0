import type { SecureVersion } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { parseProxy } from '../../lib/net/proxy.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { createAuthority, type Identity } from './certificates.ts'
import { listenTls, relay, roundTrips } from './loopback.ts'
import { httpProxy, openingProxy, socksProxy, type TestProxy } from './proxy-servers.ts'
import { dial, type Dialled } from './wire-recorder.ts'

const VERSIONS: SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
const SIZES = [0, 1, 16_384, 200_000]
const network = new TcpNetwork({ clock: systemClock })
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  const authority = await createAuthority()
  identity = await authority.issue()
  trusting = { ca: authority.cert }
})

const KINDS = {
  CONNECT: { scheme: 'http', start: () => httpProxy() },
  SOCKS5: { scheme: 'socks5h', start: () => socksProxy() },
} as const
type Kind = keyof typeof KINDS
const CASES = (['CONNECT', 'SOCKS5'] as const).flatMap((kind) =>
  VERSIONS.flatMap((version) => SIZES.map((size) => ({ kind, version, size }))),
)

function start(kind: Kind): Promise<TestProxy> {
  return KINDS[kind].start()
}

/** Dials localhost over the proxy, and says "go". */
function talk(kind: Kind, proxy: { port: number }, port: number): Dialled {
  const via = parseProxy(`${KINDS[kind].scheme}://127.0.0.1:${proxy.port}`)
  const dialled = dial(network, { host: 'localhost', port, tls: trusting, proxy: via })
  dialled.owner.on.open = () => dialled.wire.write('go')
  return dialled
}

describe('the end of TLS inside a tunnel', () => {
  it.each(CASES)(
    'is clean after close_notify ($kind, $version, $size bytes)',
    async ({ kind, version, size }) => {
      const options = { ...identity, minVersion: version, maxVersion: version }
      await using origin = await listenTls(options, (socket) => {
        socket.once('data', () => socket.end(Buffer.alloc(size)))
      })
      await using proxy = await start(kind)
      const { owner } = talk(kind, proxy, origin.port)
      await owner.until('close')
      expect(owner.received).toBe(size)
      expect(owner.events.filter((event) => event !== 'data')).toEqual(['open', 'fin clean', 'close'])
      expect(owner.error).toBeNull()
    },
  )

  it.each(CASES)(
    'is unclean after a bare FIN ($kind, $version, $size bytes)',
    async ({ kind, version, size }) => {
      const options = { ...identity, minVersion: version, maxVersion: version }
      await using origin = await listenTls(options, (socket) => {
        // `destroy` sends no close_notify.
        socket.once('data', () => socket.write(Buffer.alloc(size), () => socket.destroy()))
      })
      await using proxy = await start(kind)
      const { owner } = talk(kind, proxy, origin.port)
      await owner.until('fin')
      expect(owner.received).toBe(size)
      expect(owner.events.filter((event) => event !== 'data').slice(0, 2)).toEqual(['open', 'fin unclean'])
    },
  )

  it.each(VERSIONS)('is unclean in the middle of a record (%s)', async (version) => {
    const options = { ...identity, minVersion: version, maxVersion: version }
    await using origin = await listenTls(options, (socket) => {
      socket.once('data', () => socket.end(Buffer.alloc(16_384)))
    })
    await using cutting = await relay(origin.port, (upstream, client) => {
      let left = 12_000
      upstream.on('data', (data) => {
        client.write(data.subarray(0, left))
        left = Math.max(0, left - data.length)
        if (left === 0) client.end()
      })
    })
    await using proxy = await openingProxy(cutting.port, 'HTTP/1.1 200 OK\r\n\r\n')
    const { owner } = talk('CONNECT', proxy, origin.port)
    await owner.until('fin')
    expect(owner.received).toBe(0)
    expect(owner.events.slice(0, 2)).toEqual(['open', 'fin unclean'])
  })

  // While paused, a stream still takes what its buffer holds: the end, and a FIN behind it, come unseen.
  it.each([5, 20_000, 65_536, 100_000, 300_000])(
    'is told right when it came while the owner paused (%i bytes)',
    async (size) => {
      await using clean = await listenTls(identity, (socket) => {
        socket.once('data', () => {
          socket.write('first')
          setImmediate(() => socket.end(Buffer.alloc(size)))
        })
      })
      await using cut = await listenTls(identity, (socket) => {
        socket.once('data', () => {
          socket.write('first')
          setImmediate(() => socket.write(Buffer.alloc(size), () => socket.destroy()))
        })
      })
      await using proxy = await httpProxy()
      for (const [origin, end] of [
        [clean, 'fin clean'],
        [cut, 'fin unclean'],
      ] as const) {
        const { wire, owner } = talk('CONNECT', proxy, origin.port)
        owner.on.data = () => wire.pause()
        await owner.until('data')
        await roundTrips(50)
        expect(owner.events).toEqual(['open', 'data'])
        owner.on = {}
        wire.resume()
        await owner.until('fin')
        expect(owner.received).toBe(5 + size)
        expect(owner.events).toEqual(['open', 'data', end])
        wire.destroy()
      }
    },
  )

  it('is told right when nothing came before it while the owner paused', async () => {
    await using origin = await listenTls(identity, (socket) => {
      socket.once('data', () => {
        socket.write('first')
        socket.once('data', () => socket.end())
      })
    })
    await using proxy = await httpProxy()
    const { wire, owner } = talk('CONNECT', proxy, origin.port)
    owner.on.data = () => {
      wire.pause()
      wire.write('end')
    }
    await owner.until('data')
    await roundTrips(20)
    expect(owner.events).toEqual(['open', 'data'])
    wire.resume()
    await owner.until('close')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })
})

describe('pause on TLS inside a tunnel', () => {
  it.each(VERSIONS)('stops the peer, and loses nothing (%s)', { timeout: 60_000 }, async (version) => {
    const total = 50 << 20
    const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => i % 251))
    let sent = 0
    await using origin = await listenTls(
      { ...identity, minVersion: version, maxVersion: version },
      (socket) => {
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
      },
    )
    await using proxy = await httpProxy()
    const { wire, owner } = talk('CONNECT', proxy, origin.port)
    owner.keep = false
    let told = 0
    let wrong = 0
    const onData = owner.onData.bind(owner)
    owner.onData = (chunk) => {
      const last = owner.received + chunk.length - 1
      if (chunk[0] !== block[owner.received % block.length] || chunk.at(-1) !== block[last % block.length])
        wrong++
      told++
      onData(chunk)
    }
    owner.on.data = () => wire.pause()
    await owner.until('data')
    let stuckAt = -1
    while (stuckAt !== sent) {
      stuckAt = sent
      await roundTrips(50)
    }
    expect(told).toBe(1)
    expect(sent).toBeLessThan(total / 2)
    owner.on.data = () => {
      if (told % 7 !== 0) return
      wire.pause()
      setImmediate(() => wire.resume())
    }
    wire.resume()
    await owner.until('close')
    expect(owner.received).toBe(total)
    expect(wrong).toBe(0)
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })

  it('before it is open holds back all data', async () => {
    await using origin = await listenTls(identity, (socket) => socket.end('early'))
    await using proxy = await httpProxy()
    const { wire, owner } = talk('CONNECT', proxy, origin.port)
    wire.pause()
    await owner.until('open')
    await roundTrips(10)
    expect(owner.events).toEqual(['open'])
    wire.resume()
    await owner.until('close')
    expect(owner.text).toBe('early')
  })

  it('and resume in quick succession keep every byte in order', async () => {
    const text = Array.from({ length: 40_000 }, (_, i) => `${i} `).join('')
    await using origin = await listenTls(identity, (socket) => socket.end(text))
    await using proxy = await httpProxy()
    const { wire, owner } = talk('CONNECT', proxy, origin.port)
    owner.on.data = () => {
      wire.pause()
      wire.resume()
      wire.pause()
      setImmediate(() => wire.resume())
    }
    await owner.until('close')
    expect(owner.text).toBe(text)
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })
})

it('what is written says false when the kernel is full, and drains once the peer reads', async () => {
  const accepted = Promise.withResolvers<() => void>()
  await using origin = await listenTls(identity, (socket) => {
    socket.pause()
    accepted.resolve(() => socket.resume())
  })
  await using proxy = await httpProxy()
  const { wire, owner } = talk('CONNECT', proxy, origin.port)
  await owner.until('open')
  const resume = await accepted.promise
  expect(wire.write(Buffer.alloc(32 << 20))).toBe(false)
  await roundTrips(20)
  expect(owner.events).toEqual(['open'])
  resume()
  await owner.until('drain')
  wire.destroy()
})
