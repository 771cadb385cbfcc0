import { describe, expect, it } from 'vitest'
import { Joins, type Joined } from '../../lib/call/joins.ts'

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
    const joins = new Joins()
    expect(joins.lead('k', call(log, 'leader'))).toBe(true)
    expect(joins.lead('k', call(log, 'a'))).toBe(false)
    expect(joins.lead('k', call(log, 'b'))).toBe(false)
    expect(joins.lead('other', call(log, 'x'))).toBe(true)
    expect([joins.isLed('k'), joins.isLed('none')]).toEqual([true, false])
    joins.done('k')
    expect(log).toEqual(['a', 'b'])
    expect(joins.isLed('k')).toBe(false)
    expect(joins.isLed('other')).toBe(true)
  })

  it('are not told once they have given up, or twice', () => {
    const log: string[] = []
    const joins = new Joins()
    const [a, b] = [call(log, 'a'), call(log, 'b')]
    joins.lead('k', call(log, 'leader'))
    for (const each of [a, b]) joins.lead('k', each)
    joins.leave('k', a)
    joins.leave('none', b)
    joins.done('k')
    joins.done('k')
    expect(log).toEqual(['b'])
  })

  it('may lead anew from within: the rest of the old ones is told all the same', () => {
    const log: string[] = []
    const joins = new Joins()
    joins.lead('k', call(log, 'leader'))
    const next = call(log, 'next')
    joins.lead(
      'k',
      call(log, 'a', () => log.push(String(joins.lead('k', next)))),
    )
    joins.lead(
      'k',
      call(log, 'b', () => log.push(String(joins.lead('k', next)))),
    )
    joins.done('k')
    expect(log).toEqual(['a', 'true', 'b', 'false'])
  })

  it('may be told although they gave up just now, from within: they look whether they still wait', () => {
    const log: string[] = []
    const joins = new Joins()
    const b = call(log, 'b')
    joins.lead('k', call(log, 'leader'))
    joins.lead(
      'k',
      call(log, 'a', () => joins.leave('k', b)),
    )
    joins.lead('k', b)
    joins.done('k')
    expect(log).toEqual(['a', 'b'])
  })
})
