import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { Jar } from '../../lib/cookies/jar.ts'
import { readNetscape, writeNetscape } from '../../lib/cookies/netscape.ts'
import type { StoredCookie } from '../../lib/cookies/stored-cookie.ts'
import { answered, sent, START, StillClock } from './cookie-stage.ts'

const HEAD = '# Netscape HTTP Cookie File\n'

function read(lines: string): StoredCookie[] {
  return readNetscape(lines, 'cookies.txt', START)
}

describe('readNetscape', () => {
  const PLAIN: StoredCookie = {
    name: 'a',
    value: '1',
    domain: 'a.test',
    hostOnly: true,
    path: '/',
    secure: false,
    httpOnly: false,
    sameSite: null,
    partitioned: false,
    expires: null,
    created: START,
  }
  const LINES: [line: string, parts: Partial<StoredCookie>][] = [
    ['a.test\tFALSE\t/\tFALSE\t0\ta\t1', {}],
    ['.a.test\tTRUE\t/\tFALSE\t0\ta\t1', { hostOnly: false }],
    // Old files have no dot; curl and wget go by the flag.
    ['a.test\tTRUE\t/\tFALSE\t0\ta\t1', { hostOnly: false }],
    ['.a.test\tFALSE\t/\tFALSE\t0\ta\t1', {}],
    [
      '#HttpOnly_.a.test\tTRUE\t/x\tTRUE\t2000000000\ta\t1',
      { hostOnly: false, path: '/x', secure: true, httpOnly: true, expires: 2e12 },
    ],
    ['a.test\tfalse\t/\ttrue\t0\ta\t1', { secure: true }],
    ['a.test\tFALSE\t/\tFALSE\t\ta\t1', {}],
    ['a.test\tFALSE\t/\tFALSE\t-1\ta\t1', {}],
    ['a.test\tFALSE\t/\tFALSE\t2000000000.125\ta\t1', { expires: 2e12 + 125 }],
    ['a.test\tFALSE\t\tFALSE\t0\ta\t1', {}],
    ['a.test\tFALSE\t/\tFALSE\t0\ta\t', { value: '' }],
    // curl leaves out the tab before an empty value when it reads; some when they write.
    ['a.test\tFALSE\t/\tFALSE\t0\ta', { value: '' }],
    // Python's jar writes a cookie without a name so.
    ['a.test\tFALSE\t/\tFALSE\t0\t\t1', { name: '' }],
    ['a.test\tFALSE\t/\tFALSE\t0\ta\tb=c', { value: 'b=c' }],
    // wget's port.
    ['a.test:8080\tFALSE\t/\tFALSE\t0\ta\t1', {}],
    ['[::1]:8080\tFALSE\t/\tFALSE\t0\ta\t1', { domain: '::1' }],
    ['::1\tFALSE\t/\tFALSE\t0\ta\t1', { domain: '::1' }],
    ['A.Test\tFALSE\t/\tFALSE\t0\ta\t1', {}],
    ['b\u00C3\u00BCcher.test\tFALSE\t/\tFALSE\t0\ta\t1', { domain: 'xn--bcher-kva.test' }],
    ['a.test\tFALSE\t/\tFALSE\t0\ta\tvoil\u00C3\u00A0', { value: 'voil\u00C3\u00A0' }],
  ]
  it.each(LINES)('reads %j', (line, parts) => {
    const cookie = { ...PLAIN, ...parts }
    expect(read(`${HEAD}\n# a comment\n  \n${line}\n`)).toEqual([cookie])
    expect(read(`\u00EF\u00BB\u00BF${HEAD}${line}`)).toEqual([cookie])
    expect(read(`${HEAD}\r\n${line}\r\n`)).toEqual([cookie])
  })

  it('reads a file without its first line, and one without cookies', () => {
    expect(read('a.test\tFALSE\t/\tFALSE\t0\ta\t1')).toEqual([PLAIN])
    expect(read(HEAD)).toEqual([])
    expect(read('')).toEqual([])
  })

  const WRONG: [line: string, why: RegExp][] = [
    ['a.test FALSE / FALSE 0 a secret', /1 field\(s\).*7 between tabs/],
    ['a.test\tFALSE\t/\tFALSE\t0\ta\tb\tsecret', /8 field/],
    ['a.test\tsecret\t/\tFALSE\t0\ta\t1', /second field.*TRUE nor FALSE/],
    ['a.test\tFALSE\t/\tsecret\t0\ta\t1', /fourth field/],
    ['a.test\tFALSE\t/\tFALSE\tsecret\ta\t1', /fifth field/],
    ['a.test\tFALSE\t/\tFALSE\t1e99\ta\tsecret', /fifth field/],
    ['\tFALSE\t/\tFALSE\t0\ta\tsecret', /domain/],
    ['a test\tFALSE\t/\tFALSE\t0\ta\tsecret', /domain/],
    ['a.test\tFALSE\tx\tFALSE\t0\ta\tsecret', /path/],
    ['a.test\tFALSE\t/\tFALSE\t0\ta\tsecret\0', /control character/],
    ['a.test\tFALSE\t/\tFALSE\t0\t\t', /neither name nor value/],
    ['a.test\tFALSE\t/\tFALSE\t0\t\t__Host-secret', /no name/],
    [`a.test\tFALSE\t/\tFALSE\t0\tsecret\t${'x'.repeat(4_096)}`, /maxCookieSize/],
  ]
  it.each(WRONG)('names file, line and remedy for %j, and no secret', (line, why) => {
    let error: unknown
    try {
      read(`${HEAD}\na.test\tFALSE\t/\tFALSE\t0\tok\t1\n${line}\n`)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ArgumentError)
    const { message } = error as Error
    expect(message).toMatch(/^cookies\.txt, line 4: /)
    expect(message).toMatch(why)
    expect(message).not.toContain('secret')
  })
})

