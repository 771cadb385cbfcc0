import type PQueue from 'p-queue'
import type { Clock } from '../../core/clock.ts'
import { LIMITS } from '../../core/limits.ts'
import { onRejection } from '../../core/rejection.ts'
import type { InputItem } from '../job-item.ts'
import { parseItemUrl } from '../item-url.ts'
import type { Key, KeyMaker } from '../journal/key.ts'
import type { KeySet } from '../journal/key-set.ts'
import { HostLines } from './host-lines.ts'
import { keyText } from './key-text.ts'
import { PausedOrigins, type TargetPause } from './paused-origins.ts'
import { Task } from './task.ts'

/** What a run works with. */
export interface RunPlan {
  readonly clock: Clock
  readonly input: AsyncIterable<readonly InputItem[]>
  /** Items that hold a place at once, in all. */
  readonly width: number
  /** The same of one host. */
  readonly placesOf: (host: string) => number
  /** Addresses that the client asks from; 0: the system's choice. */
  readonly clientIps: number
  /** An item that came before is dropped. */
  readonly dedupe: boolean
  /** Those that are finished, from a journal; and all that come. */
  readonly keys: KeySet
  readonly keyOf: KeyMaker
  /** A path for what memory has no room for. */
  readonly spillPath: () => string
  /** Does the item, and keeps what came of it. What it rejects with ends the run. */
  readonly work: (task: Task) => Promise<void>
}

/** How far the reading is. */
export interface RunCounts {
  /** Items that the input gave. */
  read: number
  /** Those of them that came before in it. */
  duplicates: number
  /** Those that an earlier run has finished. */
  before: number
}

type State = 'new' | 'running' | 'paused' | 'stopping' | 'over'

/**
 * Works an input off: reads it as far as there is something to start, gives origins their turns, and has a
 * p-queue carry the tasks that are under way.
 */
export class JobRun {
  readonly counts: RunCounts = { read: 0, duplicates: 0, before: 0 }
  readonly #plan: RunPlan
  readonly #lines: HostLines
  readonly #paused: PausedOrigins
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers()
  #queue: PQueue | null = null
  #reader: AsyncIterator<readonly InputItem[]> | null = null
  #reading = false
  #inputEnded = false
  /** It ended by itself. */
  #isRead = false
  #underWay = 0
  #isFeeding = false
  #state: State = 'new'
  #failure: { readonly error: unknown } | null = null

