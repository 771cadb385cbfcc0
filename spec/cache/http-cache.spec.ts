import { describe, expect, it } from 'vitest'
import { headOf } from '../../lib/cache/stored-head.ts'
import { bodyOf, head, httpDate, request, Stand, storedOf } from './stand.ts'

const FRESH = ['Cache-Control: max-age=60', `Date: ${httpDate(0)}`]

describe('a lookup', () => {
  it('answers from the store while the response is fresh, and tells its age', () => {
    const stand = new Stand()
    expect(stand.ask()).toEqual({ kind: 'miss' })
    stand.keep(request(), head(FRESH), 'page')
    stand.wait(59)
    const result = stand.ask()
    expect(result).toMatchObject({ kind: 'hit', status: 'hit', age: 59_000 })
    expect(bodyOf(result)).toBe('page')
    expect(headOf(storedOf(result), 59_000).headers.get('age')).toBe('59')
    stand.wait(1)
    expect(stand.ask()).toEqual({ kind: 'miss' })
  })

  it('asks whether a stale response still holds, and a 304 makes it fresh', () => {
    const stand = new Stand()
    stand.keep(request(), head([...FRESH, 'ETag: "1"', 'X-A: old', 'X-B: kept']), 'page')
    stand.wait(100)
    const result = stand.ask()
    expect(result).toMatchObject({ kind: 'revalidate', conditions: 'If-None-Match: "1"\r\n' })
    const answer = head(['ETag: "1"', 'Cache-Control: max-age=10', `Date: ${httpDate(100)}`, 'X-A: new'], 304)
    const updated = stand.cache.freshen(request(), storedOf(result), answer, stand.now, stand.now)
    expect(updated).not.toBeNull()
    const again = stand.ask()
    expect(again).toMatchObject({ kind: 'hit', status: 'hit', age: 0 })
    expect(bodyOf(again)).toBe('page')
    const { headers } = headOf(storedOf(again), 0)
    expect([headers.get('x-a'), headers.get('x-b'), headers.getAll('cache-control')]).toEqual([
      'new',
      'kept',
      ['max-age=10'],
    ])
  })
})
