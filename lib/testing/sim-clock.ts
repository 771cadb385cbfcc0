import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'
import { Random } from './random.ts'

export interface SimClockOptions {
  /** What `random()` starts from; default 1. */
  readonly seed?: number
  /** What `date()` reads at the start, ms since 1970; default 2026-01-01. */
  readonly date?: number
}

export interface RunOptions {
  /** Stop as soon as this is true; asked after every event. Default: stop when nothing is left. */
  readonly until?: () => boolean
  /** Events handled in this run before it fails; default `LIMITS.simSteps`. */
  readonly maxSteps?: number
  /** Virtual ms that may pass in this run before it fails; default `LIMITS.simTime`. */
  readonly maxTime?: number
}

interface Event {
  readonly due: number
  readonly sequence: number
  /** null: cancelled. It stays in the heap until it comes up or the heap is swept. */
  callback: (() => void) | null
}

/** Times start here: 0 means "not yet" in many records. */
const START = 1_000
/** 2026-01-01T00:00:00Z. */
const START_DATE = 1_767_225_600_000

/**
 * Virtual time. Nothing happens until `run`, `advance` or `settle` is called; then events are
 * handled one by one in order of time, and of scheduling where times are equal, and the time
 * between them costs nothing.
 *
 * As in Node, each event's deferred callbacks run right after it, then all microtasks and
 * `process.nextTick` callbacks, however long their chains; only then comes the next event. Work
 * that the system does (threads of node:zlib, files, sockets) is not virtual: time does not wait
 * for it.
 */
export class SimClock implements Clock {
  readonly #random: Random
  readonly #startDate: number
  #now = START
  #sequence = 0
  #events: Event[] = []
  #cancelled = 0
  #deferred: (() => void)[] = []
  #running = false

  constructor(options: SimClockOptions = {}) {
    this.#random = new Random(options.seed ?? 1)
    this.#startDate = options.date ?? START_DATE
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#startDate + Math.floor(this.#now - START)
  }

  random(): number {
    return this.#random.next()
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback)
  }

  /** After all that was due by now before it. */
  endOfTurn(callback: () => void): void {
    this.#schedule(this.#now, callback)
  }

  afterIo(callback: () => void): void {
    this.#schedule(this.#now, callback)
  }

  hold(): () => void {
    return () => {}
  }

  after(ms: number, callback: () => void): () => void {
    const event = this.#schedule(this.#now + Math.max(0, ms), callback)
    return () => this.#cancel(event)
  }

  /** Timers and deferred callbacks still to come: 0 once nothing is left. */
  get pending(): number {
    return this.#events.length - this.#cancelled + this.#deferred.length
  }

  /** Handles events until `until` says so or nothing is left. Rejects with what a callback throws. */
  run(options: RunOptions = {}): Promise<void> {
    if (this.#running) return Promise.reject(new Error('SimClock.run: the clock is running already'))
    this.#running = true
    const until = options.until ?? ((): boolean => false)
    const maxSteps = options.maxSteps ?? LIMITS.simSteps
    const maxTime = options.maxTime ?? LIMITS.simTime
    const deadline = this.#now + maxTime
    let steps = 0
    return new Promise<void>((resolve, reject) => {
      const finish = (): void => {
        this.#running = false
        resolve()
      }
      // A callback of setImmediate begins when all promise reactions and ticks have settled, and is
      // the cheapest thing that does.
      const step = (): void => {
        try {
          if (this.#deferred.length === 0) {
            if (until() || !this.#hasNext()) return finish()
            if (steps++ >= maxSteps)
              throw new Error(`SimClock.run: not done after maxSteps = ${maxSteps} events`)
            this.#next(deadline, maxTime)
          }
          this.#runDeferred(maxSteps)
        } catch (error) {
          this.#running = false
          return reject(error)
        }
        setImmediate(step)
      }
      setImmediate(step)
    })
  }

  /** Lets `ms` of virtual time pass and handles what falls due in it. */
  async advance(ms: number, maxSteps: number = LIMITS.simSteps): Promise<void> {
    let reached = false
    this.after(ms, () => {
      reached = true
    })
    await this.run({ maxSteps, maxTime: ms, until: () => reached })
  }

  /** Runs until `promise` settles and gives what it gave. Rejects if it cannot settle any more. */
  async settle<T>(promise: Promise<T>, options: RunOptions = {}): Promise<T> {
    let settled = false
    const watch = async (): Promise<void> => {
      await Promise.allSettled([promise])
      settled = true
    }
    void watch()
    await this.run({ ...options, until: () => settled })
    if (!settled) {
      throw new Error('SimClock.settle: nothing is left to happen, and the promise has not settled')
    }
    return promise
  }

  #next(deadline: number, maxTime: number): void {
    const event = this.#events[0] as Event
    if (event.due > deadline) {
      throw new Error(`SimClock.run: not done after maxTime = ${maxTime} ms of virtual time`)
    }
    this.#pop()
    if (event.due > this.#now) this.#now = event.due
    const callback = event.callback
    event.callback = null
    callback?.()
  }

  #runDeferred(maxSteps: number): void {
    let done = 0
    try {
      while (done < this.#deferred.length) {
        if (done >= maxSteps)
          throw new Error(`SimClock.run: over maxSteps = ${maxSteps} deferred in one tick`)
        const callback = this.#deferred[done++] as () => void
        callback()
      }
    } finally {
      this.#deferred.splice(0, done)
    }
  }

  /** Drops cancelled events from the top. */
  #hasNext(): boolean {
    while (this.#events.length > 0 && this.#events[0]?.callback === null) {
      this.#pop()
      this.#cancelled--
    }
    return this.#events.length > 0
  }

  #cancel(event: Event): void {
    if (event.callback === null) return
    event.callback = null
    this.#cancelled++
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#events.length) {
      // In order of time, a sorted array is a heap.
      this.#events = this.#events.filter((each) => each.callback !== null).toSorted(byTime)
      this.#cancelled = 0
    }
  }

  #schedule(due: number, callback: () => void): Event {
    const event: Event = { due, sequence: this.#sequence++, callback }
    const heap = this.#events
    let index = heap.length
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above] as Event
      if (byTime(parent, event) <= 0) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
    return event
  }

  #pop(): void {
    const heap = this.#events
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      const left = heap[below]
      if (left === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && byTime(right, left) < 0) below++
      const child = heap[below] as Event
      if (byTime(last, child) <= 0) break
      heap[index] = child
      index = below
    }
    heap[index] = last
  }
}

function byTime(a: Event, b: Event): number {
  return a.due - b.due || a.sequence - b.sequence
}