  constructor(plan: RunPlan) {
    this.#plan = plan
    this.#lines = new HostLines(plan.placesOf, {
      path: plan.spillPath,
      toText: ({ entry, key }) => JSON.stringify([entry, key]),
      fromText: (text, origin) => {
        const [entry, key] = JSON.parse(text) as [InputItem, Key]
        return new Task(entry, key, origin)
      },
    })
    this.#paused = new PausedOrigins(this.#lines, plan.clock, plan.clientIps)
  }

  /** Items begun and not done. */
  get underWay(): number {
    return this.#underWay
  }

  /** Items read and not begun. */
  get waiting(): number {
    return this.#lines.size
  }

  /** Origins that are left alone because they refused. */
  get pausedOrigins(): number {
    return this.#paused.size
  }

  /** The input was read to its end: how many there are is known. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Resolves when all is done, or what was under way when it was stopped. Rejects when the input fails, or `work` does. */
  async run(): Promise<void> {
    const { default: Queue } = await import('p-queue')
    this.#queue = new Queue({ concurrency: LIMITS.maxJobUnderWay })
    if (this.#state !== 'stopping') this.#reader = this.#plan.input[Symbol.asyncIterator]()
    if (this.#state === 'new') this.#state = 'running'
    // While all servers ask for a pause no socket may be open, nor any other timer that the process waits for.
    const release = this.#plan.clock.hold()
    this.#feed()
    await this.#ended.promise
    release()
    this.#paused.close()
    this.#lines.close()
    if (this.#failure !== null) throw this.#failure.error
  }

  /** Starts nothing until `resume`; what is under way goes on. */
  pause(): void {
    if (this.#state === 'running' || this.#state === 'new') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = this.#queue === null ? 'new' : 'running'
    if (this.#queue !== null) this.#feed()
  }

  /** Starts nothing any more. */
  stop(): void {
    if (this.#state === 'over' || this.#state === 'stopping') return
    this.#state = 'stopping'
    if (!this.#inputEnded) this.#closeInput()
    if (this.#queue !== null) this.#feed()
  }

  /** The item waits for something else than a connection: another may start. */
  leave(task: Task): void {
    this.#lines.leave(task)
    this.#feed()
  }

  /** The client will not ask this target for a while. */
  targetPaused(pause: TargetPause): void {
    if (this.#state === 'over') return
    this.#paused.add(pause, () => this.#feed())
    this.#feed()
  }

  /** Starts what there is room for, and reads on where nothing else is to be had. The one place that does either. */
  #feed(): void {
    // What is started may give its place up at once: whoever called the one that calls this looks again.
    if (this.#isFeeding) return
    this.#isFeeding = true
    for (let task = this.#next(); task !== null; task = this.#next()) void this.#start(task)
    this.#isFeeding = false
    if (this.#mayRead()) onRejection(this.#read(), (error) => this.#fail(error))
    const isDone = this.#state === 'stopping' || (this.#inputEnded && this.#lines.size === 0)
    if (isDone && this.#underWay === 0 && this.#state !== 'over') {
      this.#state = 'over'
      this.#ended.resolve()
    }
  }

  /** null: none can start, or what waits on the disk cannot be read. */
  #next(): Task | null {
    if (this.#state !== 'running' || this.#underWay >= LIMITS.maxJobUnderWay) return null
    if (this.#lines.active >= this.#plan.width) return null
    try {
      return this.#lines.take()
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  async #start(task: Task): Promise<void> {
    this.#underWay++
    try {
      await this.#queue!.add(() => this.#workOn(task))
    } catch (error) {
      this.#fail(error)
      this.#feed()
    }
  }

  /**
   * Does the task, and in the same task of the queue those that can start whenever one is done: a queue's task costs 6 us,
   * and its sets of tasks keep what is done from being collected.
   */
  async #workOn(first: Task): Promise<void> {
    let task: Task | null = first
    while (task !== null) {
      try {
        await this.#plan.work(task)
      } finally {
        this.#underWay--
        this.#lines.leave(task)
      }
      task = this.#next()
      if (task !== null) this.#underWay++
      this.#feed()
    }
  }

  #mayRead(): boolean {
    if (this.#state !== 'running' || this.#inputEnded || this.#reading || this.#lines.isFull) return false
    if (this.#underWay >= LIMITS.maxJobUnderWay) return false
    if (this.#lines.hasReady) return this.#lines.inMemory < LIMITS.jobReadAhead
    return this.#lines.active < this.#plan.width
  }

  async #read(): Promise<void> {
    this.#reading = true
    const group = await this.#nextGroup()
    this.#reading = false
    if (group.done === true) {
      this.#isRead = this.#isOpen && this.#failure === null
      this.#inputEnded = true
    }
    // A source that hung when the run was stopped may go on long after the run is over.
    else if (this.#isOpen) this.#takeIn(group.value)
    this.#feed()
  }

  /** What was read before the input failed is worked off. */
  async #nextGroup(): Promise<IteratorResult<readonly InputItem[], unknown>> {
    try {
      return await this.#reader!.next()
    } catch (error) {
      if (this.#isOpen) this.#failure ??= { error }
      return { done: true, value: undefined }
    }
  }

  get #isOpen(): boolean {
    return this.#state === 'running' || this.#state === 'paused'
  }

  #takeIn(entries: readonly InputItem[]): void {
    const { keys, keyOf, dedupe } = this.#plan
    for (const entry of entries) {
      const number = this.counts.read++
      const url = entry.problem === '' ? parseItemUrl(entry.url) : entry.problem
      const isUrl = typeof url !== 'string'
      const key: Key = keyOf(keyText(entry, isUrl ? url : null, dedupe ? -1 : number))
      const known = keys.see(key)
      if (known === 'seen') this.counts.duplicates++
      else if (known !== 'unknown') this.counts.before++
      if (known !== 'unknown') continue
      const origin = this.#lines.originOf(isUrl ? url : null)
      const told = isUrl || entry.problem !== '' ? entry : { ...entry, problem: url }
      this.#lines.push(new Task(told, key, origin), origin)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.stop()
  }

  /** A source that hangs is told, and not waited for. */
  #closeInput(): void {
    this.#inputEnded = true
    onRejection(this.#endReading(), () => undefined)
  }

  async #endReading(): Promise<void> {
    await this.#reader?.return?.()
  }
}
