import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { mapSteps } from '../map-steps.ts'
import type { Asked } from './asked.ts'
import { Stand } from './stand.ts'
import { StepCounter } from './step-counter.ts'

const ONE = { maxConnPerTarget: 1, maxConn: 1 }
const WIDE = { maxConnPerTarget: 20_000, maxConn: 20_000, keepAliveTimeout: 0 }

/** One pool with so many exchanges waiting; their links are counted. */
function fill(counter: StepCounter, size: number): { stand: Stand; all: Asked[] } {
  const stand = new Stand(ONE)
  const all = stand.askMany(size, { queueTimeout: 60_000 })
  for (const asked of all) counter.watch(asked.x)
  return { stand, all }
}

function takeNext(counter: StepCounter, size: number): number {
  const { stand } = fill(counter, size)
  const wire = stand.wires[0]!.open()
  return counter.count(() => wire.answer())
}

function comeAndCancel(counter: StepCounter, size: number): number {
  const { stand, all } = fill(counter, size)
  return counter.count(() => {
    for (const priority of [0, 1, -1]) stand.ask({ priority })
    all[size / 2]!.cancel()
    stand.turn()
  })
}

function failDial(counter: StepCounter, size: number): number {
  const { stand } = fill(counter, size)
  return counter.count(() => stand.wires[0]!.fail('refused'))
}

function nextInLine(counter: StepCounter, size: number): number {
  const stand = new Stand(ONE)
  for (let host = 0; host < size; host++) stand.submit({ host: `h${host}.test` })
  stand.turn()
  for (const asked of stand.asked) {
    counter.watch(asked.x.holder as unknown as { next: unknown; previous: unknown })
  }
  const wire = stand.wires[0]!.open()
  return counter.count(() => wire.answer())
}

function useIdle(counter: StepCounter, size: number): number {
  const stand = new Stand(WIDE)
  stand.warmMany(size)
  return counter.count(() => {
    stand.ask()
    stand.clock.block(100)
    stand.ask()
  })
}

function answerOne(counter: StepCounter, size: number): number {
  const stand = new Stand(WIDE)
  const wires = stand.warmMany(size)
  stand.askMany(size)
  stand.ask()
  return counter.count(() => wires[size / 2]!.answer())
}

function startAtPace(counter: StepCounter, size: number): number {
  const stand = new Stand({ ...ONE, keepAliveTimeout: 0, pacing: { minInterval: 1_000 } })
  const all = stand.askMany(size)
  for (const asked of all) counter.watch(asked.x)
  const wire = stand.wires[0]!.open().answer()
  return counter.count(() => {
    stand.clock.advance(1_020)
    wire.refuse(429, 'Retry-After: 2\r\n')
    stand.clock.advance(2_020)
    wire.answer()
  })
}

function nextTurn(counter: StepCounter, size: number): number {
  const stand = new Stand({ totalPacing: { minInterval: 1_000 }, keepAliveTimeout: 0 })
  for (let host = 0; host < size; host++) stand.submit({ host: `h${host}.test` })
  stand.turn()
  const first = stand.wires[0]!.open()
  return counter.count(() => {
    first.answer()
    stand.clock.advance(1_020)
    stand.wires[1]!.open().answer()
    stand.asked[size - 1]!.cancel()
    stand.turn()
  })
}

function visitTargets(counter: StepCounter, size: number): number {
  const stand = new Stand(ONE)
  for (let host = 0; host < size; host++) stand.submit({ host: `busy${host}.test`, priority: -1 })
  stand.turn()
  let host = 0
  const visit = (): void => {
    stand.ask({ host: `h${host++}.test` })
    // The connection is dialled for one of the busy targets, and given up for a higher priority.
    stand.wires.at(-1)!.open()
    stand.wires.at(-1)!.open().answer('Connection: close\r\n')
  }
  for (let times = 0; times < LIMITS.maxRememberedTargets + 10; times++) visit()
  return counter.count(() => {
    for (let times = 0; times < 50; times++) visit()
  })
}

