import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { activeSockets, ignore, listen, refusedPort, rounds, roundTrips, settledSockets } from './loopback.ts'
import { dial, dialOpen } from './wire-recorder.ts'

const network = new TcpNetwork({ clock: systemClock })
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((i) => i.address === '::1'))

function resolving(...addresses: string[]): TcpNetwork {
  return new TcpNetwork({ clock: systemClock, resolve: () => addresses })
}

describe('a TCP wire', () => {
  it('opens, carries Latin-1 and bytes both ways, and closes after the peer', async () => {
    await using server = await listen((socket) => {
      socket.once('data', (data) => socket.end(data))
    })
    const { wire, owner } = await dialOpen(network, { port: server.port })
    expect(wire.remoteAddress).toBe('127.0.0.1')
    expect(wire.localAddress).toBe('127.0.0.1')
    expect(wire.write('caf\u00e9')).toBe(true)
    await owner.until('close')
    expect(owner.text).toBe('caf\u00e9')
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
    expect(owner.error).toBeNull()
  })

  it('writes bytes as they are', async () => {
    await using server = await listen((socket) => {
      socket.pipe(socket)
    })
    const { wire, owner } = await dialOpen(network, { port: server.port })
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    wire.write(new Uint8Array(bytes))
    wire.write('')
    await owner.untilReceived(256)
    expect(owner.text).toBe(bytes.toString('latin1'))
    wire.destroy()
  })

  it('tells a reset connection by its error', async () => {
    await using server = await listen((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const { wire, owner } = await dialOpen(network, { port: server.port })
    wire.write('x')
    expect((await owner.failure()).code).toBe('ECONNRESET')
    expect(owner.events).toEqual(['open', 'close'])
    expect(wire.write('y')).toBe(false)
  })

  it('still writes what its owner writes when told of the FIN, and nothing later', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    await using server = await listen((socket) => {
      let text = ''
      socket.end()
      socket.on('data', (data) => (text += data.toString()))
      socket.on('end', () => resolve(text))
    })
    const { wire, owner } = dial(network, { port: server.port })
    owner.on.fin = () => wire.write('last words')
    await owner.until('fin')
    expect(wire.write('too late')).toBe(false)
    expect(await promise).toBe('last words')
    await owner.until('close')
    expect(owner.events).toEqual(['open', 'fin clean', 'close'])
  })

  it('says false when the kernel is full, and drains once the peer reads', async () => {
    const accepted = Promise.withResolvers<Socket>()
    await using server = await listen((socket) => {
      socket.pause()
      accepted.resolve(socket)
    })
    const { wire, owner } = await dialOpen(network, { port: server.port })
    const socket = await accepted.promise
    // One block that no kernel buffer holds: it cannot all leave before the peer reads.
    expect(wire.write(Buffer.alloc(32 << 20))).toBe(false)
    await roundTrips(20)
    expect(owner.events).toEqual(['open'])
    socket.resume()
    await owner.until('drain')
    wire.destroy()
  })
})

describe('destroy', () => {
  it.each(['open', 'data', 'fin'] as const)('from within on-%s is the last thing', async (event) => {
    await using server = await listen((socket) => {
      socket.end('answer')
    })
    const { wire, owner } = dial(network, { port: server.port })
    owner.on[event] = () => wire.destroy()
    await owner.until(event)
    const events = [...owner.events]
    await roundTrips(3)
    expect(owner.events).toEqual(events)
  })

  it('while a name is looked up settles nothing', async () => {
    const answer = Promise.withResolvers<string>()
    const asking = new TcpNetwork({ clock: systemClock, resolve: () => answer.promise })
    await using server = await listen(() => expect.unreachable('it must not dial'))
    const { wire, owner } = dial(asking, { port: server.port, host: 'a.test' })
    wire.destroy()
    answer.resolve('127.0.0.1')
    await roundTrips(3)
    expect(owner.events).toEqual([])
  })

  it('while connecting settles nothing and leaves no socket', async () => {
    const port = await refusedPort()
    const before = await settledSockets()
    const { wire, owner } = dial(network, { port })
    wire.destroy()
    wire.destroy()
    await rounds(5)
    expect(owner.events).toEqual([])
    expect(activeSockets()).toBe(before)
  })
})

describe('pause', () => {
  it('stops the peer through its window, and loses nothing', { timeout: 30_000 }, async () => {
    const total = 50 << 20
    const block = Buffer.alloc(65_536, 'x')
    let sent = 0
    await using server = await listen((socket) => {
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
    })
    const { wire, owner } = dial(network, { port: server.port })
    owner.keep = false
    owner.on.data = () => wire.pause()
    await owner.until('data')
    const received = owner.received
    let stuckAt = -1
    while (stuckAt !== sent) {
      stuckAt = sent
      await roundTrips(50)
    }
    expect(owner.received).toBe(received)
    // The send and receive buffers of the kernel: some MB, never the whole.
    expect(sent).toBeLessThan(total / 2)
    owner.on = {}
    wire.resume()
    await owner.until('close')
    expect(owner.received).toBe(total)
    expect(owner.events).toEqual(['open', 'data', 'fin clean', 'close'])
  })

  it('before the wire is open holds back all data', async () => {
    await using server = await listen((socket) => {
      socket.end('early')
    })
    const { wire, owner } = dial(network, { port: server.port })
    wire.pause()
    await owner.until('open')
    await roundTrips(5)
    expect(owner.events).toEqual(['open'])
    wire.resume()
    await owner.until('close')
    expect(owner.text).toBe('early')
  })

  it('and resume in quick succession keep every byte in order', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `${i} `).join('')
    await using server = await listen((socket) => {
      socket.end(text)
    })
    const { wire, owner } = dial(network, { port: server.port })
    owner.on.data = () => {
      wire.pause()
      wire.resume()
      wire.pause()
      setImmediate(() => wire.resume())
    }
    await owner.until('close')
    expect(owner.text).toBe(text)
  })
})

