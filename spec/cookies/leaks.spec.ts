import { describe, expect, it } from 'vitest'
import { Jar } from '../../lib/cookies/jar.ts'
import { answered, sent, StillClock } from './cookie-stage.ts'

function jar(): Jar {
  return new Jar({ clock: new StillClock() })
}

/** `from` answers with `set`; a request for `to` then has the cookie, or has not. */
type Row = [from: string, set: string, to: string, goes: boolean]

function check(rows: Row[]): void {
  it.each(rows)('%s sets %j: %s gets it: %s', (from, set, to, goes) => {
    const one = jar()
    // Asked before as well: what is remembered must not outlive the answer, nor lead to a leak.
    expect(sent(one, to)).toBe('')
    answered(one, from, set)
    expect(sent(one, to)).toBe(goes ? set.split(';')[0] : '')
    expect(sent(one, to)).toBe(goes ? set.split(';')[0] : '')
    expect(one.cookies(to).length).toBe(goes ? 1 : 0)
  })
}

describe('where cookies go: hosts', () => {
  check([
    ['http://example.com/', 'a=1', 'http://example.com/', true],
    ['http://example.com/', 'a=1', 'http://www.example.com/', false],
    ['http://www.example.com/', 'a=1', 'http://example.com/', false],
    ['http://example.com/', 'a=1', 'http://example.org/', false],
    ['http://example.com/', 'a=1', 'http://notexample.com/', false],
    ['http://example.com/', 'a=1', 'http://example.com.evil.org/', false],
    ['http://www.example.com/', 'a=1; Domain=example.com', 'http://example.com/', true],
    ['http://www.example.com/', 'a=1; Domain=example.com', 'http://shop.example.com/', true],
    ['http://www.example.com/', 'a=1; Domain=.example.com', 'http://a.b.example.com/', true],
    ['http://www.example.com/', 'a=1; Domain=EXAMPLE.com', 'http://shop.example.com/', true],
    ['http://www.example.com/', 'a=1; Domain=example.com', 'http://notexample.com/', false],
    ['http://www.example.com/', 'a=1; Domain=www.example.com', 'http://example.com/', false],
    ['http://www.example.com/', 'a=1; Domain=www.example.com', 'http://x.www.example.com/', true],
    ['http://www.example.com/', 'a=1; Domain=www.example.com', 'http://shop.example.com/', false],
    // Siblings, children and strangers cannot be set for.
    ['http://a.example.com/', 'a=1; Domain=b.example.com', 'http://b.example.com/', false],
    ['http://example.com/', 'a=1; Domain=www.example.com', 'http://www.example.com/', false],
    ['http://evil.org/', 'a=1; Domain=example.com', 'http://example.com/', false],
    ['http://notexample.com/', 'a=1; Domain=example.com', 'http://example.com/', false],
    ['http://WWW.EXAMPLE.com/', 'a=1', 'http://www.example.com/', true],
    // The client's targets carry punycode.
    [
      'http://www.b\u00FCcher.example/',
      'a=1; Domain=xn--bcher-kva.example',
      'http://b\u00FCcher.example/',
      true,
    ],
    [
      'http://www.b\u00FCcher.example/',
      'a=1; Domain=b\u00FCcher.example',
      'http://b\u00FCcher.example/',
      false,
    ],
  ])
})

