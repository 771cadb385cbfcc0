import { expect, it } from 'vitest'
import { indexOfControl, isToken, quote, TOKEN, trimmed } from '../../lib/http1/grammar.ts'

it('a token has exactly the characters of RFC 9110 section 5.6.2', () => {
  const delimiters = '"(),/:;<=>?@[\\]{}'
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code)
    const wanted = code > 32 && code < 127 && !delimiters.includes(character)
    expect(TOKEN[code] === 1, `character ${code}`).toBe(wanted)
    expect(isToken(character), `character ${code}`).toBe(wanted)
  }
  expect(isToken('')).toBe(false)
  expect(isToken('a\u0141')).toBe(false)
})

it('blanks around a value are SP and HTAB, nothing else', () => {
  expect(trimmed('x \t a b\t ', 1, 8)).toBe('a b')
  expect(trimmed('\x0b\xa0', 0, 2)).toBe('\x0b\xa0')
  expect(trimmed(' \t ', 0, 3)).toBe('')
})

it('control characters are all below SP but HTAB, and DEL', () => {
  expect(indexOfControl('a\tb\xff', 0, 4)).toBe(-1)
  expect(indexOfControl('ab\x1f', 0, 3)).toBe(2)
  expect(indexOfControl('ab\x7f', 0, 3)).toBe(2)
  expect(indexOfControl('ab\x7f', 0, 2)).toBe(-1)
})

it('wire data in messages is readable and bounded', () => {
  expect(quote('a\r\0')).toBe(String.raw`"a\r\u0000"`)
  expect(quote('x'.repeat(1000)).length).toBeLessThan(100)
})
