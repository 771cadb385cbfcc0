import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UrlParser } from '../../../lib/call/request/url.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const ORIGINS = [
  'http://a.test',
  'https://a.test',
  'http://a.test:8080',
  'http://[::1]:81',
  'http://192.0.2.7',
]

/** A parser that has seen these origins, so that it takes its short way wherever it can. */
function warm(): UrlParser {
  const parser = new UrlParser()
  for (const origin of ORIGINS) parser.parse(`${origin}/`)
  return parser
}

/** What the URL standard makes of it, as far as it goes on the wire. */
function standard(text: string): { path: string; origin: string } {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  url.hash = ''
  return { path: url.href.slice(url.origin.length), origin: url.origin }
}

const TRICKY = [
  '/',
  '?',
  '#',
  '.',
  '..',
  '/.',
  '/..',
  '/./',
  '/../',
  '%2e',
  '%2E',
  '%2e%2E',
  '.%2e',
  '%',
  '%2',
  '%zz',
  '\\',
  '\\..\\',
  '\t',
  '\n',
  '\r',
  ' ',
  '"',
  "'",
  '<',
  '>',
  '`',
  '{',
  '}',
  '|',
  '^',
  '[',
  ']',
  '~',
  '@',
  ':',
  ';',
  ',',
  '&=+$!*()',
  '\u0000',
  '\u007f',
  'ä',
  '\u00a0',
  '漢',
  '\ud800',
  '😀',
  'a',
  'B9-_',
  'http://',
  'user:pw@',
]

