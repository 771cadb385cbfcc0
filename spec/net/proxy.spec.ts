import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Target } from '../../lib/core/target.ts'
import { Proxies } from '../../lib/net/proxy-names.ts'
import { parseProxy } from '../../lib/net/proxy.ts'

describe('parseProxy', () => {
  it.each([
    ['http://proxy.test:3128', 'http', 'proxy.test', 3128, '', ''],
    ['http://proxy.test:3128/', 'http', 'proxy.test', 3128, '', ''],
    ['proxy.test:3128', 'http', 'proxy.test', 3128, '', ''],
    ['proxy.test', 'http', 'proxy.test', 80, '', ''],
    ['HTTP://Proxy.TEST', 'http', 'proxy.test', 80, '', ''],
    ['https://proxy.test', 'https', 'proxy.test', 443, '', ''],
    ['https://proxy.test:80', 'https', 'proxy.test', 80, '', ''],
    ['socks5://proxy.test', 'socks5', 'proxy.test', 1080, '', ''],
    ['socks5h://proxy.test', 'socks5h', 'proxy.test', 1080, '', ''],
    ['SOCKS5H://Proxy.test:80', 'socks5h', 'proxy.test', 80, '', ''],
    ['socks5://proxy.test:21', 'socks5', 'proxy.test', 21, '', ''],
    ['socks5://127.0.0.1:9050', 'socks5', '127.0.0.1', 9050, '', ''],
    ['http://[::1]:3128', 'http', '::1', 3128, '', ''],
    ['socks5://b\u00fccher.test', 'socks5', 'xn--bcher-kva.test', 1080, '', ''],
    ['http://me:secret@proxy.test:3128', 'http', 'proxy.test', 3128, 'me', 'secret'],
    ['me:secret@proxy.test:3128', 'http', 'proxy.test', 3128, 'me', 'secret'],
    ['http://me:a%40b%3A%2F%23%25@proxy.test', 'http', 'proxy.test', 80, 'me', 'a@b:/#%'],
    ['http://me:a@b@proxy.test', 'http', 'proxy.test', 80, 'me', 'a@b'],
    ['http://k%C3%A9y@proxy.test', 'http', 'proxy.test', 80, 'k\u00e9y', ''],
    ['http://:secret@proxy.test', 'http', 'proxy.test', 80, '', 'secret'],
    ['socks5h://me:s@proxy.test', 'socks5h', 'proxy.test', 1080, 'me', 's'],
  ])('reads %s', (text, scheme, host, port, username, password) => {
    const expected = { scheme, host, port, username, password }
    expect(parseProxy(text)).toMatchObject(expected)
    expect(parseProxy(text.includes('://') ? new URL(text) : text)).toMatchObject(expected)
  })

  it.each([
    ['', 'is no URL'],
    ['http://', 'is no URL'],
    ['http://:3128', 'is no URL'],
    ['http://me:secret@', 'is no URL'],
    ['http://proxy.test:99999', 'is no URL'],
    ['http://proxy.test:0', 'port 0'],
    ['http://me:sec/secret@proxy.test:3128', 'is no URL'],
    ['http://me:12#secret@proxy.test:3128', 'goes on after host and port'],
    ['http://me:12/secret@proxy.test:3128', 'goes on after host and port'],
    ['http://me:12?secret@proxy.test:3128', 'goes on after host and port'],
    ['http://proxy.test/path', 'goes on after host and port'],
    ['ftp://me:secret@proxy.test', 'the scheme "ftp": use http, https, socks5 or socks5h'],
    ['socks4://me:secret@proxy.test', 'the scheme "socks4"'],
    ['constructor://proxy.test', 'the scheme "constructor"'],
    ['http://me:secret @proxy.test', 'blanks or control characters'],
    ['http://me:secret\r\nX: y@proxy.test', 'blanks or control characters'],
    [' http://me:secret@proxy.test', 'blanks or control characters'],
    ['http://me:%zzsecret@proxy.test', 'write %25'],
    ['http://me:%E9secret@proxy.test', 'write %25'],
    ['http://m%3Ae:secret@proxy.test', 'a colon in its user name'],
    ['socks5://:secret@proxy.test', 'password without a user name'],
    [`socks5://me:${'secret'.repeat(50)}@proxy.test`, 'no more than 255 bytes'],
    [`socks5h://${'secret'.repeat(50)}@proxy.test`, 'no more than 255 bytes'],
    [null, 'is of type null'],
    [3128, 'is of type number'],
    [{ href: 'http://proxy.test' }, 'is of type object'],
  ])('refuses %j and shows no secret', (text, rule) => {
    const parse = (): unknown => parseProxy(text as string)
    expect(parse).toThrow(ArgumentError)
    expect(parse).toThrow(rule)
    expect(parse).not.toThrow('secret')
  })

  it('tells an http proxy who it is by Basic', () => {
    const credentials = Buffer.from('m\u00e9:a:b').toString('base64')
    expect(parseProxy('http://m%C3%A9:a:b@p.test').fields).toBe(
      `Proxy-Authorization: Basic ${credentials}\r\n`,
    )
    expect(parseProxy('https://key@p.test').fields).toBe('Proxy-Authorization: Basic a2V5Og==\r\n')
    expect(parseProxy('http://p.test').fields).toBe('')
    expect(parseProxy('socks5://me:x@p.test').fields).toBe('')
  })
})

