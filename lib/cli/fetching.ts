import type { Response, StreamResponse } from '../index.ts'
import type { CallListener } from './call-watch.ts'
import { factsOf } from './item-outcome.ts'
import type { Outcome } from './outcome.ts'

/** One item on its way: what it has been through, known also when it fails. */
export class Fetching implements CallListener {
  readonly url: URL
  /** On `performance.now()`: when its turn came. */
  readonly started: number = performance.now()
  /** Of the present call. */
  response: Response | StreamResponse | null = null
  /** Of all its calls. */
  retries = 0
  readonly #leave: () => void
  #hasLeft = false
  /** Of the calls before the present one. */
  #retriesBefore = 0
  #redirects = 0
  #status = 0

  constructor(url: URL, leave: () => void) {
    this.url = url
    this.#leave = leave
  }

  /** Gives its place at the gate to another, once: it has had its first try, or is done. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#leave()
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

  onSettled(status: number): void {
    this.#status = status
  }

  get facts(): Partial<Outcome> {
    const { retries } = this
    if (this.response !== null) return { ...factsOf(this.response), retries }
    const status = this.#status === 0 ? {} : { status: this.#status }
    return { retries, redirects: this.#redirects, ...status }
  }
}