describe('the cost of a dispatch, in steps, does not grow with', () => {
  it.each([
    ['the exchanges that wait: taking the next one', 50_000, takeNext],
    ['the exchanges that wait: some more, and cancelling in the middle', 50_000, comeAndCancel],
    ['the exchanges that wait: a failed dial', 50_000, failDial],
    ['the exchanges that wait: starts at a pace, and a pause', 50_000, startAtPace],
    ['the targets that stand in line', 20_000, nextInLine],
    ['the targets that wait for the pace of all', 20_000, nextTurn],
    ['the idle connections', 10_000, useIdle],
    ['the connections in use', 10_000, answerOne],
    ['the targets in use, when those that are remembered are at their limit', 2_000, visitTargets],
  ])(
    '%s',
    (_, many, steps) => {
      const few = steps(new StepCounter(), 1_000)
      expect(few).toBeGreaterThan(0)
      expect(steps(new StepCounter(), many)).toBe(few)
      // Seconds on a machine that is busy.
    },
    60_000,
  )
})

describe('what is remembered of targets that are not in use', () => {
  it('is bounded, whatever is in use, and the least recently used goes first', () => {
    const stand = new Stand({ maxConn: 2_000, keepAliveTimeout: 0 })
    const visit = (host: string): void => {
      stand.ask({ host })
      stand.wires.at(-1)!.open().answer('Connection: close\r\n')
    }
    for (let host = 0; host < 1_000; host++) stand.ask({ host: `busy${host}.test` })
    for (let host = 0; host < LIMITS.maxRememberedTargets + 500; host++) visit(`h${host}.test`)
    const names = new Set(stand.scheduler.stats().targets.map((each) => each.target))
    expect(names.size).toBeLessThanOrEqual(1_000 + LIMITS.maxRememberedTargets + 1)
    expect([names.has('http://h100.test'), names.has('http://h600.test')]).toEqual([false, true])
    expect(names.has('http://busy0.test')).toBe(true)
    stand.finish()
  })

  // The first key of a Map lies behind all that were deleted since the table was made: 49 us at 10,000 targets.
  it('is forgotten without a look through a Map', () => {
    const stand = new Stand({ ...ONE, keepAliveTimeout: 0 })
    let host = 0
    const visit = (): void => {
      stand.ask({ host: `h${host++}.test` })
      stand.wires.at(-1)!.open().answer('Connection: close\r\n')
    }
    visit()
    const first = mapSteps(visit)
    while (host < LIMITS.maxRememberedTargets + 10) visit()
    expect(mapSteps(visit)).toBe(first)
    const { targets } = stand.scheduler.stats()
    expect([targets.length, targets[0]!.target]).toEqual([LIMITS.maxRememberedTargets, 'http://h11.test'])
  })

  it('begins its time when the pool is gone, however long that was in use', () => {
    const stand = new Stand({ maxConn: 2, keepAliveTimeout: 0 })
    stand.ask({ host: 'old.test' })
    const old = stand.wires.at(-1)!.open()
    const visit = (host: string): void => {
      stand.ask({ host })
      stand.wires.at(-1)!.open().answer('Connection: close\r\n')
    }
    for (let n = 0; n < LIMITS.maxRememberedTargets; n++) visit(`h${n}.test`)
    old.answer('Connection: close\r\n')
    visit('one-more.test')
    const names = new Set(stand.scheduler.stats().targets.map((each) => each.target))
    expect([names.size, names.has('http://old.test')]).toEqual([LIMITS.maxRememberedTargets, true])
    expect([names.has('http://h1.test'), names.has('http://h2.test')]).toEqual([false, true])
  })
})

describe('the step counter', () => {
  it('sees a walk along a list, and one through a Map or a Set', () => {
    const counter = new StepCounter()
    const stand = new Stand(ONE)
    const all = stand.askMany(100)
    for (const asked of all) counter.watch(asked.x)
    const walk = (): void => {
      for (let x: Asked['x'] | null = all[0]!.x; x !== null; x = x.next);
    }
    expect(counter.count(walk)).toBe(100)
    const entries = new Map(all.map((asked) => [asked.x.path, asked]))
    const seen: unknown[] = []
    const look = (): void => {
      for (const [path] of entries) seen.push(path)
      for (const asked of new Set(all)) seen.push(asked)
    }
    expect(counter.count(look)).toBeGreaterThanOrEqual(200)
    expect(counter.count(() => undefined)).toBe(0)
  })
})
