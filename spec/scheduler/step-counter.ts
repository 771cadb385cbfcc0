import { Deque } from '../../lib/core/deque.ts'

interface Linked {
  next: unknown
  previous: unknown
}

type Methods = Record<string, (this: unknown, ...args: unknown[]) => unknown>

const COUNTED: [object, string][] = [
  [Object.getPrototypeOf(new Map().keys()) as object, 'next'],
  [Object.getPrototypeOf(new Set().keys()) as object, 'next'],
  ...['push', 'unshift', 'shift', 'remove'].map((name): [object, string] => [Deque.prototype, name]),
]

/**
 * Counts the steps that a cost could grow with: from link to link in a list, from entry to entry of
 * a Map or Set, and every change of a deque. Times say nothing on a busy machine; steps do.
 */
export class StepCounter {
  #steps = 0

  /** Steps along this item's links are counted from now on. */
  watch(item: Linked): void {
    for (const name of ['next', 'previous'] as const) {
      let value = item[name]
      Object.defineProperty(item, name, {
        get: () => {
          this.#steps++
          return value
        },
        set: (to: unknown) => {
          value = to
        },
      })
    }
  }

  /** How many steps `run` takes. */
  count(run: () => void): number {
    this.#steps = 0
    const restore = COUNTED.map(([owner, name]) => this.#patch(owner as Methods, name))
    try {
      run()
    } finally {
      for (const undo of restore) undo()
    }
    return this.#steps
  }

  #patch(owner: Methods, name: string): () => void {
    const original = Object.getOwnPropertyDescriptor(owner, name)!
    const method = original.value as Methods[string]
    const count = (): void => {
      this.#steps++
    }
    const counted = function (this: unknown, ...args: unknown[]): unknown {
      count()
      return method.apply(this, args)
    }
    Object.defineProperty(owner, name, { ...original, value: counted })
    return () => {
      Object.defineProperty(owner, name, original)
    }
  }
}
