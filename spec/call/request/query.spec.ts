import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addQuery, checkBaseUrl, resolveUrl, type QueryInit } from '../../../lib/call/request/query.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'

describe('addQuery', () => {
  const cases: readonly [url: string, query: QueryInit, result: string][] = [
    ['/a', {}, '/a'],
    ['/a?', {}, '/a?'],
    ['/a', { b: 'c' }, '/a?b=c'],
    ['/a', { b: 1, c: true, d: 2n ** 64n, e: -0.5 }, '/a?b=1&c=true&d=18446744073709551616&e=-0.5'],
    ['/a', { b: '' }, '/a?b='],
    ['/a', { b: null }, '/a?b'],
    ['/a', { b: undefined }, '/a'],
    ['/a', { b: undefined, c: 1 }, '/a?c=1'],
    ['/a', { b: [1, 'x', null, undefined, true] }, '/a?b=1&b=x&b&b=true'],
    ['/a', { b: [] }, '/a'],
    ['/a', { '': 'x' }, '/a?=x'],
    [
      '/a',
      [
        ['b', 1],
        ['c', [2, 3]],
        ['b', 4],
      ],
      '/a?b=1&c=2&c=3&b=4',
    ],
    ['/a', new Map([['b', 'c']]), '/a?b=c'],
    ['/a', new URLSearchParams('b=c+d&e=%C3%A4&b=&f'), '/a?b=c%20d&e=%C3%A4&b=&f='],
    ['/a?x=1', { b: 2 }, '/a?x=1&b=2'],
    ['/a?x=1&', { b: 2 }, '/a?x=1&b=2'],
    ['/a?', { b: 2 }, '/a?b=2'],
    ['/a#f?g', { b: 2 }, '/a?b=2#f?g'],
    ['/a?x#f', { b: 2 }, '/a?x&b=2#f'],
    ['https://h.test', { b: 2 }, 'https://h.test?b=2'],
    ['', { b: 2 }, '?b=2'],
    ['/a', { 'b c': 'd e' }, '/a?b%20c=d%20e'],
    ['/a', { q: 'a+b&c=d#e?f/g%h' }, '/a?q=a%2Bb%26c%3Dd%23e%3Ff%2Fg%25h'],
    ['/a', { q: 'ä€😀\'"<>\r\n' }, '/a?q=%C3%A4%E2%82%AC%F0%9F%98%80%27%22%3C%3E%0D%0A'],
    ['/a', { q: '\ud800' }, '/a?q=%EF%BF%BD'],
    ['/a', { 'tags[]': ['x', 'y'] }, '/a?tags%5B%5D=x&tags%5B%5D=y'],
    ['/a', { __proto__: null, constructor: 'x' }, '/a?constructor=x'],
  ]
  it.each(cases)('%s with %o is %s', (url, query, result) => {
    expect(addQuery(url, query)).toBe(result)
  })

  it('does not read what is inherited', () => {
    const query = Object.create({ inherited: 'x' }) as { own: string }
    query.own = 'y'
    expect(addQuery('/', query)).toBe('/?own=y')
  })

  const wrong: readonly [what: string, query: unknown, message: RegExp][] = [
    ['an object', { b: { c: 'secret' } }, /"b" is a plain object; give a string, such as JSON.stringify/],
    ['a Date', { b: new Date(0) }, /"b" is an object of class Date; give toISOString\(\) or getTime\(\)/],
    ['a list in a list', { b: [['secret']] }, /holds no lists/],
    ['a function', { b: () => 'secret' }, /"b" is a function/],
    ['a symbol', { b: Symbol('secret') }, /"b" is a symbol/],
    ['NaN', { b: Number.NaN }, /"b" is NaN; give a finite number/],
    ['Infinity', { b: Infinity }, /"b" is Infinity/],
    ['a string', 'b=secret', /new URLSearchParams\(text\)/],
    ['null', null, /query: null is no set of parameters/],
    ['a list of strings', ['secret'], /in a list is no parameter; give \[name, value\]/],
    ['a list of triples', [['b', 'secret', 'x']], /give \[name, value\]/],
    ['a Set', new Set(['secret']), /give \[name, value\]/],
  ]
  it.each(wrong)('refuses %s, and does not tell the value', (_what, query, message) => {
    const add = () => addQuery('/', query as QueryInit)
    expect(add).toThrow(ArgumentError)
    expect(add).toThrow(message)
    expect(add).not.toThrow(/secret/)
  })

  it('is read back by any server, and left as it is by the URL parser', () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(pairs, (query) => {
        const text = addQuery('http://h.test/', query)
        const url = new URL(text)
        expect(url.href).toBe(text)
        expect([...url.searchParams]).toEqual(
          query.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
        )
      }),
    )
  })
})

describe('resolveUrl', () => {
  const cases: readonly [base: string, url: string | URL, result: string][] = [
    ['https://h.test/api/', 'items', 'https://h.test/api/items'],
    ['https://h.test/api', 'items', 'https://h.test/items'],
    ['https://h.test/api/', '/items', 'https://h.test/items'],
    ['https://h.test/api/', '', 'https://h.test/api/'],
    ['https://h.test/api/', '?a=b', 'https://h.test/api/?a=b'],
    ['https://h.test/api/', '#f', 'https://h.test/api/#f'],
    ['https://h.test/api/v1/', '../v2/x', 'https://h.test/api/v2/x'],
    ['https://h.test/api/', '//else.test/x', 'https://else.test/x'],
    ['https://h.test/api/', 'http://else.test/x?y#z', 'http://else.test/x?y#z'],
    ['https://h.test/api/', 'HTTP://Else.test', 'HTTP://Else.test'],
    ['https://h.test/api/', 'ftp://else.test/', 'ftp://else.test/'],
    ['https://h.test/api/', new URL('http://else.test/'), 'http://else.test/'],
  ]
  it.each(cases)('%s and %s give %s', (base, url, result) => {
    expect(resolveUrl(base, url)).toBe(result)
    expect(new URL(result).href).toBe(new URL(url, base).href)
  })

  it('refuses what is no URL', () => {
    expect(() => resolveUrl('https://h.test/', '//')).toThrow(ArgumentError)
    expect(() => resolveUrl('https://h.test/', '//')).toThrow('"//" is no URL, nor one relative to baseUrl')
  })
})

describe('checkBaseUrl', () => {
  it('gives it as the URL parser writes it', () => {
    expect(checkBaseUrl('HTTPS://H.test:443/a/../b')).toBe('https://h.test/b')
    expect(checkBaseUrl(new URL('http://h.test'))).toBe('http://h.test/')
  })

  const wrong: readonly [unknown, RegExp][] = [
    ['/api', /"\/api"; it must be an absolute http or https URL/],
    ['h.test', /absolute/],
    ['ftp://u:secret@h.test/', /"ftp:\/\/h.test\/"/],
    ['https://h.test/?key=secret', /query or a fragment/],
    ['https://h.test/#x', /query or a fragment/],
    [7, /a number/],
    [null, /null/],
  ]
  it.each(wrong)('refuses %j', (baseUrl, message) => {
    expect(() => checkBaseUrl(baseUrl)).toThrow(ArgumentError)
    expect(() => checkBaseUrl(baseUrl)).toThrow(message)
    expect(() => checkBaseUrl(baseUrl)).not.toThrow(/secret/)
  })
})
