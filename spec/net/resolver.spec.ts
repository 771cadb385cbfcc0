import { beforeAll, describe, expect, it } from 'vitest'
import type { ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { Address, Resolve } from '../../lib/net/network.ts'
import { Resolver } from '../../lib/net/resolver.ts'
import { HandClock } from './hand-clock.ts'
import { ignore, rounds } from './loopback.ts'

const A: Address = { address: '192.0.2.1', family: 4 }
const B: Address = { address: '192.0.2.2', family: 4 }
const C: Address = { address: '2001:db8::1', family: 6 }
const D: Address = { address: '2001:db8::2', family: 6 }

/** getaddrinfo by hand. */
class Lookups {
  readonly asked: string[] = []
  readonly #open: { host: string; resolve: (found: Address[]) => void; reject: (error: Error) => void }[] = []

  readonly lookup = (host: string): Promise<Address[]> => {
    this.asked.push(host)
    const { promise, resolve, reject } = Promise.withResolvers<Address[]>()
    this.#open.push({ host, resolve, reject })
    return promise
  }

  get open(): number {
    return this.#open.length
  }

  async answer(...found: Address[]): Promise<void> {
    this.#open.shift()!.resolve(found)
    await rounds(1)
  }

  async fail(code: string): Promise<void> {
    const { host, reject } = this.#open.shift()!
    reject(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code }))
    await rounds(1)
  }
}

function create(options: { resolve?: Resolve; dnsTtl?: number } = {}) {
  const clock = new HandClock()
  const lookups = new Lookups()
  const resolver = new Resolver({ clock, lookup: lookups.lookup, ...options })
  return { clock, lookups, resolver }
}

/** What a lookup told, and how to cancel it. */
interface Asked {
  told: number
  error: ConnectError | null
  addresses: string[]
  cancel: () => void
}

function ask(resolver: Resolver, host: string): Asked {
  const asked: Asked = { told: 0, error: null, addresses: [], cancel: ignore }
  asked.cancel = resolver.lookup(host, (error, addresses) => {
    asked.told++
    asked.error = error
    asked.addresses = addresses.map((address) => address.address)
  })
  return asked
}

// So that the first lookup takes no more turns of the loop than the next.
beforeAll(() => import('p-queue'))

