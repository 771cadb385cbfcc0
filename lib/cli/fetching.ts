import type { Response, StreamResponse } from '../index.ts'
import type { CallListener } from './call-watch.ts'
import type { Gate } from './gate.ts'
import { addFacts, type OpenOutcome } from './item-outcome.ts'

/** One item on its way: what it has been through, known also when it fails. */
export class Fetching implements CallListener {
  readonly url: URL
  /** On `performance.now()`: when its turn came. */
  readonly started: number = performance.now()
  /** Of the present call. */
  response: Response | StreamResponse | null = null
  /** Of all its calls. */
  retries = 0
  readonly #gate: Gate
  readonly #origin: string
  #hasLeft = false
  /** Of the calls before the present one. */
  #retriesBefore = 0
  #redirects = 0
  #status = 0

  /** It has passed the gate, as one of this origin. */
  constructor(url: URL, gate: Gate, origin: string) {
    this.url = url
    this.#gate = gate
    this.#origin = origin
  }

  /** Gives its place at the gate to another, once: it has had its first try, or is done. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#gate.leave(this.#origin)
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

  /** Fills in what it has been through. */
  addTo(outcome: Partial<OpenOutcome>): void {
    outcome.retries = this.retries
    if (this.response !== null) {
      addFacts(outcome, this.response)
    } else {
      outcome.redirects = this.#redirects
      if (this.#status !== 0) outcome.status = this.#status
    }
  }
}
