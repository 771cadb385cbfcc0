import { describe, expect, test } from 'vitest'
import { ConnectError } from '../../lib/core/errors.ts'
import type { DialOptions, Wire, WireOwner } from '../../lib/net/network.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { SimNetwork, type SimListener } from '../../lib/testing/sim-network.ts'
import type { SimConditions } from '../../lib/testing/sim-pipe.ts'
import type { SimSocket, SimSocketOwner } from '../../lib/testing/sim-socket.ts'

/** Both owners, writing down what they hear. */
class Ear implements WireOwner, SimSocketOwner {
  readonly log: string[] = []
  readonly views: Uint8Array[] = []
  received = Buffer.alloc(0)

  onOpen(): void {
    this.log.push('open')
  }
  onData(chunk: Uint8Array): void {
    this.views.push(chunk)
    this.received = Buffer.concat([this.received, chunk])
  }
  onFin(clean: boolean): void {
    this.log.push(clean ? 'fin' : 'fin unclean')
  }
  onDrain(): void {
    this.log.push('drain')
  }
  onClose(error: Error | null): void {
    this.log.push(`close ${error === null ? '' : error.message}`.trimEnd())
  }
}

const OPTIONS: DialOptions = { host: 'a.test', port: 80, clientIp: '', tls: null, sessionKey: '' }

interface World {
  clock: SimClock
  network: SimNetwork
  server: Ear
  sockets: SimSocket[]
  dial: (options?: Partial<DialOptions>) => { ear: Ear; wire: Wire }
}

function world(
  conditions: Partial<SimConditions> = {},
  listener: Partial<SimListener> = {},
  seed = 1,
): World {
  const clock = new SimClock({ seed })
  const network = new SimNetwork({ clock, seed, conditions })
  const server = new Ear()
  const sockets: SimSocket[] = []
  network.listen('a.test', 80, {
    onConnection: (socket) => {
      sockets.push(socket)
      return server
    },
    ...listener,
  })
  const dial = (options: Partial<DialOptions> = {}): { ear: Ear; wire: Wire } => {
    const ear = new Ear()
    return { ear, wire: network.dial({ ...OPTIONS, ...options }, ear) }
  }
  return { clock, network, server, sockets, dial }
}

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => index % 251))

/** What a run with this seed looks like from outside. */
async function trace(seed: number): Promise<string> {
  const { clock, dial, server, sockets } = world({ latency: [1, 20], split: 0.9 }, {}, seed)
  const { ear, wire } = dial()
  await clock.run()
  wire.write(bytes(500))
  sockets[0]?.write(bytes(500))
  await clock.run()
  return [...ear.views, ...server.views].map((view) => view.length).join() + clock.now()
}

describe('dialling', () => {
  test('opens after there and back, never inside the call', async () => {
    const { clock, dial, sockets } = world({ latency: [10, 10] })
    const start = clock.now()
    const { ear, wire } = dial()
    expect(ear.log).toEqual([])
    await clock.run()
    expect(ear.log).toEqual(['open'])
    expect(clock.now() - start).toBe(20)
    expect(wire.remoteAddress).toBe(sockets[0]?.localAddress)
    expect(wire.localAddress).toBe(sockets[0]?.remoteAddress)
  })

  test('refused, no such name, wrong protocol: a ConnectError says which', async () => {
    const { clock, dial, network } = world({}, { onDial: () => 'refuse' })
    const phases: string[] = []
    const owner = (): WireOwner => ({
      onOpen: () => phases.push('open'),
      onData: () => undefined,
      onFin: () => undefined,
      onDrain: () => undefined,
      onClose: (error) => phases.push(error instanceof ConnectError ? error.phase : 'other'),
    })
    network.dial(OPTIONS, owner())
    await clock.run()
    network.dial({ ...OPTIONS, host: 'unknown.test' }, owner())
    await clock.run()
    network.dial({ ...OPTIONS, port: 81 }, owner())
    await clock.run()
    network.listen('a.test', 80, { onConnection: () => new Ear() })
    network.dial({ ...OPTIONS, tls: {} }, owner())
    await clock.run()
    expect(phases).toEqual(['tcp', 'dns', 'tcp', 'tls'])
    expect(network.failedDials).toBe(4)
    expect(network.open).toBe(0)
    network.unlisten('a.test', 80)
    const { ear } = dial()
    await clock.run()
    expect(ear.log[0]).toContain('ECONNREFUSED')
  })

  test('a hanging dial says nothing until its owner gives up', async () => {
    const { clock, dial, network } = world({}, { onDial: () => 'hang' })
    const { ear, wire } = dial()
    await clock.advance(60_000)
    expect(network.open).toBe(1)
    wire.destroy()
    await clock.run()
    expect(ear.log).toEqual([])
    expect(network.open).toBe(0)
    expect(network.openSockets).toBe(0)
  })

  test('a plain dial to a TLS server is broken off', async () => {
    const { clock, dial } = world({}, { tls: true })
    const { ear, wire } = dial()
    await clock.run()
    wire.write('GET / HTTP/1.1\r\n\r\n')
    await clock.run()
    expect(ear.log).toEqual(['open', 'close read ECONNRESET'])
  })

  test('destroyed before it opened: the server sees it come and go', async () => {
    const { clock, dial, server, network } = world({ latency: [10, 10] })
    const { ear, wire } = dial()
    await clock.advance(15)
    wire.destroy()
    await clock.run()
    expect(ear.log).toEqual([])
    expect(server.log).toHaveLength(1)
    expect(network.openSockets).toBe(0)
  })
})

