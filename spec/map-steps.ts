/** How many entries of Maps and Sets are walked over while `run` does its work. */
export function mapSteps(run: () => void): number {
  let steps = 0
  const undo: (() => void)[] = []
  for (const iterator of [new Map().keys(), new Set().keys()]) {
    const owner = Object.getPrototypeOf(iterator) as { next: (this: unknown) => unknown }
    const original = owner.next
    owner.next = function next(this: unknown): unknown {
      steps++
      return original.call(this)
    }
    undo.push(() => (owner.next = original))
  }
  try {
    run()
  } finally {
    for (const each of undo) each()
  }
  return steps
}
