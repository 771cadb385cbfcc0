import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { systemClock } from '../core/clock.ts'
import { ClosedError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { isLastingFault } from './file-error.ts'
import { jobEntries } from './job-entries.ts'
import { entryLine } from './job-entry-line.ts'
import type { JobItem } from './job-item.ts'
import { readJobOptions, type JobOptions, type JobProgress, type JobResult } from './job-options.ts'
import { requestItem } from './job-work.ts'
import { ItemError } from './job-request.ts'
import type { JournalStatus } from './journal/journal-contents.ts'
import { Journal } from './journal/journal.ts'
import { ResultLine } from './result-line.ts'
import { JobRun } from './run/job-run.ts'
import type { TargetPause } from './run/paused-origins.ts'
import type { Task } from './run/task.ts'
import { removeWaitingFiles, waitingFile } from './run/waiting-files.ts'

/** What a job tells: `progress` now and then while items end, and at its end. */
export interface JobEvents {
  progress: [progress: JobProgress]
}

/**
 * A list of URLs, worked off with a journal: after a crash, a kill or a loss of power another Job of the same folder and
 * input goes on where this one stopped. Items are done at least once; an item that the journal has is not done again.
 *
 * Either iterate it, which gives a result for each item as it ends, or `await run()`. A loop that takes no results stops
 * new items from being started, after `concurrency` of them; to leave it aborts what is under way. Both throw what the
 * input throws, and FileError when the journal cannot be written.
 */
export class Job<R = unknown> extends EventEmitter<JobEvents> implements AsyncIterable<JobResult<R>> {
  readonly #options: JobOptions<R>
  readonly #aborting = new AbortController()
  readonly #started = { ok: 0, failed: 0 }
  #okNow = 0
  #failedNow = 0
  #run: JobRun | null = null
  #results: ResultLine<JobResult<R>> | null = null
  /** What made it stop, and is thrown at the end. */
  #fault: { readonly error: unknown } | null = null
  #toldAt = -Infinity
  #state: 'new' | 'running' | 'over' = 'new'
  #isPaused = false
  #isStopped = false

  /** Throws ArgumentError. Nothing is opened or asked for before it is run. */
  constructor(options: JobOptions<R>) {
    super()
    this.#options = readJobOptions(options)
  }

  /** What the journal of a folder says, whether or not a job is running there. Rejects with FileError. */
  static async status(dir: string): Promise<JournalStatus> {
    return (await Journal.read(dir)).status
  }

  /** Items that have failed are done again by the next job of the folder. Resolves with how many there are. */
  static async retryFailed(dir: string): Promise<number> {
    const journal = await Journal.open(dir, { fsync: true, clock: systemClock, note: () => undefined })
    try {
      return await journal.retryFailed()
    } finally {
      await journal.close()
    }
  }

  get progress(): JobProgress {
    const { read = 0, duplicates = 0 } = this.#run?.counts ?? {}
    return {
      ok: this.#started.ok + this.#okNow,
      failed: this.#started.failed + this.#failedNow,
      okNow: this.#okNow,
      failedNow: this.#failedNow,
      read,
      duplicates,
      total: this.#run?.isRead === true ? read - duplicates : null,
      waiting: this.#run?.waiting ?? 0,
      underWay: this.#run?.underWay ?? 0,
      pausedOrigins: this.#run?.pausedOrigins ?? 0,
    }
  }

  /** Works the list off, without giving results. Resolves with how far it came. */
  async run(): Promise<JobProgress> {
    await this.#work()
    return this.progress
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobResult<R>, void, void> {
    const results = new ResultLine<JobResult<R>>(
      this.#width,
      () => this.#run?.pause(),
      () => {
        if (!this.#isPaused) this.#run?.resume()
      },
    )
    this.#results = results
    const worked = this.#work().then(
      () => results.end(),
      (error: unknown) => results.fail(error),
    )
    try {
      yield* results
    } finally {
      this.abort()
      results.leave()
      await worked
    }
  }

  /** Starts nothing until `resume`; what is under way goes on. */
  pause(): void {
    this.#isPaused = true
    this.#run?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#run?.resume()
  }

  /** Starts nothing any more; the job ends when what is under way has. The rest is left for another time. */
  stop(): void {
    this.#isStopped = true
    this.#run?.stop()
  }

  /** Ends what is under way, too; it is left for another time as well. */
  abort(reason?: unknown): void {
    this.stop()
    this.#aborting.abort(reason ?? new ClosedError('the job was aborted'))
  }

  get #width(): number {
    const { limits } = this.#options.client
    const { maxPipelinedRequests } = limits.of('')
    return this.#options.concurrency ?? Math.min(LIMITS.maxJobUnderWay, limits.maxConn * maxPipelinedRequests)
  }

  async #work(): Promise<void> {
    if (this.#state !== 'new')
      throw new ClosedError('this job was run already; make another one of the same folder')
    this.#state = 'running'
    const { dir, fsync = true, note = () => undefined } = this.#options
    const journal = await Journal.open(dir, { fsync, clock: systemClock, note })
    const onPause = (event: unknown): void => this.#onPause(event as TargetPause & { client: number })
    subscribe('trawl:target:pause', onPause)
    try {
      Object.assign(this.#started, journal.counts)
      await this.#runOff(journal)
      if (this.#fault !== null) throw this.#fault.error
    } finally {
      unsubscribe('trawl:target:pause', onPause)
      this.#state = 'over'
      await journal.close()
      this.emit('progress', this.progress)
    }
  }

  async #runOff(journal: Journal): Promise<void> {
    const { client, input, dir, dedupe = true } = this.#options
    const { limits } = client
    let files = 0
    const run = new JobRun({
      clock: systemClock,
      input: jobEntries(input),
      width: this.#width,
      placesOf: (host) => {
        const { maxConnPerTarget, maxPipelinedRequests } = limits.of(host)
        return maxConnPerTarget * maxPipelinedRequests * Math.max(1, limits.clientIps)
      },
      clientIps: limits.clientIps,
      dedupe,
      keys: journal.keys,
      keyOf: journal.makeKey,
      spillPath: () => waitingFile(dir, ++files),
      work: (task) => this.#item(task, journal),
    })
    this.#run = run
    if (this.#isPaused) run.pause()
    if (this.#isStopped) run.stop()
    removeWaitingFiles(dir)
    journal.startRun({})
    try {
      await run.run()
    } finally {
      journal.endRun({ ok: this.#okNow, failed: this.#failedNow })
    }
  }

  /** Never rejects but for what ends the job. */
  async #item(task: Task, journal: Journal): Promise<void> {
    const { entry } = task
    const item = entry.item ?? { url: entry.url }
    const { signal } = this.#aborting
    let result: JobResult<R>
    try {
      if (task.url === null) throw new ItemError(entry.problem)
      result = { ok: true, item, value: await this.#valueOf(item, signal), error: undefined }
    } catch (thrown) {
      const error =
        thrown instanceof Error ? thrown : new Error(`handle threw ${String(thrown)}`, { cause: thrown })
      if (signal.aborted) return
      if (isLastingFault(error)) {
        this.#fail(error)
        return
      }
      result = { ok: false, item, value: undefined, error }
    }
    try {
      if (!journal.add(task.key, result.ok, entryLine(entry, result.error))) return
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#count(result.ok)
    this.#results?.push(result)
  }

  #valueOf(item: JobItem, signal: AbortSignal): R | Promise<R> {
    const { client, handle, work } = this.#options
    return work === undefined ? requestItem(client, item, signal, handle!) : work(item, signal)
  }

  #count(ok: boolean): void {
    if (ok) this.#okNow++
    else this.#failedNow++
    if (this.#failedNow >= (this.#options.maxFailures ?? Infinity)) this.stop()
    const now = systemClock.now()
    if (now - this.#toldAt < LIMITS.progressInterval) return
    this.#toldAt = now
    this.emit('progress', this.progress)
  }

  #fail(error: unknown): void {
    this.#fault ??= { error }
    this.stop()
  }

  #onPause(event: TargetPause & { client: number }): void {
    if (event.client === this.#options.client.id) this.#run?.targetPaused(event)
  }
}
