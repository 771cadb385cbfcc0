import type { RequestError } from '../core/errors.ts'

/** A call that has no exchange at the moment: it waits for a retry, the cache, a token, another call. */
export interface Waiter {
  /** The client closes: a wait that would hold that up for long is given up. */
  onClientClosing(): void
  /** The client is destroyed. */
  cancel(error: RequestError): void
}

/** The calls between two exchanges: the scheduler knows nothing of them, and `close` must wait for them. */
export class Between {
  readonly #calls = new Set<Waiter>()
  readonly #scheduler: { retain(): void; release(): void }

  constructor(scheduler: { retain(): void; release(): void }) {
    this.#scheduler = scheduler
  }

  get size(): number {
    return this.#calls.size
  }

  enter(call: Waiter): void {
    if (this.#calls.has(call)) return
    this.#calls.add(call)
    this.#scheduler.retain()
  }

  leave(call: Waiter): void {
    if (this.#calls.delete(call)) this.#scheduler.release()
  }

  closing(): void {
    for (const call of this.#calls) call.onClientClosing()
  }

  destroy(makeError: () => RequestError): void {
    for (const call of this.#calls) call.cancel(makeError())
  }
}
