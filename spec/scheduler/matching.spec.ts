import { describe, expect, it } from 'vitest'
import { LimitError } from '../../lib/core/errors.ts'
import { Stand } from './stand.ts'

describe('a waiting exchange takes', () => {
  it('an idle connection before a new one, and the one used last of several', () => {
    const stand = new Stand()
    stand.askMany(3)
    const [first, second, third] = stand.wires.map((wire) => wire.open())
    third!.answer()
    first!.answer()
    second!.answer()
    stand.ask()
    expect([first!.load, second!.load, third!.load]).toEqual([0, 1, 0])
    expect(stand.wires).toHaveLength(3)
    stand.finish()
  })

  it('a new connection before a place in a pipeline', () => {
    const stand = new Stand({ maxPipelinedRequests: 8 })
    stand.warm()
    stand.askMany(3)
    expect(stand.wires.map((wire) => wire.load)).toEqual([1, 0, 0])
    expect(stand.dialling).toHaveLength(2)
    stand.finish()
  })

  it("a place in a pipeline before a new connection with prefer: 'pipeline'", () => {
    const stand = new Stand({ maxPipelinedRequests: 3, prefer: 'pipeline' })
    const wire = stand.warm()
    stand.askMany(5)
    expect(wire.load).toBe(3)
    expect(stand.dialling).toHaveLength(2)
    stand.finish()
  })

  it('the connection with the fewest in flight of those with room', () => {
    const stand = new Stand({ maxPipelinedRequests: 3, maxConnPerTarget: 3 })
    stand.warmMany(3)
    stand.askMany(6)
    expect(stand.wires.map((wire) => wire.load)).toEqual([2, 2, 2])
    stand.wires[1]!.answer()
    stand.ask()
    expect(stand.wires.map((wire) => wire.load)).toEqual([2, 2, 2])
    stand.finish()
  })

  it('whatever is free first: the dial it caused belongs to nobody', () => {
    const stand = new Stand({ maxConnPerTarget: 2 })
    stand.ask()
    const wire = stand.wires[0]!.open()
    const late = stand.ask()
    expect(stand.dialling).toHaveLength(1)
    wire.answer()
    expect(wire.paths).toContain(late.x.path)
    const next = stand.ask()
    stand.wires[1]!.open()
    expect(stand.wires[1]!.paths).toEqual([next.x.path])
    stand.finish()
  })

  it('a connection of its own target only', () => {
    const stand = new Stand()
    const wire = stand.warm('a.test')
    stand.ask({ host: 'b.test' })
    expect(wire.paths).toHaveLength(1)
    expect(stand.dialling[0]!.options.host).toBe('b.test')
    stand.finish()
  })
})

describe('limits', () => {
  it('dials no more than maxConnPerTarget, and than there are exchanges', () => {
    const stand = new Stand({ maxConnPerTarget: 4 })
    stand.askMany(3)
    expect(stand.wires).toHaveLength(3)
    stand.askMany(20)
    expect(stand.wires).toHaveLength(4)
    stand.serve()
    expect(stand.wires).toHaveLength(4)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('counts dials under way in maxConn', () => {
    const stand = new Stand({ maxConn: 5, maxConnPerTarget: 3 })
    for (const host of ['a.test', 'b.test', 'c.test']) stand.askMany(10, { host })
    expect(stand.wires.map((wire) => wire.options.host[0]).join('')).toBe('aaabb')
    stand.serve()
    expect(stand.network.maxOpen).toBe(5)
    stand.finish()
  })

  it('refuses what would wait beyond maxQueued, and takes more once there is room', () => {
    const stand = new Stand({ maxQueued: 3, maxConnPerTarget: 1 })
    stand.askMany(3)
    expect(() => stand.submit()).toThrow(LimitError)
    expect(() => stand.submit({ host: 'b.test' })).toThrow(/maxQueued = 3/)
    stand.wires[0]!.open()
    expect(stand.scheduler.stats().waiting).toBe(2)
    stand.ask()
    expect(() => stand.submit()).toThrow(LimitError)
    stand.asked[2]!.cancel()
    stand.ask()
    expect(stand.scheduler.stats().waiting).toBe(3)
    stand.finish()
  })
})

describe('order', () => {
  it('is that of coming, within a priority', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const priorities = [0, 0, 5, -5, 5, 0, 10, -10]
    for (const priority of priorities) stand.submit({ priority })
    stand.turn()
    stand.serve()
    expect(stand.wires[0]!.paths).toEqual(['/6', '/2', '/4', '/0', '/1', '/5', '/3', '/7'])
    stand.finish()
  })

  it('is kept by those that are sent again: before whoever came after them', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    stand.askMany(6)
    expect(wire.load).toBe(4)
    wire.answer('Connection: close\r\n')
    stand.serve()
    expect(stand.wires[1]!.paths).toEqual(['/2', '/3', '/4', '/5', '/6'])
    stand.finish()
  })

  it('no newcomer overtakes, not even one that could be pipelined', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    stand.ask()
    stand.ask({ method: 'POST' })
    stand.ask()
    expect(wire.paths).toEqual(['/0', '/1'])
    wire.answer()
    expect(wire.paths).toEqual(['/0', '/1', '/2'])
    wire.answer()
    expect(wire.paths).toEqual(['/0', '/1', '/2', '/3'])
    stand.finish()
  })
})

