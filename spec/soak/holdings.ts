import { getEventListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { Sample, Still } from './sample.ts'

/** Timers that are set, by whoever takes them from the global functions: the library, and not the soak itself. */
const timers = new Set<unknown>()

/** From now on, timers are counted. */
export function countTimers(): void {
  const {
    setTimeout: set,
    clearTimeout: clear,
    setInterval: setEvery,
    clearInterval: clearEvery,
  } = globalThis
  Object.assign(globalThis, {
    setTimeout(callback: () => void, ms?: number) {
      const timer = set(() => {
        timers.delete(timer)
        callback()
      }, ms)
      timers.add(timer)
      return timer
    },
    setInterval(callback: () => void, ms?: number) {
      const timer = setEvery(callback, ms)
      timers.add(timer)
      return timer
    },
    clearTimeout(timer?: NodeJS.Timeout) {
      timers.delete(timer)
      clear(timer)
    },
    clearInterval(timer?: NodeJS.Timeout) {
      timers.delete(timer)
      clearEvery(timer)
    },
  })
}

/** What lists them holds one of its own. */
export function descriptors(): number {
  return readdirSync('/proc/self/fd').length - 1
}

export async function collect(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('run this with node --expose-gc, as npm run soak does')
  globalThis.gc()
  // What finalizers hand back is free in the next turn.
  await turn()
}

export async function memory(): Promise<Pick<Sample, 'heap' | 'rss'>> {
  await collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

export function still(signal: AbortSignal): Still {
  return {
    descriptors: descriptors(),
    timers: timers.size,
    listeners: listenersOf(signal),
    resources: process.getActiveResourcesInfo().toSorted(),
  }
}

export function timersSet(): number {
  return timers.size
}

export function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}
