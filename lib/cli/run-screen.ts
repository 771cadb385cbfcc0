import type { GetOptions } from './get-options.ts'
import type { GetRun } from './get-run.ts'
import type { OpenRun } from './open-run.ts'
import { noteJson } from './progress-json.ts'
import { Progress, type ProgressMode, type ProgressStream } from './progress.ts'
import { RefusalWatch } from './refusal-watch.ts'
import { RetryWatch } from './retry-watch.ts'
import { RunCounts } from './run-counts.ts'
import type { RunFacts } from './run-facts.ts'
import { onStatisticsSignal } from './statistics-signal.ts'
import { statisticsText } from './statistics.ts'
import { StdoutStore } from './stdout-store.ts'
import { summaryJson } from './summary-json.ts'
import { summaryText } from './summary.ts'

/** What a person sees of a run: the view while it goes on, statistics on a signal, the summary. */
export class RunScreen {
  readonly #options: GetOptions
  readonly #opened: OpenRun
  readonly #run: GetRun
  readonly #stream: ProgressStream
  readonly #mode: ProgressMode
  /** One body goes to standard output: nothing is told of it but what goes wrong. */
  readonly #isQuiet: boolean
  readonly #before: RunFacts['before']
  readonly #refusals = new RefusalWatch()
  readonly #retries = new RetryWatch()
  readonly #progress: Progress
  readonly #started: number
  #removeSignal: () => void = () => undefined

  /** `started`: on `performance.now()`. */
  constructor(options: GetOptions, opened: OpenRun, run: GetRun, stream: ProgressStream, started: number) {
    const { client, store, journal } = opened
    this.#options = options
    this.#opened = opened
    this.#run = run
    this.#stream = stream
    this.#started = started
    this.#isQuiet = store instanceof StdoutStore && options.progress === 'auto'
    this.#mode = this.#isQuiet ? 'none' : progressMode(options, stream)
    this.#before = journal === null || journal.status.runs === 1 ? undefined : { ...journal.counts }
    const counts = new RunCounts({
      client,
      tally: run.tally,
      total: () => run.total,
      retrying: () => this.#retries.retrying,
      before: this.#before,
    })
    this.#progress = new Progress(stream, this.#mode, () => counts.read())
  }

  async start(): Promise<void> {
    this.#removeSignal = onStatisticsSignal(() => this.#progress.print(this.#statistics()))
    await this.#progress.start()
  }

  /** Prints a line that stays. */
  note(text: string): void {
    this.#progress.note(text)
  }

  /** Takes the view away. Gives what is told of the run. */
  stop(): RunFacts {
    const facts = this.#facts()
    this.#progress.stop()
    this.#refusals.close()
    this.#retries.close()
    return facts
  }

  /** After all else. */
  summarize(facts: RunFacts): void {
    this.#removeSignal()
    const { tally } = this.#run
    if (this.#mode === 'json') this.#stream.write(`${summaryJson(tally, facts)}\n`)
    else if (!this.#isQuiet) this.#stream.write(summaryText(tally, facts))
  }

  #statistics(): string {
    const { tally } = this.#run
    return this.#mode === 'json'
      ? summaryJson(tally, { ...this.#facts(), finish: null })
      : statisticsText(this.#progress.state(), tally, this.#facts())
  }

  #facts(): RunFacts {
    const { dialled, reused } = this.#opened.client.stats()
    const { stopped, finishReason, duplicates } = this.#run
    return {
      elapsedMs: performance.now() - this.#started,
      dialled,
      reused,
      outputDir: this.#options.outputDir,
      report: this.#options.report,
      stopped,
      finish: finishReason,
      duplicates,
      before: this.#before,
      refusals: this.#refusals,
    }
  }
}

/** A line for the user where there is no screen, in the form of the run's progress. */
export function plainNote(options: GetOptions, text: string): string {
  return options.progress === 'json' ? noteJson(text) : `trawl: ${text}`
}

function progressMode(options: GetOptions, stream: ProgressStream): ProgressMode {
  if (options.progress !== 'auto') return options.progress
  return stream.isTTY === true && process.env['TERM'] !== 'dumb' ? 'bar' : 'plain'
}
