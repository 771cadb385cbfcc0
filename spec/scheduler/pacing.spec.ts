import { describe, expect, it } from 'vitest'
import type { ClosedError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { Asked } from './asked.ts'
import type { HandWire } from './hand-network.ts'
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

/** When each of these was sent, ms after `from`. */
function sentAt(all: readonly Asked[], from: number): number[] {
  return all.map((asked) => asked.x.flight!.sentAt - from)
}

/** One connection, proven, and one request in flight on it. */
function busy(stand: Stand, host = 'a.test'): HandWire {
  const wire = stand.warm(host)
  stand.ask({ host })
  return wire
}

describe('a gap between starts', () => {
  it('is kept, whatever else is free, and no connection is dialled early', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000 } })
    const from = stand.clock.now()
    const all = stand.askMany(4)
    expect(stand.wires).toHaveLength(1)
    serveFor(stand, 3_200)
    expect(all.every((asked) => asked.answered)).toBe(true)
    for (const [place, at] of sentAt(all, from).entries()) {
      expect(at).toBeGreaterThanOrEqual(1_000 * place)
      expect(at).toBeLessThanOrEqual((1_000 + 2 * TURN) * place)
    }
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('counts from the start, not from the answer: a slow server gets a second connection', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000 } })
    stand.askMany(2)
    stand.wires[0]!.open()
    stand.clock.advance(900)
    expect(stand.wires).toHaveLength(1)
    stand.clock.advance(150)
    expect(stand.wires).toHaveLength(2)
    expect(stand.wires[1]!.open().load).toBe(1)
    stand.finish()
  })

  it('is drawn anew each time with jitter, from both sides of it', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000, jitter: 0.5 } })
    const draws = [0, 0.999, 0.5]
    stand.clock.chance = () => draws.shift() ?? 0.5
    const from = stand.clock.now()
    const all = stand.askMany(4)
    serveFor(stand, 3_200)
    const [, first, second, third] = sentAt(all, from)
    expect(first).toBeGreaterThanOrEqual(500)
    expect(first).toBeLessThan(550)
    expect(second! - first!).toBeGreaterThanOrEqual(1_499)
    expect(third! - second!).toBeGreaterThanOrEqual(1_000)
    stand.finish()
  })

  it('holds for what is sent again, too', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000 } })
    const wire = stand.warm()
    stand.clock.advance(1_000)
    const asked = stand.ask()
    const first = stand.clock.now()
    wire.fail('reset')
    expect(stand.wires).toHaveLength(1)
    stand.clock.advance(1_000 + TURN)
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    expect(asked.x.flight!.sentAt - first).toBeGreaterThanOrEqual(1_000)
    stand.finish()
  })

  it('holds for dials that fail: a server that refuses connections is not asked faster', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000 } })
    stand.askMany(3)
    stand.wires[0]!.fail('refused')
    expect(stand.wires).toHaveLength(1)
    stand.clock.advance(1_000 + TURN)
    expect(stand.wires).toHaveLength(2)
    stand.finish()
  })

  it('lasts when the pool is gone meanwhile', () => {
    const stand = new Stand({ pacing: { minInterval: 1_000 } })
    stand.ask()
    stand.wires[0]!.open().answer('Connection: close\r\n')
    expect(stand.target().connections).toBe(0)
    stand.ask()
    expect([stand.pools, stand.wires.length]).toEqual([2, 1])
    stand.clock.advance(1_000 + TURN)
    expect(stand.wires).toHaveLength(2)
    stand.finish()
  })

  it('is that of the host’s pattern', () => {
    const stand = new Stand({ maxConnPerTarget: 3 }, { '*.slow.test': { pacing: { minInterval: 1_000 } } })
    stand.askMany(3, { host: 'x.slow.test' })
    stand.askMany(3, { host: 'slow.test' })
    expect(stand.wires.map((wire) => wire.options.host).toSorted()).toEqual([
      'slow.test',
      'slow.test',
      'slow.test',
      'x.slow.test',
    ])
    expect(stand.target('x.slow.test').delay).toBe(1_000)
    stand.finish()
  })

  it('keeps the process alive while it lasts, and a queueTimeout ends the wait in it', () => {
    const stand = new Stand({ pacing: { minInterval: 10_000 } })
    stand.warm()
    expect(stand.clock.holds).toBe(0)
    const asked = stand.ask({ queueTimeout: 300 })
    expect(stand.clock.holds).toBe(1)
    stand.clock.advance(330)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_QUEUE')
    expect(stand.clock.holds).toBe(0)
    const other = stand.ask()
    expect(stand.clock.holds).toBe(1)
    other.cancel()
    stand.turn()
    expect(stand.clock.holds).toBe(0)
    stand.finish()
  })
})

