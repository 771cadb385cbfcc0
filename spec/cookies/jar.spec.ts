import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Target } from '../../lib/core/target.ts'
import { Jar } from '../../lib/cookies/jar.ts'
import { answered, sent, START, StillClock } from './cookie-stage.ts'

function stage(maxCookies?: number): { jar: Jar; clock: StillClock } {
  const clock = new StillClock()
  return { jar: new Jar({ clock, maxCookies }), clock }
}

const DAY = 86_400_000

/** How often the field was made anew, which asks the clock once. */
function made(clock: StillClock, run: () => void): number {
  const before = clock.asked
  run()
  return clock.asked - before
}

describe('what a jar sends', () => {
  it('puts longer paths first, then older cookies, and keeps their order when they change', () => {
    const { jar, clock } = stage()
    answered(jar, 'http://a.test/', 'one=1', 'two=2; Path=/x', 'three=3')
    clock.time++
    answered(jar, 'http://a.test/', 'four=4; Path=/x/y', 'one=changed')
    expect(sent(jar, 'http://a.test/x/y')).toBe('four=4; two=2; one=changed; three=3')
    expect(sent(jar, 'http://a.test/x')).toBe('two=2; one=changed; three=3')
    expect(sent(jar, 'http://a.test/z')).toBe('one=changed; three=3')
    answered(jar, 'http://a.test/', 'one=again; HttpOnly')
    expect(sent(jar, 'http://a.test/z')).toBe('one=again; three=3')
  })

  it('gives each path its own cookies, in whatever order the paths are asked for', () => {
    const { jar } = stage()
    answered(jar, 'http://a.test/', 'r=0', 's=1; Path=/a/', 't=2; Path=/a', 'u=3; Path=/b', 'v=4; Path=/a/b')
    const expected: [path: string, header: string][] = [
      ['/', 'r=0'],
      ['/a', 't=2; r=0'],
      ['/a/', 's=1; t=2; r=0'],
      ['/a/b', 'v=4; s=1; t=2; r=0'],
      ['/a/bc', 's=1; t=2; r=0'],
      ['/b?x=/a', 'u=3; r=0'],
      ['/ab', 'r=0'],
      ['*', 'r=0'],
    ]
    const target = new Target({ scheme: 'http', host: 'a.test', port: 80 })
    for (const [path, header] of [...expected, ...expected.toReversed()])
      expect(jar.header(target, path)).toBe(header)
  })

  it('sends bytes back as they came', () => {
    const { jar } = stage()
    answered(jar, 'http://a.test/', 'city=Orl\u00C3\u00A9ans\u00C3\u00A0; Path=/', 'q="a, b"', 'bare')
    expect(sent(jar, 'http://a.test/')).toBe('city=Orl\u00C3\u00A9ans\u00C3\u00A0; q="a, b"; bare')
  })

  it('keeps a cookie for the host beside one for the domain', () => {
    const { jar } = stage()
    answered(jar, 'http://a.test/', 'id=host', 'id=domain; Domain=a.test')
    expect(sent(jar, 'http://a.test/')).toBe('id=host; id=domain')
    expect(sent(jar, 'http://www.a.test/')).toBe('id=domain')
  })

  it('leaves out what would make the field too long', () => {
    const { jar } = stage()
    for (const name of ['a', 'b', 'c', 'd']) answered(jar, 'http://a.test/', `${name}=${'x'.repeat(3_000)}`)
    answered(jar, 'http://a.test/', 'small=1')
    const header = sent(jar, 'http://a.test/')
    expect(header.length).toBeLessThanOrEqual(LIMITS.maxCookieHeader)
    expect(header.split('; ').map((one) => one.split('=')[0])).toEqual(['a', 'b', 'small'])
  })
})

