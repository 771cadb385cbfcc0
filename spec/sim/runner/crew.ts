import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/** Where the crew's shared numbers are: the next seed, whether to stop, and from 2 on each worker's seed. */
export const NEXT = 0
export const STOP = 1

/** What a worker is given. */
export interface Shared {
  readonly state: Int32Array<SharedArrayBuffer>
  readonly index: number
  readonly last: number
}

/** What a worker says of one world. */
export interface Message {
  readonly seed: number
  readonly wrong: readonly string[]
}

export interface Failure extends Message {
  /** The world came to its end; otherwise it hung, or took its worker with it. */
  readonly ended: boolean
}

export interface CrewOptions {
  readonly first: number
  readonly last: number
  /** Default: one for each core. */
  readonly workers?: number
  /** ms of real time after which no world is begun; default Infinity. */
  readonly maxTime?: number
  /** Failures after which no world is begun; default 1. */
  readonly maxFailures?: number
  /** Called at once: a long run may not come to its end. */
  readonly onFailure?: (failure: Failure) => void
  /** Called now and then. */
  readonly onProgress?: (worlds: number, failures: number, ms: number) => void
}

export interface CrewReport {
  readonly worlds: number
  readonly failures: readonly Failure[]
  readonly ms: number
  readonly workers: number
}

/** Greatest seed: they are counted in shared memory. */
export const MAX_SEED = 2_000_000_000
/** ms of real time that one world may take; the longest known takes 3 s on a busy machine. */
const MAX_WORLD_TIME = 60_000
/** MB that a worker's heap may have: worlds are small, and leave nothing behind. */
const MAX_HEAP = 512
const PROGRESS_EVERY = 10_000
const LOOK_EVERY = 1000

/** Lives through the worlds of seeds `first` to `last` side by side on all cores. */
export async function runCrew(options: CrewOptions): Promise<CrewReport> {
  const crew = new Crew(options)
  return crew.run()
}

class Crew {
  readonly #options: CrewOptions
  readonly #state: Int32Array<SharedArrayBuffer>
  readonly #size: number
  readonly #failures: Failure[] = []
  readonly #start = performance.now()
  #worlds = 0

  constructor(options: CrewOptions) {
    const seeds = options.last - options.first + 1
    this.#options = options
    this.#size = Math.max(1, Math.min(seeds, options.workers ?? availableParallelism()))
    this.#state = new Int32Array(new SharedArrayBuffer(4 * (2 + this.#size)))
    Atomics.store(this.#state, NEXT, options.first)
  }

  async run(): Promise<CrewReport> {
    const { maxTime = Infinity, onProgress } = this.#options
    const timers: NodeJS.Timeout[] = []
    if (maxTime < Infinity) timers.push(setTimeout(() => this.#stop(), maxTime))
    const told = (): void => onProgress?.(this.#worlds, this.#failures.length, this.#ms)
    if (onProgress !== undefined) timers.push(setInterval(told, PROGRESS_EVERY))
    await Promise.all(Array.from({ length: this.#size }, (_, index) => this.#work(2 + index)))
    for (const timer of timers) clearTimeout(timer)
    const failures = this.#failures.toSorted((a, b) => a.seed - b.seed)
    return { worlds: this.#worlds, failures, ms: this.#ms, workers: this.#size }
  }

  get #ms(): number {
    return performance.now() - this.#start
  }

  #stop(): void {
    Atomics.store(this.#state, STOP, 1)
  }

  #onWorld(message: Message, ended: boolean): void {
    this.#worlds++
    if (message.wrong.length === 0) return
    const failure = { ...message, ended }
    this.#failures.push(failure)
    this.#options.onFailure?.(failure)
    if (this.#failures.length >= (this.#options.maxFailures ?? 1)) this.#stop()
  }

  /** One worker, from its start to its end. */
  #work(index: number): Promise<void> {
    const shared: Shared = { state: this.#state, index, last: this.#options.last }
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: shared,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP },
    })
    const seedNow = (): number => Atomics.load(this.#state, index)
    let since = performance.now()
    const watch = setInterval(() => {
      if (performance.now() - since < MAX_WORLD_TIME) return
      clearInterval(watch)
      const text = `the world has not come to its end in ${MAX_WORLD_TIME} ms of real time`
      this.#onWorld({ seed: seedNow(), wrong: [text] }, false)
      void worker.terminate()
    }, LOOK_EVERY)
    worker.on('message', (message: Message) => {
      since = performance.now()
      this.#onWorld(message, true)
    })
    worker.on('error', (error: Error) => {
      this.#onWorld({ seed: seedNow(), wrong: [`the worker has gone down: ${error.stack ?? error}`] }, false)
    })
    return new Promise((resolve) => {
      worker.on('exit', () => {
        clearInterval(watch)
        resolve()
      })
    })
  }
}
