import type { Client } from '../index.ts'
import { EXIT, worseOf, type ExitCode } from './exit-codes.ts'
import { fetchList } from './fetch-list.ts'
import { reasonOf } from './file-error.ts'
import type { Gate } from './gate.ts'
import type { InputItem } from './input.ts'
import type { Interruptible } from './interrupts.ts'
import type { ItemFetcher } from './item-fetcher.ts'
import { showUrlText } from './item-url.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { ProgressCounts } from './progress.ts'
import type { ReportFile } from './report-file.ts'
import { readable } from './readable.ts'
import { Tally } from './tally.ts'
import type { UrlSource } from './url-source.ts'

/** What a run works with. */
export interface RunParts {
  readonly client: Client
  readonly source: UrlSource
  readonly fetcher: ItemFetcher
  /** The one that the fetcher's items pass. */
  readonly gate: Gate
  readonly report: ReportFile | null
  /** Items under way at once. */
  readonly width: number
  /** Prints a line for the user. */
  readonly note: (text: string) => void
}

/** One list of URLs being worked off: counts, reports, and stops when told to or when it must. */
export class GetRun implements Interruptible {
  readonly tally: Tally = new Tally()
  readonly #parts: RunParts
  #stopped = ''
  #exitCode: ExitCode | null = null

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  /** Why it did not come to the end of its list; '' when it did. */
  get stopped(): string {
    return this.#stopped
  }

  get exitCode(): ExitCode {
    return this.#exitCode ?? this.tally.exitCode
  }

  get counts(): ProgressCounts {
    const { ok, failed, done } = this.tally
    const { connections, bytes } = this.#parts.client.stats()
    return { done, total: this.#parts.source.total, ok, failed, connections, bytes }
  }

  async work(): Promise<void> {
    const { source, width } = this.#parts
    try {
      await fetchList(
        source,
        width,
        () => this.#stopped === '',
        (item) => this.#item(item),
      )
    } catch (error) {
      this.#stop(`cannot read on in the input: ${reasonOf(error)}`)
      this.tally.exitCode = worseOf(this.tally.exitCode, EXIT.file)
    }
  }

  finish(exitCode: ExitCode): void {
    this.#exitCode = exitCode
    this.#parts.note(
      `interrupted: finishing ${this.#parts.fetcher.underWay} under way; Ctrl-C again aborts them`,
    )
    this.#stop('interrupted')
  }

  abort(exitCode: ExitCode): void {
    this.#exitCode = exitCode
    this.#stop('interrupted')
    this.#parts.fetcher.abort()
    this.#parts.client.destroy()
  }

  async #item(item: InputItem): Promise<void> {
    const outcome = await this.#parts.fetcher.fetch(item)
    if (outcome === null) return
    this.tally.add(outcome)
    if (outcome.message !== '') this.#tell(outcome)
    if (outcome.fatal) this.#stop(outcome.message)
    const { report } = this.#parts
    if (report === null) return
    try {
      await report.add(outcome)
    } catch (error) {
      // A run whose report has holes is not what was asked for.
      this.#stop(reasonOf(error))
      this.tally.exitCode = worseOf(this.tally.exitCode, EXIT.file)
    }
  }

  #tell(outcome: Outcome): void {
    const { failed } = this.tally
    if (failed > CLI_LIMITS.shownFailures + 1) return
    if (failed > CLI_LIMITS.shownFailures) {
      this.#parts.note(this.#parts.report === null ? MORE : 'further failures are in the report')
      return
    }
    const { message, url } = outcome
    const where = message.includes(url) ? '' : `${readable(showUrlText(url))}: `
    this.#parts.note(where + readable(message))
  }

  #stop(reason: string): void {
    if (this.#stopped === '') this.#stopped = reason
    this.#parts.gate.close()
    this.#parts.source.stop()
  }
}

const MORE = 'further failures are only counted; --report FILE lists them all'
