import { describe, expect, it } from 'vitest'
import { parseCacheControl, type CacheControl } from '../../lib/cache/cache-control.ts'
import { isUseful, mayReplay, mayStore, termsOf, type Terms } from '../../lib/cache/terms.ts'
import type { ResponseHead } from '../../lib/core/exchange.ts'
import { head, httpDate, NOW } from './stand.ts'

const DAY = 86_400

function controlOf({ headers }: ResponseHead): CacheControl {
  return parseCacheControl(headers.get('cache-control'))
}

function readTerms(answer: ResponseHead, requestTime: number, responseTime: number): Terms {
  return termsOf(answer, controlOf(answer), requestTime, responseTime, false)
}

function storable(lines: readonly string[], status: number): boolean {
  const answer = head(lines, status)
  return mayStore(answer, controlOf(answer))
}

describe('what may be stored', () => {
  it.each<[status: number, line: string, expected: boolean]>([
    [200, '', true],
    [404, '', true],
    [301, '', true],
    [201, '', false],
    [302, '', false],
    [403, '', false],
    [500, '', false],
    [599, '', false],
    [302, 'Cache-Control: max-age=60', true],
    [500, 'Cache-Control: max-age=60', true],
    [599, 'Cache-Control: public', true],
    [302, 'Cache-Control: private', true],
    [403, 'Expires: 0', true],
    [200, 'Cache-Control: private="x"', true],
    [200, 'Cache-Control: no-store', false],
    [200, 'Cache-Control: max-age=60, No-Store', false],
    [200, 'Cache-Control: no-store=1', false],
    [200, 'Cache-Control: max-age= 60', false],
    [200, 'Cache-Control: no-store, must-understand', true],
    [599, 'Cache-Control: max-age=60, must-understand', false],
    [206, 'Cache-Control: max-age=60', false],
    [304, 'Cache-Control: max-age=60', false],
    [101, 'Cache-Control: max-age=60', false],
  ])('%i with %j: %j', (status, line, expected) => {
    expect(storable(line === '' ? [] : [line], status)).toBe(expected)
  })

  it.each([
    [200, true],
    [302, true],
    [404, true],
    [410, true],
    [206, false],
    [304, false],
    [401, false],
    [407, false],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('replay keeps a %i: %j', (status, expected) => {
    expect(mayReplay(status)).toBe(expected)
  })
})

describe('how long a response is fresh', () => {
  it.each<[lines: string[], seconds: number]>([
    [['Cache-Control: max-age=60'], 60],
    [['Cache-Control: max-age=60', `Expires: ${httpDate(5)}`], 60],
    [['Cache-Control: max-age=0', `Expires: ${httpDate(500)}`], 0],
    [['Cache-Control: max-age=x', `Expires: ${httpDate(500)}`], 0],
    [['Cache-Control: s-maxage=60'], 0],
    [[`Expires: ${httpDate(500)}`], 500],
    [[`Expires: ${httpDate(500)}`, `Date: ${httpDate(100)}`], 400],
    [[`Expires: ${httpDate(500)}`, 'Date: yesterday'], 500],
    [[`Expires: ${httpDate(-500)}`], 0],
    [['Expires: 0'], 0],
    [[`Expires: ${httpDate(10)}`, `Expires: ${httpDate(500)}`], 10],
    [['Expires: 0', `Last-Modified: ${httpDate(-DAY)}`], 0],
    [[`Last-Modified: ${httpDate(-1_000)}`], 100],
    [[`Last-Modified: ${httpDate(-100 * DAY)}`], DAY],
    [[`Last-Modified: ${httpDate(50)}`], 0],
    [['Last-Modified: long ago'], 0],
    [['Cache-Control: no-cache', `Last-Modified: ${httpDate(-1_000)}`], 100],
    [[], 0],
  ])('%j: %i s', (lines, seconds) => {
    expect(readTerms(head(lines), NOW, NOW).lifetime).toBe(seconds * 1_000)
  })

  it.each([
    [404, 100],
    [410, 100],
    [302, 0],
    [403, 0],
    [500, 0],
  ])('guesses for a %i: %i s', (status, seconds) => {
    const answer = head([`Last-Modified: ${httpDate(-1_000)}`], status)
    expect(readTerms(answer, NOW, NOW).lifetime).toBe(seconds * 1_000)
  })
})

describe('how old a response is when it comes', () => {
  it.each<[lines: string[], delay: number, seconds: number]>([
    [[], 0, 0],
    [['Age: 10'], 0, 10],
    [['Age: 10'], 3, 13],
    [[`Date: ${httpDate(-20)}`], 0, 20],
    [[`Date: ${httpDate(-20)}`, 'Age: 10'], 0, 20],
    [[`Date: ${httpDate(20)}`], 2, 2],
    [['Age: 10, 500'], 0, 10],
    [['Age: 0', 'Age: 500'], 0, 0],
    [['Age: abc'], 0, 0],
    [['Age: -5'], 0, 0],
    [['Age: 5.5'], 0, 0],
    [['Age: 99999999999'], 0, 2_147_483_648],
  ])('%j after %i s on the way: %i s', (lines, delay, seconds) => {
    const { birth } = readTerms(head(lines), NOW - delay * 1_000, NOW)
    expect(NOW - birth).toBe(seconds * 1_000)
  })
})

it.each([
  ['ETag: "1"', true],
  [`Last-Modified: ${httpDate(0)}`, true],
  ['Cache-Control: max-age=1', true],
  ['Cache-Control: max-age=0, stale-if-error=60', true],
  [`Expires: ${httpDate(5)}`, true],
  [`Expires: ${httpDate(-5)}`, false],
  ['Cache-Control: max-age=0', false],
  ['X-Nothing: said', false],
])('a response with %j could ever be used: %j', (line, expected) => {
  expect(isUseful(head([line]), controlOf(head([line])), NOW)).toBe(expected)
})
