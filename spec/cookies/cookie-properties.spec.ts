import fc from 'fast-check'
import { CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { serializeFields } from '../../lib/http1/request-encoder.ts'
import { Jar } from '../../lib/cookies/jar.ts'
import { parseSetCookie, type ParsedCookie } from '../../lib/cookies/set-cookie.ts'
import type { StoredCookie } from '../../lib/cookies/stored-cookie.ts'
import { answered, place, sent, START, StillClock } from './cookie-stage.ts'

const HOSTS = [
  'a.test',
  'www.a.test',
  'b.test',
  'x.y.a.test',
  'me.github.io',
  'github.io',
  '10.0.0.1',
  'localhost',
]
const url = fc
  .tuple(
    fc.constantFrom('http', 'https'),
    fc.constantFrom(...HOSTS),
    fc.constantFrom('/', '/x', '/x/y', '/xy?z'),
  )
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`)

const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const attribute = fc.oneof(
  fc.constantFrom('Secure', 'HttpOnly', 'Partitioned', 'SameSite=None', 'Path=/', 'Path=/x', 'Path=', 'Path'),
  fc.constantFrom(
    'Max-Age=0',
    'Max-Age=10',
    'Max-Age=',
    'Max-Age=9e9',
    'Expires=Tue, 01 Jan 2030 00:00:10 GMT',
    'Expires=1',
  ),
  fc.constantFrom(...HOSTS, 'test', 'io', '.', '..', '').map((domain) => `Domain=${domain}`),
  bytes,
)
const pair = fc.oneof(
  bytes,
  fc.constantFrom('a=1', 'a=2', 'b=1', '=1', 'a', '__Host-a=1', '__secure-a=1', 'a='),
)
const setCookie = fc
  .tuple(pair, fc.array(attribute, { maxLength: 4 }))
  .map(([first, rest]) => [first, ...rest].join(';'))

describe('any Set-Cookie', () => {
  it('never throws, and what is sent is what may be sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(url, setCookie, fc.integer({ min: 0, max: 12_000 })), { maxLength: 12 }),
        url,
        (steps, to) => {
          const clock = new StillClock()
          const jar = new Jar({ clock, maxCookies: 5 })
          for (const [from, text, later] of steps) {
            clock.time += later
            const stored = answered(jar, from, text)
            expect(stored).toBeLessThanOrEqual(1)
            expect(jar.size).toBeLessThanOrEqual(5)
            for (const to2 of [from, to]) {
              const header = sent(jar, to2)
              // The encoder refuses what must not get out.
              expect(serializeFields([['Cookie', header]])).toBe(`Cookie: ${header}\r\n`)
              // What is remembered is what is found by looking.
              expect(header).toBe(
                jar
                  .cookies(to2)
                  .map((one) => (one.name === '' ? one.value : `${one.name}=${one.value}`))
                  .join('; '),
              )
            }
          }
        },
      ),
      { numRuns: 400, seed: 1 },
    )
  })

  it('in any characters at all is skipped or kept, never thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), url, (text, to) => {
        const jar = new Jar({ clock: new StillClock() })
        answered(jar, to, text, `a=1;${text}`, `${text}=1; Path=/`)
        expect(serializeFields([['Cookie', sent(jar, to)]])).toMatch(/^Cookie: [^\r\n\0]*\r\n$/)
      }),
      { numRuns: 300, seed: 2 },
    )
  })
})

describe('against tough-cookie alone', () => {
  const plain = fc
    .tuple(
      fc.constantFrom('a=1', 'a=2', 'b=3', '__Host-a=1', '__Secure-b=1'),
      fc.array(
        fc.oneof(
          fc.constantFrom('Secure', 'HttpOnly', 'Path=/', 'Path=/x', 'Path=/x/', 'Path=y'),
          fc.constantFrom(...HOSTS, 'test', 'io').map((domain) => `Domain=${domain}`),
        ),
        { maxLength: 3 },
      ),
    )
    .map(([first, rest]) => [first, ...rest].join('; '))

  it('one cookie goes where it says, and nowhere else; but for hosts that are public suffixes', () => {
    fc.assert(
      fc.property(url, plain, url, (from, text, to) => {
        const jar = new Jar({ clock: new StillClock() })
        const tough = new CookieJar()
        answered(jar, from, text)
        try {
          tough.setCookieSync(text, from)
        } catch {
          // Refused.
        }
        const { host } = place(from).target
        const ownSuffix = host === 'github.io' && (parseSetCookie(text) as ParsedCookie).domain === host
        fc.pre(!ownSuffix)
        expect(sent(jar, to)).toBe(tough.getCookieStringSync(to))
      }),
      { numRuns: 1_500, seed: 3 },
    )
  })
})

describe('files', () => {
  const text = fc.string({
    unit: fc
      .integer({ min: 33, max: 255 })
      .filter((code) => code !== 127 && code !== 59 && code !== 61)
      .map((code) => String.fromCharCode(code)),
    maxLength: 20,
  })
  const cookie: fc.Arbitrary<StoredCookie> = fc
    .record({
      name: text,
      value: text,
      domain: fc.constantFrom(...HOSTS, '::1', 'xn--bcher-kva.test'),
      hostOnly: fc.boolean(),
      path: fc.constantFrom('/', '/x', '/x y', '/\u00E9'),
      secure: fc.boolean(),
      httpOnly: fc.boolean(),
      sameSite: fc.constant(null),
      partitioned: fc.constant(false),
      expires: fc.option(fc.integer({ min: 1, max: 4e9 }).map((later) => START + later * 1_000)),
      created: fc.constant(START),
    })
    .filter((one) => one.name + one.value !== '' && !/^__(host|secure)-/i.test(one.name || one.value))

  it('bring back what was written, as cookies.txt and as JSON', () => {
    fc.assert(
      fc.property(fc.array(cookie, { maxLength: 20 }), (cookies) => {
        const jar = new Jar({ clock: new StillClock() })
        for (const one of cookies) jar.add(one)
        const txt = new Jar({ clock: new StillClock() })
        txt.fromNetscape(jar.toNetscape())
        expect(txt.cookies()).toEqual(jar.cookies())
        const json = new Jar({ clock: new StillClock() })
        json.fromJSON(JSON.parse(JSON.stringify(jar)))
        expect(json.cookies()).toEqual(jar.cookies())
      }),
      { numRuns: 300, seed: 4 },
    )
  })
})