describe('where cookies go: public suffixes, addresses, dots', () => {
  check([
    ['http://example.com/', 'a=1; Domain=com', 'http://other.com/', false],
    ['http://example.com/', 'a=1; Domain=com', 'http://example.com/', false],
    ['http://example.co.uk/', 'a=1; Domain=co.uk', 'http://other.co.uk/', false],
    ['http://me.github.io/', 'a=1; Domain=github.io', 'http://you.github.io/', false],
    ['http://me.github.io/', 'a=1; Domain=me.github.io', 'http://www.me.github.io/', true],
    // The suffix itself is a host, and may keep its own.
    ['http://github.io/', 'a=1; Domain=github.io', 'http://github.io/', true],
    ['http://github.io/', 'a=1; Domain=github.io', 'http://me.github.io/', false],
    // amazonaws.com is no public suffix, but s3.amazonaws.com below it is.
    ['http://me.s3.amazonaws.com/', 'a=1; Domain=amazonaws.com', 'http://amazonaws.com/', false],
    ['http://me.s3.amazonaws.com/', 'a=1; Domain=amazonaws.com', 'http://x.amazonaws.com/', false],
    ['http://intranet/', 'a=1; Domain=intranet', 'http://intranet/', true],
    ['http://intranet/', 'a=1; Domain=intranet', 'http://x.intranet/', false],
    ['http://a.localhost/', 'a=1; Domain=localhost', 'http://b.localhost/', false],
    ['http://10.0.0.1/', 'a=1', 'http://10.0.0.1/', true],
    ['http://10.0.0.1/', 'a=1; Domain=10.0.0.1', 'http://10.0.0.1/', true],
    ['http://10.0.0.1/', 'a=1; Domain=0.0.1', 'http://20.0.0.1/', false],
    ['http://10.0.0.1/', 'a=1; Domain=0.0.1', 'http://10.0.0.1/', false],
    ['http://[2001:db8::1]/', 'a=1', 'http://[2001:db8::1]/', true],
    ['http://[2001:db8::1]/', 'a=1', 'http://[2001:db8::2]/', false],
    ['http://[2001:db8::1]/', 'a=1; Domain=2001:db8::1', 'http://[2001:db8::1]/', true],
    // With a dot at its end it is another host (CVE-2022-27779: and never a way to a public suffix).
    ['http://example.com./', 'a=1', 'http://example.com./', true],
    ['http://example.com./', 'a=1', 'http://example.com/', false],
    ['http://example.com/', 'a=1', 'http://example.com./', false],
    ['http://www.example.com./', 'a=1; Domain=example.com', 'http://example.com/', false],
    ['http://www.example.com./', 'a=1; Domain=com.', 'http://other.com./', false],
    ['http://www.example.com./', 'a=1; Domain=example.com.', 'http://shop.example.com./', false],
    ['http://example.co.uk./', 'a=1; Domain=co.uk.', 'http://other.co.uk./', false],
  ])
})

describe('where cookies go: schemes and ports', () => {
  check([
    // RFC 6265 section 8.5: ports do not count, and only Secure keeps a cookie off http.
    ['http://example.com:8080/', 'a=1', 'http://example.com:9090/', true],
    ['https://example.com/', 'a=1', 'http://example.com/', true],
    ['http://example.com/', 'a=1', 'https://example.com/', true],
    ['https://example.com/', 'a=1; Secure', 'https://example.com/', true],
    ['https://example.com/', 'a=1; Secure', 'https://example.com:8443/', true],
    ['https://example.com/', 'a=1; Secure', 'http://example.com/', false],
    ['https://www.example.com/', 'a=1; Secure; Domain=example.com', 'http://example.com/', false],
    ['http://example.com/', 'a=1; Secure', 'https://example.com/', false],
    // The machine itself counts as secure, as for browsers and curl.
    ['http://localhost:3000/', 'a=1; Secure', 'http://localhost:3000/', true],
    ['http://app.localhost/', 'a=1; Secure', 'http://app.localhost/', true],
    ['http://127.0.0.7/', 'a=1; Secure', 'http://127.0.0.7/', true],
    ['http://[::1]/', 'a=1; Secure', 'http://[::1]/', true],
    ['http://10.0.0.1/', 'a=1; Secure', 'http://10.0.0.1/', false],
    ['http://127.0.0.1.example.com/', 'a=1; Secure', 'http://127.0.0.1.example.com/', false],
    ['http://notlocalhost/', 'a=1; Secure', 'http://notlocalhost/', false],
    ['http://example.com/', 'a=1; SameSite=Strict', 'http://example.com/', true],
    ['http://example.com/', 'a=1; HttpOnly', 'http://example.com/', true],
  ])
})

