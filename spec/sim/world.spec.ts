import { describe, expect, test } from 'vitest'
import { World } from './world.ts'

const [from = 1, to = from] = (process.env['SIM_SEEDS'] ?? '1..300').split('..').map(Number)
/** Seeds of one test: a failure names its seed, and the others of its batch still run. */
const BATCH = 20

function batches(): [first: number, last: number][] {
  const list: [number, number][] = []
  for (let first = from; first <= to; first += BATCH) list.push([first, Math.min(to, first + BATCH - 1)])
  return list
}

describe('a world from a seed: every call settles once, with its own answer, and nothing is left', () => {
  test.each(batches())('seeds %i to %i', async (first, last) => {
    const failures: string[] = []
    for (let seed = first; seed <= last; seed++) {
      const world = new World(seed)
      const wrong = await world.run()
      if (wrong.length === 0) continue
      failures.push(
        `seed ${seed}, ${JSON.stringify(world.options)}\n  ${wrong.slice(0, 10).join('\n  ')}\n` +
          `  replay: SIM_SEEDS=${seed}..${seed} npx vitest run --project sim spec/sim/world.spec.ts`,
      )
    }
    expect(failures.join('\n')).toBe('')
  })
})
