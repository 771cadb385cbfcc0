import { describe, expect, it } from 'vitest'
import { StartWindow } from '../../lib/scheduler/start-window.ts'
import { Random } from '../../lib/testing/random.ts'

/** Starts whatever may start, in bursts and waits from a seed. Gives the times; throws where room is told wrongly. */
function run(most: number, seed: number): number[] {
  const random = new Random(seed)
  const window = new StartWindow(most, 1_000)
  const starts: number[] = []
  let now = 0
  for (let step = 0; step < 100; step++) {
    now += random.pick([0, 0, 1, 7.5, 40, 999, 1_000]) * random.next()
    const due = window.room(now) === 0 ? starts.at(-most)! + 1_000 : -Infinity
    expect(window.roomAt).toBe(due)
    now = Math.max(now, due)
    const recent = starts.slice(-most).filter((at) => at + 1_000 > now)
    expect(window.room(now)).toBe(most - recent.length)
    for (let left = random.int(1, window.room(now)); left > 0; left--) {
      window.add(now)
      starts.push(now)
    }
  }
  return starts
}

describe('a window of starts', () => {
  it.each([1, 2, 3, 16, 17, 40, 300])('never holds more than %i, wherever it begins', (most) => {
    for (let seed = 1; seed <= 10; seed++) {
      const starts = run(most, seed)
      expect(starts.length).toBeGreaterThan(most)
      // A start and the one `most` after it are never in one window.
      const tooSoon = starts.filter((at, place) => place >= most && at < starts[place - most]! + 1_000)
      expect(tooSoon).toEqual([])
    }
  })

  it('says so when there is room', () => {
    const window = new StartWindow(2, 1_000)
    window.add(5)
    expect([window.room(5), window.roomAt]).toEqual([1, -Infinity])
    window.add(6)
    expect([window.room(1_004), window.roomAt]).toEqual([0, 1_005])
    expect(window.room(1_005)).toBe(1)
  })

  it('is full, and not more than that, when somebody adds without asking', () => {
    const window = new StartWindow(2, 1_000)
    for (const at of [5, 6, 7, 8]) window.add(at)
    expect([window.room(8), window.roomAt]).toEqual([0, 1_007])
    expect([window.room(1_007), window.room(1_008)]).toEqual([1, 2])
  })
})
