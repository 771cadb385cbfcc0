import { describe, expect, it } from 'vitest'
import { Jar } from '../../lib/cookies/jar.ts'
import type { StoredCookie } from '../../lib/cookies/stored-cookie.ts'

/** A file of cookies gives no more than a server could: it may have come from anywhere. */

const COOKIE: StoredCookie = {
  name: 'a',
  value: 'x',
  domain: 'example.com',
  hostOnly: false,
  path: '/',
  secure: false,
  httpOnly: false,
  sameSite: null,
  partitioned: false,
  expires: null,
  created: 0,
}

/** The cookies that `url` gets of a jar that was read from JSON. */
function sentTo(url: string, cookie: Partial<StoredCookie>): string[] {
  const jar = new Jar()
  jar.fromJSON([{ ...COOKIE, ...cookie }])
  return jar.cookies(url).map(({ name }) => name)
}

describe('a cookie of a file', () => {
  it('is sent below its domain', () => {
    expect(sentTo('http://www.example.com/', {})).toEqual(['a'])
  })

  it.each<[string, Partial<StoredCookie>, string]>([
    ['a public suffix', { domain: 'co.uk' }, 'http://other.co.uk/'],
    ['a private suffix', { domain: 'github.io' }, 'http://other.github.io/'],
    ['a top-level domain', { domain: 'com' }, 'http://example.com/'],
    ['the end of an address', { domain: '0.0.1' }, 'http://10.0.0.1/'],
    ['a host that may not share __Host-', { name: '__Host-a', secure: true }, 'https://www.example.com/'],
    ['http, by its prefix', { name: '__Secure-a' }, 'http://example.com/'],
  ])('is not sent by way of %s', (_what, cookie, url) => {
    expect(sentTo(url, cookie)).toEqual([])
  })

  it.each<[string, Partial<StoredCookie>]>([
    ['a line end', { value: 'x\r\nX-Injected: 1' }],
    ['a NUL', { value: 'x\0' }],
    ['a second cookie', { value: 'x; b=y' }],
    ['a second cookie in its name', { name: 'a=x; b' }],
    ['a line end in its path', { path: '/\r\n' }],
    ['a line end in its domain', { domain: 'example.com\r\n' }],
  ])('with %s is refused', (_what, cookie) => {
    const jar = new Jar()
    expect(() => jar.fromJSON([{ ...COOKIE, ...cookie }])).toThrow(
      expect.objectContaining({ code: 'ERR_ARGUMENT' }) as Error,
    )
  })
})
