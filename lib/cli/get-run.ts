import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { systemClock, type Client } from '../index.ts'
import { JobRun } from '../jobs/run/job-run.ts'
import { isLastingFault } from '../jobs/file-error.ts'
import { showUrlText } from '../jobs/item-url.ts'
import type { KeySet } from '../jobs/journal/key-set.ts'
import type { KeyMaker } from '../jobs/journal/key.ts'
import { pauseOf, type PauseEvent } from '../jobs/run/paused-origins.ts'
import type { Task } from '../jobs/run/task.ts'
import { EXIT, worseOf, type ExitCode } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import type { FinishReason } from './finish-reason.ts'
import type { InputSource } from './input-source.ts'
import type { Interruptible } from './interrupts.ts'
import type { ItemFetcher } from './item-fetcher.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { RunRecords } from './run-records.ts'
import { QuietWatch } from './quiet-watch.ts'
import { readable } from './readable.ts'
import { Tally } from './tally.ts'

/** What a run works with. */
export interface RunParts {
  readonly client: Client
  readonly source: InputSource
  readonly makeFetcher: (leave: (task: Task) => void) => ItemFetcher
  readonly keys: KeySet
  readonly keyOf: KeyMaker
  readonly records: RunRecords
  readonly recorders: { add(outcome: Outcome): void } | null
  /** Items that hold a place at once, and those of one host. */
  readonly width: number
  readonly placesOf: (host: string) => number
  readonly dedupe: boolean
  readonly spillPath: () => string
  /** ms; 0: none. */
  readonly maxTotalTime: number
  readonly maxFailures: number
  /** It can be gone on with: what was not brought to an end is not counted. */
  readonly isJob: boolean
  readonly hasReport: boolean
  /** Prints a line for the user. */
  readonly note: (text: string) => void
}

