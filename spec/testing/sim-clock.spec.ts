import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Timer, TimerWheel } from '../../lib/core/timer-wheel.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'

/** Promise reactions and ticks, one causing the other. */
async function deep(depth: number): Promise<void> {
  for (let round = 0; round < depth; round++) {
    await Promise.resolve()
    if (round % 10 === 0) await new Promise<void>((resolve) => process.nextTick(resolve))
  }
}

describe('order', () => {
  test('timers come in order of time, then of setting, and the clock reads their time', async () => {
    const clock = new SimClock()
    const start = clock.now()
    const log: string[] = []
    const note = (name: string): void => void log.push(`${name}@${clock.now() - start}`)
    clock.after(30, () => note('c'))
    clock.after(10, () => note('a'))
    clock.after(10, () => note('b'))
    clock.after(0, () => note('zero'))
    clock.after(-5, () => note('past'))
    await clock.run()
    expect(log).toEqual(['zero@0', 'past@0', 'a@10', 'b@10', 'c@30'])
    expect(clock.pending).toBe(0)
  })

  test('many timers in any order, some cancelled: the heap keeps its order', async () => {
    const clock = new SimClock({ seed: 11 })
    const fired: number[] = []
    let expected = 0
    for (let index = 0; index < 2000; index++) {
      const cancel = clock.after(Math.floor(clock.random() * 500), () => fired.push(clock.now()))
      if (index % 3 === 0) expected++
      else cancel()
    }
    expect(clock.pending).toBe(expected)
    await clock.run()
    expect(fired).toHaveLength(expected)
    expect(fired).toEqual(fired.toSorted((a, b) => a - b))
    expect(clock.pending).toBe(0)
  })

  test('deferred callbacks run before the next event, those they defer too; afterIo after what is due', async () => {
    const clock = new SimClock()
    const log: string[] = []
    clock.after(0, () => {
      log.push('event 1')
      clock.afterIo(() => log.push('after io'))
      clock.defer(() => {
        log.push('deferred')
        clock.defer(() => log.push('deferred twice'))
      })
    })
    clock.after(0, () => log.push('event 2'))
    await clock.run()
    expect(log).toEqual(['event 1', 'deferred', 'deferred twice', 'event 2', 'after io'])
  })

  test('promises and ticks of any depth settle before time moves on', async () => {
    const clock = new SimClock()
    const log: string[] = []
    const work = async (): Promise<void> => {
      await deep(500)
      log.push('settled')
      clock.defer(() => log.push('deferred late'))
    }
    clock.after(5, () => void work())
    clock.after(5, () => log.push('next event'))
    await clock.run()
    expect(log).toEqual(['settled', 'deferred late', 'next event'])
  })

  test('a node stream that lives on ticks is read within one moment', async () => {
    const clock = new SimClock()
    const start = clock.now()
    let text = ''
    const read = async (): Promise<void> => {
      for await (const chunk of Readable.from(['a', 'b', 'c'])) text += chunk as string
    }
    clock.after(1, () => void read())
    clock.after(2, () => expect(text).toBe('abc'))
    await clock.run()
    expect(clock.now() - start).toBe(2)
  })
})

describe('running', () => {
  test('settle gives what the promise gives, as soon as it settles', async () => {
    const clock = new SimClock()
    const start = clock.now()
    const later = new Promise<string>((resolve) => void clock.after(1000, () => resolve('done')))
    clock.after(5000, () => undefined)
    expect(await clock.settle(later)).toBe('done')
    expect(clock.now() - start).toBe(1000)
    expect(clock.pending).toBe(1)
    await expect(clock.settle(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  test('a promise that cannot settle any more is an error, not a hang', async () => {
    const clock = new SimClock()
    await expect(clock.settle(new Promise(() => undefined))).rejects.toThrow('nothing is left to happen')
  })

  test('advance lets exactly so much time pass', async () => {
    const clock = new SimClock()
    const start = clock.now()
    const log: number[] = []
    for (const ms of [5, 10, 11]) clock.after(ms, () => log.push(ms))
    await clock.advance(10)
    expect(log).toEqual([5, 10])
    expect(clock.now() - start).toBe(10)
    expect(clock.date()).toBe(Date.UTC(2026, 0, 1) + 10)
  })

  test('bounds are named: events, virtual time, deferred callbacks', async () => {
    const endless = new SimClock()
    const again = (): void => void endless.after(0, again)
    again()
    await expect(endless.run({ maxSteps: 100 })).rejects.toThrow('maxSteps = 100')

    const slow = new SimClock()
    slow.after(1001, () => undefined)
    await expect(slow.run({ maxTime: 1000 })).rejects.toThrow('maxTime = 1000 ms')

    const nested = new SimClock()
    const defer = (): void => nested.defer(defer)
    defer()
    await expect(nested.run({ maxSteps: 100 })).rejects.toThrow('maxSteps = 100 deferred')
  })

  test('what a callback throws rejects the run, and the clock can go on', async () => {
    const clock = new SimClock()
    let ran = 0
    clock.after(1, () => {
      throw new Error('from a timer')
    })
    clock.after(2, () => ran++)
    await expect(clock.run()).rejects.toThrow('from a timer')
    clock.defer(() => {
      throw new Error('from a deferred one')
    })
    await expect(clock.run()).rejects.toThrow('from a deferred one')
    await clock.run()
    expect(ran).toBe(1)
  })

  test('it does not run twice at once', async () => {
    const clock = new SimClock()
    const run = clock.run()
    await expect(clock.run()).rejects.toThrow('running already')
    await run
  })
})

test('the timer wheel runs on it, and stops when nothing is linked', async () => {
  const clock = new SimClock()
  const wheel = new TimerWheel(clock)
  const start = clock.now()
  const fired: number[] = []
  const owner = { onTimer: (): void => void fired.push(clock.now() - start) }
  const timers: Timer[] = [50, 1000, 30_000].map((ms) => {
    const timer = new Timer(owner)
    wheel.set(timer, start + ms)
    return timer
  })
  wheel.remove(timers[1] as Timer)
  await clock.run()
  expect(fired).toHaveLength(2)
  expect(fired[0]).toBeGreaterThanOrEqual(50)
  expect(fired[0]).toBeLessThanOrEqual(70)
  expect(fired[1]).toBeGreaterThanOrEqual(30_000)
  expect(fired[1]).toBeLessThanOrEqual(30_020)
  expect(wheel.size).toBe(0)
  expect(clock.pending).toBe(0)
})
