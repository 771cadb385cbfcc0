import { describe, expect, it } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { Model } from './model.ts'

const STEPS = 120

/** What was wrong in the world of this seed, and what led to it; '' is the wanted answer. */
function run(seed: number): string {
  const model = new Model(new Random(seed))
  const steps: string[] = []
  for (let step = 0; step < STEPS; step++) {
    steps.push(model.step())
    const wrong = model.check()
    if (wrong.length > 0) return `seed ${seed}: ${wrong.join('; ')}\n  after ${steps.join(', ')}`
  }
  const wrong = model.finish()
  return wrong.length > 0 ? `seed ${seed}: ${wrong.join('; ')}\n  at the end` : ''
}

describe('a scheduler under random operations: limits hold, nobody waits beside room, all settle once', () => {
  it.each([1, 101, 201, 301, 401])('seeds from %i, a hundred', (first) => {
    const failures: string[] = []
    for (let seed = first; seed < first + 100; seed++) {
      const failure = run(seed)
      if (failure !== '') failures.push(failure)
    }
    expect(failures).toEqual([])
  })
})
