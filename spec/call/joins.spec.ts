import { describe, expect, it } from 'vitest'
import { Joins, type Joined } from '../../lib/call/joins.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'

function call(log: string[], name: string, then?: () => void): Joined {
  return {
    onLeaderDone: () => {
      log.push(name)
      then?.()
    },
  }
}

describe('joined requests', () => {
  it('have one leader, and the others are told in order when it is done', () => {
    const log: string[] = []
    const joins = new Joins(new SimClock())
    const leader = call(log, 'leader')
    expect(joins.lead('k', leader)).toBe(true)
    expect(joins.lead('k', call(log, 'a'))).toBe(false)
    expect(joins.lead('k', call(log, 'b'))).toBe(false)
    expect(joins.lead('other', call(log, 'x'))).toBe(true)
    expect([joins.isLed('k'), joins.isLed('none')]).toEqual([true, false])
    joins.done('k', leader)
    expect(log).toEqual(['a', 'b'])
    expect(joins.isLed('k')).toBe(false)
    expect(joins.isLed('other')).toBe(true)
  })

  it('are not told once they have given up, or twice', () => {
    const log: string[] = []
    const joins = new Joins(new SimClock())
    const [a, b] = [call(log, 'a'), call(log, 'b')]
    const leader = call(log, 'leader')
    joins.lead('k', leader)
    for (const each of [a, b]) joins.lead('k', each)
    joins.leave('k', a)
    joins.leave('none', b)
    joins.done('k', leader)
    joins.done('k', leader)
    expect(log).toEqual(['b'])
  })

  it('may lead anew from within: the rest of the old ones is told all the same', () => {
    const log: string[] = []
    const joins = new Joins(new SimClock())
    const leader = call(log, 'leader')
    joins.lead('k', leader)
    const next = call(log, 'next')
    joins.lead(
      'k',
      call(log, 'a', () => log.push(String(joins.lead('k', next)))),
    )
    joins.lead(
      'k',
      call(log, 'b', () => log.push(String(joins.lead('k', next)))),
    )
    joins.done('k', leader)
    expect(log).toEqual(['a', 'true', 'b', 'false'])
  })

  it('may be told although they gave up just now, from within: they look whether they still wait', () => {
    const log: string[] = []
    const joins = new Joins(new SimClock())
    const b = call(log, 'b')
    const leader = call(log, 'leader')
    joins.lead('k', leader)
    joins.lead(
      'k',
      call(log, 'a', () => joins.leave('k', b)),
    )
    joins.lead('k', b)
    joins.done('k', leader)
    expect(log).toEqual(['a', 'b'])
  })

  it('wait no longer than the limit; then another leads, whom the old leader does not end', async () => {
    const clock = new SimClock()
    const log: string[] = []
    const joins = new Joins(clock)
    const [old, next] = [call(log, 'old'), call(log, 'next')]
    joins.lead('k', old)
    await clock.advance(LIMITS.joinTimeout)
    expect(joins.lead('k', next)).toBe(false)
    await clock.advance(LIMITS.joinTimeout - 1)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['next'])
    expect([joins.lead('k', next), joins.size]).toEqual([true, 1])
    joins.done('k', old)
    expect(joins.isLed('k')).toBe(true)
    joins.done('k', next)
    expect([joins.size, clock.pending]).toEqual([0, 0])
  })

  it('leave no timer behind when their leader is done', () => {
    const clock = new SimClock()
    const joins = new Joins(clock)
    const [leader, other] = [call([], 'leader'), call([], 'other')]
    joins.lead('k', leader)
    joins.lead('k', other)
    expect(clock.pending).toBe(1)
    joins.done('k', leader)
    expect([joins.size, clock.pending]).toEqual([0, 0])
  })
})
