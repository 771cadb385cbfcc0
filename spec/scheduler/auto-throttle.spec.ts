import { describe, expect, it } from 'vitest'
import { nextDelay } from '../../lib/scheduler/auto-throttle.ts'

const N1 = { targetConcurrency: 1, startDelay: 1_000, minDelay: 0, maxDelay: 60_000 }

describe('AutoThrottle’s next delay', () => {
  // The figures are those of Scrapy's formula: max(target, (old + target) / 2), clamped.
  it.each([
    ['goes half the way down', 5_000, 1_000, 200, {}, 3_000],
    ['halves at best', 5_000, 0, 200, {}, 2_500],
    ['goes up at once', 1_000, 5_000, 200, {}, 5_000],
    ['stays where it fits', 1_000, 1_000, 200, {}, 1_000],
    ['is latency / N on the way up', 100, 5_000, 200, { targetConcurrency: 4 }, 1_250],
    ['aims at latency / N on the way down', 5_000, 4_000, 200, { targetConcurrency: 4 }, 3_000],
    ['is longer than the latency for N below 1', 1_000, 1_000, 200, { targetConcurrency: 0.5 }, 2_000],
    ['is never shorter after a 404', 5_000, 10, 404, {}, 5_000],
    ['is never shorter after a 503', 5_000, 10, 503, {}, 5_000],
    ['may be longer after an error', 5_000, 9_000, 500, {}, 9_000],
    ['heeds redirects as it does pages', 5_000, 1_000, 301, {}, 3_000],
    ['is not below minDelay', 300, 1, 200, { minDelay: 250 }, 250],
    ['is not above maxDelay', 5_000, 90_000, 200, {}, 60_000],
    ['comes down to a maxDelay', 9_000, 90_000, 200, { maxDelay: 700 }, 700],
  ])('%s', (_, old, latency, status, more, expected) => {
    expect(nextDelay(old, latency, status, { ...N1, ...more })).toBe(expected)
  })
})
