import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import type { Asked } from './asked.ts'
import { Stand } from './stand.ts'

const TURN = LIMITS.timerGranularity

/** Lets time pass in small steps; dials open and requests are answered at once. */
function serveFor(stand: Stand, ms: number): void {
  const end = stand.clock.now() + ms
  stand.serve()
  while (stand.clock.now() < end) {
    stand.clock.advance(5)
    stand.serve()
  }
}

function sentAt(all: readonly Asked[]): number[] {
  return all.flatMap(({ x }) => (x.flight === null ? [] : [x.flight.sentAt]))
}

function expectNoMore(all: readonly Asked[], most: number, interval: number): void {
  const times = sentAt(all).toSorted((a, b) => a - b)
  for (let at = most; at < times.length; at++) {
    expect(times[at]! - times[at - most]!).toBeGreaterThanOrEqual(interval)
  }
}

/** `count` requests to each of these, in one tick. */
function askAll(stand: Stand, hosts: readonly string[], count: number): Asked[] {
  const all = hosts.flatMap((host) => Array.from({ length: count }, () => stand.submit({ host })))
  stand.turn()
  return all
}

const HOSTS = ['a.test', 'b.test', 'c.test', 'd.test']

describe('the pace of all targets', () => {
  it('is a gap between any two starts, and nobody dials before its turn', () => {
    const stand = new Stand({ totalPacing: { minInterval: 100 } })
    const all = askAll(stand, HOSTS, 2)
    expect(stand.wires).toHaveLength(1)
    expect(stand.scheduler.stats().paced).toBe(4)
    serveFor(stand, 900)
    expect(all.every((asked) => asked.answered)).toBe(true)
    expectNoMore(all, 1, 100)
    expect(Math.max(...sentAt(all)) - Math.min(...sentAt(all))).toBeLessThan(7 * (100 + 2 * TURN))
    expect(stand.scheduler.stats().paced).toBe(0)
    stand.finish()
  })

  it('is so many starts in any interval', () => {
    const stand = new Stand({ totalPacing: { requestsPerInterval: 5, interval: 200 } })
    const all = askAll(stand, HOSTS, 10)
    expect(stand.dialling).toHaveLength(5)
    serveFor(stand, 1_600)
    expect(all.every((asked) => asked.answered)).toBe(true)
    expectNoMore(all, 5, 200)
    stand.finish()
  })

  it('goes round: a target with thousands that wait takes no more turns than one with few', () => {
    const stand = new Stand({ totalPacing: { requestsPerInterval: 4, interval: 100 } })
    const many = stand.askMany(2_000, { host: 'a.test' })
    const few = ['b.test', 'c.test', 'd.test'].map((host) => stand.askMany(10, { host }))
    serveFor(stand, 1_300)
    for (const all of few) expect(all.every((asked) => asked.answered)).toBe(true)
    const served = many.filter((asked) => asked.answered).length
    expect(served).toBeGreaterThanOrEqual(10)
    expect(served).toBeLessThanOrEqual(30)
    expectNoMore([...many, ...few.flat()], 4, 100)
    stand.finish()
  })

  it('holds beside the target’s own, and one that waits for that takes no turn', () => {
    const stand = new Stand(
      { totalPacing: { minInterval: 50 } },
      { 'slow.test': { pacing: { minInterval: 1_000 } } },
    )
    const slow = stand.askMany(3, { host: 'slow.test' })
    const quick = stand.askMany(20, { host: 'quick.test' })
    serveFor(stand, 1_500)
    expectNoMore(slow, 1, 1_000)
    expectNoMore([...slow, ...quick], 1, 50)
    expect(quick.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('goes on while a dial hangs, and counts when its connection comes', () => {
    const stand = new Stand({ totalPacing: { minInterval: 100 } })
    const hung = stand.ask({ host: 'hung.test' })
    const all = askAll(stand, HOSTS, 1)
    for (let at = 1; at <= 4; at++) {
      stand.clock.advance(100 + 2 * TURN)
      for (const wire of stand.dialling) if (wire.options.host !== 'hung.test') wire.open().answer()
    }
    expect(all.every((asked) => asked.answered)).toBe(true)
    // A turn that has come, and a start just before it: it waits for the gap with its connection.
    const more = stand.ask({ host: 'a.test' })
    stand.clock.advance(100 + 2 * TURN)
    expect(more.x.flight).not.toBeNull()
    stand.wires[0]!.open()
    stand.turn()
    expect(hung.x.flight).toBeNull()
    expect(stand.scheduler.stats().paced).toBe(1)
    stand.clock.advance(100 + 2 * TURN)
    expectNoMore([...all, more, hung], 1, 100)
    expect(hung.x.flight).not.toBeNull()
    stand.finish()
  })

  it('counts a dial that fails, and gives the turn to the next', () => {
    const stand = new Stand({ totalPacing: { minInterval: 100 } })
    const [refused] = askAll(stand, ['a.test', 'b.test'], 1)
    stand.wires[0]!.fail('refused')
    expect(refused!.error).not.toBeNull()
    expect(stand.wires).toHaveLength(1)
    stand.clock.advance(100 + 2 * TURN)
    expect(stand.wires[1]!.options.host).toBe('b.test')
    stand.finish()
  })

  it('lets what is cancelled go at once, and its target leave the line', () => {
    const stand = new Stand({ totalPacing: { minInterval: 100 } })
    stand.warm('z.test')
    const all = askAll(stand, HOSTS, 1)
    expect(stand.scheduler.stats().paced).toBe(4)
    expect(stand.clock.holds).toBe(1)
    all[0]!.cancel()
    stand.turn()
    expect(stand.scheduler.stats().paced).toBe(3)
    for (const asked of all.slice(1)) asked.cancel()
    stand.turn()
    expect(stand.scheduler.stats().paced).toBe(0)
    expect(stand.clock.holds).toBe(0)
    stand.finish()
  })

  it('is kept by a client that closes', async () => {
    const stand = new Stand({ totalPacing: { minInterval: 100 } })
    const all = askAll(stand, HOSTS, 1)
    let closed = false
    void stand.scheduler.close().then(() => (closed = true))
    serveFor(stand, 500)
    await stand.settle()
    expect(closed).toBe(true)
    expectNoMore(all, 1, 100)
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('works with connections out of a small maxConn: a turn waits in line for one', () => {
    const stand = new Stand({ maxConn: 1, totalPacing: { requestsPerInterval: 3, interval: 100 } })
    const all = askAll(stand, HOSTS, 3)
    serveFor(stand, 1_000)
    expect(all.every((asked) => asked.answered)).toBe(true)
    expectNoMore(all, 3, 100)
    stand.finish()
  })

  it('holds in a pipeline', () => {
    const stand = new Stand({
      maxPipelinedRequests: 8,
      maxConnPerTarget: 1,
      totalPacing: { requestsPerInterval: 3, interval: 100 },
    })
    const wire = stand.warm('a.test')
    const all = stand.askMany(8)
    stand.clock.advance(100 + 2 * TURN)
    expect(wire.load).toBeLessThanOrEqual(6)
    serveFor(stand, 400)
    expect(all.every((asked) => asked.answered)).toBe(true)
    expectNoMore(all, 3, 100)
    stand.finish()
  })
})
