import type { Writable } from 'node:stream'
import { CLI_LIMITS } from './limits.ts'
import { liveLine, plainLine, type ProgressState } from './progress-line.ts'
import { RateMeter } from './rate-meter.ts'

export type ProgressMode = 'bar' | 'plain' | 'none'

/** The run's counters at this moment. */
export interface ProgressCounts {
  readonly done: number
  readonly total: number
  readonly ok: number
  readonly failed: number
  readonly connections: number
  readonly bytes: number
}

/** What is written to: process.stderr. */
export type ProgressStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

interface Live {
  (...text: string[]): void
  clear(): void
  persist(...text: string[]): void
}

/**
 * Shows how far a run is: one live line on a terminal, a plain line now and then elsewhere. Its
 * timer also keeps the process alive while every call waits, since the client's own timers do not.
 */
export class Progress {
  readonly #stream: ProgressStream
  readonly #mode: ProgressMode
  readonly #read: () => ProgressCounts
  readonly #rates = new RateMeter()
  #live: Live | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(stream: ProgressStream, mode: ProgressMode, read: () => ProgressCounts) {
    this.#stream = stream
    this.#mode = mode
    this.#read = read
  }

  async start(): Promise<void> {
    // Loaded only when used: it takes longer to load than a small run takes to end.
    if (this.#mode === 'bar') this.#live = (await import('log-update')).createLogUpdate(this.#stream)
    this.#state()
    this.#schedule(this.#mode === 'bar' ? CLI_LIMITS.liveInterval : CLI_LIMITS.firstPlainLine)
  }

  /** Prints a line that stays, above the live line if there is one. */
  note(text: string): void {
    if (this.#live === null) this.#stream.write(`${text}\n`)
    else this.#live.persist(text)
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#live?.clear()
    this.#live = null
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#show()
      this.#schedule(this.#mode === 'bar' ? CLI_LIMITS.liveInterval : CLI_LIMITS.plainInterval)
    }, ms)
  }

  #show(): void {
    const state = this.#state()
    if (this.#live !== null) this.#live(liveLine(state, (this.#stream.columns ?? 80) - 1))
    else if (this.#mode === 'plain') this.#stream.write(`${plainLine(state)}\n`)
  }

  #state(): ProgressState {
    const counts = this.#read()
    this.#rates.sample(performance.now(), counts.done, counts.bytes)
    return {
      done: counts.done,
      total: counts.total,
      ok: counts.ok,
      failed: counts.failed,
      connections: counts.connections,
      donePerSecond: this.#rates.donePerSecond,
      bytesPerSecond: this.#rates.bytesPerSecond,
    }
  }
}
