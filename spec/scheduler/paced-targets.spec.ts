import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { NO_PACING } from '../../lib/core/target-settings.ts'
import { HostRefusals } from '../../lib/scheduler/host-refusals.ts'
import { PacedTargets } from '../../lib/scheduler/paced-targets.ts'
import { targetOf } from './asked.ts'
import { TurnClock } from './turn-clock.ts'

const MOST = LIMITS.maxPacedTargets

/** As many as are remembered, all of them free. */
function full(): { paced: PacedTargets; now: number } {
  const clock = new TurnClock()
  const paced = new PacedTargets(clock)
  const now = clock.now()
  for (let n = 0; n < MOST; n++) paced.open(`t${n}`, NO_PACING, now)
  return { paced, now }
}

describe('the targets whose pacing is remembered', () => {
  it('are bounded; free ones are forgotten first, those used longest ago before others', () => {
    const { paced, now } = full()
    paced.find('t0')!.refused(1_000, now, now)
    paced.find('t1')!.inUse = true
    paced.open('t2', NO_PACING, now)
    paced.open('one more', NO_PACING, now)
    const known = ['t0', 't1', 't2', 't3', 't4', 'one more'].map((key) => paced.find(key) !== null)
    expect(known).toEqual([true, true, true, false, true, true])
  })

  it('are bounded even if all of them are paused, or in use', () => {
    for (const inUse of [false, true]) {
      const { paced, now } = full()
      for (let n = 0; n < MOST; n++) {
        paced.find(`t${n}`)!.refused(60_000, now, now)
        paced.find(`t${n}`)!.inUse = inUse
      }
      for (let n = 0; n < 100; n++) paced.open(`new${n}`, NO_PACING, now).refused(60_000, now, now)
      const left = Array.from({ length: MOST }, (_, n) => paced.find(`t${n}`)).filter((each) => each !== null)
      expect(left).toHaveLength(MOST - 100)
      expect(paced.find('new99')).not.toBeNull()
    }
  })

  it('are forgotten with their pool when there is nothing to remember', () => {
    const clock = new TurnClock()
    const paced = new PacedTargets(clock)
    const pacing = paced.open('a', { ...NO_PACING, minInterval: 100, requestsPerInterval: 2 }, clock.now())
    pacing.started(clock.now())
    paced.leave('a', clock.now())
    expect(paced.find('a')).toBe(pacing)
    clock.advance(500)
    paced.leave('a', clock.now())
    expect(paced.find('a')).toBe(pacing)
    clock.advance(500)
    paced.leave('a', clock.now())
    expect(paced.find('a')).toBeNull()
  })
})

describe('the hosts that refused', () => {
  it('are bounded; the one refused longest ago is forgotten', () => {
    const refusals = new HostRefusals()
    for (let n = 0; n <= MOST; n++) refusals.refused(targetOf(`h${n}.test`, '192.0.2.1'), 9_000, 0)
    expect(refusals.refused(targetOf('h0.test', '192.0.2.2'), 9_000, 0)).toBe(-Infinity)
    expect(refusals.refused(targetOf('h5.test', '192.0.2.2'), 9_000, 0)).toBe(9_000)
    expect(refusals.pausedUntil(targetOf('h5.test', '192.0.2.3'), 8_999)).toBe(9_000)
    expect(refusals.pausedUntil(targetOf('h5.test', '192.0.2.3'), 9_000)).toBe(-Infinity)
  })

  it('pause as a whole only when a second client IP is refused', () => {
    const refusals = new HostRefusals()
    const [one, two] = ['192.0.2.1', '192.0.2.2'].map((clientIp) => targetOf('a.test', clientIp))
    expect(refusals.refused(one!, 5_000, 0)).toBe(-Infinity)
    expect(refusals.refused(one!, 6_000, 4_999)).toBe(-Infinity)
    expect(refusals.pausedUntil(two!, 5_000)).toBe(-Infinity)
    expect(refusals.refused(two!, 5_500, 5_000)).toBe(6_000)
    expect(refusals.refused(one!, 9_000, 6_000)).toBe(-Infinity)
  })
})
