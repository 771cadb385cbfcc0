import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainOrigin } from '../../../lib/call/request/plain-origin.ts'

const of = (url: string): unknown => plainOrigin(url, url.indexOf('/', 8))

describe('the origin of a URL, read without the URL parser', () => {
  it.each([
    ['http://a.test/', 'http', 'a.test', 80],
    ['https://a.test/x', 'https', 'a.test', 443],
    ['http://host-1.localhost:8080/small', 'http', 'host-1.localhost', 8080],
    ['http://x/', 'http', 'x', 80],
    ['https://7.b-c.example.com:80/', 'https', '7.b-c.example.com', 80],
    ['http://a.test:65535/', 'http', 'a.test', 65_535],
    [`http://${'a'.repeat(249)}.com/`, 'http', `${'a'.repeat(249)}.com`, 80],
  ] as const)('%s', (url, scheme, host, port) => {
    expect(of(url)).toEqual({ scheme, host, port })
  })

  it.each([
    'http:///x/',
    'https:///x',
    'http://A.test/',
    'http://a..test/',
    'http://.a.test/',
    'http://a.test./',
    'http://192.0.2.7/',
    'http://a.7/',
    'http://a.0x7/',
    'http://0x7f/',
    'http://[::1]/',
    'http://xn--bcher-kva.test/',
    'http://a--b.test/',
    'http://a_b.test/',
    'http://bücher.test/',
    'http://u@a.test/',
    'http://u:1@a.test/',
    'http://a.test:/',
    'http://a.test:80/',
    'https://a.test:443/',
    'http://a.test:080/',
    'http://a.test:0/',
    'http://a.test:65536/',
    'http://a.test:8o/',
    'http://a.test:123456/',
    'http://a%2etest/',
    'http://a.te\nst/',
    'http://a.test\\b/',
    'HTTP://a.test/',
    'ftp://a.test/',
    `http://${'a'.repeat(250)}.com/`,
  ])('is left to it: %j', (url) => {
    expect(of(url)).toBeNull()
  })

  it('is what the URL parser makes of it, for any text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        'z',
        '0',
        '9',
        '-',
        '.',
        ':',
        'xn-',
        '0x',
        '80',
        '443',
        '8080',
        'test',
        '%2e',
        '_',
        'A',
        '@',
      ),
      fc.stringMatching(/^[a-z0-9]{1,70}$/),
    )
    const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
    let plain = 0
    fc.assert(
      fc.property(fc.constantFrom('http', 'https'), text, (scheme, rest) => {
        const url = `${scheme}://${rest}/`
        const origin = plainOrigin(url, url.indexOf('/', 8))
        if (origin === null) return
        plain++
        const parsed = new URL(url)
        const usual = scheme === 'https' ? 443 : 80
        const port = parsed.port === '' ? usual : Number(parsed.port)
        expect([parsed.href, origin]).toEqual([url, { scheme, host: parsed.hostname, port }])
      }),
      { numRuns: 20_000 },
    )
    expect(plain).toBeGreaterThan(1_000)
  })
})
