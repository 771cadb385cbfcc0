import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { wholeBody } from './asked.ts'
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

/** a.test has a connection that was read a while ago; maxConn is 1. */
function old() {
  const stand = new Stand({ maxConn: 1 })
  const wire = stand.warm('a.test')
  stand.clock.advance(LIMITS.idleCheckAge + 1)
  return { stand, wire }
}

/** A connection that was read a while ago, and a dial that goes on though nobody waits for it. */
function oldBesideDial() {
  const stand = new Stand({ keepAliveTimeout: 0 })
  const wire = stand.warm()
  stand.askMany(2, { connectTimeout: 0 })
  // Both are served by the first.
  wire.answer().answer()
  const hanging = stand.dialling[0]!
  stand.clock.advance(LIMITS.idleCheckAge + 1)
  return { stand, wire, hanging }
}

describe('an idle connection that is read once more before it is used', () => {
  it('is kept for its target, though another stands in line', () => {
    const { stand, wire } = old()
    const mine = stand.submit({ host: 'a.test' })
    const other = stand.submit({ host: 'b.test' })
    stand.turn()
    expect([wire.alive, wire.load]).toEqual([true, 1])
    wire.answer()
    expect(mine.answered).toBe(true)
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    stand.finish()
  })

  it('but not when nobody is to use it any more', () => {
    const { stand, wire } = old()
    const mine = stand.submit({ host: 'a.test' })
    const other = stand.submit({ host: 'b.test' })
    let aliveAtRead = true
    // While that read is under way.
    stand.clock.defer(() => stand.clock.defer(() => mine.cancel()))
    stand.clock.unread.push(() => {
      aliveAtRead = wire.alive
    })
    stand.turn()
    expect(aliveAtRead).toBe(false)
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    stand.finish()
  })

  it('is not used before that read, though a new one opens meanwhile', () => {
    const { stand, wire, hanging } = oldBesideDial()
    const both = [stand.submit(), stand.submit()]
    // In the turn of the loop in which the first waits to be read.
    stand.clock.defer(() =>
      stand.clock.defer(() => {
        hanging.state = 'open'
        hanging.owner.onOpen(null)
      }),
    )
    const loads: number[] = []
    stand.clock.unread.push(() => loads.push(wire.load, hanging.load))
    stand.turn()
    expect(loads).toEqual([0, 1])
    expect(wire.load).toBe(1)
    stand.serve()
    expect(both.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is not used before that read, though a new one opens in the same tick', () => {
    const { stand, wire, hanging } = oldBesideDial()
    hanging.state = 'open'
    hanging.owner.onOpen(null)
    const both = [stand.submit(), stand.submit()]
    const loads: number[] = []
    stand.clock.unread.push(() => loads.push(wire.load, hanging.load))
    stand.turn()
    expect(loads).toEqual([0, 1])
    stand.serve()
    expect(both.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is used at once while it is no older than idleCheckAge', () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.clock.advance(LIMITS.idleCheckAge)
    let load = -1
    stand.clock.unread.push(() => {
      load = wire.load
    })
    stand.clock.afterIo(() => {})
    stand.ask()
    expect(load).toBe(1)
    wire.answer()
    stand.finish()
  })
})

describe('a place that becomes free', () => {
  it('is not taken for a target whose wish is over in the same tick', () => {
    const stand = new Stand({ maxConn: 1 })
    const first = stand.ask({ host: 'a.test' })
    const wire = stand.wires[0]!.open()
    const gone = stand.ask({ host: 'b.test' })
    const next = stand.ask({ host: 'c.test' })
    first.onSettled = () => gone.cancel()
    wire.answer('Connection: close\r\n')
    expect(stand.wires.map((each) => each.options.host)).toEqual(['a.test', 'c.test'])
    stand.wires[1]!.open().answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })

  it('is made by one dial that nobody waits for, not by all of them', () => {
    const stand = new Stand({ maxConn: 4, maxConnPerTarget: 2, keepAliveTimeout: 0 })
    for (const host of ['a.test', 'b.test']) {
      const wire = stand.warm(host)
      stand.askMany(2, { host, connectTimeout: 0 })
      wire.answer()
      // Busy with the second, whose dial hangs.
      expect(wire.load).toBe(1)
    }
    const [one, two] = stand.dialling
    stand.ask({ host: 'c.test' })
    expect([one!.alive, two!.alive].filter(Boolean)).toHaveLength(1)
    expect(stand.wires.at(-1)!.options.host).toBe('c.test')
    stand.finish()
  })

  it('by a cancel, behind which somebody waits, is given to that one at once', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const [first, next] = stand.askMany(2)
    const wire = stand.wires[0]!.open()
    first!.cancel()
    stand.turn()
    expect(wire.alive).toBe(false)
    stand.wires[1]!.open().answer()
    expect(next!.answered).toBe(true)
    stand.finish()
  })

  it('is not made where there is one: an idle connection that may not be used stays', () => {
    const stand = new Stand({ maxConnPerTarget: 3 })
    const [used, broken] = stand.warmMany(2)
    const again = stand.ask()
    // The one used last took it.
    const [carrier, idle] = used!.load === 1 ? [used!, broken!] : [broken!, used!]
    carrier.fail('reset')
    expect(stand.wires).toHaveLength(3)
    expect(idle.alive).toBe(true)
    stand.wires[2]!.open().answer()
    expect(again.answered).toBe(true)
    stand.finish()
  })
})

describe('turns', () => {
  it('are counted from when another target wants a connection', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.askMany(4 * LIMITS.exchangesPerTurn)
    const wire = stand.wires[0]!.open()
    for (let i = 0; i < 2 * LIMITS.exchangesPerTurn; i++) wire.answer()
    const other = stand.ask({ host: 'b.test' })
    let more = 0
    while (wire.alive) {
      wire.answer()
      more++
    }
    expect(more).toBeGreaterThanOrEqual(LIMITS.exchangesPerTurn - 1)
    expect(more).toBeLessThanOrEqual(LIMITS.exchangesPerTurn + 1)
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    stand.finish()
  })
})

