import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../lib/core/clock.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { Timer, TimerWheel } from '../../lib/core/timer-wheel.ts'

const TURN = LIMITS.timerGranularity
/** A timeout fires at most two turns late: see LIMITS.timerGranularity. */
const LATEST = 2 * TURN
/** Longer than one round of the wheel. */
const ROUND = 1024 * TURN

/** Time that goes by step by step, or all at once as in a loop that is blocked. */
class StepClock implements Clock {
  #now = 5
  readonly #timers = new Set<{ due: number; callback: () => void }>()
  #afterIo: (() => void)[] = []
  /** Timers it has been asked for so far. */
  asked = 0

  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  defer(): void {
    throw new Error('the wheel defers nothing')
  }

  endOfTurn(callback: () => void): void {
    this.afterIo(callback)
  }

  afterIo(callback: () => void): void {
    this.#afterIo.push(callback)
  }

  hold(): () => void {
    return () => {}
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#now + ms, callback }
    this.asked++
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = Math.min(...[...this.#timers].map((timer) => timer.due))
      if (due > end) break
      this.block(Math.max(0, due - this.#now))
      this.io()
    }
    this.#now = end
  }

  /** Time passes and nothing runs; then the timers that are due do. I/O is handled by `io`. */
  block(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) {
      if (timer.due <= this.#now && this.#timers.delete(timer)) timer.callback()
    }
  }

  io(): void {
    const callbacks = this.#afterIo
    this.#afterIo = []
    for (const callback of callbacks) callback()
  }
}

class Watch {
  readonly clock = new StepClock()
  readonly wheel = new TimerWheel(this.clock)
  /** Each time it was told: which timer, and when. */
  readonly told: [name: string, at: number][] = []

  timer(name: string, then: () => void = () => undefined): Timer {
    return new Timer({
      onTimer: () => {
        this.told.push([name, this.clock.now()])
        then()
      },
    })
  }

  get names(): string[] {
    return this.told.map(([name]) => name)
  }
}

describe('a timer', () => {
  it.each([0, 1, TURN - 1, TURN, TURN + 1, 95, 1000, ROUND - 1, ROUND, ROUND + 1, 3 * ROUND + 7])(
    'of %i ms fires once, not before, and at most two turns late',
    (ms) => {
      const watch = new Watch()
      const due = watch.clock.now() + ms
      watch.wheel.set(watch.timer('a'), due)
      watch.clock.advance(ms + LATEST)
      expect(watch.names).toEqual(['a'])
      expect(watch.told[0]![1]).toBeGreaterThanOrEqual(due)
      expect(watch.wheel.size).toBe(0)
      expect(watch.clock.pending).toBe(0)
    },
  )

  it('fires when it is moved later, and not where it stood before', () => {
    const watch = new Watch()
    const timer = watch.timer('a')
    for (let i = 1; i <= 100; i++) {
      watch.wheel.set(timer, watch.clock.now() + 50)
      watch.clock.advance(20)
    }
    expect(watch.told).toEqual([])
    watch.clock.advance(30 + LATEST)
    expect(watch.names).toEqual(['a'])
  })

  it('fires when it is moved earlier', () => {
    const watch = new Watch()
    const timer = watch.timer('a')
    watch.wheel.set(timer, watch.clock.now() + 5 * ROUND)
    watch.wheel.set(timer, watch.clock.now() + 30)
    watch.clock.advance(30 + LATEST)
    expect(watch.names).toEqual(['a'])
    watch.clock.advance(6 * ROUND)
    expect(watch.names).toEqual(['a'])
  })

  it.each(['clear', 'remove'] as const)('does not fire after %s, and can be set again', (deed) => {
    const watch = new Watch()
    const timer = watch.timer('a')
    watch.wheel.set(timer, watch.clock.now() + 30)
    watch.wheel[deed](timer)
    watch.clock.advance(100)
    expect(watch.told).toEqual([])
    watch.wheel.set(timer, watch.clock.now() + 30)
    watch.clock.advance(30 + LATEST)
    expect(watch.names).toEqual(['a'])
  })

  it('may be removed though it was never set', () => {
    const watch = new Watch()
    watch.wheel.remove(watch.timer('a'))
    expect(watch.wheel.size).toBe(0)
  })
})

describe('owners that are told', () => {
  it('may set their timer again', () => {
    const watch = new Watch()
    const timer = watch.timer('a', () => {
      if (watch.told.length < 5) watch.wheel.set(timer, watch.clock.now())
    })
    watch.wheel.set(timer, watch.clock.now() + 10)
    watch.clock.advance(10 + 6 * LATEST)
    expect(watch.names).toEqual(['a', 'a', 'a', 'a', 'a'])
    const times = watch.told.map(([, at]) => at)
    expect(new Set(times).size).toBe(5)
  })

  it('may remove those that would be next, in the same slot too', () => {
    const watch = new Watch()
    const others = ['b', 'c', 'd'].map((name) => watch.timer(name))
    const due = watch.clock.now() + 30
    watch.wheel.set(
      watch.timer('a', () => {
        watch.wheel.remove(others[0]!)
        watch.wheel.clear(others[1]!)
        watch.wheel.set(others[2]!, watch.clock.now() + 500)
      }),
      due,
    )
    for (const timer of others) watch.wheel.set(timer, due)
    watch.clock.advance(30 + LATEST)
    expect(watch.names).toEqual(['a'])
    watch.clock.advance(500 + LATEST)
    expect(watch.names).toEqual(['a', 'd'])
    expect(watch.wheel.size).toBe(0)
  })
})

describe('a blocked loop', () => {
  it('is given a look at its sockets before anybody is called late', () => {
    const watch = new Watch()
    const timer = watch.timer('a')
    watch.wheel.set(timer, watch.clock.now() + 50)
    watch.clock.block(400)
    expect(watch.told).toEqual([])
    // The answer lay there: whoever reads it moves the deadline.
    watch.wheel.set(timer, watch.clock.now() + 50)
    watch.clock.io()
    expect(watch.told).toEqual([])
    watch.clock.advance(50 + LATEST)
    expect(watch.names).toEqual(['a'])
  })

  it('loses no timer, however long it was blocked', () => {
    const watch = new Watch()
    const start = watch.clock.now()
    for (let ms = 7; ms < 3 * ROUND; ms += 701) watch.wheel.set(watch.timer(`${ms}`), start + ms)
    const count = watch.wheel.size
    watch.clock.block(5 * ROUND)
    watch.clock.io()
    expect(watch.told).toHaveLength(count)
    expect(watch.wheel.size).toBe(0)
  })
})

describe('the wheel', () => {
  it('needs one timer of the clock, and none while nothing is set', () => {
    const watch = new Watch()
    const timers = Array.from({ length: 1000 }, (_, i) => watch.timer(`${i}`))
    for (const [i, timer] of timers.entries()) watch.wheel.set(timer, watch.clock.now() + 1000 + i)
    expect(watch.clock.pending).toBe(1)
    for (const timer of timers) watch.wheel.remove(timer)
    expect(watch.clock.pending).toBe(0)
    const { asked } = watch.clock
    watch.clock.advance(10 * ROUND)
    expect(watch.clock.asked).toBe(asked)
  })

  it('sleeps until the next deadline, however far, and wakes for one that is set before it', () => {
    const watch = new Watch()
    const start = watch.clock.now()
    watch.wheel.set(watch.timer('far'), start + ROUND - 5 * TURN)
    watch.clock.advance(ROUND / 2)
    expect(watch.clock.asked).toBe(1)
    watch.wheel.set(watch.timer('near'), watch.clock.now() + 40)
    watch.clock.advance(40 + LATEST)
    expect(watch.names).toEqual(['near'])
    expect(watch.clock.asked).toBe(3)
    watch.clock.advance(ROUND)
    expect(watch.names).toEqual(['near', 'far'])
    expect(watch.clock.asked).toBe(3)
  })

  it('goes on when an owner throws', () => {
    const watch = new Watch()
    const angry = watch.timer('angry', () => {
      throw new Error('not today')
    })
    watch.wheel.set(angry, watch.clock.now() + 30)
    watch.wheel.set(watch.timer('next'), watch.clock.now() + 100)
    expect(() => watch.clock.advance(50)).toThrow('not today')
    watch.clock.advance(100 + LATEST)
    expect(watch.names).toEqual(['angry', 'next'])
  })

  it('fires each timer once, in time and never early, whatever is done to it', () => {
    const step = fc.record({
      deed: fc.constantFrom('set', 'clear', 'remove', 'advance', 'block'),
      id: fc.nat(5),
      ms: fc.oneof(fc.nat(120), fc.nat(2 * ROUND)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const watch = new Watch()
        const { clock, wheel } = watch
        const due = new Map<string, number>()
        const timers = Array.from({ length: 6 }, (_, id) =>
          watch.timer(`${id}`, () => {
            const at = due.get(`${id}`)
            expect(at, 'fires only while it is set').toBeDefined()
            expect(clock.now()).toBeGreaterThanOrEqual(at!)
            due.delete(`${id}`)
          }),
        )
        for (const { deed, id, ms } of steps) {
          if (deed === 'set') {
            due.set(`${id}`, clock.now() + ms)
            wheel.set(timers[id]!, clock.now() + ms)
          } else if (deed === 'clear' || deed === 'remove') {
            due.delete(`${id}`)
            wheel[deed](timers[id]!)
          } else {
            clock[deed](ms)
            clock.io()
            if (deed === 'block') clock.advance(LATEST)
          }
          expect(Math.min(Infinity, ...due.values())).toBeGreaterThan(clock.now() - LATEST)
        }
        clock.advance(2 * ROUND + LATEST)
        expect([...due]).toEqual([])
        clock.advance(ROUND)
        expect(wheel.size).toBe(0)
        expect(clock.pending).toBe(0)
      }),
    )
  })
})