describe('where cookies go: paths', () => {
  check([
    ['http://a.test/x/y', 'a=1', 'http://a.test/x/z', true],
    ['http://a.test/x/y', 'a=1', 'http://a.test/x', true],
    ['http://a.test/x/y', 'a=1', 'http://a.test/', false],
    ['http://a.test/x/y', 'a=1', 'http://a.test/xy', false],
    ['http://a.test/x?/y/z', 'a=1', 'http://a.test/', true],
    ['http://a.test/', 'a=1; Path=/x', 'http://a.test/x', true],
    ['http://a.test/', 'a=1; Path=/x', 'http://a.test/x?q=/', true],
    ['http://a.test/', 'a=1; Path=/x', 'http://a.test/x/y', true],
    ['http://a.test/', 'a=1; Path=/x', 'http://a.test/xy', false],
    ['http://a.test/', 'a=1; Path=/x/', 'http://a.test/x', false],
    ['http://a.test/', 'a=1; Path=/x/', 'http://a.test/x/y', true],
    ['http://a.test/', 'a=1; Path=/X', 'http://a.test/x', false],
    // As they are written: tough-cookie alone would decode the request's path, and miss the first.
    ['http://a.test/', 'a=1; Path=/a%20b', 'http://a.test/a%20b', true],
    ['http://a.test/', 'a=1; Path=/a b', 'http://a.test/a%20b', false],
  ])
})

describe('prefixes', () => {
  const ROWS: [url: string, set: string, kept: boolean][] = [
    ['https://a.test/', '__Secure-a=1; Secure', true],
    ['https://a.test/', '__Secure-a=1', false],
    ['https://a.test/', '__SECURE-a=1', false],
    ['http://a.test/', '__Secure-a=1; Secure', false],
    ['https://a.test/', '__Host-a=1; Secure; Path=/', true],
    ['https://a.test/', '__Host-a=1; Secure', false],
    ['https://a.test/', '__Host-a=1; Path=/', false],
    ['https://a.test/', '__Host-a=1; Secure; Path=/x', false],
    ['https://a.test/', '__Host-a=1; Secure; Path=/; Domain=a.test', false],
    ['https://a.test/', '__hOST-a=1; Secure; Path=/; Domain=a.test', false],
    ['https://a.test/', '=__Host-a=1; Secure; Path=/', false],
    ['https://a.test/', '__Host-a; Secure; Path=/', false],
    ['https://a.test/', '__Hosta=1', true],
  ]
  it.each(ROWS)('%s sets %j: kept: %s', (url, set, kept) => {
    const one = jar()
    expect(answered(one, url, set)).toBe(kept ? 1 : 0)
    expect(sent(one, url)).toBe(kept ? set.split(';')[0] : '')
  })
})

describe('Secure cookies', () => {
  it('are not replaced or pushed aside by http', () => {
    const one = jar()
    answered(one, 'https://www.a.test/', 'id=good; Secure; Path=/')
    answered(one, 'http://www.a.test/', 'id=evil; Path=/')
    answered(one, 'http://www.a.test/', 'id=evil; Path=/login')
    answered(one, 'http://www.a.test/', 'id=evil; Domain=a.test; Path=/')
    answered(one, 'http://www.a.test/', 'id=; Path=/; Max-Age=0')
    expect(sent(one, 'https://www.a.test/login')).toBe('id=good')
    expect(sent(one, 'http://www.a.test/login')).toBe('')
    expect(answered(one, 'http://www.a.test/', 'other=1')).toBe(1)
    expect(answered(one, 'https://www.a.test/', 'id=new; Path=/')).toBe(1)
    expect(sent(one, 'http://www.a.test/login')).toBe('id=new; other=1')
  })
})

describe('jars', () => {
  it('know nothing of each other', () => {
    const [a, b] = [jar(), jar()]
    answered(a, 'http://a.test/', 'id=a')
    answered(b, 'http://a.test/', 'id=b')
    expect(sent(a, 'http://a.test/')).toBe('id=a')
    expect(sent(b, 'http://a.test/')).toBe('id=b')
  })
})
