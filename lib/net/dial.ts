import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { ConnectError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { allowedAddresses } from './address-guard.ts'
import { parseAddress } from './addresses.ts'
import type { Address, DialOptions } from './network.ts'
import type { Resolver } from './resolver.ts'

/** Who wants the connection. */
export interface Dialler {
  /** A socket that begins to connect to `address`. */
  openSocket(address: Address): Socket
  /**
   * `socket` is connected; it carries no listener of the dial any more. `dns` and `connect`: what the lookup
   * and all attempts took, ms.
   */
  onConnected(socket: Socket, dns: number, connect: number): void
  /** Nothing came of it, and nothing is left of it. */
  onDialFailed(error: ConnectError): void
}

export interface DialContext {
  readonly clock: Clock
  readonly resolver: Resolver
  /** ms after which the next address is tried beside the one before it. */
  readonly attemptDelay: number
}

interface Failure {
  readonly address: string
  readonly error: NodeJS.ErrnoException
}

/**
 * From a host to one connected socket: looks the host up and tries its addresses in turn, the next
 * one as soon as the one before failed or took longer than `attemptDelay` (RFC 8305 section 5).
 * The first to connect wins; TLS comes after that, and its failure is no reason to try on.
 */
export class Dial {
  readonly #context: DialContext
  readonly #options: DialOptions
  readonly #dialler: Dialler
  readonly #attempts = new Set<Socket>()
  readonly #failures: Failure[] = []
  #addresses: readonly Address[] = []
  /** When it began, and when the host's addresses were known, on the clock's `now()`. */
  #startedAt = 0
  #lookedUpAt = 0
  /** Index of the address to be tried next. */
  #next = 0
  #done = false
  #referenced = true
  #cancelLookup: (() => void) | null = null
  #cancelDelay: (() => void) | null = null

  constructor(context: DialContext, options: DialOptions, dialler: Dialler) {
    this.#context = context
    this.#options = options
    this.#dialler = dialler
  }

  /** Nothing is told to the dialler before this returns. */
  start(): void {
    const { clientIp, host } = this.#options
    this.#startedAt = this.#context.clock.now()
    if (clientIp !== '' && parseAddress(clientIp) === null) {
      this.#fail(new ConnectError('tcp', `the client IP "${clientIp}" is no IPv4 or IPv6 address`))
      return
    }
    this.#cancelLookup = this.#context.resolver.lookup(host, (error, addresses) => {
      if (this.#done) return
      if (error === null) this.#begin(addresses)
      else this.#fail(error)
    })
  }

  destroy(): void {
    this.#done = true
    this.#release()
  }

  /** Whether its sockets keep the process alive. A lookup by getaddrinfo always does. */
  setReferenced(referenced: boolean): void {
    this.#referenced = referenced
    for (const socket of this.#attempts) {
      if (referenced) socket.ref()
      else socket.unref()
    }
  }

  #begin(found: readonly Address[]): void {
    this.#lookedUpAt = this.#context.clock.now()
    const { clientIp, host } = this.#options
    const family = parseAddress(clientIp)?.family
    const usable = family === undefined ? found : found.filter((address) => address.family === family)
    if (usable.length === 0) {
      const all = found.map((address) => address.address).join(', ')
      const rule = `host "${host}" has no IPv${family} address (${all}) for the client IP ${clientIp}`
      const cause = Object.assign(new Error(rule), { code: 'EAFNOSUPPORT' })
      this.#fail(new ConnectError('dns', `${rule}: use a client IP of the other family`, cause))
      return
    }
    const allowed = allowedAddresses(this.#options, usable)
    if (allowed instanceof ConnectError) {
      this.#fail(allowed)
      return
    }
    this.#addresses = allowed.length > LIMITS.maxAddresses ? allowed.slice(0, LIMITS.maxAddresses) : allowed
    this.#tryNext()
  }

  #tryNext(): void {
    this.#stopDelay()
    const address = this.#addresses[this.#next++]
    if (address === undefined) return
    let socket: Socket
    try {
      socket = this.#dialler.openSocket(address)
    } catch (error) {
      this.#fail(
        error instanceof ConnectError ? error : new ConnectError('tcp', (error as Error).message, error),
      )
      return
    }
    this.#attempts.add(socket)
    if (!this.#referenced) socket.unref()
    const onError = (error: Error): void => this.#onError(socket, address, error)
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      this.#onConnect(socket)
    })
    if (this.#next < this.#addresses.length) {
      this.#cancelDelay = this.#context.clock.after(this.#context.attemptDelay, () => this.#tryNext())
    }
  }

  #onConnect(socket: Socket): void {
    this.#done = true
    this.#attempts.delete(socket)
    this.#release()
    const now = this.#context.clock.now()
    this.#dialler.onConnected(socket, this.#lookedUpAt - this.#startedAt, now - this.#lookedUpAt)
  }

  #onError(socket: Socket, address: Address, error: Error): void {
    if (this.#done) return
    this.#attempts.delete(socket)
    this.#failures.push({ address: address.address, error })
    if (this.#next < this.#addresses.length) this.#tryNext()
    else if (this.#attempts.size === 0) this.#fail(connectError(this.#options, this.#failures))
  }

  #fail(error: ConnectError): void {
    this.#done = true
    this.#release()
    // Deferred, as some failures are known before the wire has left `dial`.
    this.#context.clock.defer(() => this.#dialler.onDialFailed(error))
  }

  #release(): void {
    this.#cancelLookup?.()
    this.#cancelLookup = null
    this.#stopDelay()
    for (const socket of this.#attempts) socket.destroy()
    this.#attempts.clear()
  }

  #stopDelay(): void {
    this.#cancelDelay?.()
    this.#cancelDelay = null
  }
}

function connectError(options: DialOptions, failures: readonly Failure[]): ConnectError {
  const { host, port, clientIp } = options
  const { address, error } = failures[0]!
  const from = clientIp === '' ? '' : ` from ${clientIp}`
  if (failures.length === 1) {
    const where = address === host ? '' : ` (${address})`
    const target = `${host.includes(':') ? `[${host}]` : host}:${port}${where}`
    return new ConnectError('tcp', `cannot connect to ${target}${from}: ${reasonOf(error, clientIp)}`, error)
  }
  const codes = new Set(failures.map((failure) => failure.error.code))
  const each = failures.map((failure) => `${failure.address} ${failure.error.code ?? failure.error.message}`)
  const reason = codes.size === 1 ? `: ${reasonOf(error, clientIp)}` : ''
  const message = `cannot connect to ${host}:${port}${from}: all addresses failed (${each.join(', ')})${reason}`
  const errors = failures.map((failure) => failure.error)
  return new ConnectError('tcp', message, new AggregateError(errors, 'all addresses failed'))
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the server or something before it broke the connection',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EADDRINUSE: 'no local port is free',
  EADDRNOTAVAIL: 'no local address or port for it is free',
  EACCES: 'not permitted on this machine',
  EMFILE: 'too many open files; raise the limit (ulimit -n) or lower maxConn',
  ENFILE: 'too many open files on this machine; lower maxConn',
}

function reasonOf(error: NodeJS.ErrnoException, clientIp: string): string {
  const code = error.code ?? ''
  if (code === 'EADDRNOTAVAIL' && error.syscall === 'bind') {
    return `the client IP ${clientIp} is not an address of this machine (${code})`
  }
  const reason = REASONS[code]
  return reason === undefined ? error.message : `${reason} (${code})`
}
