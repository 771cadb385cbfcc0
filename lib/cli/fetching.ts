import type { DownloadResult, Response, StreamResponse } from '../index.ts'
import type { Task } from '../jobs/run/task.ts'
import type { CallListener } from './call-watch.ts'
import { addDownload, addFacts, type OpenOutcome } from './item-outcome.ts'

/** One item on its way: what it has been through, known also when it fails. */
export class Fetching implements CallListener {
  readonly task: Task
  /** What is asked for now: the item's URL, or one of its mirrors. */
  url: URL
  /** On `performance.now()`: when its turn came. */
  readonly started: number = performance.now()
  /** Of the present call. */
  response: Response | StreamResponse | null = null
  download: DownloadResult | null = null
  /** Of all its calls. */
  retries = 0
  watchedAt = -1
  readonly #leave: (task: Task) => void
  /** Of the calls before the present one. */
  #retriesBefore = 0
  #redirects = 0
  #status = 0
  #clientIp = ''

  /** `leave`: told when it waits for something else than its server. */
  constructor(task: Task, url: URL, leave: (task: Task) => void) {
    this.task = task
    this.url = url
    this.#leave = leave
  }

  /** Gives its place to another: it has had its first try. */
  leave(): void {
    this.#leave(this.task)
  }

  /** A new call begins. */
  begin(): void {
    this.response = null
    this.#retriesBefore = this.retries
    this.#redirects = 0
    this.#status = 0
  }

  onRedirect(): void {
    this.#redirects++
  }

  onRetry(retries: number): void {
    this.retries = this.#retriesBefore + retries
    this.leave()
  }

  onFailed(status: number, clientIp: string): void {
    this.#status = status
    this.#clientIp = clientIp
  }

  /** Fills in what it has been through. */
  addTo(outcome: Partial<OpenOutcome>): void {
    outcome.retries = this.retries
    if (this.download !== null) {
      addDownload(outcome, this.download)
    } else if (this.response !== null) {
      addFacts(outcome, this.response)
    } else {
      outcome.redirects = this.#redirects
      outcome.clientIp = this.#clientIp
      if (this.#status !== 0) outcome.status = this.#status
    }
  }
}
