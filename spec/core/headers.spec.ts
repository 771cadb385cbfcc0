import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Headers } from '../../lib/core/headers.ts'

const TEXT =
  'Content-Type: text/html\r\nSET-COOKIE: a=1; Expires=Thu, 01 Jan\r\nset-cookie:b=2\r\nX-Empty:\r\n'

describe('the fields of a response', () => {
  it('are found in any case', () => {
    const headers = new Headers(TEXT)
    for (const name of ['content-type', 'Content-Type', 'CONTENT-TYPE']) {
      expect(headers.get(name)).toBe('text/html')
      expect(headers.has(name)).toBe(true)
    }
    expect(headers.get('x-none')).toBeNull()
    expect(headers.getAll('x-none')).toEqual([])
    expect(headers.has('x-none')).toBe(false)
  })

  it('are joined when repeated, and each there on its own', () => {
    const headers = new Headers(TEXT)
    expect(headers.get('Set-Cookie')).toBe('a=1; Expires=Thu, 01 Jan, b=2')
    expect(headers.getAll('Set-Cookie')).toEqual(['a=1; Expires=Thu, 01 Jan', 'b=2'])
  })

  it('tell the empty from the absent', () => {
    const headers = new Headers(TEXT)
    expect(headers.get('x-empty')).toBe('')
    expect(headers.has('x-empty')).toBe(true)
  })

  it('are listed in order: raw in the case they came in, iterated in lower case', () => {
    const headers = new Headers(TEXT)
    const values = ['text/html', 'a=1; Expires=Thu, 01 Jan', 'b=2', '']
    const raw = ['Content-Type', 'SET-COOKIE', 'set-cookie', 'X-Empty']
    expect(headers.raw).toEqual(raw.flatMap((name, i) => [name, values[i]]))
    expect([...headers]).toEqual(raw.map((name, i) => [name.toLowerCase(), values[i]]))
  })

  it('are none in an empty head', () => {
    const headers = new Headers('')
    expect([...headers]).toEqual([])
    expect(headers.raw).toEqual([])
    expect(headers.get('a')).toBeNull()
  })

  it('may be called as the members of objects are', () => {
    const headers = new Headers('__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\n')
    expect(headers.get('__proto__')).toBe('1')
    expect(headers.get('constructor')).toBe('2')
    expect(headers.get('tostring')).toBe('3')
    expect(headers.has('hasOwnProperty')).toBe(false)
    expect(new Headers('a: 1\r\n').get('__proto__')).toBeNull()
  })

  it('cannot be changed through what they give out', () => {
    const headers = new Headers(TEXT)
    headers.getAll('set-cookie').push('c=3')
    expect(headers.getAll('set-cookie')).toEqual(['a=1; Expires=Thu, 01 Jan', 'b=2'])
  })

  it('lose the blanks around a value and no other', () => {
    const headers = new Headers('a: \t x \t y \t\r\nb:\u00a0z\u00a0\nc:\u000bv\r\n')
    expect(headers.get('a')).toBe('x \t y')
    expect(headers.get('b')).toBe('\u00a0z\u00a0')
    expect(headers.get('c')).toBe('\u000bv')
  })

  it('come back as they were written, for any names and values', () => {
    const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/)
    const value = fc.stringMatching(/^([!-~\u0080-\u00ff]([\t -~\u0080-\u00ff]{0,20}[!-~\u0080-\u00ff])?)?$/)
    const end = fc.constantFrom('\r\n', '\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value, end), { maxLength: 8 }), (fields) => {
        const headers = new Headers(fields.map(([n, v, e]) => `${n}: ${v}${e}`).join(''))
        expect(headers.raw).toEqual(fields.flatMap(([n, v]) => [n, v]))
        for (const [n] of fields) {
          const own = fields.filter(([other]) => other.toLowerCase() === n.toLowerCase()).map(([, v]) => v)
          expect(headers.getAll(n.toUpperCase())).toEqual(own)
          expect(headers.get(n)).toBe(own.join(', '))
        }
      }),
    )
  })
})