/** One list of URLs being worked off: counts, reports, and stops when told to or when it must. */
export class GetRun implements Interruptible {
  readonly tally: Tally = new Tally()
  readonly #parts: RunParts
  readonly #fetcher: ItemFetcher
  readonly #run: JobRun
  readonly #onPause = (event: unknown): void => {
    const pause = pauseOf(event as PauseEvent)
    if (pause !== null) this.#run.targetPaused(pause)
  }
  #quiet: QuietWatch | null = null
  #isOver = false
  #stopped = ''
  #finish: FinishReason = 'done'
  #exitCode: ExitCode | null = null

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#run = new JobRun({
      clock: systemClock,
      input: parts.source,
      width: parts.width,
      placesOf: parts.placesOf,
      clientIps: parts.client.limits.clientIps,
      dedupe: parts.dedupe,
      keys: parts.keys,
      keyOf: parts.keyOf,
      spillPath: parts.spillPath,
      work: (task) => this.#item(task),
    })
    this.#fetcher = parts.makeFetcher((task) => this.#run.leave(task))
  }

  /** Why it did not come to the end of its list; '' when it did. */
  get stopped(): string {
    return this.#stopped
  }

  get finishReason(): FinishReason {
    return this.#finish
  }

  get exitCode(): ExitCode {
    return this.#exitCode ?? this.tally.exitCode
  }

  /** All items of the list, without those that came twice; -1 while that is not known. */
  get total(): number {
    const { read, duplicates } = this.#run.counts
    if (this.#run.isRead) return read - duplicates
    const { total } = this.#parts.source
    return total === -1 ? -1 : total - duplicates
  }

  get duplicates(): number {
    return this.#run.counts.duplicates
  }

  async work(): Promise<void> {
    const { maxTotalTime } = this.#parts
    const timer = maxTotalTime === 0 ? null : setTimeout(() => this.#onTotalTime(), maxTotalTime)
    subscribe('trawl:target:pause', this.#onPause)
    try {
      await this.#run.run()
    } catch (error) {
      const isDisk = isLastingFault(error)
      this.#stop(
        isDisk ? (error as Error).message : `cannot read on in the input: ${reasonOf(error)}`,
        isDisk ? 'disk-full' : 'input',
      )
      this.tally.exitCode = worseOf(this.tally.exitCode, EXIT.file)
    } finally {
      if (timer !== null) clearTimeout(timer)
      unsubscribe('trawl:target:pause', this.#onPause)
      this.#isOver = true
      this.#quiet?.stop()
      this.#fetcher.close()
    }
  }

  finish(exitCode: ExitCode): void {
    this.#exitCode = exitCode
    this.#parts.note(`interrupted: finishing ${this.#run.underWay} under way; Ctrl-C again aborts them`)
    this.#stop('interrupted', 'interrupted')
  }

  abort(exitCode: ExitCode): void {
    this.#exitCode = exitCode
    this.#stop('interrupted', 'interrupted')
    this.#abort()
  }

  #abort(): void {
    this.#fetcher.abort()
    this.#parts.client.destroy()
  }

  async #item(task: Task): Promise<void> {
    const outcome = await this.#fetcher.fetch(task)
    if (outcome.unfinished) this.#onUnfinished(outcome)
    if (outcome.unfinished && this.#parts.isJob) return
    try {
      const room = this.#parts.records.add(task, outcome)
      if (room !== undefined) await room
    } catch (error) {
      // A run whose journal or report has holes is not what was asked for.
      this.#stop(reasonOf(error), isLastingFault(error) ? 'disk-full' : 'file')
      this.tally.exitCode = worseOf(this.tally.exitCode, EXIT.file)
      // Where the journal does not have it, the next run does it again.
      if (this.#parts.isJob && !this.#isFinished(task)) return
    }
    this.tally.add(outcome)
    this.#parts.recorders?.add(outcome)
    // Of what a stop has broken off, the stop is told.
    if (outcome.message !== '' && (outcome.fatal || !outcome.unfinished)) this.#tell(outcome)
    if (this.tally.failed >= this.#parts.maxFailures) this.#onFailures()
  }

  #isFinished({ key }: Task): boolean {
    const state = this.#parts.keys.state(key)
    return state === 'ok' || state === 'failed'
  }

  #onUnfinished(outcome: Outcome): void {
    if (!outcome.fatal) return
    this.#stop(outcome.message, outcome.exitCode === EXIT.usage ? 'request' : 'disk-full')
    this.tally.exitCode = worseOf(this.tally.exitCode, outcome.exitCode)
  }

  #onFailures(): void {
    if (this.#stopped !== '') return
    this.#stop(
      `${this.tally.failed} failed, and --max-failures is ${this.#parts.maxFailures}`,
      'max-failures',
    )
    this.#exitCode ??= EXIT.failureLimit
  }

  #onTotalTime(): void {
    if (this.#stopped !== '') return
    this.#stop(`--max-total-time (${this.#parts.maxTotalTime / 1000} s) is over`, 'max-total-time')
    this.#exitCode ??= EXIT.timeLimit
    this.#abort()
  }

  #tell(outcome: Outcome): void {
    const { failed } = this.tally
    if (failed > CLI_LIMITS.shownFailures + 1) return
    if (failed > CLI_LIMITS.shownFailures) {
      this.#parts.note(this.#parts.hasReport ? 'further failures are in the report' : MORE)
      return
    }
    const { message, url } = outcome
    const where = message.includes(url) ? '' : `${readable(showUrlText(url))}: `
    this.#parts.note(where + readable(message))
  }

  #stop(reason: string, finish: FinishReason): void {
    if (this.#stopped === '') {
      this.#stopped = reason
      this.#finish = finish
    }
    this.#run.stop()
    this.#parts.source.stop()
    if (this.#isOver) return
    const { client } = this.#parts
    this.#quiet ??= new QuietWatch(
      () => client.stats(),
      () => this.#onQuiet(),
    )
  }

  /** A server that asked for a pause of an hour does not keep the command for an hour. */
  #onQuiet(): void {
    if (this.#run.underWay === 0) return
    this.#parts.note(`${this.#run.underWay} under way only wait for their servers: they are given up`)
    this.#abort()
  }
}

const MORE = 'further failures are only counted; --report FILE lists them all'
