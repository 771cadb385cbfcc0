import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { TimeBuckets } from '../../lib/reports/page-times.ts'

describe('a run in stretches', () => {
  it('never has more than the limit, and loses nothing when they double', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 100 }), (gaps) => {
        const buckets = new TimeBuckets(5_000)
        let now = 5_000
        for (const gap of gaps) {
          now += gap
          const bucket = buckets.at(now)
          bucket.ok++
          expect(buckets.list.indexOf(bucket)).toBe(Math.floor((now - 5_000) / buckets.width))
          expect(buckets.list.length).toBeLessThanOrEqual(LIMITS.maxReportBuckets)
        }
        expect(buckets.list.reduce((sum, { ok }) => sum + ok, 0)).toBe(gaps.length)
      }),
    )
  })

  it('doubles as seldom as it can', () => {
    const buckets = new TimeBuckets(0)
    buckets.at(LIMITS.maxReportBuckets * LIMITS.reportBucket - 1)
    expect(buckets.width).toBe(LIMITS.reportBucket)
    buckets.at(LIMITS.maxReportBuckets * LIMITS.reportBucket)
    expect(buckets.width).toBe(2 * LIMITS.reportBucket)
    expect(buckets.list).toHaveLength(LIMITS.maxReportBuckets / 2 + 1)
  })

  it('keeps the most of a level, and adds up counts, when two become one', () => {
    const buckets = new TimeBuckets(0)
    Object.assign(buckets.at(0), { connections: 3, retries: 1, bytes: 10 })
    Object.assign(buckets.at(LIMITS.reportBucket), { connections: 7, paused: 2, retries: 4, bytes: 5 })
    buckets.at(LIMITS.maxReportBuckets * LIMITS.reportBucket)
    expect(buckets.list[0]).toMatchObject({ connections: 7, paused: 2, waiting: -1, retries: 5, bytes: 15 })
  })

  it('spreads bytes over the time in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500_000), { minLength: 2, maxLength: 20 }), (times) => {
        const sorted = times.toSorted((a, b) => a - b)
        const buckets = new TimeBuckets(sorted[0]!)
        for (const [i, time] of sorted.entries()) if (i > 0) buckets.addBytes(sorted[i - 1]!, time, 1_000)
        const sum = buckets.list.reduce((all, { bytes }) => all + bytes, 0)
        expect(sum).toBeCloseTo(1_000 * (sorted.length - 1), 3)
      }),
    )
    const buckets = new TimeBuckets(0)
    buckets.addBytes(50, 250, 200)
    expect(buckets.list.map(({ bytes }) => bytes)).toEqual([50, 100, 50])
  })
})
