import { parseDate } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { parseSetCookie, type ParsedCookie } from '../../lib/cookies/set-cookie.ts'

const PLAIN: ParsedCookie = {
  name: 'a',
  value: 'b',
  domain: '',
  path: '',
  secure: false,
  httpOnly: false,
  sameSite: null,
  partitioned: false,
  maxAge: null,
  expires: null,
}

describe('parseSetCookie', () => {
  const READ: [text: string, parts: Partial<ParsedCookie>][] = [
    ['a=b', {}],
    [' \ta \t=\t b \t', {}],
    ['a=b;', {}],
    ['a=b;;; ;', {}],
    ['a=', { value: '' }],
    ['a==b=', { value: '=b=' }],
    ['a="b c"', { value: '"b c"' }],
    // Without a name, as browsers keep them.
    ['b', { name: '', value: 'b' }],
    ['=b', { name: '', value: 'b' }],
    ['=a=b', { name: '', value: 'a=b' }],
    ['b; Path=/x', { name: '', value: 'b', path: '/x' }],
    // Only SP and HTAB are blanks: 0xA0 ends the UTF-8 of many a letter.
    ['a=voil\u00C3\u00A0', { value: 'voil\u00C3\u00A0' }],
    ['a=\u0085b\u0085', { value: '\u0085b\u0085' }],
    ['a=b; Secure; HttpOnly; Partitioned', { secure: true, httpOnly: true, partitioned: true }],
    ['a=b;secure=0;HTTPONLY=no', { secure: true, httpOnly: true }],
    ['a=b; SameSite=LAX', { sameSite: 'lax' }],
    ['a=b; SameSite=Strict; SameSite=None', { sameSite: 'none' }],
    ['a=b; SameSite=nonsense', {}],
    ['a=b; Domain=.Example.COM', { domain: 'example.com' }],
    ['a=b; Domain=', {}],
    ['a=b; Domain=.', {}],
    ['a=b; Domain=a.example; Domain=b.example', { domain: 'b.example' }],
    ['a=b; Path=/x y', { path: '/x y' }],
    ['a=b; Path=x', {}],
    ['a=b; Path=/x; Path=', {}],
    ['a=b; Max-Age=60', { maxAge: 60 }],
    ['a=b; Max-Age=-60', { maxAge: -60 }],
    ['a=b; Max-Age=+60', {}],
    ['a=b; Max-Age=6e1', {}],
    ['a=b; Max-Age=60s; Max-Age=', {}],
    [`a=b; Max-Age=${'9'.repeat(400)}`, { maxAge: Infinity }],
    ['a=b; Expires=Tue, 01 Jan 2030 00:00:00 GMT', { expires: Date.UTC(2030, 0, 1) }],
    ['a=b; Expires=Tue, 01-Jan-2030 00:00:00 GMT', { expires: Date.UTC(2030, 0, 1) }],
    ['a=b; Expires=Tue, 01-Jan-30 00:00:00 GMT', { expires: Date.UTC(2030, 0, 1) }],
    ['a=b; Expires=Tue Jan  1 00:00:00 2030', { expires: Date.UTC(2030, 0, 1) }],
    ['a=b; Expires=31 Feb 2030 00:00:00', {}],
    ['a=b; Expires=never', {}],
    ['a=b; Unknown; Thing=1', {}],
    [`a=b; Path=/${'x'.repeat(1_024)}`, {}],
    [`a=b; Path=/${'x'.repeat(1_023)}`, { path: `/${'x'.repeat(1_023)}` }],
    [`a=${'x'.repeat(4_095)}`, { value: 'x'.repeat(4_095) }],
  ]
  it.each(READ)('reads %j', (text, parts) => {
    expect(parseSetCookie(text)).toEqual({ ...PLAIN, ...parts })
  })

  const REFUSED: [text: string, why: RegExp][] = [
    ['', /neither name nor value/],
    ['=', /neither name nor value/],
    [' ; Path=/', /neither name nor value/],
    ['a=b\0c', /control character/],
    ['a=b\r\nX-Injected: 1', /control character/],
    ['a=b\x7F', /control character/],
    ['a=b; Path=/\n', /control character/],
    ['a=b\u0100', /not Latin-1/],
    ['a=b\tc', /tab/],
    ['a\tb=c', /tab/],
    ['a=b; Path=/x\ty', /tab/],
    [`a=${'x'.repeat(4_096)}`, /maxCookieSize/],
    ['=__Host-a=b', /no name/],
    ['=__secure-a', /no name/],
  ]
  it.each(REFUSED)('refuses %j', (text, why) => {
    expect(parseSetCookie(text)).toMatch(why)
  })

  it('reads a field of nothing but separators in one pass', () => {
    const long = `a=b${';'.repeat(4_000_000)}`
    expect(parseSetCookie(long)).toEqual(PLAIN)
  })

  it('reads dates as tough-cookie does, by whichever way', () => {
    const dates = [
      'Wed, 21 Oct 2037 07:28:00 GMT',
      'Sun, 28 Feb 1999 23:59:59 GMT',
      'Xxx, 01 May 2000 00:00:00 GMT',
    ]
    const odd = [
      'Mon, 29 Feb 2027 00:00:00 GMT',
      'Mon, 01 Foo 2027 00:00:00 GMT',
      'Mon, 01 Jan 2027 24:00:00 GMT',
    ]
    for (const date of [...dates, ...odd]) {
      const read = parseSetCookie(`a=b; Expires=${date}`) as ParsedCookie
      expect(read.expires).toBe(parseDate(date)?.getTime() ?? null)
    }
  })
})
