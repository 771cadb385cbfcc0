import { Deque, type DequeItem } from '../core/deque.ts'
import { AbortError, ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { MapResult, MapSource } from './map.ts'

/** A map, as its run needs it. */
export interface MapPlan<T, R> {
  readonly items: MapSource<T>
  readonly concurrency: number
  readonly ordered: boolean
  readonly signal: AbortSignal | null
  readonly work: (item: T, signal: AbortSignal) => Promise<R>
}

/** One item on its way. */
class Task<T, R> implements DequeItem<Task<T, R>> {
  previous: Task<T, R> | null = null
  next: Task<T, R> | null = null
  deque: object | null = null
  readonly item: T
  readonly controller: AbortController
  /** null while it is under way. */
  result: MapResult<T, R> | null = null

  constructor(item: T, controller: AbortController) {
    this.item = item
    this.controller = controller
  }
}

interface Waiter<T, R> {
  resolve(result: IteratorResult<MapResult<T, R>, undefined>): void
  reject(error: unknown): void
}

type State =
  /** Nobody has asked for a result. */
  | 'new'
  | 'open'
  /** The source has ended, failed, or is not asked any more; results are still to come. */
  | 'draining'
  | 'over'

/**
 * Works items off, so many at a time, and hands out what became of them. Not an async generator: that
 * would put off `return` until a result comes, and cannot hand out one while its source hangs.
 */
export class MapRun<T, R> implements AsyncIterableIterator<MapResult<T, R>, undefined> {
  readonly #plan: MapPlan<T, R>
  /**
   * One for each item under way, used again: a signal with hundreds of listeners looks through them all
   * whenever one comes or goes.
   */
  readonly #controllers: AbortController[] = []
  readonly #freeControllers: AbortController[] = []
  /** Tasks pulled and not handed out, at most. */
  readonly #window: number
  readonly #running = new Deque<Task<T, R>>()
  /** In the order in which they are handed out. When that is the source's, some may still be under way. */
  readonly #line = new Deque<Task<T, R>>()
  readonly #waiters: Waiter<T, R>[] = []
  #underWay = 0
  #state: State = 'new'
  #source: Iterator<T> | AsyncIterator<T> | null = null
  #isAsync = false
  /** A `next` of the source has not been answered yet. */
  #pulling = false
  /** What the loop throws when all results are handed out. */
  #failure: { error: unknown } | null = null

  constructor(plan: MapPlan<T, R>) {
    this.#plan = plan
    this.#window = plan.ordered ? plan.concurrency * LIMITS.mapLookAhead : plan.concurrency
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<MapResult<T, R>, undefined>> {
    if (this.#state === 'over') return Promise.resolve(END)
    if (this.#state === 'new') this.#open()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#serve()
    })
  }

  /** Aborts what is under way and closes the source. Waits for that, unless the source is hanging. */
  async return(): Promise<IteratorResult<MapResult<T, R>, undefined>> {
    const wasOpen = this.#state === 'open'
    const hangs = this.#pulling
    this.#state = 'over'
    this.#failure = null
    this.#forget()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(END)
    this.#abort(new AbortError(undefined, 'the loop over the map was left'))
    if (wasOpen) await this.#closeSource(hangs)
    return END
  }

  /** The abort event of the caller's signal. */
  handleEvent(): void {
    const wasOpen = this.#state === 'open'
    const hangs = this.#pulling
    const error = new AbortError(this.#plan.signal?.reason)
    this.#fail(error)
    this.#abort(error)
    // Each gets its result now: a function that does not heed its signal must not hold the end up.
    for (const task of [...tasksOf(this.#running), ...tasksOf(this.#line)]) {
      if (task.result === null) this.#finish(task, { ok: false, item: task.item, value: undefined, error })
    }
    if (wasOpen) this.#closeSource(hangs).catch(() => {})
    this.#serve()
  }

  #open(): void {
    const { items, signal } = this.#plan
    this.#state = 'open'
    if (signal?.aborted === true) {
      this.#fail(new AbortError(signal.reason))
      return
    }
    try {
      this.#isAsync = Symbol.asyncIterator in items
      this.#source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
    } catch (error) {
      this.#fail(error)
      return
    }
    signal?.addEventListener('abort', this)
  }

  /** Hands out what can be, and starts what there is room for. The one place that does either. */
  #serve(): void {
    this.#pull()
    while (this.#waiters.length > 0) {
      const task = this.#line.first
      if (task === null || task.result === null) break
      this.#line.remove(task)
      this.#waiters.shift()!.resolve({ done: false, value: task.result })
      this.#pull()
    }
    if (this.#state === 'draining' && this.#underWay === 0 && this.#line.size === 0) this.#end()
  }

  #pull(): void {
    while (
      this.#state === 'open' &&
      !this.#pulling &&
      this.#underWay < this.#plan.concurrency &&
      this.#running.size + this.#line.size < this.#window
    ) {
      this.#pulling = true
      try {
        const answer = this.#source!.next()
        if (this.#isAsync) {
          ;(answer as Promise<IteratorResult<T>>).then(
            (result) => this.#onAnswer(result),
            (error: unknown) => this.#onSourceError(error),
          )
          return
        }
        this.#take(answer as IteratorResult<T>)
      } catch (error) {
        this.#onSourceError(error)
      }
    }
  }

  #onAnswer(result: IteratorResult<T>): void {
    try {
      this.#take(result)
    } catch (error) {
      // The result's own getters threw, or it is none.
      this.#onSourceError(error)
      return
    }
    this.#serve()
  }

  #onSourceError(error: unknown): void {
    this.#pulling = false
    if (this.#state !== 'open') return
    this.#fail(error)
    this.#serve()
  }

  /** What comes after the end is dropped: its map was left or aborted. */
  #take(result: IteratorResult<T>): void {
    const { done, value } = result
    this.#pulling = false
    if (this.#state !== 'open') return
    if (done === true) this.#state = 'draining'
    else this.#start(value)
  }

  #start(item: T): void {
    const task = new Task<T, R>(item, this.#controller())
    this.#underWay++
    if (this.#plan.ordered) this.#line.push(task)
    else this.#running.push(task)
    this.#plan.work(item, task.controller.signal).then(
      (value) => this.#settle(task, { ok: true, item, value, error: undefined }),
      (error: unknown) => this.#settle(task, { ok: false, item, value: undefined, error: asError(error) }),
    )
  }

  #settle(task: Task<T, R>, result: MapResult<T, R>): void {
    if (task.result !== null || this.#state === 'over') return
    this.#finish(task, result)
    this.#serve()
  }

  #finish(task: Task<T, R>, result: MapResult<T, R>): void {
    task.result = result
    this.#underWay--
    this.#freeControllers.push(task.controller)
    if (this.#running.remove(task)) this.#line.push(task)
  }

  #controller(): AbortController {
    const free = this.#freeControllers.pop()
    if (free !== undefined) return free
    const made = new AbortController()
    this.#controllers.push(made)
    return made
  }

  #abort(reason: AbortError): void {
    for (const controller of this.#controllers) controller.abort(reason)
  }

  /** Nothing more is pulled; when all results are handed out, the loop throws `error`. */
  #fail(error: unknown): void {
    if (this.#state === 'over') return
    this.#state = 'draining'
    this.#failure ??= { error }
  }

  #end(): void {
    if (this.#waiters.length > 0 && this.#failure !== null) {
      const { error } = this.#failure
      this.#failure = null
      this.#waiters.shift()!.reject(error)
    }
    // An error that nobody has asked for yet waits for the next `next`.
    if (this.#failure !== null) return
    this.#state = 'over'
    this.#forget()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(END)
  }

  #forget(): void {
    this.#plan.signal?.removeEventListener('abort', this)
  }

  /** A generator that hangs in `next` would put its `return` off for ever: it is told, but not waited for. */
  async #closeSource(hangs: boolean): Promise<void> {
    const closed = this.#source?.return?.()
    if (!hangs) await closed
    else Promise.resolve(closed).catch(() => {})
  }
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

function* tasksOf<T, R>(deque: Deque<Task<T, R>>): Generator<Task<T, R>> {
  let task = deque.first
  while (task !== null) {
    const { next } = task
    yield task
    task = next
  }
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new ArgumentError(
    `the function of map threw ${String(thrown)}, which is no Error; throw one`,
    thrown,
  )
}
