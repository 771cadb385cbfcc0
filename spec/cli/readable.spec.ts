import { describe, expect, it } from 'vitest'
import { readable } from '../../lib/cli/readable.ts'

describe('a text for a terminal', () => {
  it.each([
    ['Not Found', 'Not Found'],
    ['caf\u00e9 \u{1f600}', 'caf\u00e9 \u{1f600}'],
    ['\x1b]0;title\x07', String.raw`\x1b]0;title\x07`],
    ['\x9b31m\x7f', String.raw`\x9b31m\x7f`],
    ['a\nb\r\tc', String.raw`a\x0ab\x0d\x09c`],
    ['\u202egnp.exe', String.raw`\u202egnp.exe`],
  ])('of %j is %s', (text, shown) => {
    expect(readable(text)).toBe(shown)
  })

  it('is not longer than a few lines', () => {
    expect(readable('x'.repeat(70_000))).toBe(`${'x'.repeat(500)}...`)
  })
})
