import { Cookie, CookieJar, MemoryCookieStore } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { CookieJars } from '../../lib/cookies/jars.ts'
import { answered, sent } from './cookie-stage.ts'

function adopted(tough = new CookieJar()): { tough: CookieJar; jars: CookieJars } {
  const jars = new CookieJars()
  jars.adopt('', tough)
  return { tough, jars }
}

describe('a jar of tough-cookie', () => {
  it('is read and written with each request, whoever changes it', () => {
    const { tough, jars } = adopted()
    const jar = jars.jar('')
    tough.setCookieSync('a=1; Path=/', 'https://www.a.test/')
    expect(sent(jar, 'https://www.a.test/x?y')).toBe('a=1')
    expect(
      answered(
        jar,
        'https://www.a.test/',
        'b=2; Domain=a.test',
        'c=3; Domain=com',
        'd\0=4',
        'bare',
        'e=5; Path=/x',
      ),
    ).toBe(3)
    expect(tough.getCookieStringSync('https://www.a.test/')).toBe('a=1; b=2; bare')
    tough.removeAllCookiesSync()
    expect(sent(jar, 'https://www.a.test/')).toBe('')
  })

  it('is given no more fields of one answer than other jars', () => {
    const { tough, jars } = adopted()
    const fields = Array.from({ length: LIMITS.maxSetCookies + 1 }, (_, i) => `c${i}=1`)
    expect(answered(jars.jar(''), 'https://www.a.test/', ...fields)).toBe(LIMITS.maxSetCookies)
    expect(tough.getCookiesSync('https://www.a.test/')).toHaveLength(LIMITS.maxSetCookies)
  })

  it('is listed, changed and saved as others are', () => {
    const { tough, jars } = adopted()
    const jar = jars.jar('')
    jar.set('a=1; Max-Age=60; SameSite=Lax', 'https://www.a.test/x/y')
    jar.set(
      { name: 'b', value: '2', domain: 'a.test', secure: true, expires: new Date('2035-01-01') },
      'https://www.a.test/',
    )
    expect(jar.get('b', 'https://a.test/')).toBe('2')
    expect(jar.size).toBe(2)
    expect(jar.cookies()[0]).toMatchObject({
      name: 'a',
      domain: 'www.a.test',
      hostOnly: true,
      path: '/x',
      sameSite: 'lax',
    })
    expect(jar.cookies()[0]!.expires! - jar.cookies()[0]!.created).toBe(60_000)
    const again = new CookieJars()
    expect(again.fromJSON(JSON.parse(JSON.stringify(jars)))).toBe(2)
    const third = adopted()
    expect(third.jars.jar('').fromNetscape(again.jar('').toNetscape())).toBe(2)
    expect(third.tough.getCookieStringSync('https://www.a.test/x/y')).toBe('a=1; b=2')
    const { version } = jar
    expect(jar.remove({ name: 'a' })).toBe(1)
    expect(jar.version).not.toBe(version)
    jar.clear()
    expect(tough.serializeSync()?.cookies).toEqual([])
    expect(() => jar.set('a=1; Domain=com', 'https://a.test/')).toThrow(ArgumentError)
  })

  it('lets nothing out that would break a request, and fails none', () => {
    const { tough, jars } = adopted()
    const jar = jars.jar('')
    const put = (key: string, value: string): void => {
      tough.store.putCookie(new Cookie({ key, value, domain: 'a.test', path: '/', hostOnly: true }), () => {})
    }
    put('a', 'x\r\nX-Injected: 1')
    put('b', '\u20AC')
    put('c', 'x'.repeat(LIMITS.maxCookieHeader))
    put('d', 'ok')
    expect(sent(jar, 'http://a.test/')).toBe('d=ok')
    tough.getCookiesSync = () => {
      throw new Error('broken')
    }
    tough.setCookieSync = () => {
      throw new Error('broken')
    }
    expect(sent(jar, 'http://a.test/')).toBe('')
    expect(answered(jar, 'http://a.test/', 'a=1')).toBe(0)
  })

  it('must answer at once', () => {
    const store = new MemoryCookieStore()
    store.synchronous = false
    expect(() => adopted(new CookieJar(store))).toThrow(/answers later.*MemoryCookieStore/)
    expect(() => adopted({} as CookieJar)).toThrow(ArgumentError)
    expect(() => adopted(null as unknown as CookieJar)).toThrow(ArgumentError)
  })
})
