import { describe, expect, it } from 'vitest'
import { variantOf, varyNames } from '../../lib/cache/vary.ts'

function variant(vary: string, fields: Record<string, string>): string {
  return variantOf(vary, (name) => fields[name] ?? null)
}

describe('Vary', () => {
  it.each<[string | null, string | null]>([
    [null, ''],
    ['', ''],
    [' , ', ''],
    ['Accept', 'accept'],
    ['User-Agent, accept,, ACCEPT', 'accept,user-agent'],
    ['*', null],
    ['accept, *', null],
    [', *', null],
    ['accept encoding', null],
    ['"accept"', null],
  ])('%j names %j', (text, names) => {
    expect(varyNames(text)).toBe(names)
  })
})

describe('a variant', () => {
  it.each([
    ['accept-language', 'en, de', ' en ,de '],
    ['accept-language', 'en, de', 'EN,DE'],
    ['accept-encoding', 'gzip, br', 'GZip,br'],
    ['x-list', '1, 2', '1,2'],
  ])('of %s is the same for %j and %j', (name, a, b) => {
    expect(variant(name, { [name]: a })).toBe(variant(name, { [name]: b }))
  })

  it.each([
    // Some servers read the order as a preference: another order may get another page.
    ['accept-language', 'en, de', 'de, en'],
    ['user-agent', 'Me', 'me'],
    ['cookie', 'a=1', 'a=2'],
    ['x-list', '"1, 2"', '"1,2"'],
    ['x-list', '', null],
    ['x-list', '-', null],
  ])('of %s differs for %j and %j', (name, a, b) => {
    expect(variant(name, { [name]: a })).not.toBe(variant(name, b === null ? {} : { [name]: b }))
  })

  it('tells values of several fields apart', () => {
    const vary = 'a,b'
    const variants = [{ a: '1' }, { b: '1' }, { a: '1', b: '1' }, {}, { a: '1\n', b: '' }].map((fields) =>
      variant(vary, fields as unknown as Record<string, string>),
    )
    expect(new Set(variants).size).toBe(5)
  })

  it('shows no secrets, and stays short', () => {
    const secret = 'c2VjcmV0'
    for (const name of ['cookie', 'authorization', 'x-api-key']) {
      expect(variant(name, { [name]: secret })).not.toContain(secret)
    }
    expect(variant('user-agent', { 'user-agent': 'x'.repeat(50_000) }).length).toBeLessThan(100)
  })
})
