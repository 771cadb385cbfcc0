import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Told what a call goes through. */
export interface CallListener {
  /** Where the watch has it; -1: nowhere. Only the watch writes it. */
  watchedAt: number
  onRedirect(): void
  /** It will be tried again, for the `retries`th time, after a wait. */
  onRetry(retries: number): void
  /** It has failed. `status`: of its last answer; 0: it had none. `clientIp`: of its last try; '': the system's choice. */
  onFailed(status: number, clientIp: string): void
}

/** What the client's channels tell, as far as it is used here. */
interface CallEvent {
  readonly call: object
  readonly status: number
  readonly exchange: { readonly target: { readonly clientIp: string } }
  readonly retries?: number
  readonly error?: Error | null
}

/** Follows the calls of one run on the client's channels: a call that fails cannot tell by itself. */
export class CallWatch {
  /**
   * The calls that are followed and their listeners, at the same places. Only a call that has something to tell is
   * searched for. In a Map, by the call, each of them left its traces: whenever its table is made anew, the old one
   * still holds what it held, and points to the new one. One that the collector has moved to the old objects keeps
   * all that came later alive until those are collected: 3 KB an item, and a third of a run's peak memory.
   */
  readonly #calls: object[] = []
  readonly #listeners: CallListener[] = []
  /** Whose call begins now. */
  #next: CallListener | null = null
  readonly #channels: readonly (readonly [name: string, onEvent: (event: unknown) => void])[] = [
    ['trawl:call:start', (event) => this.#onStart(event as CallEvent)],
    ['trawl:call:redirect', (event) => this.#of(event)?.onRedirect()],
    ['trawl:call:retry', (event) => this.#of(event)?.onRetry((event as CallEvent).retries!)],
    ['trawl:call:end', (event) => this.#onEnd(event as CallEvent)],
  ]

  constructor() {
    for (const [name, onEvent] of this.#channels) subscribe(name, onEvent)
  }

  /** Runs `start`, which begins a call before it returns, and lets `listener` follow that call, and none before it. */
  follow<T>(listener: CallListener, start: () => T): T {
    this.#next = listener
    try {
      return start()
    } finally {
      this.#next = null
    }
  }

  /** Nothing more is told to this one. */
  leave(listener: CallListener): void {
    const at = listener.watchedAt
    if (at === -1) return
    listener.watchedAt = -1
    const call = this.#calls.pop()!
    const last = this.#listeners.pop()!
    if (last === listener) return
    this.#calls[at] = call
    this.#listeners[at] = last
    last.watchedAt = at
  }

  close(): void {
    for (const [name, onEvent] of this.#channels) unsubscribe(name, onEvent)
  }

  #onStart({ call }: CallEvent): void {
    const listener = this.#next
    if (listener === null) return
    this.#next = null
    if (listener.watchedAt === -1) listener.watchedAt = this.#listeners.push(listener) - 1
    this.#calls[listener.watchedAt] = call
  }

  #onEnd(event: CallEvent): void {
    if (event.error !== null) this.#of(event)?.onFailed(event.status, event.exchange.target.clientIp)
  }

  #of(event: unknown): CallListener | undefined {
    return this.#listeners[this.#calls.indexOf((event as CallEvent).call)]
  }
}
