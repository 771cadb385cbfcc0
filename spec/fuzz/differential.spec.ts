import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DIFFERENCE_CASES } from './difference-cases.ts'
import { compareWithNode } from './differential-oracle.ts'
import { DIFFERENCES } from './differences.ts'
import { singleAnswer } from './response-arbitrary.ts'

const CASES = 600
/** For a machine that does much else. */
const LONG = 60_000

/** What came of `CASES` answers, always the same ones. Rejects where a difference has no name. */
async function outcomes(insecure: boolean): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(singleAnswer, async (single) => {
      const outcome = await compareWithNode(single, insecure)
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }),
    { numRuns: CASES, seed: 4 },
  )
  return counts
}

describe("answers read by our decoder and by node:http's", () => {
  it(
    'differ in no way that has no name and reason',
    async () => {
      const counts = await outcomes(false)
      expect(counts.get('same')).toBeGreaterThan(CASES / 5)
      expect(counts.get('neither')).toBeLessThan(CASES / 1.5)
      expect([...counts.keys()].filter((name) => name.startsWith('insecure'))).toEqual([])
    },
    LONG,
  )

  it(
    'differ with insecureHTTPParser, too, only as is known',
    async () => {
      expect((await outcomes(true)).get('same')).toBeGreaterThan(CASES / 5)
    },
    LONG,
  )
})

describe('each difference', () => {
  it('has a name of its own, a reason and a case', () => {
    const names = DIFFERENCES.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(DIFFERENCES.filter(({ why }) => !/RFC \d+|decision \d|DESIGN section/.test(why))).toEqual([])
    expect(names.filter((name) => !DIFFERENCE_CASES.some((one) => one.name === name))).toEqual([])
  })

  it.each(DIFFERENCE_CASES)('is shown by its case: $name', async ({ name, method = 'GET', text }) => {
    const wire = new Uint8Array(Buffer.from(text, 'latin1'))
    expect(await compareWithNode({ method, wire }, name.startsWith('insecure'))).toBe(name)
  })
})
