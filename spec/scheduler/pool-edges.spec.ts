import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { Stand } from './stand.ts'

const TURN = LIMITS.timerGranularity

/** Three that wait for a target that has only refused for the stall limit from the next turn of the clock on. */
function stalling() {
  const stand = new Stand({ maxConnPerTarget: 1, pacing: { stallLimit: 1_000 } })
  const wire = stand.warm()
  stand.ask()
  const [one, two, three] = stand.askMany(3)
  wire.refuse(429, 'Retry-After: 60\r\n')
  return { stand, one: one!, two: two!, three: three! }
}

describe('when a target gives up, who is told first', () => {
  it('may cancel the others: they are not told', () => {
    const { stand, one, two, three } = stalling()
    one.onSettled = () => {
      two.cancel()
      three.cancel()
    }
    stand.clock.advance(1_000 + 2 * TURN)
    expect([one.error?.code, two.ends, three.ends]).toEqual(['ERR_LIMIT', 0, 0])
    stand.finish()
  })

  it('may ask again: that is told, too, each time by a tick of its own', () => {
    const { stand, one, three } = stalling()
    one.onSettled = () => stand.submit()
    stand.clock.advance(1_000 + 2 * TURN)
    expect(three.error?.code).toBe('ERR_LIMIT')
    expect(stand.asked.map((asked) => asked.ends)).toEqual([1, 1, 1, 1, 1, 1])
    expect(stand.asked.at(-1)!.error?.code).toBe('ERR_LIMIT')
    stand.finish()
  })
})
