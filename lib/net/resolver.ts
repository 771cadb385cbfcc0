import { lookup as systemLookup } from 'node:dns/promises'
import { inspect } from 'node:util'
import type PQueue from 'p-queue'
import type { Clock } from '../core/clock.ts'
import { ConnectError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import { interleaveFamilies, loopbackAddresses, parseAddress } from './addresses.ts'
import { LruMap } from '../core/lru-map.ts'
import { makeLookupQueue } from './lookup-queue.ts'
import type { Address, Resolve } from './network.ts'

export type LookupCallback = (error: ConnectError | null, addresses: readonly Address[]) => void

export interface ResolverOptions {
  readonly clock: Clock
  /** The user's own lookup. It replaces the system's and the cache: see `Resolver`. */
  readonly resolve?: Resolve | undefined
  /** How long a looked-up name is believed, ms; default `LIMITS.dnsTtl`; 0: not at all. */
  readonly dnsTtl?: number | undefined
  /** What stands for getaddrinfo; specs give their own. */
  readonly lookup?: ((host: string) => Promise<readonly Address[]>) | undefined
}

/** What became of a lookup. The error is made anew for each dial, because a dial's error is its own. */
interface Answer {
  readonly addresses: readonly Address[]
  readonly failure: unknown
  readonly expires: number
}

/** One lookup and all who wait for it. */
interface Flight {
  readonly waiters: Set<LookupCallback>
  /** Takes it out of the queue, as long as it has not begun: getaddrinfo cannot be stopped. */
  readonly abort: AbortController
  started: boolean
}

/**
 * Host names to addresses, by getaddrinfo: a small cache, one lookup a name at a time, and few
 * lookups at once because each holds a thread of the pool.
 *
 * The user's own `resolve` is asked once for every dial and nothing of it is remembered: it may
 * rotate addresses on purpose, and its order is kept.
 */
export class Resolver {
  readonly #clock: Clock
  readonly #resolve: Resolve | null
  readonly #ttl: number
  readonly #lookup: (host: string) => Promise<readonly Address[]>
  readonly #answers = new LruMap<string, Answer>(LIMITS.maxDnsEntries)
  readonly #flights = new Map<string, Flight>()
  /** null: nothing was looked up yet. */
  #queue: PQueue | null = null
  /** While p-queue is loaded. */
  #queueComing: Promise<PQueue> | null = null

  constructor(given: ResolverOptions) {
    const options = ownOptions(given)
    this.#clock = options.clock
    this.#resolve = options.resolve ?? null
    this.#ttl = options.dnsTtl ?? LIMITS.dnsTtl
    this.#lookup = options.lookup ?? getaddrinfo
  }

  /**
   * Tells `done` the addresses of `host`, at least one, or a ConnectError; at once, before this
   * returns, where nothing has to be waited for. Returns what cancels it: then `done` is not called.
   */
  lookup(host: string, done: LookupCallback): () => void {
    const literal = parseAddress(host)
    if (literal !== null) return answer(done, [literal])
    if (this.#resolve === null) return this.#askSystem(host, done)
    const leave = (): (() => void) => this.#askSystem(host, done)
    return askUser(this.#resolve, host, done, leave, this.#clock)
  }

  #askSystem(host: string, done: LookupCallback): () => void {
    const loopback = loopbackAddresses(host)
    if (loopback !== null) return answer(done, loopback)
    const known = this.#answers.get(host)
    if (known !== undefined && this.#clock.now() < known.expires) {
      tell(host, known, done)
      return nothing
    }
    return this.#join(host, done)
  }

  /** Forgets all names. Lookups under way fail. */
  close(): void {
    this.#answers.clear()
    this.#queue?.clear()
    const flights = [...this.#flights.values()]
    this.#flights.clear()
    for (const flight of flights) {
      for (const done of flight.waiters) done(new ConnectError('dns', 'the network was closed'), [])
      flight.waiters.clear()
      flight.abort.abort()
    }
  }

  #join(host: string, done: LookupCallback): () => void {
    const flight = this.#flights.get(host) ?? this.#start(host)
    flight.waiters.add(done)
    return () => {
      flight.waiters.delete(done)
      if (flight.waiters.size > 0 || flight.started || this.#flights.get(host) !== flight) return
      this.#flights.delete(host)
      flight.abort.abort()
    }
  }

  #start(host: string): Flight {
    const flight: Flight = { waiters: new Set(), abort: new AbortController(), started: false }
    this.#flights.set(host, flight)
    const run = async (): Promise<readonly Address[]> => {
      flight.started = true
      return this.#lookup(host)
    }
    this.#add(run, flight.abort.signal).then(
      (addresses) => this.#land(host, flight, addresses, null),
      (error: unknown) => this.#land(host, flight, [], error),
    )
    return flight
  }

  /** Async, so that a queue that cannot be loaded is a lookup that failed. */
  async #add(run: () => Promise<readonly Address[]>, signal: AbortSignal): Promise<readonly Address[]> {
    this.#queue ??= await this.#makeQueue()
    return this.#queue.add(run, { signal })
  }

  /** One for all who ask while it is loaded; the next one tries again where that failed. */
  #makeQueue(): Promise<PQueue> {
    this.#queueComing ??= makeLookupQueue().finally(() => (this.#queueComing = null))
    return this.#queueComing
  }

  #land(host: string, flight: Flight, addresses: readonly Address[], failure: unknown): void {
    if (this.#flights.get(host) !== flight) return
    this.#flights.delete(host)
    const lifetime = addresses.length > 0 ? this.#ttl : Math.min(this.#ttl, LIMITS.dnsNegativeTtl)
    const found = addresses.length > 0 ? interleaveFamilies(addresses) : addresses
    const answered: Answer = { addresses: found, failure, expires: this.#clock.now() + lifetime }
    if (lifetime > 0) this.#answers.set(host, answered)
    for (const done of flight.waiters) tell(host, answered, done)
  }
}

