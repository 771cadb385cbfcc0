import { describe, expect, it } from 'vitest'
import type { LimitError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { HandWire } from './hand-network.ts'
import { Stand } from './stand.ts'

const TURN = LIMITS.timerGranularity

/** One connection, proven, and one request in flight on it. */
function busy(stand: Stand): HandWire {
  const wire = stand.warm()
  stand.ask()
  return wire
}

describe('a 429 for several client IPs of a host', () => {
  const [ONE, TWO, THREE] = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

  function warmed(): { stand: Stand; wires: HandWire[] } {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const wires = [ONE, TWO, THREE].map((clientIp) => {
      stand.ask({ clientIp })
      return stand.wires.at(-1)!.open().answer()
    })
    stand.ask({ clientIp: ONE })
    stand.ask({ clientIp: TWO })
    stand.clock.advance(10)
    return { stand, wires }
  }

  it('pauses the one it came for, and with the second all of them, pools to come included', () => {
    const { stand, wires } = warmed()
    wires[0]!.refuse(429, 'Retry-After: 60\r\n')
    expect(stand.target('a.test', THREE).paused).toBe(0)
    wires[1]!.refuse(429, 'Retry-After: 20\r\n')
    const pauses = [ONE, TWO, THREE].map((clientIp) => stand.target('a.test', clientIp).paused)
    expect(pauses).toEqual([60_000, 60_000, 60_000])
    expect(stand.target('a.test', THREE).refusals).toBe(0)
    const count = stand.wires.length
    stand.ask({ clientIp: '192.0.2.4' })
    stand.ask({ clientIp: THREE })
    expect(stand.wires).toHaveLength(count)
    expect(wires[2]!.load).toBe(0)
    stand.ask({ host: 'b.test', clientIp: THREE })
    expect(stand.wires).toHaveLength(count + 1)
    stand.clock.advance(60_000 + TURN)
    expect(stand.wires).toHaveLength(count + 3)
    stand.finish()
  })

  it.each([
    ['a 503', 503, 0],
    ['one after the first pause', 429, 2_000],
  ])('but %s is that target’s own affair', (_, status, wait) => {
    const { stand, wires } = warmed()
    wires[0]!.refuse(status, 'Retry-After: 1\r\n')
    stand.clock.advance(wait)
    wires[1]!.refuse(status, 'Retry-After: 60\r\n')
    expect(stand.target('a.test', THREE).paused).toBe(0)
    stand.finish()
  })
})

describe('a host that only refuses', () => {
  it('fails what waits for it once that has lasted for the stall limit, and lets one more try after the pause', () => {
    const stand = new Stand({ maxConnPerTarget: 1, pacing: { stallLimit: 5_000 } })
    const wire = busy(stand)
    const waiting = stand.askMany(3)
    wire.refuse(429, 'Retry-After: 4\r\n')
    stand.clock.advance(4_000 + TURN)
    wire.refuse(429, 'Retry-After: 4\r\n')
    stand.clock.advance(1_000 + TURN)
    // The first was sent when the first pause was over, and was answered: with a refusal.
    expect(waiting.map((asked) => asked.error?.code)).toEqual([undefined, 'ERR_LIMIT', 'ERR_LIMIT'])
    const error = waiting[1]!.error as LimitError
    expect([error.limit, error.value]).toEqual(['stallLimit', 5_000])
    expect(error.message).toMatch(/only refused \(429, 503\) for 5000 ms, 2 times in a row/)
    const atOnce = stand.ask()
    expect(atOnce.error?.code).toBe('ERR_LIMIT')
    stand.clock.advance(3_000)
    const probe = stand.ask()
    expect(wire.load).toBe(1)
    wire.answer()
    expect(probe.answered).toBe(true)
    expect(stand.target().refusals).toBe(0)
    stand.finish()
  })

  it('waits for ever with a stall limit of 0', () => {
    const stand = new Stand({ maxConnPerTarget: 1, keepAliveTimeout: 0, pacing: { stallLimit: 0 } })
    const wire = busy(stand)
    stand.ask()
    for (let hour = 0; hour < 20; hour++) {
      wire.refuse(503, 'Retry-After: 300\r\n')
      stand.ask()
      stand.clock.advance(300_000 + 2 * TURN)
    }
    expect(stand.asked.filter((asked) => asked.error !== null)).toEqual([])
    expect(stand.target()).toMatchObject({ refusals: 20, requests: 21 })
    stand.finish()
  })

  it('begins a new row after a long silence', () => {
    const stand = new Stand({ maxConnPerTarget: 1, keepAliveTimeout: 0, pacing: { stallLimit: 5_000 } })
    const wire = busy(stand)
    wire.refuse(429, 'Retry-After: 1\r\n')
    stand.clock.advance(60_000)
    const [asked, next] = stand.askMany(2)
    wire.refuse(429, 'Retry-After: 1\r\n')
    expect(asked!.head?.status).toBe(429)
    expect(stand.target().refusals).toBe(1)
    stand.clock.advance(1_000 + TURN)
    wire.answer()
    expect(next!.answered).toBe(true)
    stand.finish()
  })
})
