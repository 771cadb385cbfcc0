import { describe, expect, it } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../lib/core/http-date.ts'
/** 2026, and a bit. */
const NOW = Date.UTC(2026, 0, 15)

const TIME = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('dates in fields', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'SUN, 06 NOV 1994 08:49:37 gmt',
    'Sun 6 Nov 1994 8:49:37 GMT',
    'Sun,  06  Nov  1994  08:49:37  GMT',
    'Sun, 06-Nov-1994 08:49:37 UTC',
  ])('%s is read', (text) => {
    expect(parseHttpDate(text, NOW)).toBe(TIME)
  })

  it.each([
    '',
    '0',
    '-1',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 31 Jun 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('%j is none', (text) => {
    expect(parseHttpDate(text, NOW)).toBeNaN()
  })

  it.each([
    ['Friday, 01-Jan-76 00:00:00 GMT', 2076],
    ['Friday, 01-Jan-77 00:00:00 GMT', 1977],
    ['Friday, 01-Jan-26 00:00:00 GMT', 2026],
  ])('%s lies no more than 50 years ahead', (text, year) => {
    expect(new Date(parseHttpDate(text, NOW)).getUTCFullYear()).toBe(year)
  })

  it('takes a leap second, and writes what it reads', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW)).toBe(Date.UTC(2017, 0, 1))
    expect(parseHttpDate(formatHttpDate(TIME), NOW)).toBe(TIME)
  })
})
