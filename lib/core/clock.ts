// Imported, because the globals of these names are getters: each look at one costs a call.
import { performance } from 'node:perf_hooks'
import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers'

/**
 * Time and chance. Nothing else in lib asks the machine for either, so that a whole client can run
 * in simulated time from a seed.
 */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since 1970, for dates on the wire and in reports. */
  date(): number
  /** Uniform in [0, 1). Never for secrets. */
  random(): number
  /**
   * Runs `callback` once all that this event set off has run, promise reactions included, and before
   * any further I/O: what a crawler asks for on seeing an answer is part of the same tick.
   */
  defer(callback: () => void): void
  /**
   * Runs `callback` at the end of this turn of the loop: after what the other sockets have ready by now, so
   * that what many events set off is done once.
   */
  endOfTurn(callback: () => void): void
  /** Runs `callback` once the I/O that is ready by now has been handled. */
  afterIo(callback: () => void): void
  /** Runs `callback` after `ms`; it never keeps the process alive. Returns what cancels it. */
  after(ms: number, callback: () => void): () => void
  /** Keeps the process alive until the returned function is called: for waits that no socket shows. */
  hold(): () => void
}

const settled = Promise.resolve()

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  random: () => Math.random(),
  // By way of a microtask: Node runs nextTick callbacks of an I/O event before its promise reactions.
  // A reaction of a promise is such a microtask, without the AsyncResource that queueMicrotask makes for each.
  defer: (callback) => {
    void settled.then(() => nextTick(callback))
  },
  endOfTurn: (callback) => {
    setImmediate(callback)
  },
  // The first immediate may run in the very turn of the loop that called: only the second is sure to
  // come after a poll.
  afterIo: (callback) => {
    setImmediate(() => setImmediate(callback))
  },
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  hold: () => {
    const timer = setInterval(() => {}, 0x7fffffff)
    return () => clearInterval(timer)
  },
}
