import type { SecureVersion } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { createAuthority, type Identity } from './certificates.ts'
import { listenTls, relay, roundTrips } from './loopback.ts'
import { dial, type Dialled } from './wire-recorder.ts'

const VERSIONS: SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
const network = new TcpNetwork({ clock: systemClock })
let identity: Identity
let trusting: TlsOptions

beforeAll(async () => {
  const authority = await createAuthority()
  identity = await authority.issue()
  trusting = { ca: authority.cert }
})

const SIZES = [0, 1, 16_384, 200_000]
const CASES = VERSIONS.flatMap((version) => SIZES.map((size) => ({ version, size })))

function talk(port: number): Dialled {
  const dialled = dial(network, { host: 'localhost', port, tls: trusting })
  dialled.owner.on.open = () => dialled.wire.write('go')
  return dialled
}

describe('the end of a TLS stream', () => {
  it.each(CASES)('is clean after close_notify ($version, $size bytes)', async ({ version, size }) => {
    await using server = await listenTls(
      { ...identity, minVersion: version, maxVersion: version },
      (socket) => {
        socket.once('data', () => socket.end(Buffer.alloc(size)))
      },
    )
    const { owner } = talk(server.port)
    await owner.until('close')
    expect(owner.received).toBe(size)
    expect(owner.events.filter((event) => event !== 'data')).toEqual(['open', 'fin clean', 'close'])
  })

  it.each(CASES)('is unclean after a bare FIN ($version, $size bytes)', async ({ version, size }) => {
    await using server = await listenTls(
      { ...identity, minVersion: version, maxVersion: version },
      (socket) => {
        // `destroy` sends no close_notify: Node does that in `end` only.
        socket.once('data', () => socket.write(Buffer.alloc(size), () => socket.destroy()))
      },
    )
    const { owner } = talk(server.port)
    await owner.until('fin')
    expect(owner.received).toBe(size)
    expect(owner.events.filter((event) => event !== 'data').slice(0, 2)).toEqual(['open', 'fin unclean'])
  })

  it.each(VERSIONS)('is unclean in the middle of a record (%s)', async (version) => {
    await using server = await listenTls(
      { ...identity, minVersion: version, maxVersion: version },
      (socket) => {
        socket.once('data', () => socket.end(Buffer.alloc(16_384)))
      },
    )
    await using cutting = await relay(server.port, (upstream, client) => {
      let left = 12_000
      upstream.on('data', (data) => {
        client.write(data.subarray(0, left))
        left = Math.max(0, left - data.length)
        if (left === 0) client.end()
      })
    })
    const { owner } = talk(cutting.port)
    await owner.until('fin')
    expect(owner.received).toBe(0)
    expect(owner.events.slice(0, 2)).toEqual(['open', 'fin unclean'])
  })

  it.each([true, false])(
    'is told right when close_notify comes by itself (FIN after it: %s)',
    async (fin) => {
      await using server = await listenTls(identity, (socket) => {
        socket.once('data', () => socket.end('bye'))
      })
      // Everything the server says passes, its FIN only when `fin` is true.
      await using holding = await relay(server.port, (upstream, client) => {
        upstream.on('data', (data) => client.write(data))
        upstream.on('end', () => (fin ? client.end() : undefined))
      })
      const { wire, owner } = talk(holding.port)
      await owner.until('fin')
      expect(owner.events).toEqual(['open', 'data', 'fin clean'])
      wire.destroy()
    },
  )

  it('is clean when it was read while the owner paused', async () => {
    await using server = await listenTls(identity, (socket) => {
      socket.once('data', () => {
        socket.cork()
        for (let i = 0; i < 5; i++) socket.write('data ')
        socket.end()
      })
    })
    // One segment for all of it, so that close_notify is read together with the data.
    await using gathering = await relay(server.port, (upstream, client) => {
      let shaken = false
      let gathered: Buffer[] = []
      upstream.on('data', (data) => {
        if (shaken) gathered.push(data)
        else client.write(data)
      })
      client.on('data', (data) => (shaken ||= data.length < 60 && data[0] === 23))
      upstream.on('end', () => {
        client.end(Buffer.concat(gathered))
        gathered = []
      })
    })
    const { wire, owner } = talk(gathering.port)
    owner.on.data = () => wire.pause()
    await owner.until('data')
    await roundTrips(5)
    expect(owner.events).toEqual(['open', 'data'])
    owner.on = {}
    wire.resume()
    await owner.until('close')
    expect(owner.text).toBe('data '.repeat(5))
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })
})

describe('pause on a TLS wire', () => {
  it.each(VERSIONS)(
    'stops the peer, and what TLS holds comes after resume (%s)',
    { timeout: 30_000 },
    async (version) => {
      const total = 50 << 20
      const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => i % 251))
      let sent = 0
      await using server = await listenTls(
        { ...identity, minVersion: version, maxVersion: version },
        (socket) => {
          const fill = () => {
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
      const { wire, owner } = dial(network, { host: 'localhost', port: server.port, tls: trusting })
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
      // Now and then a pause on the way, most of them with decrypted records left over.
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
    },
  )
})
