import { subscribe, unsubscribe } from 'node:diagnostics_channel'

interface CallEvent {
  readonly call: object
}

/** Knows how many calls are being tried again, by the client's channels. */
export class RetryWatch {
  readonly #retrying = new Set<object>()
  readonly #onRetry = (event: unknown): void => void this.#retrying.add((event as CallEvent).call)
  readonly #onEnd = (event: unknown): void => void this.#retrying.delete((event as CallEvent).call)

  constructor() {
    subscribe('trawl:call:retry', this.#onRetry)
    subscribe('trawl:call:end', this.#onEnd)
  }

  /** Calls that had to be tried again and are not settled yet; no more than there are calls. */
  get retrying(): number {
    return this.#retrying.size
  }

  close(): void {
    unsubscribe('trawl:call:retry', this.#onRetry)
    unsubscribe('trawl:call:end', this.#onEnd)
  }
}
