import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Told what a call goes through. */
export interface CallListener {
  onRedirect(): void
  /** It will be tried again, for the `retries`th time, after a wait. */
  onRetry(retries: number): void
  /** It is settled. `status`: of its last answer; 0: it had none. `clientIp`: of its last try; '': the system's choice. */
  onSettled(status: number, clientIp: string): void
}

/** What the client's channels tell, as far as it is used here. */
interface CallEvent {
  readonly call: object
  readonly status: number
  readonly exchange: { readonly target: { readonly clientIp: string } }
  readonly retries?: number
}

/** Follows the calls of one run on the client's channels: a call that fails cannot tell by itself. */
export class CallWatch {
  /** Of the calls that are not settled. A WeakMap costs more, in each collection of the heap too. */
  readonly #listeners = new Map<object, CallListener>()
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

  /** Runs `start`, which begins a call before it returns, and lets `listener` follow that call. */
  follow<T>(listener: CallListener, start: () => T): T {
    this.#next = listener
    try {
      return start()
    } finally {
      this.#next = null
    }
  }

  close(): void {
    for (const [name, onEvent] of this.#channels) unsubscribe(name, onEvent)
  }

  #onStart({ call }: CallEvent): void {
    if (this.#next !== null) this.#listeners.set(call, this.#next)
    this.#next = null
  }

  #onEnd({ call, status, exchange }: CallEvent): void {
    const listener = this.#listeners.get(call)
    this.#listeners.delete(call)
    listener?.onSettled(status, exchange.target.clientIp)
  }

  #of(event: unknown): CallListener | undefined {
    return this.#listeners.get((event as CallEvent).call)
  }
}
