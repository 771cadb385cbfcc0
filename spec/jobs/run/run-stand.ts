import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InputItem } from '../../../lib/jobs/job-item.ts'
import { KeySet } from '../../../lib/jobs/journal/key-set.ts'
import { keyMaker } from '../../../lib/jobs/journal/key.ts'
import { JobRun, type RunPlan } from '../../../lib/jobs/run/job-run.ts'
import type { Task } from '../../../lib/jobs/run/task.ts'
import { SimClock } from '../../../lib/testing/sim-clock.ts'

export type Group = readonly InputItem[]

export function item(url: string, problem = ''): InputItem {
  return { url, line: 1, item: null, problem }
}

export function many(host: string, count: number): InputItem[] {
  return Array.from({ length: count }, (_, n) => item(`http://${host}/${n}`))
}

export async function* groupsOf(...groups: readonly Group[]): AsyncGenerator<Group, void, void> {
  yield* groups
}

/** Begins what it is told to, and ends it when it is told to. */
export class Work {
  readonly begun: Task[] = []
  readonly #open = new Map<Task, PromiseWithResolvers<void>>()
  most = 0
  /** What needs no telling. */
  isQuick: (task: Task) => boolean

  constructor(isQuick: (task: Task) => boolean = () => false) {
    this.isQuick = isQuick
  }

  readonly do = (task: Task): Promise<void> => {
    this.begun.push(task)
    if (this.isQuick(task)) return Promise.resolve()
    const open = Promise.withResolvers<void>()
    this.#open.set(task, open)
    this.most = Math.max(this.most, this.#open.size)
    return open.promise
  }

  get urls(): string[] {
    return this.begun.map(({ entry }) => entry.url)
  }

  hosts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { url } of this.begun) counts[url?.hostname ?? ''] = (counts[url?.hostname ?? ''] ?? 0) + 1
    return counts
  }

  get underWay(): Task[] {
    return [...this.#open.keys()]
  }

  end(task: Task): void {
    this.#open.get(task)?.resolve()
    this.#open.delete(task)
  }

  fail(task: Task, error: Error): void {
    this.#open.get(task)?.reject(error)
    this.#open.delete(task)
  }

  /** All that is under way, and all to come. */
  endAll(): void {
    this.isQuick = () => true
    for (const task of this.underWay) this.end(task)
  }
}

/** Lets all happen that can without time. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export async function begin(run: JobRun): Promise<Promise<void>[]> {
  // A run loads it when it begins: how long that takes must not matter here.
  await import('p-queue')
  const running = run.run()
  // Its rejection is looked at later.
  running.catch(() => undefined)
  await quiet()
  return [running]
}

/** A folder and a clock for runs of a spec. */
export class RunStand implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'trawl-run-'))
  readonly clock: SimClock = new SimClock()
  /** Holds on the process that were not given up. */
  holds = 0
  #files = 0

  constructor() {
    this.clock.hold = () => {
      this.holds++
      return () => void this.holds--
    }
  }

  makeRun(input: AsyncIterable<Group>, work: Work, own: Partial<RunPlan> = {}): JobRun {
    return new JobRun({
      clock: this.clock,
      input,
      width: 4,
      placesOf: () => 2,
      clientIps: 0,
      dedupe: true,
      keys: new KeySet(),
      keyOf: keyMaker('0123456789abcdef'),
      spillPath: () => join(this.folder, `waiting-${++this.#files}`),
      work: work.do,
      ...own,
    })
  }

  get files(): string[] {
    return readdirSync(this.folder)
  }

  /** What is there that a run which is over must not leave. */
  left(run: JobRun): string[] {
    const { holds, clock, files } = this
    const counts = { 'items under way': run.underWay, holds, timers: clock.pending, files: files.length }
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what}`)
  }

  /** The same, once it is over. */
  async leftAfter(run: JobRun, running: Promise<void>): Promise<string[]> {
    await running
    return this.left(run)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