describe('bytes', () => {
  test('arrive in order and whole in both directions, however they are cut', async () => {
    let pieces = 0
    for (let seed = 1; seed <= 30; seed++) {
      const { clock, dial, server, sockets, network } = world({ latency: [0, 9], split: 0.8 }, {}, seed)
      const { ear, wire } = dial()
      await clock.run()
      const sent = bytes(3000)
      for (let at = 0; at < sent.length; at += 700) {
        wire.write(sent.subarray(at, at + 700))
        sockets[0]?.write(sent.subarray(at, at + 700))
        await clock.advance(3)
      }
      await clock.run()
      expect(server.received.equals(sent)).toBe(true)
      expect(ear.received.equals(sent)).toBe(true)
      pieces += ear.views.length
      wire.destroy()
      expect(network.bytes).toEqual({ written: 3000, read: 3000 })
    }
    expect(pieces).toBeGreaterThan(30 * 6)
  })

  test('what is written within one latency arrives together when nothing is cut', async () => {
    const { clock, dial, server } = world({ latency: [5, 5] })
    const { wire } = dial()
    await clock.run()
    wire.write('one ')
    wire.write('two')
    await clock.run()
    expect(server.views).toHaveLength(1)
    expect(server.received.toString()).toBe('one two')
  })

  test('a view that is kept is overwritten; what the server is given is its own', async () => {
    const { clock, dial, server, sockets } = world()
    const { ear, wire } = dial()
    await clock.run()
    sockets[0]?.write('hello')
    wire.write('hello')
    await clock.run()
    expect(Buffer.from(ear.views[0] as Uint8Array).toString('hex')).toBe('ee'.repeat(5))
    expect(server.views.map(String)).toEqual(['hello'])
  })

  test('a reader that stops is felt by the writer, and goes on where it stopped', async () => {
    const { clock, dial, sockets } = world({ buffer: 1000 })
    const { ear, wire } = dial()
    await clock.run()
    wire.pause()
    const socket = sockets[0] as SimSocket
    expect(socket.write(bytes(900))).toBe(true)
    expect(socket.write(bytes(200))).toBe(false)
    await clock.advance(10_000)
    expect(ear.received).toHaveLength(0)
    wire.resume()
    await clock.run()
    expect(ear.received).toHaveLength(1100)
    expect(socket.write('x')).toBe(true)
  })

  test('onDrain comes once after write said false, to either side', async () => {
    const { clock, dial, server, sockets } = world({ buffer: 100 })
    const { ear, wire } = dial()
    await clock.run()
    expect(wire.write(bytes(101))).toBe(false)
    expect(wire.write(bytes(1))).toBe(false)
    sockets[0]?.pause()
    await clock.run()
    expect(ear.log).toEqual(['open'])
    sockets[0]?.resume()
    expect(sockets[0]?.write(bytes(101))).toBe(false)
    await clock.run()
    expect(ear.log).toEqual(['open', 'drain'])
    expect(server.log).toEqual(['drain'])
    wire.write('x')
    await clock.run()
    expect(ear.log).toEqual(['open', 'drain'])
  })
})

