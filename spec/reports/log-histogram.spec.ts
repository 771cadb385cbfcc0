import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogHistogram } from '../../lib/reports/log-histogram.ts'

function histogramOf(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram()
  for (const value of values) histogram.add(value)
  return histogram
}

/** The nearest rank, from all values. */
function exact(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1]!
}

const times = fc.array(fc.double({ min: 0.05, max: 40_000_000, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
})

describe('a histogram of times', () => {
  it('gives percentiles that are at most 4.5 % off, and the exact least and most', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(0, 0.5, 0.9, 0.99, 1), (values, part) => {
        const histogram = histogramOf(values)
        const right = exact(values, part)
        expect(histogram.percentile(part) / right).toBeGreaterThan(1 / 1.045)
        expect(histogram.percentile(part) / right).toBeLessThan(1.045)
        expect(histogram.percentile(1)).toBe(Math.max(...values))
        expect(histogram.min).toBe(Math.min(...values))
      }),
    )
  })

  it('is the same whether it was filled in one go or in two', () => {
    fc.assert(
      fc.property(times, times, (some, others) => {
        const merged = histogramOf(some)
        merged.merge(histogramOf(others))
        expect(merged).toEqual(histogramOf([...some, ...others]))
        for (const part of [0.5, 0.9, 0.99]) {
          expect(merged.percentile(part)).toBe(histogramOf([...some, ...others]).percentile(part))
        }
      }),
    )
  })

  it('takes times beyond both ends, and knows nothing while it is empty', () => {
    const histogram = histogramOf([0, 0.001, 1e12])
    expect(histogram.percentile(0.5)).toBeLessThan(0.06)
    expect(histogram.max).toBe(1e12)
    expect(new LogHistogram().percentile(0.5)).toBeNaN()
    const empty = new LogHistogram()
    empty.merge(new LogHistogram())
    expect(empty.count).toBe(0)
  })
})
