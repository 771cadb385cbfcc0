import type { ClientStats } from '../index.ts'
import { CLI_LIMITS } from './limits.ts'

/**
 * Tells when a run that is to end has nothing more than waits: for servers that asked for a pause, which may be of
 * hours, or for another try. Requests that wait for a connection, or for a pace, are not that.
 */
export class QuietWatch {
  readonly #stats: () => Pick<ClientStats, 'targets'>
  readonly #onQuiet: () => void
  readonly #timer: ReturnType<typeof setInterval>
  #looks = 0

  constructor(stats: () => Pick<ClientStats, 'targets'>, onQuiet: () => void) {
    this.#stats = stats
    this.#onQuiet = onQuiet
    this.#timer = setInterval(() => this.look(), CLI_LIMITS.quietInterval)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** More than once: between two tries, and while a file is finished, nothing is in flight for a moment. */
  look(): void {
    const isBusy = this.#stats().targets.some(
      ({ inFlight, waiting, paused }) => inFlight > 0 || (waiting > 0 && paused === 0),
    )
    this.#looks = isBusy ? 0 : this.#looks + 1
    if (this.#looks < CLI_LIMITS.quietLooks) return
    this.stop()
    this.#onQuiet()
  }
}
