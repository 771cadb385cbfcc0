import { describe, expect, it } from 'vitest'
import { ProgressMeter } from '../../lib/core/progress-meter.ts'

describe('ProgressMeter', () => {
  it('tells at the first byte, once in its interval, and at the end', () => {
    let now = 5_000
    const told: [number, number | null][] = []
    const meter = new ProgressMeter(
      () => now,
      ({ transferred, total }) => told.push([transferred, total]),
      100,
    )
    for (let n = 1; n <= 25; n++) {
      meter.update(n, 30)
      now += 10
    }
    meter.finish(30, 30)
    expect(told).toEqual([
      [1, 30],
      [11, 30],
      [21, 30],
      [30, 30],
    ])
  })

  it('does not say the last word twice, and says it of nothing, too', () => {
    const told: number[] = []
    const report = ({ transferred }: { transferred: number }): number => told.push(transferred)
    const meter = new ProgressMeter(() => 0, report)
    meter.update(7, null)
    meter.finish(7, null)
    expect(told).toEqual([7])
    new ProgressMeter(() => 0, report).finish(0, 0)
    expect(told).toEqual([7, 0])
  })
})