describe('a dial', () => {
  it('binds the client IP', async () => {
    const peer = Promise.withResolvers<string | undefined>()
    await using server = await listen((socket) => peer.resolve(socket.remoteAddress))
    const { wire } = await dialOpen(network, { port: server.port, clientIp: '127.0.0.2' })
    expect(await peer.promise).toBe('127.0.0.2')
    expect(wire.localAddress).toBe('127.0.0.2')
    wire.destroy()
  })

  it('names the client IP that this machine has not', async () => {
    const { owner } = dial(network, { port: await refusedPort(), clientIp: '192.0.2.1' })
    const error = await owner.failure()
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({ phase: 'tcp', cause: { code: 'EADDRNOTAVAIL', syscall: 'bind' } })
    expect(error.message).toContain('the client IP 192.0.2.1 is not an address of this machine')
  })

  it('refuses a client IP that is none', async () => {
    const { owner } = dial(network, { port: 80, clientIp: 'eth0' })
    expect((await owner.failure()).message).toBe('the client IP "eth0" is no IPv4 or IPv6 address')
  })

  it('refuses a client IP of another family than all addresses', async () => {
    const { owner } = dial(resolving('127.0.0.1', '127.0.0.3'), { host: 'a.test', port: 80, clientIp: '::1' })
    const error = await owner.failure()
    expect(error).toMatchObject({ phase: 'dns' })
    expect(error.message).toContain('"a.test" has no IPv6 address (127.0.0.1, 127.0.0.3)')
  })

  it('skips addresses of the other family than the client IP', async () => {
    await using server = await listen(ignore)
    const options = { host: 'a.test', port: server.port, clientIp: '127.0.0.2' }
    const { wire } = await dialOpen(resolving('::1', '127.0.0.1'), options)
    expect(wire.remoteAddress).toBe('127.0.0.1')
    wire.destroy()
  })

  it('refused says so, with the cause', async () => {
    const port = await refusedPort()
    const { owner } = dial(network, { port })
    const error = await owner.failure()
    expect(error).toMatchObject({ phase: 'tcp', code: 'ERR_CONNECT_TCP', cause: { code: 'ECONNREFUSED' } })
    expect(error.message).toBe(`cannot connect to 127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`)
    expect(owner.events).toEqual(['close'])
  })

  it('falls back to the next address when one refuses', async () => {
    await using server = await listen(ignore)
    const { wire } = await dialOpen(resolving('127.0.0.9', '127.0.0.1'), {
      host: 'a.test',
      port: server.port,
    })
    expect(wire.remoteAddress).toBe('127.0.0.1')
    wire.destroy()
  })

  it('names every address that failed', async () => {
    const port = await refusedPort()
    const { owner } = dial(resolving('127.0.0.9', '127.0.0.8'), { host: 'a.test', port })
    const error = await owner.failure()
    expect(error.message).toBe(
      `cannot connect to a.test:${port}: all addresses failed ` +
        '(127.0.0.9 ECONNREFUSED, 127.0.0.8 ECONNREFUSED): nothing listens there (ECONNREFUSED)',
    )
    expect((error.cause as AggregateError).errors).toHaveLength(2)
  })

  it('tries no more addresses than the limit', async () => {
    const port = await refusedPort()
    const addresses = Array.from({ length: 20 }, (_, i) => `127.0.0.${i + 10}`)
    const { owner } = dial(resolving(...addresses), { host: 'a.test', port })
    const { cause } = await owner.failure()
    expect((cause as AggregateError).errors).toHaveLength(LIMITS.maxAddresses)
  })

  it('reports a port that is none', async () => {
    const { owner } = dial(network, { port: 70_000 })
    const error = await owner.failure()
    expect(error).toMatchObject({ phase: 'tcp' })
    expect(error.message).toContain('70000')
  })

  it('finds names below localhost without a name server', async () => {
    await using server = await listen(ignore)
    const { wire } = await dialOpen(network, { host: 'shop.localhost', port: server.port })
    expect(wire.remoteAddress).toBe('127.0.0.1')
    wire.destroy()
  })

  it('that fails 200 times leaves nothing behind', async () => {
    const port = await refusedPort()
    const before = await settledSockets()
    const dials = Array.from({ length: 200 }, () => dial(network, { host: 'localhost', port }))
    for (const { owner } of dials) expect(await owner.failure()).toBeInstanceOf(ConnectError)
    expect(await settledSockets()).toBe(before)
  })

  it('keeps the process alive only while referenced, before and after it opens', async () => {
    const accepted = Promise.withResolvers<Socket>()
    await using server = await listen((socket) => accepted.resolve(socket))
    const before = await settledSockets()
    const { wire, owner } = dial(network, { port: server.port })
    wire.unref()
    wire.unref()
    expect(activeSockets()).toBe(before)
    wire.ref()
    wire.ref()
    expect(activeSockets()).toBe(before + 1)
    await owner.until('open')
    const socket = await accepted.promise
    socket.unref()
    expect(activeSockets()).toBe(before + 1)
    wire.unref()
    expect(activeSockets()).toBe(before)
    wire.ref()
    expect(activeSockets()).toBe(before + 1)
    wire.destroy()
  })
})

