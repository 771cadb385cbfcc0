import { describe, expect, it } from 'vitest'
import { ConnectError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Stand } from './stand.ts'

describe('a failed dial', () => {
  it('fails whoever waits longest, with what the network says, and wakes the next', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const all = stand.askMany(3)
    const error = new ConnectError('dns', 'getaddrinfo ENOTFOUND a.test')
    stand.wires[0]!.fail('', error)
    expect(all.map((asked) => asked.error)).toEqual([error, null, null])
    expect(stand.wires).toHaveLength(2)
    stand.wires[1]!.fail('EMFILE')
    expect(all[1]!.error?.code).toBe('ERR_CONNECT_TCP')
    expect(all[1]!.error?.message).toContain('EMFILE')
    stand.wires[2]!.open().answer()
    expect(all[2]!.answered).toBe(true)
    stand.finish()
  })

  it('fails one exchange each, while all dials fail', () => {
    const stand = new Stand({ maxConnPerTarget: 5 })
    const all = stand.askMany(50)
    for (let dials = 0; dials < 50; dials++) {
      expect(all.filter((asked) => asked.done)).toHaveLength(dials)
      stand.dialling[0]!.fail('refused')
    }
    expect(all.every((asked) => asked.error?.code === 'ERR_CONNECT_TCP')).toBe(true)
    expect(new Set(all.map((asked) => asked.error)).size).toBe(50)
    stand.finish()
  })

  it('fails nobody while another connection is open, and the next dial comes after dialPause', () => {
    const stand = new Stand({ maxConnPerTarget: 3 })
    const wire = stand.warm()
    const all = stand.askMany(3, { replyTimeout: 0 })
    expect(stand.dialling).toHaveLength(2)
    stand.wires[1]!.fail('refused')
    stand.wires[2]!.fail('refused')
    expect(all.some((asked) => asked.done)).toBe(false)
    expect(stand.wires).toHaveLength(3)
    stand.clock.advance(LIMITS.dialPause - 10)
    expect(stand.wires).toHaveLength(3)
    stand.clock.advance(2 * LIMITS.timerGranularity + 10)
    expect(stand.dialling).toHaveLength(2)
    wire.answer().answer().answer()
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is no reason to wait when the other connection goes', () => {
    const stand = new Stand()
    const wire = stand.warm()
    const all = stand.askMany(2)
    stand.wires[1]!.fail('refused')
    expect(stand.wires).toHaveLength(2)
    wire.answer('Connection: close\r\n')
    expect(stand.wires).toHaveLength(3)
    stand.wires[2]!.open().answer()
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('does not count other dials as open connections', () => {
    const stand = new Stand({ maxConnPerTarget: 3 })
    const all = stand.askMany(3)
    stand.wires[0]!.fail('refused')
    expect(all.filter((asked) => asked.done)).toHaveLength(1)
    stand.finish()
  })

  it('with nobody waiting any more hurts nobody', () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.askMany(2)
    wire.answer().answer()
    stand.wires[1]!.fail('refused')
    expect(stand.scheduler.stats()).toMatchObject({ errors: 1, connections: 1 })
    stand.finish()
  })

  it('is not inherited by whoever comes after a cancel: that one dials anew', () => {
    const stand = new Stand()
    stand.ask().cancel()
    stand.turn()
    expect(stand.wires[0]!.alive).toBe(false)
    const next = stand.ask()
    stand.wires[1]!.open().answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })

  it('gives its place in maxConn to a pool that is not pausing', () => {
    const stand = new Stand({ maxConn: 2 })
    const wire = stand.warm('a.test')
    stand.askMany(2, { host: 'a.test' })
    const other = stand.ask({ host: 'b.test' })
    stand.wires[1]!.fail('refused')
    expect(stand.wires[2]!.options.host).toBe('b.test')
    stand.wires[2]!.open().answer()
    expect(other.answered).toBe(true)
    expect(wire.alive).toBe(true)
    stand.finish()
  })
})

describe('connectTimeout', () => {
  it('ends a dial that hangs, and is told to whoever waits longest', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const all = stand.askMany(2, { connectTimeout: 300 })
    stand.clock.advance(290)
    expect(all[0]!.done).toBe(false)
    stand.clock.advance(40)
    expect(all.map((asked) => asked.error?.code)).toEqual(['ERR_TIMEOUT_CONNECT', undefined])
    expect(stand.wires[0]!.state).toBe('destroyed')
    stand.clock.advance(330)
    expect(all[1]!.error?.code).toBe('ERR_TIMEOUT_CONNECT')
    stand.finish()
  })

  it('fails nobody while another connection is open', () => {
    const stand = new Stand()
    const wire = stand.warm()
    const all = stand.askMany(2, { connectTimeout: 300, replyTimeout: 0 })
    stand.clock.advance(400)
    expect(stand.wires[1]!.alive).toBe(false)
    expect(all.some((asked) => asked.done)).toBe(false)
    wire.answer().answer()
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('0 waits for as long as it takes', () => {
    const stand = new Stand()
    const asked = stand.ask({ connectTimeout: 0 })
    stand.clock.advance(3_600_000)
    stand.wires[0]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })
})
