import { expect, it } from 'vitest'
import { GuidedFuzzer } from './guided.ts'
import { shrink } from './shrink.ts'

/** Code with a fault behind five tests, each of which an input must pass to get to the next. */
class Maze {
  readonly #entered = new Set<string>()

  take(): ReadonlySet<string> {
    const entered = new Set(this.#entered)
    this.#entered.clear()
    return entered
  }

  run(input: Uint8Array): void {
    const wanted = [0, 127, 59, 10, 255]
    for (let i = 0; i < wanted.length; i++) {
      if (input[i] !== wanted[i]) return
      this.#entered.add(`block ${i}`)
    }
    throw new Error('found')
  }
}

it('finds what lies behind several tests because it keeps what passed the first ones', () => {
  const maze = new Maze()
  const fuzzer = new GuidedFuzzer({
    seed: 1,
    corpus: [new Uint8Array(8)],
    coverage: maze,
    target: (input) => maze.run(input),
  })
  fuzzer.start()
  expect(() => {
    while (fuzzer.executions < 400_000) fuzzer.step()
  }).toThrow('found')
  expect(fuzzer.corpus.length).toBeGreaterThanOrEqual(4)
})

it('shrinks what it found to what matters', () => {
  const input = new Uint8Array(Buffer.from('some bytes before X and between and Y and behind'))
  const small = shrink(input, (bytes) => {
    const text = Buffer.from(bytes).toString()
    return text.includes('X') && text.indexOf('Y') > text.indexOf('X') + 1
  })
  expect(Buffer.from(small).toString()).toBe('XaY')
})