describe('requests per interval', () => {
  it('go in bursts, and never more of them in any interval', () => {
    const stand = new Stand({ maxConnPerTarget: 2, pacing: { requestsPerInterval: 3, interval: 500 } })
    const from = stand.clock.now()
    const all = stand.askMany(8)
    serveFor(stand, 1_100)
    const times = sentAt(all, from)
    expect(times.slice(0, 3)).toEqual([0, 0, 0])
    for (let at = 3; at < 8; at++) expect(times[at]! - times[at - 3]!).toBeGreaterThanOrEqual(500)
    expect(times[7]).toBeLessThan(1_100)
    stand.finish()
  })

  it('dial no more than may start', () => {
    const stand = new Stand({ pacing: { requestsPerInterval: 2 } })
    stand.askMany(6)
    expect(stand.wires).toHaveLength(2)
    stand.finish()
  })
})

describe('AutoThrottle', () => {
  it('follows the latency of the answers', () => {
    const stand = new Stand({ pacing: { autoThrottle: { startDelay: 1_000 } } })
    const wire = busy(stand)
    // The first answer took no time.
    expect(stand.target().delay).toBe(500)
    stand.clock.advance(500 + TURN)
    expect(wire.load).toBe(1)
    const { sentAt: since } = stand.asked[1]!.x.flight!
    stand.clock.advance(3_000)
    wire.answer()
    expect(stand.target().delay).toBe(stand.clock.now() - since)
    expect(stand.target().delay).toBeGreaterThanOrEqual(3_000)
    stand.finish()
  })

  it('takes a pipelined answer’s time from the end of the one before it', () => {
    const stand = new Stand({
      maxConnPerTarget: 1,
      maxPipelinedRequests: 2,
      pacing: { autoThrottle: { startDelay: 10, maxDelay: 10_000 } },
    })
    const wire = stand.warm()
    stand.askMany(2)
    stand.clock.advance(100)
    expect(wire.load).toBe(2)
    stand.clock.advance(900)
    wire.answer()
    const first = stand.target().delay
    expect(first).toBeGreaterThan(950)
    stand.clock.advance(200)
    wire.answer()
    // 200 ms after the first, though its request was sent 1,100 ms ago.
    expect(stand.target().delay).toBe((first + 200) / 2)
    stand.finish()
  })

  it('is not made faster by an error page', () => {
    const stand = new Stand({ pacing: { autoThrottle: true } })
    stand.ask()
    stand.wires[0]!.open().refuse(404)
    expect(stand.target().delay).toBe(LIMITS.throttleStart)
    stand.finish()
  })
})

