import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Dial, type Dialler } from '../../lib/net/dial.ts'
import type { Address } from '../../lib/net/network.ts'
import { Resolver } from '../../lib/net/resolver.ts'
import { HandClock } from './hand-clock.ts'
import { rounds } from './loopback.ts'

/** Sockets that connect or fail when the spec says so: a hanging address, which loopback has not. */
class HandDialler implements Dialler {
  readonly sockets = new Map<string, Socket>()
  connected: Socket | null = null
  error: ConnectError | null = null

  openSocket({ address }: Address): Socket {
    const socket = new Socket()
    this.sockets.set(address, socket)
    return socket
  }

  onConnected(socket: Socket): void {
    this.connected = socket
  }

  onDialFailed(error: ConnectError): void {
    this.error = error
  }

  get tried(): string[] {
    return [...this.sockets.keys()]
  }

  connect(address: string): void {
    this.sockets.get(address)!.emit('connect')
  }

  fail(address: string, code: string): void {
    const error: NodeJS.ErrnoException = new Error(`connect ${code} ${address}`)
    error.code = code
    this.sockets.get(address)!.destroy(error)
  }
}

function start(...addresses: string[]) {
  const clock = new HandClock()
  const resolver = new Resolver({ clock, resolve: () => addresses })
  const dialler = new HandDialler()
  const options = { host: 'a.test', port: 80, clientIp: '', tls: null, sessionKey: '' }
  const dial = new Dial({ clock, resolver, attemptDelay: LIMITS.attemptDelay }, options, dialler)
  dial.start()
  return { clock, dialler, dial }
}

describe('Dial', () => {
  it('tries the next address when one takes longer than the attempt delay', () => {
    const { clock, dialler } = start('192.0.2.1', '2001:db8::1', '192.0.2.2')
    expect(dialler.tried).toEqual(['192.0.2.1'])
    clock.advance(LIMITS.attemptDelay - 1)
    expect(dialler.tried).toHaveLength(1)
    clock.advance(1)
    expect(dialler.tried).toEqual(['192.0.2.1', '2001:db8::1'])
    clock.advance(LIMITS.attemptDelay)
    expect(dialler.tried).toHaveLength(3)
    expect(clock.waiting).toBe(0)
  })

  it('takes the first to connect and destroys all others', () => {
    const { clock, dialler } = start('192.0.2.1', '192.0.2.2', '192.0.2.3')
    clock.advance(LIMITS.attemptDelay)
    dialler.connect('192.0.2.2')
    expect(dialler.connected).toBe(dialler.sockets.get('192.0.2.2'))
    expect(dialler.connected!.destroyed).toBe(false)
    expect(dialler.connected!.listenerCount('error')).toBe(0)
    expect(dialler.sockets.get('192.0.2.1')!.destroyed).toBe(true)
    expect(clock.waiting).toBe(0)
    expect(dialler.tried).toHaveLength(2)
  })

  it('lets a slow address win after a later one failed', async () => {
    const { clock, dialler } = start('192.0.2.1', '192.0.2.2')
    clock.advance(LIMITS.attemptDelay)
    dialler.fail('192.0.2.2', 'ECONNREFUSED')
    await rounds(1)
    expect(dialler.error).toBeNull()
    dialler.connect('192.0.2.1')
    expect(dialler.connected).toBe(dialler.sockets.get('192.0.2.1'))
  })

  it('does not wait out the delay after a failure, and starts it anew', async () => {
    const { clock, dialler } = start('192.0.2.1', '192.0.2.2', '192.0.2.3')
    clock.advance(LIMITS.attemptDelay / 2)
    dialler.fail('192.0.2.1', 'ENETUNREACH')
    await rounds(1)
    expect(dialler.tried).toHaveLength(2)
    clock.advance(LIMITS.attemptDelay / 2)
    expect(dialler.tried).toHaveLength(2)
    clock.advance(LIMITS.attemptDelay / 2)
    expect(dialler.tried).toHaveLength(3)
  })

  it('names different failures one by one', async () => {
    const { dialler } = start('192.0.2.1', '2001:db8::1')
    dialler.fail('192.0.2.1', 'ETIMEDOUT')
    await rounds(1)
    dialler.fail('2001:db8::1', 'ENETUNREACH')
    await rounds(1)
    expect(dialler.error!.message).toBe(
      'cannot connect to a.test:80: all addresses failed (192.0.2.1 ETIMEDOUT, 2001:db8::1 ENETUNREACH)',
    )
    expect(dialler.error!.cause).toBeInstanceOf(AggregateError)
  })

  it.each([
    ['EMFILE', 'too many open files; raise the limit (ulimit -n) or lower maxConn (EMFILE)'],
    ['EADDRINUSE', 'no local port is free (EADDRINUSE)'],
    ['EWHATEVER', 'connect EWHATEVER 192.0.2.1'],
  ])('explains %s', async (code, reason) => {
    const { dialler } = start('192.0.2.1')
    dialler.fail('192.0.2.1', code)
    await rounds(1)
    expect(dialler.error!.message).toBe(`cannot connect to a.test:80 (192.0.2.1): ${reason}`)
    expect(dialler.error!.cause).toMatchObject({ code })
  })

  it('destroyed between two attempts goes no further', () => {
    const { clock, dialler, dial } = start('192.0.2.1', '192.0.2.2')
    dial.destroy()
    clock.advance(10 * LIMITS.attemptDelay)
    expect(dialler.tried).toHaveLength(1)
    expect(dialler.sockets.get('192.0.2.1')!.destroyed).toBe(true)
    expect(clock.waiting).toBe(0)
  })
})
