interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

interface Waiting<T> {
  readonly result: T
  readonly resolve: (wasTaken: boolean) => void
}

/**
 * Results between those who make them and the loop that takes them. Whoever makes one is told when the loop is done with
 * it: it has come back for the next. Not an async generator: that would put off `return` until a result comes.
 */
export class ResultLine<T> implements AsyncIterableIterator<T, undefined> {
  readonly #onOpen: () => void
  readonly #onLeave: () => Promise<void>
  readonly #line: Waiting<T>[] = []
  readonly #waiters: Waiter<T>[] = []
  /** Those that the loop has now. */
  readonly #taken: Waiting<T>[] = []
  #state: 'new' | 'open' | 'ended' = 'new'
  #failure: { readonly error: unknown } | null = null

  /** `onOpen`: the loop begins. `onLeave`: it was left before its end, which waits for what is returned. */
  constructor(onOpen: () => void, onLeave: () => Promise<void>) {
    this.#onOpen = onOpen
    this.#onLeave = onLeave
  }

  /** Resolves with whether the loop took it and was done with it; false: it was left before. */
  push(result: T): Promise<boolean> {
    if (this.#state === 'ended') return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiting = { result, resolve }
      const waiter = this.#waiters.shift()
      if (waiter === undefined) this.#line.push(waiting)
      else this.#hand(waiting, waiter)
    })
  }

  /** No more come, and all were taken. `failure`: what the loop throws. */
  end(failure: { readonly error: unknown } | null): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#failure = failure
    for (const waiter of this.#waiters.splice(0)) this.#tellEnd(waiter)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    for (const { resolve } of this.#taken.splice(0)) resolve(true)
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      const waiting = this.#line.shift()
      if (waiting !== undefined) this.#hand(waiting, waiter)
      else if (this.#state === 'ended') this.#tellEnd(waiter)
      else this.#waiters.push(waiter)
      if (this.#state === 'new') this.#open()
    })
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    const wasOpen = this.#state === 'open'
    this.end(null)
    for (const { resolve } of [...this.#taken.splice(0), ...this.#line.splice(0)]) resolve(false)
    if (wasOpen) await this.#onLeave()
    return END
  }

  #open(): void {
    this.#state = 'open'
    this.#onOpen()
  }

  #hand(waiting: Waiting<T>, waiter: Waiter<T>): void {
    this.#taken.push(waiting)
    waiter.resolve({ done: false, value: waiting.result })
  }

  /** The first one throws; all that come later find nothing. */
  #tellEnd(waiter: Waiter<T>): void {
    const failure = this.#failure
    this.#failure = null
    if (failure === null) waiter.resolve(END)
    else waiter.reject(failure.error)
  }
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }
