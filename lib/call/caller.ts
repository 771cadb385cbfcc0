import { AbortError, StatusError } from '../core/errors.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts'
import type { Response } from './response.ts'
import type { CallRules } from './rules.ts'
import type { StreamResponse } from './stream-response.ts'

/** The call, as its caller's side sees it. */
export interface CallerOwner {
  /** The caller wants no more of it. */
  cancel(error: Error): void
  onTotalTimeout(): void
  /** The response has passed what the caller asked of it. */
  hand(response: Response | StreamResponse): void
}

/** The caller's side of a call: its promise, its signal, its total time, and what it asks of a response. */
export class Caller implements TimerOwner {
  readonly #owner: CallerOwner
  #resolve!: (response: Response | StreamResponse) => void
  #reject!: (error: Error) => void
  #signal: AbortSignal | null = null
  #timer: Timer | null = null

  constructor(owner: CallerOwner) {
    this.#owner = owner
  }

  promise(): Promise<Response | StreamResponse> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** `startedAt`: on the clock's `now()`. */
  watch(signal: AbortSignal | undefined, totalTimeout: number, startedAt: number, wheel: TimerWheel): void {
    if (signal !== undefined) {
      this.#signal = signal
      signal.addEventListener('abort', this)
    }
    if (totalTimeout > 0) {
      this.#timer = new Timer(this)
      wheel.set(this.#timer, startedAt + totalTimeout)
    }
  }

  unwatch(wheel: TimerWheel): void {
    this.#signal?.removeEventListener('abort', this)
    this.#signal = null
    if (this.#timer !== null) wheel.remove(this.#timer)
    this.#timer = null
  }

  resolve(response: Response | StreamResponse): void {
    this.#resolve(response)
  }

  reject(error: Error): void {
    this.#reject(error)
  }

  /** The signal's abort event. */
  handleEvent(): void {
    this.#owner.cancel(new AbortError(this.#signal?.reason))
  }

  onTimer(): void {
    this.#owner.onTotalTimeout()
  }

  /** Hands the response on, unless the caller asked for something better. */
  judge(response: Response | StreamResponse, { expectSuccess, validate }: CallRules): void {
    if (expectSuccess && !response.ok) {
      this.#owner.cancel(new StatusError(response.status, response.statusText, response))
      return
    }
    try {
      const verdict = validate === null ? undefined : validate(response)
      if (!(verdict instanceof Promise)) return this.#owner.hand(response)
      verdict.then(
        () => this.#owner.hand(response),
        (error: Error) => this.#owner.cancel(error),
      )
    } catch (error) {
      this.#owner.cancel(error as Error)
    }
  }
}
