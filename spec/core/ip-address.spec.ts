import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipFamily } from '../../lib/core/ip-address.ts'

describe('ipFamily', () => {
  it.each([
    ['192.0.2.7', 4],
    ['0.0.0.0', 4],
    ['255.255.255.255', 4],
    ['::1', 6],
    ['::', 6],
    ['2001:DB8::7', 6],
    ['::ffff:192.0.2.7', 6],
  ])('knows %s', (text, family) => {
    expect(ipFamily(text)).toBe(family)
  })

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x7f.0.0.1',
    '127.1',
    '1.2.3.4 ',
    '1.2.3.-4',
    '1e1.2.3.4',
    '1.2.3.4:80',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '[::1]',
    'http://[::1]',
    // What closes the bracket itself must not slip through a parser that is asked about "[...]".
    '::1]',
    '::1]/x',
    '::1]:80/',
    '::1]?',
    '::1]#',
    '::1]/@[::1',
    '::1\r\n',
    '::1 from 192.0.2.1',
    '\t::1',
    '::1%lo',
  ])('refuses %j', (text) => {
    expect(ipFamily(text)).toBe(0)
  })

  it('agrees with node:net, save for zones', () => {
    const group = fc.stringMatching(/^[0-9a-fA-F]{0,5}$/)
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.array(group, { maxLength: 9 }).map((groups) => groups.join(':')),
      fc.string({ unit: fc.constantFrom(...Array.from('0129af:.[]/?#@\\ \t%x')), maxLength: 12 }),
      fc
        .tuple(fc.ipV6(), fc.string({ unit: fc.constantFrom(...Array.from('[]/:1.?#')), maxLength: 6 }))
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(!value.includes('%'))
        expect(ipFamily(value)).toBe(isIP(value))
      }),
      { numRuns: 1000 },
    )
  })
})
