import { describe, expect, it } from 'vitest'
import { liveLine, plainLine } from '../../lib/cli/progress-line.ts'
import { RateMeter } from '../../lib/cli/rate-meter.ts'
import { makeState } from './make-outcome.ts'

const state = makeState()

describe('the live line', () => {
  it('tells all on 80 columns', () => {
    const line = '1,234/2,000  1,200 ok  34 failed  245 req/s  12.3 MiB/s  32 conn  ETA 4 s'
    expect(liveLine(state, 79)).toBe(line)
  })

  it('tells what is tried again and paused, where anything is', () => {
    const line = liveLine({ ...state, retrying: 12, pausedTargets: 2 }, 119)
    expect(line).toBe(
      '1,234/2,000  1,200 ok  34 failed  12 retrying  245 req/s  12.3 MiB/s  32 conn  2 paused  ETA 4 s',
    )
  })

  it('always fits', () => {
    for (let width = 0; width < 200; width++) expect(liveLine(state, width).length).toBeLessThanOrEqual(width)
    expect(liveLine(state, 40)).toBe('1,234/2,000  34 failed  ETA 4 s')
    expect(liveLine(state, 5)).toBe('1,234')
  })

  it('guesses no end where there is nothing to guess from', () => {
    expect(liveLine({ ...state, total: -1 }, 79)).not.toContain('ETA')
    expect(liveLine({ ...state, donePerSecond: 0 }, 79)).not.toContain('ETA')
    expect(liveLine({ ...state, done: 2_000 }, 79)).not.toContain('ETA')
    expect(liveLine({ ...state, total: 0, done: 0 }, 119)).toMatch(/^0\/0 {2}/)
    expect(liveLine({ ...state, total: -1 }, 119)).toMatch(/^1,234 done {2}/)
  })
})

describe('the plain line', () => {
  it('tells all', () => {
    expect(plainLine(state)).toBe('1,234/2,000, 1,200 ok, 34 failed, 245 req/s, 12.3 MiB/s, 32 conn, ETA 4 s')
  })
})

describe('rates', () => {
  it('are means over the last seconds', () => {
    const rates = new RateMeter()
    expect(rates.donePerSecond).toBe(0)
    rates.sample(0, 0, 0)
    expect(rates.donePerSecond).toBe(0)
    rates.sample(1_000, 100, 5_000)
    expect(rates.donePerSecond).toBe(100)
    expect(rates.bytesPerSecond).toBe(5_000)
    for (let second = 2; second <= 60; second++) rates.sample(second * 1_000, 100, 5_000)
    expect(rates.donePerSecond).toBe(0)
  })

  it('need no more than two samples, however far apart', () => {
    const rates = new RateMeter()
    rates.sample(0, 0, 0)
    rates.sample(10_000, 50, 0)
    rates.sample(20_000, 70, 0)
    expect(rates.donePerSecond).toBe(2)
  })
})
