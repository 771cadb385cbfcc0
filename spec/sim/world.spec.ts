import { describe, expect, test } from 'vitest'
import { World } from './world.ts'

const [from = 1, to = from] = (process.env['SIM_SEEDS'] ?? '1..260').split('..').map(Number)
/** Seeds of one test: a failure names its seed, and the others of its batch still run. */
const BATCH = 20

function batches(): [first: number, last: number][] {
  const list: [number, number][] = []
  for (let first = from; first <= to; first += BATCH) list.push([first, Math.min(to, first + BATCH - 1)])
  return list
}

/** All that a world shows from outside. */
async function trace(seed: number): Promise<string> {
  const world = new World(seed)
  await world.run()
  const calls = world.records.map((record) => {
    const { outcome } = record
    const end = outcome?.kind === 'error' ? String(outcome.error) : (outcome?.body?.length ?? 'unread')
    return `${record.spec.id} ${record.startedAt} ${record.settledAt} ${record.doneAt} ${end}`
  })
  return [...calls, ...world.book.received.map((each) => JSON.stringify(each))].join('\n')
}

test.each([1, 8, 99])('seed %i gives the same world each time', async (seed) => {
  expect(await trace(seed)).toBe(await trace(seed))
})

describe('a world from a seed: every call settles once, with its own answer, and nothing is left', () => {
  test.each(batches())('seeds %i to %i', async (first, last) => {
    const failures: string[] = []
    for (let seed = first; seed <= last; seed++) {
      const world = new World(seed)
      const wrong = await world.run()
      if (wrong.length === 0) continue
      failures.push(
        `seed ${seed}, ${JSON.stringify(world.options)} ${world.stages.names.join(' ')}\n  ${wrong.slice(0, 10).join('\n  ')}\n` +
          `  replay: SIM_SEEDS=${seed}..${seed} npx vitest run --project sim spec/sim/world.spec.ts`,
      )
    }
    expect(failures.join('\n')).toBe('')
  })
})