function nothing(): void {}

function getaddrinfo(host: string): Promise<readonly Address[]> {
  return systemLookup(host, { all: true, order: 'verbatim' }) as Promise<readonly Address[]>
}

function answer(done: LookupCallback, addresses: readonly Address[]): () => void {
  done(null, addresses)
  return nothing
}

function tell(host: string, { addresses, failure }: Answer, done: LookupCallback): void {
  if (addresses.length > 0) done(null, addresses)
  else done(lookupError(host, failure), [])
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no address',
  EAI_AGAIN: 'the name server did not answer; try again later',
}

function lookupError(host: string, failure: unknown): ConnectError {
  const { code, message } = (failure ?? {}) as { code?: string; message?: string }
  const reason = REASONS[code ?? ''] ?? message ?? 'the name has no address'
  return new ConnectError(
    'dns',
    `cannot look up the host "${host}"${code ? ` (${code})` : ''}: ${reason}`,
    failure,
  )
}

/** `leave`: the user's function leaves this name to the system. */
function askUser(
  resolve: Resolve,
  host: string,
  done: LookupCallback,
  leave: () => () => void,
  clock: Clock,
): () => void {
  let waiting = true
  // A promise that never settles keeps no process alive, and no timeout would ever come.
  let release = nothing
  let cancel = (): void => {
    cancel = nothing
    waiting = false
    release()
  }
  const succeed = (found: unknown): void => {
    if (!waiting) return
    waiting = false
    release()
    if (found === undefined) {
      cancel = leave()
      return
    }
    const addresses = checkAddresses(host, found)
    if (addresses instanceof ConnectError) done(addresses, [])
    else done(null, addresses)
  }
  const fail = (error: unknown): void => {
    if (!waiting) return
    waiting = false
    release()
    const reason = error instanceof Error ? error.message : describe(error)
    done(new ConnectError('dns', `resolve("${host}") failed: ${reason}`, error), [])
  }
  let found: ReturnType<Resolve>
  try {
    found = resolve(host)
    // Here too, as `then` may be a getter.
    if (isThenable(found)) {
      release = clock.hold()
      found.then(succeed, fail)
      return () => cancel()
    }
  } catch (error) {
    fail(error)
    return nothing
  }
  succeed(found)
  return () => cancel()
}

/** Any thenable will do: a promise may come from another realm or library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** What the user's `resolve` gave, checked: it is JavaScript, and an address is easily misspelt. */
function checkAddresses(host: string, found: unknown): readonly Address[] | ConnectError {
  const addresses: Address[] = []
  for (const value of (Array.isArray(found) ? found : [found]) as unknown[]) {
    const address = typeof value === 'string' ? parseAddress(value) : null
    if (address === null) {
      const rule = 'give IPv4 or IPv6 addresses as strings, without brackets or port'
      return new ConnectError('dns', `resolve("${host}") gave ${describe(value)}: ${rule}`)
    }
    addresses.push(address)
  }
  if (addresses.length > 0) return addresses
  return new ConnectError('dns', `resolve("${host}") gave no address: give at least one`)
}

/** Any value, readable: JSON where it can be said in it, which a BigInt or a cycle cannot. */
function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return inspect(value, { depth: 1, customInspect: false, breakLength: Infinity })
  }
}
