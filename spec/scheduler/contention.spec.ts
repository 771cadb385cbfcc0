import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { Stand } from './stand.ts'

/** Opens what is dialled and answers one request on each connection, until nothing is left. */
function serveFairly(stand: Stand): void {
  for (let round = 0; round < 100_000; round++) {
    const alive = stand.wires.filter(
      (wire) => wire.state === 'dialling' || (wire.state === 'open' && wire.load > 0),
    )
    if (alive.length === 0) return
    for (const wire of alive) {
      if (wire.state === 'dialling') wire.open()
      else if (wire.state === 'open' && wire.load > 0) wire.answer()
    }
  }
  throw new Error('it does not come to an end')
}

describe('when maxConn is contended', () => {
  it('1,000 targets share 32 connections: all finish, and none waits for long', () => {
    const stand = new Stand({ maxConn: 32 })
    for (let host = 0; host < 1_000; host++) {
      for (let each = 0; each < 3; each++) stand.submit({ host: `h${host}.test` })
    }
    stand.turn()
    serveFairly(stand)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    expect(stand.network.maxOpen).toBe(32)
    // The first tick gave all there was to the first; then everybody gets one before anybody gets a second.
    const hosts = stand.wires.map((wire) => wire.options.host)
    const first = new Set(hosts.slice(0, 32))
    const others = Array.from({ length: 1_000 - first.size }, (_, place) => `h${place + first.size}.test`)
    expect(hosts.slice(32, 32 + others.length)).toEqual(others)
    stand.finish()
  })

  it('a target that never runs dry gives its connection up after exchangesPerTurn exchanges', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.askMany(100)
    const wire = stand.wires[0]!.open().answer()
    const other = stand.ask({ host: 'b.test' })
    let answers = 0
    while (wire.alive) {
      wire.answer()
      answers++
    }
    expect(answers).toBeLessThanOrEqual(LIMITS.exchangesPerTurn + 1)
    expect(stand.wires[1]!.options.host).toBe('b.test')
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    // And the first one goes on.
    expect(stand.wires[2]!.options.host).toBe('a.test')
    serveFairly(stand)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('two targets that never run dry take turns', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.askMany(64)
    stand.askMany(64, { host: 'b.test' })
    serveFairly(stand)
    const hosts = stand.wires.map((wire) => wire.options.host)
    expect(hosts).toEqual(Array.from({ length: 8 }, (_, turn) => (turn % 2 === 0 ? 'a.test' : 'b.test')))
    expect(stand.wires.map((wire) => wire.answered)).toEqual(Array.from({ length: 8 }, () => 16))
    stand.finish()
  })

  it('unequal shares even out', () => {
    const stand = new Stand({ maxConn: 8, maxConnPerTarget: 8 })
    stand.askMany(2_000)
    expect(stand.dialling).toHaveLength(8)
    stand.askMany(2_000, { host: 'b.test' })
    let least = 8
    for (let step = 0; step < 200; step++) {
      for (const wire of stand.wires.filter((each) => each.alive)) {
        if (wire.state === 'dialling') wire.open()
        else if (wire.state === 'open') wire.answer()
      }
      if (step > 150)
        least = Math.min(least, stand.target('a.test').connections, stand.target('b.test').connections)
    }
    expect(least).toBeGreaterThanOrEqual(3)
    expect(stand.network.maxOpen).toBe(8)
    stand.finish()
  })

  it('a target without a connection comes before one that wants more', () => {
    const stand = new Stand({ maxConn: 2 })
    stand.askMany(3)
    stand.ask({ host: 'b.test' })
    const [first, second] = stand.wires
    first!.open().answer('Connection: close\r\n')
    expect(stand.wires[2]!.options.host).toBe('b.test')
    expect(second!.alive).toBe(true)
    stand.finish()
  })

  it('a higher priority goes first, also before targets without a connection', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.ask()
    stand.ask({ host: 'b.test' })
    stand.ask({ host: 'c.test', priority: 3 })
    stand.ask({ host: 'd.test', priority: 7 })
    serveFairly(stand)
    expect(stand.wires.map((wire) => wire.options.host).slice(0, 4)).toEqual([
      'a.test',
      'd.test',
      'c.test',
      'b.test',
    ])
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('a target with lower priority gives its connection up at once, and finishes later', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.askMany(10)
    const urgent = stand.ask({ host: 'b.test', priority: 1 })
    const wire = stand.wires[0]!.open()
    expect(wire.alive).toBe(false)
    stand.wires[1]!.open().answer()
    expect(urgent.answered).toBe(true)
    stand.serve()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('a target takes its priority with it when the one that had it is cancelled', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.ask()
    const urgent = stand.ask({ host: 'b.test', priority: 5 })
    stand.ask({ host: 'b.test' })
    stand.ask({ host: 'c.test', priority: 1 })
    urgent.cancel()
    stand.turn()
    stand.wires[0]!.open()
    expect(stand.wires[1]!.options.host).toBe('c.test')
    stand.finish()
  })
})

describe('the line for a connection', () => {
  it('is left by a target that wants no more: nobody gives anything up for it', () => {
    const stand = new Stand({ maxConn: 2 })
    const a = stand.warm('a.test')
    const b = stand.warm('b.test')
    stand.ask({ host: 'a.test' })
    stand.askMany(2, { host: 'b.test' })
    b.answer().answer()
    a.answer()
    expect([a.alive, b.alive]).toEqual([true, true])
    stand.finish()
  })

  it('at maxConn 1, two workers on one target use one connection', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.askMany(2)
    const wire = stand.wires[0]!.open()
    for (let id = 0; id < 100; id++) {
      wire.answer()
      stand.ask()
    }
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('is given an idle connection of another target, the least recently used first', () => {
    const stand = new Stand({ maxConn: 3 })
    const wires = ['a.test', 'b.test', 'c.test'].map((host) => stand.warm(host))
    stand.ask({ host: 'a.test' })
    wires[0]!.answer()
    stand.ask({ host: 'd.test' })
    expect(wires.map((wire) => wire.alive)).toEqual([true, false, true])
    stand.finish()
  })

  it('is given an idle connection that its own target may not use at the moment', () => {
    const stand = new Stand({ maxConn: 2 })
    const old = stand.warm()
    const [busy] = stand.askMany(2)
    // Sent again after an unannounced loss, it waits for a younger connection than `old`.
    stand.wires[1]!.open().fail('reset')
    const other = stand.ask({ host: 'b.test' })
    old.answer()
    expect(busy!.answered).toBe(true)
    expect(old.alive).toBe(false)
    stand.wires[3]!.open().answer()
    expect(other.answered).toBe(true)
    stand.finish()
  })

  it('is given a dial that nobody waits for any more: after a cancel', () => {
    const stand = new Stand({ maxConn: 1 })
    stand.ask().cancel()
    stand.turn()
    expect(stand.dialling).toHaveLength(0)
    const other = stand.ask({ host: 'b.test' })
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    stand.finish()
  })

  it('is given a dial that nobody waits for any more: its exchange was served otherwise', () => {
    const stand = new Stand({ maxConn: 2 })
    const wire = stand.warm()
    stand.askMany(2)
    stand.ask({ host: 'b.test' })
    wire.answer()
    expect(stand.wires[1]!.alive).toBe(false)
    expect(stand.wires[2]!.options.host).toBe('b.test')
    stand.finish()
  })

  it('keeps a dial that nobody waits for as long as nobody wants its place', () => {
    const stand = new Stand({ maxConn: 2 })
    const busy = stand.warm()
    stand.askMany(2)
    busy.answer().answer()
    const wire = stand.wires[1]!.open()
    expect(wire.alive).toBe(true)
    stand.askMany(2)
    busy.answer()
    wire.answer()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is served after a failed dial', () => {
    const stand = new Stand({ maxConn: 1 })
    const refused = stand.ask()
    const next = stand.ask({ host: 'b.test' })
    stand.wires[0]!.fail('refused')
    expect(refused.error?.code).toBe('ERR_CONNECT_TCP')
    stand.wires[1]!.open().answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })

  it('is served after a dial that timed out', () => {
    const stand = new Stand({ maxConn: 1 })
    const late = stand.ask({ connectTimeout: 300 })
    const next = stand.ask({ host: 'b.test' })
    stand.clock.advance(400)
    expect(late.error?.code).toBe('ERR_TIMEOUT_CONNECT')
    stand.wires[1]!.open().answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })
})
