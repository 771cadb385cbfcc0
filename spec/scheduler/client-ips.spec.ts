import { describe, expect, it } from 'vitest'
import { ArgumentError, ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { ClientIps, type ClientIpPolicy } from '../../lib/scheduler/client-ips.ts'
import { Random } from '../../lib/testing/random.ts'
import { TurnClock } from './turn-clock.ts'

const [A, B, C, SIX] = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1']
const ALL = [A, B, C]
const HOST = 'a.test'
const POLICIES: [string, ClientIpPolicy][] = [
  ['round-robin', 'round-robin'],
  ['sticky', 'sticky'],
  ['least-loaded', 'least-loaded'],
  ['a function', ({ clientIps }) => clientIps[0]!],
]

/** Some client IPs, and a clock and loads worked by hand. */
class Bench {
  readonly clock = new TurnClock()
  readonly loads = new Map<string, number>()
  readonly ips: ClientIps

  constructor(policy: ClientIpPolicy = 'round-robin', ips: readonly string[] = ALL) {
    this.ips = new ClientIps(ips, policy, this.clock, (ip) => this.loads.get(ip) ?? 0)
  }

  choose(host = HOST, session = '', family: 0 | 4 | 6 = 0, not: readonly string[] = []): string {
    return this.ips.choose(host, session, family, new Set(not))
  }

  many(count: number, host = HOST, session = ''): string[] {
    return Array.from({ length: count }, () => this.choose(host, session))
  }

  /** `ip` is set aside for `host`. */
  refuse(ip: string, host = HOST): void {
    for (let times = 0; times < LIMITS.refusalsInRow; times++) this.ips.refused(ip, host)
  }
}

function shares(chosen: readonly string[]): number[] {
  return ALL.map((ip) => chosen.filter((each) => each === ip).length)
}

/** Choices under random faults and refusals that were set aside although another one was in order. */
function misfits(policy: ClientIpPolicy, seed: number): string[] {
  const random = new Random(seed)
  const { ips, clock } = new Bench(policy)
  const down = new Map<string, number>()
  const wrong: string[] = []
  for (let step = 0; step < 200; step++) {
    const now = clock.now()
    const host = random.pick(['a.test', 'b.test'])
    const isUp = (key: string): boolean => (down.get(key) ?? 0) <= now
    const good = ALL.filter((ip) => isUp(ip) && isUp(`${ip} ${host}`))
    const chosen = ips.choose(host, random.pick(['', 's', 't']), 0)
    if (good.length > 0 && !good.includes(chosen)) wrong.push(`seed ${seed}: ${chosen} for ${host} at ${now}`)
    const ip = random.pick(ALL)
    const fate = random.int(0, 9)
    // One is always left that can be bound.
    if (fate === 0 && ALL.some((other) => other !== ip && isUp(other))) {
      ips.bindFailed(ip, 'down')
      down.set(ip, now + LIMITS.bindQuarantine)
    } else if (fate < 4) {
      for (let times = 0; times < LIMITS.refusalsInRow; times++) ips.refused(ip, host)
      down.set(`${ip} ${host}`, now + LIMITS.pairQuarantine)
    } else if (fate < 7) {
      ips.accepted(ip, host)
      down.delete(`${ip} ${host}`)
    }
    clock.advance(random.pick([0, 0, 10_000, 100_000]))
  }
  return wrong
}

describe('round-robin', () => {
  it('goes in turn for each host, whatever others do', () => {
    const bench = new Bench()
    expect(bench.many(4)).toEqual([A, B, C, A])
    expect(bench.many(2, 'b.test')).toEqual([B, C])
    expect(bench.many(2)).toEqual([B, C])
  })

  it('gives every client IP its share of hosts that are asked once', () => {
    const bench = new Bench()
    const chosen = Array.from({ length: 300 }, (_, n) => bench.choose(`h${n}.test`))
    expect(shares(chosen)).toEqual([100, 100, 100])
  })

  it('passes over what is set aside, and takes it again afterwards', () => {
    const bench = new Bench()
    bench.refuse(B)
    expect(bench.many(4)).toEqual([A, C, A, C])
    expect(bench.many(3, 'b.test')).toContain(B)
    bench.clock.advance(LIMITS.pairQuarantine)
    expect(shares(bench.many(6))).toEqual([2, 2, 2])
  })

  it('remembers the turns of so many hosts only', () => {
    const bench = new Bench()
    expect([bench.choose(), bench.choose()]).toEqual([A, B])
    for (let n = 1; n < LIMITS.maxIpChoices; n++) bench.choose(`h${n}.test`)
    expect(bench.choose()).toBe(C)
    for (let n = 0; n < LIMITS.maxIpChoices; n++) bench.choose(`g${n}.test`)
    // Forgotten: it begins where a new host does.
    expect(bench.choose()).not.toBe(A)
  })
})

describe('sticky', () => {
  it('gives a session the same client IP each time, in each run', () => {
    const bench = new Bench('sticky')
    const again = new Bench('sticky')
    for (let n = 0; n < 50; n++) {
      const own = bench.choose(HOST, `s${n}`)
      expect(bench.many(3, 'b.test', `s${n}`)).toEqual([own, own, own])
      expect(again.choose('c.test', `s${n}`)).toBe(own)
    }
  })

  it('gives every client IP its share of sessions', () => {
    const bench = new Bench('sticky')
    const chosen = Array.from({ length: 3_000 }, (_, n) => bench.choose(HOST, `session-${n}`))
    for (const share of shares(chosen)) expect(Math.abs(share - 1_000)).toBeLessThan(150)
  })

  it('moves a session that its host refuses, for that host, and leaves it there', () => {
    const bench = new Bench('sticky')
    const own = bench.choose(HOST, 'me')
    bench.refuse(own)
    const moved = bench.choose(HOST, 'me')
    expect(moved).not.toBe(own)
    expect(bench.choose('b.test', 'me')).toBe(own)
    bench.clock.advance(LIMITS.pairQuarantine)
    expect(bench.many(5, HOST, 'me')).toEqual([moved, moved, moved, moved, moved])
    bench.refuse(moved)
    expect(bench.choose(HOST, 'me')).not.toBe(moved)
  })

  it('goes in turn without a session', () => {
    expect(new Bench('sticky').many(4)).toEqual([A, B, C, A])
  })
})

describe('least-loaded', () => {
  it('takes the one with the least to do, and in turn among equals', () => {
    const bench = new Bench('least-loaded')
    expect(bench.many(3)).toEqual([A, B, C])
    bench.loads.set(A, 5).set(B, 2).set(C, 3)
    expect(bench.many(2)).toEqual([B, B])
    bench.ips.bindFailed(B, 'gone')
    expect(bench.choose()).toBe(C)
  })
})

describe('a function', () => {
  it('is given what it needs, and only what may be used', () => {
    const heard: unknown[] = []
    const bench = new Bench(
      (choice) => {
        heard.push(choice)
        return choice.clientIps.at(-1)!
      },
      [...ALL, SIX],
    )
    bench.refuse(C)
    expect(bench.choose(HOST, 'me', 4)).toBe(B)
    expect(heard).toEqual([{ host: HOST, session: 'me', clientIps: [A, B] }])
  })

  it.each<[string, () => string, RegExp]>([
    [
      'one that is none',
      () => '192.0.2.99',
      /gave "192.0.2.99" for host "a.test".*one of clientIps: 192.0.2.1, /,
    ],
    ['nothing', () => undefined as unknown as string, /gave undefined/],
    [
      'an error',
      () => {
        throw new Error('no idea')
      },
      /threw for host "a.test" \(Error: no idea\)/,
    ],
  ])('that gives %s is wrong', (_, policy, message) => {
    const bench = new Bench(policy)
    expect(() => bench.choose()).toThrow(ArgumentError)
    expect(() => bench.choose()).toThrow(message)
  })
})

describe.each(POLICIES)('with the policy %s', (_, policy) => {
  it('what is set aside is never chosen while another is in order', () => {
    const wrong: string[] = []
    for (let seed = 1; seed <= 30; seed++) wrong.push(...misfits(policy, seed))
    expect(wrong).toEqual([])
  })

  it('the family of an address is matched, and of a name if a client IP is moved away from', () => {
    const bench = new Bench(policy, [A, SIX])
    for (let times = 0; times < 4; times++) {
      expect(bench.choose('203.0.113.1', 's', 4)).toBe(A)
      expect(bench.choose('[2001:db8::9]', 's', 6)).toBe(SIX)
      expect(bench.choose(HOST, 's', 0, [A])).toBe(SIX)
    }
  })

  it('a host that refuses all of them is asked from the one that is free first', () => {
    const bench = new Bench(policy)
    for (const ip of [B, A, C]) {
      bench.refuse(ip)
      bench.clock.advance(1_000)
    }
    expect(bench.many(3)).toEqual([B, B, B])
  })

  it('none left is an error that says why, for each', () => {
    const bench = new Bench(policy, [A, B, SIX])
    bench.ips.bindFailed(B, 'EADDRNOTAVAIL')
    bench.clock.advance(10_000)
    const choose = (): string => bench.choose(HOST, '', 4, [A])
    expect(choose).toThrow(ConnectError)
    expect(choose).toThrow(
      'no IPv4 client IP is left for "a.test": 192.0.2.1 was tried in this call; ' +
        '192.0.2.2 is set aside for 50000 ms: EADDRNOTAVAIL; 2001:db8::1 is IPv6',
    )
    bench.clock.advance(LIMITS.bindQuarantine)
    expect(choose()).toBe(B)
  })
})

describe('refusals', () => {
  it('set a pair aside after so many in a row, and after that pause at the first', () => {
    const bench = new Bench()
    const { ips, clock } = bench
    const isAside = (): boolean => !bench.many(3).includes(A)
    ips.refused(A, HOST)
    ips.refused(A, HOST)
    ips.accepted(A, HOST)
    ips.refused(A, HOST)
    ips.refused(A, HOST)
    expect(isAside()).toBe(false)
    ips.refused(A, HOST)
    expect(isAside()).toBe(true)
    expect(ips.stats()[0]).toMatchObject({ clientIp: A, refusedBy: 1, setAside: 0 })
    clock.advance(LIMITS.pairQuarantine)
    expect([isAside(), ips.stats()[0]!.refusedBy]).toEqual([false, 0])
    ips.refused(A, HOST)
    expect(isAside()).toBe(true)
    ips.accepted(A, HOST)
    expect(isAside()).toBe(false)
  })

  it('of a burst count once', () => {
    const bench = new Bench()
    const sentAt = bench.clock.now()
    bench.clock.advance(50)
    for (let each = 0; each < 10; each++) bench.ips.refused(A, HOST, sentAt)
    expect(bench.many(3)).toContain(A)
  })

  it('are remembered for so many pairs only; the host refused longest ago is forgotten first', () => {
    const bench = new Bench()
    bench.refuse(A, 'first.test')
    bench.refuse(A, 'second.test')
    bench.refuse(B, 'first.test')
    for (let n = 0; n < LIMITS.maxIpPairs - 2; n++) bench.ips.refused(A, `h${n}.test`)
    expect(bench.many(3, 'second.test')).toContain(A)
    expect(bench.many(3, 'first.test')).not.toContain(B)
  })
})

describe('stats', () => {
  it('tell each client IP’s state', () => {
    const bench = new Bench()
    bench.loads.set(B, 4)
    bench.many(4)
    bench.ips.bindFailed(C, 'cannot be bound')
    bench.ips.bindFailed('203.0.113.9', 'not one of them')
    bench.clock.advance(1_000)
    const idle = { load: 0, setAside: 0, reason: '', refusedBy: 0 }
    expect(bench.ips.stats()).toEqual([
      { ...idle, clientIp: A, chosen: 2 },
      { ...idle, clientIp: B, chosen: 1, load: 4 },
      { ...idle, clientIp: C, chosen: 1, setAside: LIMITS.bindQuarantine - 1_000, reason: 'cannot be bound' },
    ])
  })
})

describe('what is wrong is said when the client is made', () => {
  it.each<[unknown, unknown, RegExp]>([
    [[], 'sticky', /clientIps has 0 addresses; it must be a list of 1 to/],
    ['192.0.2.1', 'sticky', /clientIps is string/],
    [['192.0.2.300'], 'sticky', /clientIps holds "192.0.2.300"; each must be an IPv4 or IPv6 address/],
    [['localhost'], 'sticky', /holds "localhost"/],
    [[7], 'sticky', /holds number/],
    [[A, B, A], 'sticky', /holds 192.0.2.1 twice/],
    [['::1', '0:0::1'], 'sticky', /holds 0:0::1 twice/],
    [ALL, 'random', /clientIpPolicy is "random"; it must be round-robin, sticky, least-loaded or a function/],
    [ALL, undefined, /clientIpPolicy is undefined/],
  ])('%j with %j', (ips, policy, message) => {
    const make = (): ClientIps =>
      new ClientIps(ips as string[], policy as ClientIpPolicy, new TurnClock(), () => 0)
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })
})
