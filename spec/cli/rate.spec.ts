import { describe, expect, it } from 'vitest'
import { pacingOf, rateOption } from '../../lib/cli/rate.ts'

describe('a rate', () => {
  it.each([
    ['10/s', 100],
    ['100/m', 600],
    ['5/h', 720_000],
    ['2/d', 43_200_000],
    ['3600', 1_000],
    ['10000/s', 0.1],
  ])('%s is one request in %d ms', (text, gap) => {
    expect(rateOption(text)).toBe(gap)
  })

  it.each(['0/s', '', '/s', '1/w', '1/', '-1/s', '1.5/s', '10001/s', 'x', '1/S'])('is not %j', (text) => {
    expect(() => rateOption(text)).toThrow('It must be N/s, N/m, N/h or N/d with N above 0, as 10/s')
  })

  it('is a gap, or where gaps are too short for timers so many in an interval', () => {
    expect(pacingOf(100)).toEqual({ minInterval: 100 })
    expect(pacingOf(20)).toEqual({ minInterval: 20 })
    expect(pacingOf(10)).toEqual({ requestsPerInterval: 100, interval: 1_000 })
    expect(pacingOf(0.1)).toEqual({ requestsPerInterval: 10_000, interval: 1_000 })
    const { requestsPerInterval, interval } = pacingOf(12)
    expect(interval! / requestsPerInterval!).toBe(12)
  })
})
