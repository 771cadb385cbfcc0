import type { DequeItem } from '../../core/deque.ts'
import type { Origin } from './origin.ts'
import type { Spill } from './spill.ts'
import type { Task } from './task.ts'

/** The items of one origin and priority that wait, in the order of the input. */
export class HostLine implements DequeItem<HostLine> {
  previous: HostLine | null = null
  next: HostLine | null = null
  deque: object | null = null
  readonly origin: Origin
  readonly priority: number
  /** Those behind the ones in memory; null: none. */
  spill: Spill | null = null
  #tasks: Task[] = []
  #at = 0

  constructor(origin: Origin, priority: number) {
    this.origin = origin
    this.priority = priority
  }

  /** In memory. */
  get size(): number {
    return this.#tasks.length - this.#at
  }

  push(task: Task): void {
    this.#tasks.push(task)
  }

  /** The first one; there must be one in memory. */
  shift(): Task {
    const task = this.#tasks[this.#at++]!
    if (this.#at === this.#tasks.length) {
      this.#tasks = []
      this.#at = 0
    } else if (this.#at >= 32 && this.#at * 2 >= this.#tasks.length) {
      // Not later: those before are done, and a line that never runs empty would hold all of them.
      this.#tasks = this.#tasks.slice(this.#at)
      this.#at = 0
    }
    return task
  }
}