describe('a pause after 429 or 503', () => {
  it('lasts as long as Retry-After says, for that target alone; all leave in order after it', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const wire = busy(stand)
    const later = stand.askMany(3)
    wire.refuse(503, 'Retry-After: 7\r\n')
    expect(stand.target()).toMatchObject({ paused: 7_000, refusals: 1, waiting: 3 })
    const other = stand.ask({ host: 'b.test' })
    stand.wires[1]!.open().answer()
    expect(other.answered).toBe(true)
    stand.clock.advance(6_990)
    expect(wire.load).toBe(0)
    const newcomer = stand.ask()
    stand.clock.advance(10 + TURN)
    stand.serve()
    expect([...later, newcomer].every((asked) => asked.answered)).toBe(true)
    expect(stand.wires[0]!.paths.slice(2)).toEqual([...later, newcomer].map((asked) => asked.x.path))
    expect(stand.target()).toMatchObject({ paused: 0, refusals: 0 })
    stand.finish()
  })

  it('holds no connection that others want', () => {
    const stand = new Stand({ maxConn: 1, keepAliveTimeout: 0 })
    const wire = busy(stand)
    stand.askMany(3)
    wire.refuse(429, 'Retry-After: 60\r\n')
    stand.ask({ host: 'b.test' })
    expect(wire.alive).toBe(false)
    const other = stand.wires[1]!.open().answer()
    expect(stand.target('b.test').requests).toBe(1)
    // And it takes the connection back when the pause is over.
    stand.clock.advance(60_000 + TURN)
    expect(other.alive).toBe(false)
    expect(stand.wires[2]!.options.host).toBe('a.test')
    stand.finish()
  })

  it('gives up its place in line, and a dial that others want', () => {
    const stand = new Stand({ maxConn: 2 })
    const wire = busy(stand)
    stand.askMany(3)
    expect(stand.dialling).toHaveLength(1)
    for (const host of ['b.test', 'c.test']) stand.ask({ host })
    expect(stand.dialling.map((each) => each.options.host)).toEqual(['a.test'])
    wire.refuse(429, 'Retry-After: 60\r\n')
    expect(stand.dialling.map((each) => each.options.host)).toEqual(['b.test', 'c.test'])
    stand.finish()
  })

  it('is given no connection that becomes free meanwhile', () => {
    const stand = new Stand({ maxConn: 2 })
    const wire = busy(stand)
    stand.ask({ host: 'c.test' })
    const other = stand.wires[1]!.open()
    stand.askMany(3)
    wire.refuse(429, 'Retry-After: 60\r\n')
    other.fin()
    expect(stand.wires.slice(2).map((each) => each.options.host)).not.toContain('a.test')
    stand.finish()
  })

  it('is one for a burst: what was sent before it began counts for nothing, but its Retry-After holds', () => {
    const stand = new Stand({ maxConnPerTarget: 3, maxPipelinedRequests: 2 })
    const wires = stand.warmMany(3)
    stand.askMany(6)
    expect(wires.map((wire) => wire.load)).toEqual([2, 2, 2])
    stand.clock.advance(10)
    wires[0]!.refuse(429, 'Retry-After: 2\r\n')
    stand.clock.advance(500)
    wires[0]!.refuse(429, 'Retry-After: 4\r\n')
    wires[1]!.refuse(429)
    expect(stand.target()).toMatchObject({ paused: 4_000, refusals: 1 })
    stand.clock.advance(4_100)
    // It is over, and the stragglers are still of that burst.
    wires[2]!.refuse(429, '', 2)
    expect(stand.target()).toMatchObject({ paused: 0, refusals: 1 })
    // A good answer to an older request says nothing of the time after the pause.
    wires[1]!.answer()
    expect(stand.target().refusals).toBe(1)
    stand.finish()
  })

  it.each(['', 'Retry-After: 0\r\n'])('without an answer to when (%j) doubles with full jitter', (field) => {
    const stand = new Stand({ maxConnPerTarget: 1, keepAliveTimeout: 0 })
    stand.clock.chance = () => 0.5
    const pauses: number[] = []
    stand.askMany(9)
    const wire = stand.wires[0]!.open()
    for (let each = 0; each < 9; each++) {
      wire.refuse(429, field)
      pauses.push(stand.target().paused)
      stand.clock.advance(pauses.at(-1)! + 2 * TURN)
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    stand.ask()
    wire.answer()
    expect(stand.target().refusals).toBe(0)
    stand.finish()
  })

  it('is no longer than maxRetryAfter', () => {
    const stand = new Stand()
    busy(stand).refuse(503, 'Retry-After: 86400\r\n')
    expect(stand.target().paused).toBe(LIMITS.maxRetryAfter)
    stand.finish()
  })

  it('does not come from other statuses', () => {
    const stand = new Stand()
    busy(stand).refuse(403, 'Retry-After: 9\r\n')
    expect(stand.target()).toMatchObject({ paused: 0, refusals: 0 })
    stand.finish()
  })

  it('is not forgotten with the pool', () => {
    const stand = new Stand()
    busy(stand).refuse(429, 'Retry-After: 9\r\nConnection: close\r\n')
    expect(stand.target()).toMatchObject({ connections: 0, paused: 9_000 })
    stand.ask()
    expect(stand.wires).toHaveLength(1)
    stand.clock.advance(9_000 + TURN)
    expect(stand.wires).toHaveLength(2)
    stand.finish()
  })
})

describe('closing', () => {
  it('waits for the end of a short pause, and fails what waits for a long one', async () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const short = busy(stand)
    const long = busy(stand, 'b.test')
    const waits = stand.ask()
    const fails = stand.ask({ host: 'b.test' })
    short.refuse(429, 'Retry-After: 5\r\n')
    long.refuse(429, 'Retry-After: 60\r\n')
    const closed = stand.scheduler.close()
    stand.turn()
    expect((fails.error as ClosedError).message).toMatch(/closing, and the server refuses for 60000 ms more/)
    stand.clock.advance(5_000 + TURN)
    stand.serve()
    expect(waits.answered).toBe(true)
    await closed
    stand.expectNothingLeft()
  })

  it('finishes at its pace', async () => {
    const stand = new Stand({ pacing: { minInterval: 20_000 } })
    const all = stand.askMany(3)
    const closed = stand.scheduler.close()
    stand.serve()
    for (let each = 0; each < 2; each++) {
      stand.clock.advance(20_000 + TURN)
      stand.serve()
    }
    await closed
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.expectNothingLeft()
  })
})