describe('a jar and cookies.txt', () => {
  it('writes what curl reads', () => {
    const jar = new Jar({ clock: new StillClock() })
    answered(
      jar,
      'https://www.a.test/x/y',
      's=1',
      'd=2; Domain=a.test; Path=/; Secure',
      'h=3; HttpOnly; Path=/; Max-Age=60',
    )
    answered(jar, 'http://[::1]/', 'bare')
    expect(jar.toNetscape()).toBe(
      [
        '# Netscape HTTP Cookie File',
        '',
        'www.a.test\tFALSE\t/x\tFALSE\t0\ts\t1',
        '.a.test\tTRUE\t/\tTRUE\t0\td\t2',
        `#HttpOnly_www.a.test\tFALSE\t/\tFALSE\t${START / 1_000 + 60}\th\t3`,
        '::1\tFALSE\t/\tFALSE\t0\t\tbare',
        '',
      ].join('\n'),
    )
  })

  it('adds all or nothing, leaves out what has expired, and replaces what is there', () => {
    const jar = new Jar({ clock: new StillClock() })
    answered(jar, 'http://a.test/', 'a=old')
    const good =
      'a.test\tFALSE\t/\tFALSE\t0\ta\tnew\na.test\tFALSE\t/\tFALSE\t1000\tb\t2\na.test\tFALSE\t/\tFALSE\t0\tc\t3\n'
    expect(() => jar.fromNetscape(`${good}nonsense`, 'my.txt')).toThrow(/my\.txt, line 4/)
    expect(sent(jar, 'http://a.test/')).toBe('a=old')
    expect(jar.fromNetscape(good)).toBe(2)
    expect(sent(jar, 'http://a.test/')).toBe('a=new; c=3')
  })

  it('narrows what no server could have set', () => {
    const jar = new Jar({ clock: new StillClock() })
    jar.fromNetscape(
      ['.com', '.github.io', '.10.0.0.1', '.0.0.1']
        .map((one) => `${one}\tTRUE\t/\tFALSE\t0\ta\t1\n`)
        .join('') + '.a.test\tTRUE\t/\tFALSE\t0\t__Host-h\t1\n.a.test\tTRUE\t/\tFALSE\t0\t__Secure-s\t1\n',
    )
    for (const url of [
      'http://a.com/',
      'http://me.github.io/',
      'http://20.0.0.1/',
      'http://a.test/',
      'http://www.a.test/',
    ]) {
      expect(sent(jar, url)).toBe('')
    }
    expect(sent(jar, 'http://10.0.0.1/')).toBe('a=1')
    expect(sent(jar, 'https://www.a.test/')).toBe('__Secure-s=1')
    expect(sent(jar, 'https://a.test/')).toBe('__Host-h=1; __Secure-s=1')
  })

  it('comes back as it was written', () => {
    const jar = new Jar({ clock: new StillClock() })
    answered(
      jar,
      'https://www.a.test/x/y',
      's=1',
      'd=2; Domain=a.test; Path=/; Secure',
      'h="3 4"; HttpOnly; Max-Age=60',
      'e=',
      'n',
    )
    const again = new Jar({ clock: new StillClock() })
    again.fromNetscape(jar.toNetscape())
    expect(again.cookies()).toEqual(jar.cookies())
    expect(writeNetscape(again.cookies())).toBe(jar.toNetscape())
  })
})