describe('endings', () => {
  test('half-close: a FIN behind the bytes, and the client can still send', async () => {
    const logs = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, dial, server, sockets } = world({}, {}, seed)
      const { ear, wire } = dial()
      await clock.run()
      sockets[0]?.write('bye')
      sockets[0]?.end()
      wire.write('still here')
      await clock.run()
      expect(ear.received.toString()).toBe('bye')
      expect(server.received.toString()).toBe('still here')
      logs.add(ear.log.join())
    }
    // A socket may or may not close by itself after the peer's FIN.
    expect([...logs].toSorted()).toEqual(['open,fin', 'open,fin,close'])
  })

  test('an unclean end is told as such', async () => {
    const { clock, dial, sockets } = world({}, { tls: true })
    const { ear } = dial({ tls: {} })
    await clock.run()
    sockets[0]?.end(false)
    await clock.run()
    expect(ear.log.slice(0, 2)).toEqual(['open', 'fin unclean'])
  })

  test('a server that has closed answers more bytes with a reset', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, dial, server, sockets, network } = world({ latency: [5, 5] }, {}, seed)
      const { ear, wire } = dial()
      await clock.run()
      sockets[0]?.close()
      wire.write('too late')
      await clock.run()
      expect(server.received).toHaveLength(0)
      expect(ear.log.at(-1)).toMatch(/^close/)
      expect(network.open).toBe(0)
      expect(network.openSockets).toBe(0)
    }
  })

  test('a reset loses any part of what is under way, and comes once', async () => {
    const lengths = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const { clock, dial, sockets, server } = world({ latency: [5, 5] }, {}, seed)
      const { ear, wire } = dial()
      await clock.run()
      sockets[0]?.write(bytes(10))
      sockets[0]?.reset()
      wire.write('unheard')
      await clock.run()
      expect(ear.log).toEqual(['open', 'close read ECONNRESET'])
      expect(ear.received.equals(bytes(10).subarray(0, ear.received.length))).toBe(true)
      expect(server.log).toEqual([])
      lengths.add(ear.received.length)
    }
    expect(lengths.size).toBeGreaterThan(5)
  })

  test('after destroy nothing is told any more, and the server hears of it', async () => {
    const endings = new Set<string>()
    for (let seed = 1; seed <= 40; seed++) {
      const { clock, dial, server, sockets, network } = world({}, {}, seed)
      const { ear, wire } = dial()
      await clock.run()
      sockets[0]?.write('unheard')
      wire.destroy()
      wire.destroy()
      await clock.run()
      expect(ear.log).toEqual(['open'])
      expect(ear.received).toHaveLength(0)
      expect(network.openSockets).toBe(0)
      endings.add(server.log.join())
    }
    expect([...endings].toSorted()).toEqual(['close', 'close read ECONNRESET'])
  })
})

describe('books', () => {
  test('counts connections by host, port and client IP, with the most at a time', async () => {
    const { clock, dial, network } = world()
    const first = [dial(), dial(), dial({ clientIp: '192.0.2.7' })]
    await clock.run()
    expect(network.open).toBe(3)
    first[0]?.wire.destroy()
    const { wire } = dial()
    expect(network.counts.get('a.test:80')).toEqual({ open: 2, maxOpen: 2, dials: 3 })
    expect(network.counts.get('a.test:80 from 192.0.2.7')).toEqual({ open: 1, maxOpen: 1, dials: 1 })
    expect(network.maxOpen).toBe(3)
    expect(network.dials).toBe(4)
    wire.destroy()
    for (const each of first) each.wire.destroy()
    await clock.run()
    expect(network.open).toBe(0)
    expect(network.openSockets).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('counts what is written to a wire that takes no more, and what it has given to its owner', async () => {
    const read: number[] = []
    const clock = new SimClock()
    const network = new SimNetwork({
      clock,
      conditions: { buffer: 100 },
      onRead: (dial, total) => read.push(dial, total),
    })
    network.listen('a.test', 80, {
      onConnection: (socket) => {
        socket.write('hello')
        return { onData: () => undefined, onClose: () => undefined }
      },
    })
    const wire = network.dial(OPTIONS, new Ear())
    await clock.run()
    expect(read).toEqual([1, 5])
    expect([wire.write(bytes(101)), wire.write(bytes(7)), wire.write(bytes(3))]).toEqual([
      false,
      false,
      false,
    ])
    await clock.run()
    expect(wire.write(bytes(50))).toBe(true)
    wire.destroy()
    expect(network.maxOverrun).toBe(3)
  })

  test('knows which wires would keep a process alive', async () => {
    const { clock, dial, network } = world()
    const { wire } = dial()
    await clock.run()
    expect(network.referenced).toBe(1)
    wire.unref()
    expect(network.referenced).toBe(0)
  })

  test('writes down what its owner does against the contract', async () => {
    const { clock, dial, network } = world()
    const { wire } = dial()
    wire.write('early')
    await clock.run()
    wire.write('\u20ac')
    wire.destroy()
    wire.write('late')
    network.close()
    dial().wire.destroy()
    expect(network.violations).toEqual([
      'write before onOpen (a.test:80, dialling)',
      'write of a string that is not Latin-1 (a.test:80, open)',
      'write after its end (a.test:80, closed)',
      'dial after the network was closed (a.test:80, dialling)',
    ])
  })

  test('the same seed gives the same run', async () => {
    expect(await trace(5)).toBe(await trace(5))
    expect(await trace(5)).not.toBe(await trace(6))
  })
})