describe('the short way', () => {
  const parser = warm()

  it.each(
    ORIGINS.flatMap((origin) => [
      `${origin}/a/b.html?q=1&r=%20`,
      `${origin}/a?`,
      `${origin}/?`,
      `${origin}/a??`,
      `${origin}/a?b?`,
      `${origin}/a?#`,
      `${origin}/a/../b`,
      `${origin}/a/.`,
      `${origin}/a/..?x`,
      `${origin}/a/%2e%2e/b`,
      `${origin}/.%2E/b`,
      `${origin}//x/.y`,
      `${origin}/a?/../b`,
      `${origin}/a\\..\\b`,
      `${origin}/a\tb\nc`,
      `${origin}/a `,
      `${origin}/a?'`,
      `${origin}/a'`,
      `${origin}/ä?ö#ü`,
      `${origin}/a#b?c`,
      origin,
      `${origin}?q`,
      `${origin}#f`,
    ]),
  )('is what the URL parser gives: %j', (text) => {
    const { path, target, credentials } = parser.parse(text)
    expect({ path, origin: target.origin }).toEqual(standard(text))
    expect(credentials).toBe('')
  })

  it('is what the URL parser gives, for all that looks like a URL', () => {
    const piece = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...TRICKY) },
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.webPath(),
      fc.webQueryParameters(),
    )
    const tail = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const slash = fc.constantFrom('/', '/', '/', '', '//', '\\', '?')
    fc.assert(
      fc.property(fc.constantFrom(...ORIGINS), slash, tail, (origin, between, rest) => {
        const text = origin + between + rest
        fc.pre(URL.canParse(text))
        const { path, target } = parser.parse(text)
        expect({ path, origin: target.origin }).toEqual(standard(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('gives the same as the long way, whichever comes first', () => {
    for (const path of ['/a?', '/a??', '/a/%2e', '/a?b']) {
      const text = `http://new.test${path}`
      const own = new UrlParser()
      const first = own.parse(text)
      expect(own.parse(text)).toEqual(first)
      expect(own.parse(new URL(text))).toEqual(first)
    }
  })

  it('tells origins apart that begin alike', () => {
    const own = new UrlParser()
    for (const text of [
      'http://a.test/',
      'http://a.test.b/',
      'http://a.test:8/',
      'http://a.test:80/',
      'http://a.test/x',
    ]) {
      expect(own.parse(text).target.origin).toBe(standard(text).origin)
      expect(own.parse('http://a.test/').target.origin).toBe('http://a.test')
    }
  })

  it('gives each origin one target', () => {
    const { target } = parser.parse('http://a.test/1')
    for (const same of ['http://a.test/2', 'HTTP://A.test:80/3', 'http://u:p@a.test/4', 'http:a.test/5']) {
      expect(parser.parse(same).target).toBe(target)
    }
    expect(parser.parse('https://a.test/1').target).not.toBe(target)
    expect(parser.parse('http://a.test:81/1').target).not.toBe(target)
  })
})

describe('a URL', () => {
  const parser = new UrlParser()

  it.each([
    ['http://EXAMPLE.test:80/x', 'example.test', 80, 'http', 'example.test'],
    ['https://example.test/x', 'example.test', 443, 'https', 'example.test'],
    ['https://example.test:80/x', 'example.test', 80, 'https', 'example.test:80'],
    ['http://[::1]:8080/x', '::1', 8080, 'http', '[::1]:8080'],
    ['http://0x7f.1/x', '127.0.0.1', 80, 'http', '127.0.0.1'],
    ['http://bücher.test/x', 'xn--bcher-kva.test', 80, 'http', 'xn--bcher-kva.test'],
  ])('says whom to ask: %s', (text, host, port, scheme, authority) => {
    expect(parser.parse(text).target).toMatchObject({ host, port, scheme, authority, clientIp: '' })
  })

  it.each([
    ['http://user:pass@a.test/', 'user:pass'],
    ['http://user@a.test/', 'user:'],
    ['http://:pass@a.test/', ':pass'],
    ['http://us%40er:p%3A%2F%C3%A4@a.test/', 'us@er:p:/ä'],
    ['http://u:%zz@a.test/', 'u:%zz'],
    ['http://a.test/user:pass@b.test', ''],
    ['http://@a.test/', ''],
  ])('may carry credentials: %s', (text, credentials) => {
    expect(parser.parse(text).credentials).toBe(credentials)
  })

  it('may be a URL object, whose fragment stays at home', () => {
    expect(parser.parse(new URL('http://a.test/x?y#z')).path).toBe('/x?y')
  })

  it.each([
    ['', '"" is not a URL'],
    ['/path', '"/path" is not a URL; give an absolute one'],
    ['a.test', '"a.test" is not a URL'],
    ['http://', 'is not a URL'],
    ['http://a.test:99999/', 'is not a URL'],
    ['http://a b/', 'is not a URL'],
    ['ftp://a.test/', 'has the scheme "ftp"; only http and https are fetched'],
    ['file:///etc/passwd', 'has the scheme "file"'],
    ['javascript:alert(1)', 'has the scheme "javascript"'],
    ['data:,x', 'has the scheme "data"'],
    [undefined, 'the URL is undefined; give a string or a URL'],
    [null, 'the URL is null; give a string or a URL'],
    [7, 'the URL is a number; give a string or a URL'],
    [{ href: 'http://a.test/' }, 'the URL is a plain object; give a string or a URL'],
  ])('that cannot be fetched is refused: %j', (given, message) => {
    const parse = (): unknown => parser.parse(given as string)
    expect(parse).toThrow(ArgumentError)
    expect(parse).toThrow(message)
  })

  it('that is refused is quoted, but not at any length, and without its password', () => {
    const long = `ftp://a.test/${'x'.repeat(10_000)}`
    expect(() => parser.parse(long)).toThrow(/^.{200,300}$/)
    expect(() => parser.parse('x'.repeat(10_000))).toThrow(/^.{200,300}$/)
    expect(() => parser.parse('ftp://user:secret@a.test/')).toThrow(/^(?!.*secret).*a\.test/)
  })
})

describe('a URL whose parts are not those of its text', () => {
  it('is read by its text: nothing else has been through the URL parser', () => {
    const url = new URL('http://a.test/x')
    Object.defineProperty(url, 'pathname', { value: '/a b\r\nX: y' })
    Object.defineProperty(url, 'hostname', { value: 'b.test' })
    const { target, path } = new UrlParser().parse(url)
    expect(target.host).toBe('a.test')
    expect(path).toBe('/x')
    Object.defineProperty(url, 'href', { value: '/a b' })
    expect(() => new UrlParser().parse(url)).toThrow(ArgumentError)
  })
})

describe('the memory of a parser', () => {
  it('is bounded', () => {
    const parser = new UrlParser()
    const first = parser.parse('http://host-0.test/').target
    for (let i = 1; i < LIMITS.maxOrigins; i++) parser.parse(`http://host-${i}.test/`)
    expect(parser.parse('http://host-0.test/').target).toBe(first)
    parser.parse('http://one-more.test/')
    const again = parser.parse('http://host-0.test/').target
    expect(again).not.toBe(first)
    expect(again.key).toBe(first.key)
  })
})