describe('expiry', () => {
  const SETS: [set: string, lives: number][] = [
    ['a=1; Max-Age=60', 60_000],
    ['a=1; Max-Age=60; Expires=Tue, 01 Jan 2030 00:00:10 GMT', 60_000],
    ['a=1; Expires=Tue, 01 Jan 2030 00:00:10 GMT', 10_000],
    ['a=1; Expires=Tue, 01 Jan 2030 00:00:10 GMT; Expires=nonsense', 10_000],
    ['a=1; Max-Age=99999999999', 400 * DAY],
    [`a=1; Max-Age=${'9'.repeat(400)}`, 400 * DAY],
    ['a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT', 400 * DAY],
  ]
  it.each(SETS)('%s lives %d ms, by the clock that was given', (set, lives) => {
    const { jar, clock } = stage()
    expect(answered(jar, 'http://a.test/', set)).toBe(1)
    // Asked in between: the last use must not put it off.
    clock.time = START + lives / 2
    expect(sent(jar, 'http://a.test/')).toBe('a=1')
    clock.time = START + lives - 1
    expect(sent(jar, 'http://a.test/')).toBe('a=1')
    expect(jar.cookies()).toHaveLength(1)
    clock.time = START + lives
    expect(jar.cookies()).toEqual([])
    expect(jar.get('a', 'http://a.test/')).toBeUndefined()
    expect(sent(jar, 'http://a.test/')).toBe('')
    expect(jar.size).toBe(0)
  })

  it.each(['a=; Max-Age=0', 'a=x; Max-Age=-1', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    '%s removes',
    (set) => {
      const { jar } = stage()
      answered(jar, 'http://a.test/', 'a=1', 'b=2')
      expect(sent(jar, 'http://a.test/')).toBe('a=1; b=2')
      expect(answered(jar, 'http://a.test/', set)).toBe(0)
      expect(sent(jar, 'http://a.test/')).toBe('b=2')
      expect(jar.size).toBe(1)
    },
  )

  it('moves with an answer that repeats the cookie, either way', () => {
    const { jar, clock } = stage()
    answered(jar, 'http://a.test/', 'a=1; Max-Age=60')
    clock.time += 50_000
    answered(jar, 'http://a.test/', 'a=1; Max-Age=60')
    clock.time += 50_000
    expect(sent(jar, 'http://a.test/')).toBe('a=1')
    answered(jar, 'http://a.test/', 'a=1; Max-Age=60')
    answered(jar, 'http://a.test/', 'a=1; Max-Age=1')
    clock.time += 1_000
    expect(sent(jar, 'http://a.test/')).toBe('')
  })

  it('moves with a clock that is set back', () => {
    const { jar, clock } = stage()
    for (let i = 0; i < 3; i++) answered(jar, 'http://a.test/', 'a=1; Max-Age=60')
    clock.time -= 30_000
    for (let i = 0; i < 3; i++) answered(jar, 'http://a.test/', 'a=1; Max-Age=60')
    clock.time += 60_000
    expect(sent(jar, 'http://a.test/')).toBe('')
  })
})

describe('what is remembered', () => {
  it('stays while other sites change, and goes when its own does', () => {
    const { jar, clock } = stage()
    answered(jar, 'http://www.a.test/', 'id=1')
    sent(jar, 'http://www.a.test/')
    answered(jar, 'http://b.test/', 'id=2')
    answered(jar, 'http://c.test/', 'id=3')
    expect(made(clock, () => sent(jar, 'http://www.a.test/page'))).toBe(0)
    answered(jar, 'http://shop.a.test/', 'all=4; Domain=a.test')
    expect(sent(jar, 'http://www.a.test/')).toBe('id=1; all=4')
    jar.remove({ domain: 'a.test' })
    expect(sent(jar, 'http://www.a.test/')).toBe('id=1')
    jar.clear()
    expect(sent(jar, 'http://www.a.test/')).toBe('')
    answered(jar, 'http://www.a.test/', 'id=5')
    expect(sent(jar, 'http://www.a.test/')).toBe('id=5')
  })

  it('stays when an answer says what is known, and when only the expiry moves on', () => {
    const { jar, clock } = stage()
    const sets = [
      ['s=1; Path=/; HttpOnly', 't=2; Path=/; Max-Age=60'],
      ['s=1; Path=/; HttpOnly', 't=2; Path=/; Max-Age=60'],
      ['s=1; Path=/; HttpOnly', 't=2; Path=/; Expires=Tue, 01 Jan 2030 02:00:00 GMT'],
    ]
    answered(jar, 'http://a.test/', ...sets[0]!)
    expect(sent(jar, 'http://a.test/')).toBe('s=1; t=2')
    for (const set of sets) {
      clock.time += 1
      expect(answered(jar, 'http://a.test/', ...set)).toBe(2)
      // Once for the expiry, which is looked at each time.
      expect(made(clock, () => sent(jar, 'http://a.test/'))).toBe(1)
    }
    expect(jar.cookies().map((one) => one.expires)).toEqual([null, Date.UTC(2030, 0, 1, 2)])
  })

  it('tells a default path from another', () => {
    const { jar } = stage()
    for (let i = 0; i < 3; i++) answered(jar, 'http://a.test/x/1', 'a=1')
    answered(jar, 'http://a.test/y/1', 'a=1')
    expect(sent(jar, 'http://a.test/x/')).toBe('a=1')
    expect(sent(jar, 'http://a.test/y/')).toBe('a=1')
    expect(jar.size).toBe(2)
  })

  it('is not believed once another answer has changed the cookie', () => {
    const { jar } = stage()
    for (let i = 0; i < 3; i++) answered(jar, 'http://a.test/', 'a=1')
    answered(jar, 'http://a.test/', 'a=2')
    answered(jar, 'http://a.test/', 'a=1')
    expect(sent(jar, 'http://a.test/')).toBe('a=1')
    jar.remove({ name: 'a' })
    expect(answered(jar, 'http://a.test/', 'a=1')).toBe(1)
    expect(sent(jar, 'http://a.test/')).toBe('a=1')
  })

  it('is not kept for sites with cookies for many paths, which get the right fields all the same', () => {
    const { jar } = stage()
    for (let n = 0; n < 40; n++) answered(jar, 'http://a.test/', `c${n}=1; Path=/p${n}`)
    answered(jar, 'http://a.test/', 'r=0')
    for (let n = 0; n < 40; n++) expect(sent(jar, `http://a.test/p${n}/x`)).toBe(`c${n}=1; r=0`)
    expect(sent(jar, 'http://a.test/')).toBe('r=0')
  })

  it('is bounded: a crawl over more targets than are remembered still gets the right fields', () => {
    const { jar } = stage(LIMITS.maxCookieTargets * 2)
    const targets = Array.from(
      { length: LIMITS.maxCookieTargets + 100 },
      (_, n) => new Target({ scheme: 'http', host: `h${n}.test`, port: 80 }),
    )
    for (const [n, target] of targets.entries()) jar.learn(target, '/', [`id=${n}`])
    for (const [n, target] of targets.entries()) expect(jar.header(target, '/')).toBe(`id=${n}`)
  })
})

describe('limits', () => {
  it('hold for the cookies of a site: expired first, then not Secure, then least recently used', () => {
    const { jar, clock } = stage()
    answered(jar, 'https://a.test/', 'gone=1; Max-Age=1', 'safe=1; Secure')
    for (let n = 0; jar.size < LIMITS.maxCookiesPerSite; n++) {
      clock.time += 10
      answered(jar, `https://h${n}.a.test/`, `n${n}=1`)
    }
    clock.time += 1_000
    expect(sent(jar, 'https://h0.a.test/')).toBe('n0=1')
    answered(jar, 'https://new1.a.test/', 'new=1')
    expect(jar.size).toBe(LIMITS.maxCookiesPerSite)
    clock.time += 10
    answered(jar, 'https://new2.a.test/', 'new=1')
    expect(jar.size).toBe(LIMITS.maxCookiesPerSite)
    const left = new Set(jar.cookies().map((one) => one.name))
    expect(left.has('gone')).toBe(false)
    expect(left.has('n1')).toBe(false)
    for (const name of ['safe', 'n0', 'n2', 'new']) expect(left.has(name)).toBe(true)
  })

  it('hold for the jar: expired first, then sites not used for longest, never the one at hand', () => {
    const { jar, clock } = stage(20)
    answered(jar, 'http://short.test/', 'a=1; Max-Age=1')
    for (let n = 0; n < 19; n++) answered(jar, `http://h${n}.test/`, 'a=1')
    sent(jar, 'http://h0.test/')
    clock.time += 1_000
    answered(jar, 'http://x.test/', 'a=1')
    expect(jar.size).toBe(20)
    expect(jar.cookies().map((one) => one.domain)).not.toContain('short.test')
    answered(jar, 'http://y.test/', 'a=1')
    expect(jar.size).toBe(18)
    const left = new Set(jar.cookies().map((one) => one.domain))
    for (const host of ['h0.test', 'h4.test', 'x.test', 'y.test']) expect(left.has(host)).toBe(true)
    for (const host of ['h1.test', 'h2.test', 'h3.test']) expect(left.has(host)).toBe(false)
    expect(sent(jar, 'http://h1.test/')).toBe('')
  })

  it('hold in a jar of one', () => {
    const { jar } = stage(1)
    answered(jar, 'http://a.test/', 'a=1', 'b=2')
    answered(jar, 'http://b.test/', 'c=3')
    expect(jar.size).toBe(1)
    expect(sent(jar, 'http://b.test/')).toBe('c=3')
  })

  it('hold for the fields of one answer', () => {
    const { jar } = stage()
    const sets = Array.from({ length: 60 }, (_, n) => `c${n}=1`)
    expect(answered(jar, 'http://a.test/', ...sets)).toBe(LIMITS.maxSetCookies)
    expect(jar.size).toBe(LIMITS.maxSetCookies)
  })

  it.each([0, -1, 1.5, Number.NaN, Infinity])('maxCookies %d is refused', (maxCookies) => {
    expect(() => new Jar({ maxCookies })).toThrow(ArgumentError)
  })
})

describe('by hand', () => {
  it('sets, lists, gets and removes', () => {
    const { jar } = stage()
    jar.set({ name: 'a', value: '1' }, 'https://www.a.test/x/y?z')
    jar.set(
      { name: 'b', value: '2', domain: '.A.test', path: '/x', secure: true, expires: START + 5_500 },
      'https://www.a.test',
    )
    jar.set('c=3', 'https://www.a.test/x/y')
    expect(jar.cookies('https://www.a.test/x/').map(({ name, value }) => `${name}=${value}`)).toEqual([
      'b=2',
      'c=3',
      'a=1',
    ])
    expect(jar.get('b', 'https://shop.a.test/x')).toBe('2')
    expect(jar.get('b', 'http://shop.a.test/x')).toBeUndefined()
    expect(jar.cookies()[1]).toEqual({
      name: 'b',
      value: '2',
      domain: 'a.test',
      hostOnly: false,
      path: '/x',
      secure: true,
      httpOnly: false,
      sameSite: null,
      partitioned: false,
      expires: START + 5_500,
      created: START,
    })
    const { version } = jar
    expect(jar.remove({ name: 'nothing' })).toBe(0)
    expect(jar.version).toBe(version)
    expect(jar.remove({ domain: '.a.test', name: 'b' })).toBe(1)
    expect(jar.version).not.toBe(version)
    expect(jar.size).toBe(2)
  })

  const WRONG: [cookie: Parameters<Jar['set']>[0], url: string, why: RegExp][] = [
    [{ name: 'a', value: 'secret\n' }, 'http://a.test', /control character/],
    [{ name: 'a', value: 'secret;' }, 'http://a.test', /encode/],
    [{ name: 'a=', value: 'secret' }, 'http://a.test', /encode/],
    [{ name: 'a', value: 'secret\u20AC' }, 'http://a.test', /Latin-1/],
    [{ name: 'a', value: 'secret', domain: 'test' }, 'http://a.test', /domain/],
    [{ name: 'a', value: 'secret', domain: 'b.test' }, 'http://a.test', /domain/],
    [{ name: 'a', value: 'secret', path: 'x' }, 'http://a.test', /path/],
    [{ name: 'a', value: 'secret', path: '/x;y' }, 'http://a.test', /path/],
    [{ name: 'a', value: 'secret', expires: Number.NaN }, 'http://a.test', /no time/],
    [{ name: 'a', value: 'secret', secure: true }, 'http://a.test', /Secure/],
    [{ name: '__Host-a', value: 'secret' }, 'https://a.test', /Secure/],
    [{ name: 'a', value: 7 as unknown as string }, 'https://a.test', /no string/],
    [{ name: '', value: '' }, 'https://a.test', /neither/],
    ['a=secret; Domain=com', 'http://a.test', /domain/],
    ['a=secret', 'ftp://a.test', /http or https/],
    ['a=secret', 'secret', /http or https/],
  ]
  it.each(WRONG)('refuses %j for %s, without telling the value', (cookie, url, why) => {
    const { jar } = stage()
    let error: unknown
    try {
      jar.set(cookie, url)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ArgumentError)
    expect((error as Error).message).toMatch(why)
    expect((error as Error).message).not.toContain('secret')
    expect(jar.size).toBe(0)
  })
})
