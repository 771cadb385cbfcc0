import { systemClock, type Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'
import type { ClientStats } from '../index.ts'
import { ConnectionWatch } from './page-connections.ts'
import { RunFigures } from './page-figures.ts'
import { PageFile } from './page-file.ts'
import { pageHtml } from './page-html.ts'
import type { RunEnd, RunOutcome } from './run-outcome.ts'

export interface HtmlReportOptions {
  /** The page's heading. */
  readonly title: string
  /** A line below it; ''. */
  readonly note?: string
  /** Whose connections are shown, as the channels number clients; default: those of all clients of the process. */
  readonly clientId?: number
  /** Asked now and then what waits, what is paused and how many bytes came; default: that is not shown. */
  readonly stats?: () => ClientStats
  readonly clock?: Clock
}

/**
 * A page about a run: plots and tables of what was done, how long it took, and what went over which connection. It
 * gathers while the run goes on, in some MB whatever the length, and writes one file that needs no network.
 */
export class HtmlReport {
  readonly #file: PageFile
  readonly #options: HtmlReportOptions
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #startedDate: number
  readonly #figures: RunFigures
  readonly #watch: ConnectionWatch
  #stopSampling: () => void = () => {}
  #sampledAt: number
  #sampledBytes = 0

  private constructor(file: PageFile, options: HtmlReportOptions) {
    const clock = options.clock ?? systemClock
    this.#file = file
    this.#options = options
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#startedDate = clock.date()
    this.#sampledAt = this.#startedAt
    this.#figures = new RunFigures(this.#startedAt, options.stats === undefined)
    this.#watch = new ConnectionWatch({
      clock,
      clientId: options.clientId ?? null,
      onRetry: (status) => this.#figures.addRetry(status, clock.now()),
      onLoad: (connections, inFlight) => this.#onLoad(connections, inFlight),
    })
    this.#sample()
  }

  /** Begins to gather. Rejects with a FileError when `path` cannot be written, which is tried at once. */
  static async open(path: string, options: HtmlReportOptions): Promise<HtmlReport> {
    return new HtmlReport(await PageFile.open(path), options)
  }

  /** To be called once for each item that is done. */
  add(outcome: RunOutcome): void {
    this.#figures.add(outcome, this.#clock.now())
  }

  /** Writes the page, however the run ended. Rejects with a FileError. */
  async close(end: RunEnd): Promise<void> {
    this.#stop(end.stats)
    const content = {
      title: this.#options.title,
      note: this.#options.note ?? '',
      startedAt: this.#startedAt,
      startedDate: this.#startedDate,
      figures: this.#figures,
      watch: this.#watch,
      end,
    }
    await this.#file.write(pageHtml(content))
  }

  /** Ends it without a page. */
  discard(): void {
    this.#stop(null)
  }

  #stop(stats: ClientStats | null): void {
    this.#stopSampling()
    if (stats !== null && this.#options.stats !== undefined) this.#take(stats)
    this.#watch.close()
  }

  #onLoad(connections: number, inFlight: number): void {
    const bucket = this.#figures.times.at(this.#clock.now())
    if (connections > bucket.connections) bucket.connections = connections
    if (inFlight > bucket.inFlight) bucket.inFlight = inFlight
  }

  #sample(): void {
    this.#onLoad(this.#watch.open, this.#watch.inFlight)
    if (this.#options.stats !== undefined) this.#take(this.#options.stats())
    const wait = Math.max(LIMITS.reportInterval, this.#figures.times.width)
    this.#stopSampling = this.#clock.after(wait, () => this.#sample())
  }

  #take(stats: ClientStats): void {
    const now = this.#clock.now()
    this.#figures.times.addBytes(this.#sampledAt, now, Math.max(0, stats.bytes - this.#sampledBytes))
    this.#sampledAt = now
    this.#sampledBytes = stats.bytes
    const bucket = this.#figures.times.at(now)
    const paused = stats.targets.reduce((count, target) => count + (target.paused > 0 ? 1 : 0), 0)
    bucket.waiting = Math.max(bucket.waiting, stats.waiting)
    bucket.paused = Math.max(bucket.paused, paused)
  }
}