/** Closes while one waits for the end of a pause of so many seconds. */
function closedInPause(seconds: number) {
  const stand = new Stand({ maxConnPerTarget: 1, keepAliveTimeout: 0 })
  const wire = stand.warm()
  const [, waiting] = stand.askMany(2)
  // It has no connection then, whose end would have it looked at anyway.
  wire.refuse(503, `Connection: close\r\nRetry-After: ${seconds}\r\n`)
  void stand.scheduler.close()
  stand.turn()
  return { stand, waiting: waiting! }
}

describe('close()', () => {
  it('reaches every connection of a target, also behind those that go at once', () => {
    const stand = new Stand({ maxConnPerTarget: 3 })
    stand.warmMany(3)
    const reading = stand.ask({ streamed: true })
    const busy = stand.wires.find((wire) => wire.load === 1)!
    reading.takes = false
    busy.data('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    void stand.scheduler.close()
    expect(reading.closingHeard).toBe(1)
    expect(stand.openWires).toEqual([busy])
    stand.turn()
    reading.cancel()
    stand.turn()
    stand.expectNothingLeft()
  })

  it('ends a dial that nobody waits for at once, and asks the reader of the connection beside it', () => {
    const stand = new Stand()
    const wire = stand.warm()
    const [, reading] = stand.askMany(2, { streamed: true, connectTimeout: 0 })
    wire.answer()
    reading!.takes = false
    wire.data('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    const [hanging] = stand.dialling
    void stand.scheduler.close()
    expect(hanging!.alive).toBe(false)
    expect(reading!.closingHeard).toBe(1)
    reading!.cancel()
    stand.turn()
    stand.expectNothingLeft()
  })

  it('fails what waits for the end of a long pause, at once', () => {
    const { stand, waiting } = closedInPause(LIMITS.closingPause / 1_000 + 1)
    expect(waiting.error?.code).toBe('ERR_CLOSED')
    stand.expectNothingLeft()
  })

  it('waits for the end of a short one', () => {
    const { stand, waiting } = closedInPause(LIMITS.closingPause / 1_000)
    expect(waiting.done).toBe(false)
    stand.clock.advance(LIMITS.closingPause + 2 * TURN)
    stand.serve()
    expect(waiting.answered).toBe(true)
    stand.expectNothingLeft()
  })
})

it('a body that was transferred away says so', () => {
  const stand = new Stand()
  const body = wholeBody('abc')
  const bytes = new Uint8Array([1, 2, 3])
  const asked = stand.submit({ method: 'PUT', body: { ...body, bytes } })
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  stand.turn()
  stand.wires[0]!.open()
  expect(asked.error?.message).toContain("the body's ArrayBuffer was transferred before it was sent")
  stand.finish()
})