describe.skipIf(!hasIpv6)('IPv6 (skipped where the machine has no ::1)', () => {
  it('dials an address, and a client IP of that family', async () => {
    await using server = await listen(ignore, '::1')
    const { wire } = await dialOpen(network, { host: '::1', port: server.port, clientIp: '::1' })
    expect(wire.remoteAddress).toBe('::1')
    wire.destroy()
  })

  it('falls back from ::1 to 127.0.0.1, and the other way round', async () => {
    await using server = await listen(ignore)
    const first = await dialOpen(resolving('::1', '127.0.0.1'), { host: 'a.test', port: server.port })
    expect(first.wire.remoteAddress).toBe('127.0.0.1')
    first.wire.destroy()
    await using other = await listen(ignore, '::1')
    const second = await dialOpen(network, { host: 'localhost', port: other.port })
    expect(second.wire.remoteAddress).toBe('::1')
    second.wire.destroy()
  })

  it('writes an address in brackets in messages', async () => {
    const port = await refusedPort()
    const { owner } = dial(network, { host: '::1', port })
    expect((await owner.failure()).message).toContain(`cannot connect to [::1]:${port}`)
  })
})

it('reads many wires into one buffer without mixing them', async () => {
  await using server = await listen((socket) => {
    socket.once('data', (data) => socket.end(data.toString().repeat(50_000)))
  })
  const wires = await Promise.all(Array.from({ length: 16 }, () => dialOpen(network, { port: server.port })))
  const letters = 'abcdefghijklmnop'
  for (const [i, { wire }] of wires.entries()) wire.write(letters[i]!)
  for (const [i, { owner }] of wires.entries()) {
    await owner.until('close')
    expect(owner.text).toBe(letters[i]!.repeat(50_000))
  }
})