function name(text: string): string {
  return parseProxy(text).name
}

describe("a proxy's name", () => {
  it('is equal for what is the same proxy', () => {
    expect(name('http://proxy.test:80')).toBe('http://proxy.test:80')
    expect(name('PROXY.test')).toBe('http://proxy.test:80')
    expect(name('socks5h://[::1]')).toBe('socks5h://[::1]:1080')
    expect(name('http://me:secret@proxy.test')).toBe(name('me:secret@Proxy.test:80/'))
    expect(name('http://me:%73ecret@proxy.test')).toBe(name('http://me:secret@proxy.test'))
  })

  it('differs with scheme, host, port, user name and password', () => {
    const all = [
      'http://p.test:8080',
      'https://p.test:8080',
      'socks5://p.test:8080',
      'socks5h://p.test:8080',
      'http://p.test:8081',
      'http://q.test:8080',
      'http://me@p.test:8080',
      'http://you@p.test:8080',
      'http://me:a@p.test:8080',
      'http://me:b@p.test:8080',
      'http://you:a@p.test:8080',
      'http://:me@p.test:8080',
    ]
    expect(new Set(all.map((text) => name(text))).size).toBe(all.length)
  })

  it('shows the user, no password, and no user name that stands alone: that is a token', () => {
    expect(name('http://me:secret@p.test')).toMatch(/^http:\/\/me@p\.test:80 #[\w-]{22}$/)
    expect(name('http://secret@p.test')).toMatch(/^http:\/\/p\.test:80 #[\w-]{22}$/)
    expect(name('http://:secret@p.test')).toMatch(/^http:\/\/@p\.test:80 #[\w-]{22}$/)
  })

  it('is all that a target, an inspection or JSON tells of it', () => {
    const proxy = parseProxy('http://me:secret@p.test')
    const target = new Target({ scheme: 'http', host: 'a.test', port: 80, proxy })
    expect(target.key).toBe(`http://a.test via ${proxy.name}`)
    const told = [target, proxy, Object.assign({}, proxy)].map((value) =>
      [JSON.stringify(value), inspect(value, { depth: 9, showHidden: true })].join(),
    )
    for (const text of told) {
      expect(text).toContain('p.test')
      expect(text).not.toMatch(/secret|bWU6c2VjcmV0/)
    }
  })
})

describe('Proxies', () => {
  it('parses an equal text once, and gives its TLS options to https proxies alone', () => {
    const proxies = new Proxies({ ca: 'x', rejectUnauthorized: undefined })
    const proxy = proxies.of('https://p.test')
    expect(proxies.of('https://p.test')).toBe(proxy)
    expect(proxies.of(new URL('https://p.test'))).toMatchObject({ name: proxy.name })
    expect(proxy.tls).toEqual({ ca: 'x', rejectUnauthorized: undefined })
    expect(proxies.of('https://q.test').tls).toBe(proxy.tls)
    expect(proxies.of('http://p.test').tls).toBeNull()
  })

  it('forgets what was used longest ago, and names it alike when it comes again', () => {
    const proxies = new Proxies()
    const first = proxies.of('http://me:0@p.test')
    for (let i = 1; i <= LIMITS.maxProxies; i++) proxies.of(`http://me:${i}@p.test`)
    const again = proxies.of('http://me:0@p.test')
    expect(again).not.toBe(first)
    expect(again.name).toBe(first.name)
  })

  it.each([null, undefined, 1, {}])('refuses %j', (given) => {
    expect(() => new Proxies().of(given as string)).toThrow(ArgumentError)
  })
})
