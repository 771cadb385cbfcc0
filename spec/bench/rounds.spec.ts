import { expect, test } from 'vitest'
import type { BenchCase, Effort, Sample } from '../../bench/measure.ts'
import { type Plan, runRounds } from '../../bench/rounds.ts'

const effort = { quick: false, warmUp: 1, measure: 1 } as Effort

function makeCase(
  name: string,
  clients: Record<string, () => Promise<Sample>>,
  rest: Partial<BenchCase> = {},
): BenchCase {
  return { name, title: '', text: '', unit: 'request', quick: true, metrics: ['cpu'], clients, ...rest }
}

/** Runs the plan with a clock that each run moves by 10 ms. */
async function run(plan: Partial<Plan> & Pick<Plan, 'cases'>, stopAfter = Infinity) {
  const order: string[] = []
  let saved = 0
  const results = await runRounds(
    { rounds: 2, effort, atMost: Infinity, ...plan },
    {
      begins: (round, inCase, client) => order.push(`${round} ${inCase} ${client}`),
      measured: () => saved++,
      isStopped: () => order.length >= stopAfter,
    },
    () => order.length * 10,
  )
  return { order, results, saved }
}

const cut = async (): Promise<Sample> => {
  throw new Error('killed')
}
const one = (cpu: number) => async (): Promise<Sample> => ({ cpu })

test('in a round the clients of a case take turns, and rounds go over all cases', async () => {
  const cases = [makeCase('a', { x: one(1), y: one(2) }), makeCase('b', { z: one(3) }, { maxRounds: 1 })]
  const { order, results, saved } = await run({ cases })
  expect(order).toEqual(['1 a x', '1 a y', '1 b z', '2 a y', '2 a x'])
  expect(results[0]!.clients[1]).toEqual({ client: 'y', samples: [{ cpu: 2 }, { cpu: 2 }], failures: [] })
  expect(saved).toBe(3)
})

test('another client begins in each round', async () => {
  const cases = [makeCase('a', { x: one(1), y: one(2), z: one(3) })]
  const { order, results } = await run({ cases, rounds: 4 })
  const rounds = [1, 2, 3, 4].map((round) =>
    order.filter((each) => each.startsWith(`${round} `)).map((each) => each.at(-1)),
  )
  expect(rounds.map((each) => each.join(''))).toEqual(['xyz', 'yzx', 'zxy', 'xyz'])
  expect(results[0]!.clients.map(({ client }) => client)).toEqual(['x', 'y', 'z'])
})

test('a client may take part in the first round only', async () => {
  const cases = [makeCase('a', { x: one(1), slow: one(9), y: one(2) }, { onceOnly: ['slow'] })]
  const { order, results } = await run({ cases })
  expect(order).toEqual(['1 a x', '1 a slow', '1 a y', '2 a y', '2 a x'])
  expect(results[0]!.clients.map(({ samples }) => samples.length)).toEqual([2, 1, 2])
})

/** As Node writes it. */
const STDERR = `file:///x.ts:3
  throw new TypeError(why)
  ^

TypeError: no
    at x`

test('a client that fails is noted, in its round, and all others go on', async () => {
  let calls = 0
  const atFirst = async (): Promise<Sample> => {
    if (++calls === 1) throw Object.assign(new Error('Command failed'), { stderr: STDERR })
    return { cpu: 5 }
  }
  const { results } = await run({ cases: [makeCase('a', { x: atFirst, y: one(2) })] })
  expect(results[0]!.clients[0]).toEqual({
    client: 'x',
    samples: [null, { cpu: 5 }],
    failures: ['TypeError: no'],
  })
  expect(results[0]!.clients[1]!.samples).toHaveLength(2)
})

test('when it is stopped, what was measured stays, and what was cut off is no failure', async () => {
  const { results } = await run({ cases: [makeCase('a', { x: one(1), y: cut, z: one(3) })] }, 2)
  expect(results[0]!.clients.map(({ samples, failures }) => [samples.length, failures.length])).toEqual([
    [1, 0],
    [0, 0],
    [0, 0],
  ])
})

test('no run is begun when the time is over, and no case again when it would end later', async () => {
  const cases = [makeCase('a', { x: one(1), y: one(1) }), makeCase('b', { z: one(1) })]
  expect((await run({ cases, atMost: 45 })).order).toEqual(['1 a x', '1 a y', '1 b z', '2 b z'])
  expect((await run({ cases, atMost: 15 })).order).toEqual(['1 a x', '1 a y'])
  expect((await run({ cases, atMost: 5 })).order).toEqual(['1 a x'])
})