describe('Resolver with the system lookup', () => {
  it.each(['192.0.2.7', '2001:db8::7'])('takes the address %s for itself', (address) => {
    const { resolver, lookups } = create()
    expect(ask(resolver, address)).toMatchObject({ told: 1, addresses: [address] })
    expect(lookups.asked).toEqual([])
  })

  it.each(['localhost', 'a.localhost', 'LOCALHOST', 'b.a.localhost.'])(
    'knows that %s is loopback',
    (name) => {
      const { resolver, lookups } = create()
      expect(ask(resolver, name).addresses).toEqual(['127.0.0.1', '::1'])
      expect(lookups.asked).toEqual([])
    },
  )

  it('does ask for names that only look like localhost', async () => {
    const { resolver, lookups } = create()
    ask(resolver, 'notlocalhost')
    await rounds(1)
    expect(lookups.asked).toEqual(['notlocalhost'])
  })

  it('asks once for all who wait, and mixes the families', async () => {
    const { resolver, lookups } = create()
    const first = ask(resolver, 'a.test')
    const second = ask(resolver, 'a.test')
    await rounds(1)
    await lookups.answer(C, D, A, B)
    const mixed = [C.address, A.address, D.address, B.address]
    expect(first).toMatchObject({ told: 1, addresses: mixed })
    expect(second).toMatchObject({ told: 1, addresses: mixed })
    expect(lookups.asked).toEqual(['a.test'])
  })

  it('believes an answer for its time', async () => {
    const { clock, resolver, lookups } = create()
    ask(resolver, 'a.test')
    await rounds(1)
    await lookups.answer(A)
    clock.advance(LIMITS.dnsTtl - 1)
    expect(ask(resolver, 'a.test')).toMatchObject({ told: 1, addresses: [A.address] })
    clock.advance(1)
    const later = ask(resolver, 'a.test')
    await rounds(1)
    expect(lookups.asked).toHaveLength(2)
    await lookups.answer(B)
    expect(later.addresses).toEqual([B.address])
  })

  it('believes nothing when dnsTtl is 0', async () => {
    const { resolver, lookups } = create({ dnsTtl: 0 })
    ask(resolver, 'a.test')
    await rounds(1)
    await lookups.answer(A)
    expect(ask(resolver, 'a.test').told).toBe(0)
    await rounds(1)
    expect(lookups.asked).toHaveLength(2)
  })

  it('believes a failure for a short time, with an error of its own for each', async () => {
    const { clock, resolver, lookups } = create()
    const first = ask(resolver, 'gone.test')
    await rounds(1)
    await lookups.fail('ENOTFOUND')
    expect(first.error).toMatchObject({ code: 'ERR_CONNECT_DNS', cause: { code: 'ENOTFOUND' } })
    expect(first.error!.message).toBe(
      'cannot look up the host "gone.test" (ENOTFOUND): there is no such name',
    )
    const second = ask(resolver, 'gone.test')
    expect(second.error!.message).toBe(first.error!.message)
    expect(second.error).not.toBe(first.error)
    clock.advance(LIMITS.dnsNegativeTtl)
    expect(ask(resolver, 'gone.test').told).toBe(0)
    await rounds(1)
    expect(lookups.asked).toHaveLength(2)
  })

  it('takes an empty answer for a failure', async () => {
    const { resolver, lookups } = create()
    const asked = ask(resolver, 'empty.test')
    await rounds(1)
    await lookups.answer()
    expect(asked.error!.message).toBe('cannot look up the host "empty.test": the name has no address')
  })

  it('runs few lookups at once and all of them in the end', async () => {
    const { resolver, lookups } = create()
    const all = Array.from({ length: 10 }, (_, i) => ask(resolver, `${i}.test`))
    await rounds(1)
    for (let i = 0; i < 10; i++) {
      expect(lookups.open).toBe(Math.min(LIMITS.maxDnsLookups, 10 - i))
      await lookups.answer(A)
    }
    expect(all.every((asked) => asked.told === 1)).toBe(true)
  })

  it('does not begin a lookup that nobody waits for any more', async () => {
    const { resolver, lookups } = create()
    const all = Array.from({ length: 5 }, (_, i) => ask(resolver, `${i}.test`))
    await rounds(1)
    all[3]!.cancel()
    const again = ask(resolver, '4.test')
    all[4]!.cancel()
    for (let i = 0; i < 4; i++) await lookups.answer(A)
    expect(lookups.asked).toEqual(['0.test', '1.test', '2.test', '4.test'])
    expect(all.map((asked) => asked.told)).toEqual([1, 1, 1, 0, 0])
    expect(again.told).toBe(1)
  })

  it('keeps what a cancelled lookup finds', async () => {
    const { resolver, lookups } = create()
    const asked = ask(resolver, 'a.test')
    await rounds(1)
    asked.cancel()
    await lookups.answer(A)
    expect(asked.told).toBe(0)
    expect(ask(resolver, 'a.test').addresses).toEqual([A.address])
  })

  it('fails what is under way when closed, once', async () => {
    const { resolver, lookups } = create()
    const all = Array.from({ length: 5 }, (_, i) => ask(resolver, `${i}.test`))
    await rounds(1)
    resolver.close()
    for (const asked of all) expect(asked.error!.message).toBe('the network was closed')
    await lookups.answer(A)
    expect(all.map((asked) => asked.told)).toEqual([1, 1, 1, 1, 1])
  })

  it('names what getaddrinfo itself says of an impossible name, without asking anyone', async () => {
    const resolver = new Resolver({ clock: new HandClock() })
    const done = Promise.withResolvers<ConnectError | null>()
    resolver.lookup(`${'x'.repeat(64)}.test`, (error) => done.resolve(error))
    expect((await done.promise)!.message).toMatch(/^cannot look up the host "x{64}\.test" \(E/)
  })
})

describe('Resolver with the user’s lookup', () => {
  it('keeps its order, and asks anew each time', () => {
    let count = 0
    const { resolver, lookups } = create({
      resolve: (host) => [`192.0.2.${++count}`, '192.0.2.9', host === 'a.test' ? '::1' : '::2'],
    })
    expect(ask(resolver, 'a.test').addresses).toEqual(['192.0.2.1', '192.0.2.9', '::1'])
    expect(ask(resolver, 'a.test').addresses).toEqual(['192.0.2.2', '192.0.2.9', '::1'])
    expect(lookups.asked).toEqual([])
  })

  it('asks it for localhost too, but not for addresses', () => {
    const { resolver } = create({ resolve: () => '127.0.0.5' })
    expect(ask(resolver, 'a.localhost').addresses).toEqual(['127.0.0.5'])
    expect(ask(resolver, '127.0.0.1').addresses).toEqual(['127.0.0.1'])
  })

  it('waits for a promise', async () => {
    const { resolver } = create({ resolve: () => Promise.resolve(['::1']) })
    const asked = ask(resolver, 'a.test')
    await rounds(1)
    expect(asked).toMatchObject({ told: 1, addresses: ['::1'] })
  })

  it('tells nothing once cancelled', async () => {
    const { resolver } = create({ resolve: () => Promise.resolve('::1') })
    const asked = ask(resolver, 'a.test')
    asked.cancel()
    await rounds(1)
    expect(asked.told).toBe(0)
  })

  it.each<[string, Resolve]>([
    [
      'thrown',
      () => {
        throw new Error('no luck')
      },
    ],
    ['rejected', () => Promise.reject(new Error('no luck'))],
  ])('reports a %s error with its cause', async (_, resolve) => {
    const { resolver } = create({ resolve })
    const asked = ask(resolver, 'a.test')
    await rounds(1)
    expect(asked.error).toMatchObject({ phase: 'dns', cause: { message: 'no luck' } })
    expect(asked.error!.message).toBe('resolve("a.test") failed: no luck')
  })

  it.each<[string, Resolve]>([
    ['at once', () => undefined],
    ['later', () => Promise.resolve(undefined)],
  ])('leaves a name to the system where it gives undefined %s', async (_, resolve) => {
    const { resolver } = create({ resolve })
    const asked = ask(resolver, 'www.localhost')
    await rounds(1)
    expect(asked).toMatchObject({ told: 1, addresses: ['127.0.0.1', '::1'] })
  })

  it.each<[unknown, string]>([
    ['localhost', 'resolve("a.test") gave "localhost": give IPv4 or IPv6 addresses'],
    [['192.0.2.1', '[::1]'], 'resolve("a.test") gave "[::1]": give IPv4 or IPv6 addresses'],
    [['192.0.2.1:80'], 'gave "192.0.2.1:80"'],
    [null, 'gave null'],
    [{ address: '192.0.2.1' }, 'gave {"address":"192.0.2.1"}'],
    [[], 'gave no address'],
  ])('refuses %j by name', (found, message) => {
    const { resolver } = create({ resolve: () => found as string })
    const { error } = ask(resolver, 'a.test')
    expect(error).toMatchObject({ phase: 'dns' })
    expect(error!.message).toContain(message)
  })

  const cyclic: { self?: object } = {}
  cyclic.self = cyclic
  const getter = {
    // oxlint-disable-next-line unicorn/no-thenable -- it is the case
    get then(): never {
      throw new Error('no then')
    },
  }
  it.each<[string, unknown, string]>([
    ['a BigInt', 10n, 'gave 10n: give'],
    ['a cycle', cyclic, 'gave <ref *1> { self: [Circular *1] }: give'],
    ['a getter that throws', getter, 'resolve("a.test") failed: no then'],
  ])('refuses %s, which JSON cannot show, at once and later', async (_, found, message) => {
    for (const resolve of [() => found as string, () => Promise.resolve().then(() => found as string)]) {
      const { resolver } = create({ resolve })
      const asked = ask(resolver, 'a.test')
      await rounds(1)
      expect(asked).toMatchObject({ told: 1, error: { phase: 'dns' } })
      expect(asked.error!.message).toContain(message)
    }
  })
})
