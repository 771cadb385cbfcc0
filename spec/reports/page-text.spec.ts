import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesText, countText, escape, msText, rateText, shareText } from '../../lib/reports/page-text.ts'

describe('texts of a page', () => {
  it('have no character of HTML, none that is not seen, and none that turns a line around', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = escape(text)
        // oxlint-disable-next-line no-control-regex -- they are what must not be there
        expect(shown).not.toMatch(/[<>"'`=\0-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
        expect(shown.replaceAll(/&#\d+;/g, '')).not.toContain('&')
      }),
    )
    expect(escape(`<a href='x'>&"\u202e\n`)).toBe('&#60;a href&#61;&#39;x&#39;&#62;&#38;&#34;\\u202e\\u000a')
  })

  it.each([
    [countText(1_234_567), '1,234,567'],
    [bytesText(0), '0 B'],
    [bytesText(1_023), '1.0 KiB'],
    [bytesText(1_536), '1.5 KiB'],
    [bytesText(120 * 1_048_576), '120 MiB'],
    [msText(NaN), '–'],
    [msText(0.123), '0.12 ms'],
    [msText(34.4), '34 ms'],
    [msText(999.6), '1.00 s'],
    [msText(59_960), '1 min 00 s'],
    [msText(7_500_000), '2 h 05 min'],
    [rateText(0.05), '0.050'],
    [rateText(12.34), '12.3'],
    [rateText(1_234.4), '1,234'],
    [shareText(1, 0), '–'],
    [shareText(0, 10), '0 %'],
    [shareText(1, 100_000), '0.1 %'],
    [shareText(1, 8), '13 %'],
    [shareText(200, 201), '99.5 %'],
    [shareText(99_999, 100_000), '99.9 %'],
    [shareText(7, 7), '100 %'],
  ])('are short: %s', (text, wanted) => {
    expect(text).toBe(wanted)
  })
})