describe('once a tick', () => {
  it('nothing is dialled or written before the tick ends', () => {
    const stand = new Stand()
    stand.submit()
    expect(stand.wires).toHaveLength(0)
    stand.turn()
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('what a pipeline takes is written in one piece', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 8 })
    const wire = stand.warm()
    const before = wire.writes
    stand.askMany(8)
    expect(wire.load).toBe(8)
    expect(wire.writes).toBe(before + 1)
    stand.askMany(8)
    wire.answer('', 8)
    expect(wire.writes).toBe(before + 2)
    expect(stand.asked.slice(0, 9).every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('a request that an answer brings about is part of the same tick', () => {
    const stand = new Stand({ maxConn: 1 })
    const first = stand.ask()
    const other = 'b.test'
    first.onSettled = () => stand.submit()
    const wire = stand.wires[0]!.open().answer()
    expect(wire.load).toBe(1)
    stand.ask({ host: other })
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })
})

describe('a pool', () => {
  it('is dropped when it is empty, and what it knew is kept', () => {
    const stand = new Stand({ keepAliveTimeout: 1_000 })
    stand.warm()
    stand.clock.advance(1_100)
    expect(stand.network.open).toBe(0)
    expect(stand.target()).toMatchObject({ connections: 0, requests: 1, dialled: 1 })
    stand.ask()
    expect(stand.pools).toBe(2)
    stand.serve()
    expect(stand.target()).toMatchObject({ requests: 2, dialled: 2, reused: 0 })
    stand.finish()
  })

  it.each<[string, (stand: Stand) => void]>([
    ['its only exchange is cancelled before the tick', (stand) => stand.submit().cancel()],
    [
      'its only dial fails',
      (stand) => {
        stand.ask()
        stand.wires[0]!.fail('refused')
      },
    ],
    [
      'its only exchange waited too long',
      (stand) => {
        stand.ask({ queueTimeout: 100, connectTimeout: 200 })
        stand.clock.advance(300)
      },
    ],
    ['its last connection is closed', (stand) => stand.warm().fin()],
    [
      'its dial pause ends with nobody waiting',
      (stand) => {
        const wire = stand.warm()
        stand.askMany(2)
        stand.wires[1]!.fail('refused')
        wire.answer().answer().fin()
      },
    ],
  ])('is dropped, with its timers, when %s', (_, prepare) => {
    const stand = new Stand()
    prepare(stand)
    stand.turn()
    expect(stand.clock.pending).toBe(0)
    const before = stand.pools
    stand.ask()
    expect(stand.pools).toBe(before + 1)
    stand.finish()
  })

  it('counts what was sent, answered, reused and failed', () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.ask()
    wire.answer()
    stand.ask({ host: 'b.test' })
    stand.wires[1]!.fail('refused')
    const { requests, reused, dialled, errors, bytes, inFlight } = stand.scheduler.stats()
    expect({ requests, reused, dialled, errors, inFlight }).toEqual({
      requests: 2,
      reused: 1,
      dialled: 2,
      errors: 2,
      inFlight: 0,
    })
    expect(bytes).toBe(2 * 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/0'.length)
    stand.finish()
  })
})
