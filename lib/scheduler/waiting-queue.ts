import { Deque } from '../core/deque.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'

const LEVELS = 2 * LIMITS.maxPriority + 1

/** The exchanges that wait in one pool: by priority, then first come, first served. */
export class WaitingQueue {
  size = 0
  /** Priority 0, which is nearly always the only one in use. */
  readonly #usual = new Deque<Exchange>()
  /** The other levels, highest priority first; made when first asked for. */
  #levels: (Deque<Exchange> | undefined)[] | null = null

  get first(): Exchange | null {
    if (this.#levels === null) return this.#usual.first
    for (const level of this.#levels) {
      if (level !== undefined && level.first !== null) return level.first
    }
    return null
  }

  /** The first that no dial was begun for. */
  get firstWithoutWish(): Exchange | null {
    for (const level of this.#levels ?? [this.#usual]) {
      let x = level?.first ?? null
      while (x !== null && x.wish !== null) x = x.next
      if (x !== null) return x
    }
    return null
  }

  push(x: Exchange): void {
    this.#level(x.request.priority).push(x)
    this.size++
  }

  /** Back to the front of its level: it has waited already. */
  unshift(x: Exchange): void {
    this.#level(x.request.priority).unshift(x)
    this.size++
  }

  remove(x: Exchange): boolean {
    if (!this.#level(x.request.priority).remove(x)) return false
    this.size--
    return true
  }

  #level(priority: number): Deque<Exchange> {
    if (priority === 0) return this.#usual
    if (this.#levels === null) {
      this.#levels = Array.from({ length: LEVELS })
      this.#levels[LIMITS.maxPriority] = this.#usual
    }
    return (this.#levels[LIMITS.maxPriority - priority] ??= new Deque<Exchange>())
  }
}
