import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { systemClock } from '../core/clock.ts'
import { ClosedError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { isLastingFault } from './file-error.ts'
import { ItemSignals } from './item-signals.ts'
import { JobEntries } from './job-entries.ts'
import { entryLine } from './job-entry-line.ts'
import { readJob } from './job-folder.ts'
import type { JobItem } from './job-item.ts'
import { readJobOptions, type JobOptions, type JobProgress, type JobResult } from './job-options.ts'
import { ItemError } from './job-request.ts'
import { requestItem } from './job-work.ts'
import type { JournalStatus } from './journal/journal-contents.ts'
import { Journal } from './journal/journal.ts'
import { ResultLine } from './result-line.ts'
import { JobRun } from './run/job-run.ts'
import type { Task } from './run/task.ts'
import { pauseOf, type PauseEvent } from './run/paused-origins.ts'
import { removeWaitingFiles, waitingFile } from './run/waiting-files.ts'

/** What a job tells: `progress` now and then while items end, and at its end. */
export interface JobEvents {
  progress: [progress: JobProgress]
}

/**
 * A list of URLs, worked off with a journal: after a crash, a kill or a loss of power another Job of the same folder and
 * input goes on where this one stopped. Each item is done at least once, and not again when the journal has it.
 *
 * Either `await run()`: an item is finished when `handle` has resolved. Or iterate it, which gives a result for each item
 * as it ends: an item is finished when the loop has come back for the next result. `concurrency` bounds what is under
 * way and what waits to be taken together. To leave the loop aborts what is under way.
 *
 * Both throw what the input throws, FileError when the journal cannot be written, faults of the disk that `handle` throws,
 * and ClosedError when the client was closed. Items that this hits are not finished.
 */
export class Job<R = unknown> extends EventEmitter<JobEvents> implements AsyncIterable<JobResult<R>> {
  readonly #options: JobOptions<R>
  readonly #signals = new ItemSignals()
  readonly #started = { ok: 0, failed: 0 }
  #okNow = 0
  #failedNow = 0
  #run: JobRun | null = null
  #results: ResultLine<JobResult<R>> | null = null
  /** What made it stop, and is thrown at the end. */
  #fault: { readonly error: unknown } | null = null
  /** The same for the journal, in words; '': it came to the end of its input. */
  #stopped = ''
  #toldAt = -Infinity
  #state: 'new' | 'running' | 'over' = 'new'
  #isPaused = false

  /** Throws ArgumentError. Nothing is opened or asked for before it is run. */
  constructor(options: JobOptions<R>) {
    super()
    this.#options = readJobOptions(options)
  }

  /** What the journal of a folder says, whether or not a job is running there. Rejects with FileError. */
  static async status(dir: string): Promise<JournalStatus> {
    return (await readJob(dir)).status
  }

  /** Items that have failed are done again by the next job of the folder. Resolves with how many. Rejects with FileError. */
  static async retryFailed(dir: string): Promise<number> {
    await readJob(dir)
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

  /** Works the list off, without giving results. Resolves with how far it came; rejects with ClosedError when it was run before. */
  async run(): Promise<JobProgress> {
    await this.#work(null)
    return this.progress
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<JobResult<R>, undefined> {
    let working: Promise<void> = Promise.resolve()
    const results = new ResultLine<JobResult<R>>(
      () => {
        working = this.#work(results).then(
          () => results.end(null),
          (error: unknown) => results.end({ error }),
        )
      },
      () => {
        this.#abort('the loop over the job was left')
        return working
      },
    )
    return results
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
    this.#stop('stopped')
  }

  /** Aborts what is under way, too; it is left for another time as well. `reason`: of the signals; default a ClosedError. */
  abort(reason?: unknown): void {
    this.#abort('aborted', reason)
  }

  get #width(): number {
    const { limits } = this.#options.client
    const { maxPipelinedRequests } = limits.of('')
    return this.#options.concurrency ?? Math.min(LIMITS.maxJobUnderWay, limits.maxConn * maxPipelinedRequests)
  }

  async #work(results: ResultLine<JobResult<R>> | null): Promise<void> {
    if (this.#state !== 'new') {
      throw new ClosedError('this job was run before; make another one of the same folder, which goes on')
    }
    this.#state = 'running'
    this.#results = results
    try {
      await this.#runIn(this.#options.dir)
    } finally {
      this.#state = 'over'
    }
    if (this.#fault !== null) throw this.#fault.error
  }

  async #runIn(dir: string): Promise<void> {
    const { fsync = true, note = () => undefined } = this.#options
    const journal = await Journal.open(dir, { fsync, clock: systemClock, note })
    const onPause = (event: unknown): void => this.#onPause(event as PauseEvent)
    subscribe('trawl:target:pause', onPause)
    try {
      Object.assign(this.#started, journal.counts)
      removeWaitingFiles(dir)
      journal.startRun({})
      await this.#runOff(journal)
      journal.endRun({ ok: this.#okNow, failed: this.#failedNow, stopped: this.#stopped })
    } catch (error) {
      this.#fail(error)
    } finally {
      unsubscribe('trawl:target:pause', onPause)
      await journal.close().catch((error: unknown) => this.#fail(error))
    }
    this.emit('progress', this.progress)
  }

  async #runOff(journal: Journal): Promise<void> {
    const { client, input, dir, dedupe = true } = this.#options
    const { limits } = client
    let files = 0
    const run = new JobRun({
      clock: systemClock,
      input: new JobEntries(input),
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
    if (this.#stopped !== '') run.stop()
    try {
      await run.run()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Rejects with nothing but what a listener throws. */
  async #item(task: Task, journal: Journal): Promise<void> {
    const result = await this.#resultOf(task)
    if (result === null) return
    if (this.#results !== null && !(await this.#results.push(result))) return
    try {
      if (!journal.add(task.key, result.ok, entryLine(task, result.error))) return
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#count(result.ok)
  }

  /** null: it came to no end, and is left for another time. */
  async #resultOf({ entry, url }: Task): Promise<JobResult<R> | null> {
    const item = entry.item ?? { url: entry.url }
    const controller = this.#signals.take()
    try {
      if (url === null) throw new ItemError(entry.problem)
      const value = await this.#valueOf(item, controller.signal)
      return { ok: true, item, value, error: undefined }
    } catch (thrown) {
      const error = asError(thrown)
      if (this.#signals.isAborted) return null
      if (!endsJob(error)) return { ok: false, item, value: undefined, error }
      this.#fail(error)
      return null
    } finally {
      this.#signals.give(controller)
    }
  }

  #valueOf(item: JobItem, signal: AbortSignal): R | Promise<R> {
    const { client, handle, work } = this.#options
    return work === undefined ? requestItem(client, item, signal, handle!) : work(item, signal)
  }

  #count(ok: boolean): void {
    if (ok) this.#okNow++
    else this.#failedNow++
    const { maxFailures = Infinity } = this.#options
    if (this.#failedNow >= maxFailures)
      this.#stop(`${this.#failedNow} failed, and maxFailures is ${maxFailures}`)
    const now = systemClock.now()
    if (now - this.#toldAt < LIMITS.progressInterval) return
    this.#toldAt = now
    this.emit('progress', this.progress)
  }

  #fail(error: unknown): void {
    this.#fault ??= { error }
    this.#stop(asError(error).message.slice(0, LIMITS.maxJournalMessage))
  }

  #stop(why: string): void {
    if (this.#stopped === '') this.#stopped = why
    this.#run?.stop()
  }

  #abort(why: string, reason: unknown = new ClosedError(why)): void {
    this.#stop(why)
    this.#signals.abort(reason)
  }

  #onPause(event: PauseEvent): void {
    const pause = event.client === this.#options.client.id ? pauseOf(event) : null
    if (pause !== null) this.#run?.targetPaused(pause)
  }
}

/** Every item would end like this: nothing is wrong with the one that did. */
function endsJob(error: Error): boolean {
  if (isLastingFault(error)) return true
  let each: unknown = error
  for (let depth = 0; each instanceof Error && depth < MAX_CAUSES; depth++, each = each.cause) {
    if (each instanceof ClosedError) return true
  }
  return false
}

const MAX_CAUSES = 5

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`handle threw ${String(thrown)}`, { cause: thrown })
}
