import { describe, expect, test } from 'vitest'
import type { Narrowing } from '../narrowing.ts'
import { shrink, sortOf } from './shrink.ts'

const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/** A world that goes wrong when calls 3 and 7 are made, in that order, and answers are cut. */
async function live({ calls, without }: Narrowing): Promise<{ wrong: string[]; calls: number[] }> {
  const made = ALL.filter((id) => calls === null || calls.includes(id))
  const fails = made.includes(3) && made.includes(7) && !without.includes('deed:cut')
  const wrong = fails ? [`call 7 has overtaken call 3 of ${made.length} calls`] : ['another thing is wrong']
  return { wrong, calls: made }
}

describe('shrinking', () => {
  test('leaves what the failure needs, and nothing else', async () => {
    const { narrowing, wrong } = await shrink(live, ['call 7 has overtaken call 3 of 9 calls'])
    expect(narrowing.calls).toEqual([3, 7])
    expect(narrowing.without).not.toContain('deed:cut')
    expect(narrowing.without).toEqual(expect.arrayContaining(['deed:stall', 'stage:cache', 'option:maxConn']))
    expect(wrong).toEqual(['call 7 has overtaken call 3 of 2 calls'])
  })

  test('a world that cannot be made smaller stays whole', async () => {
    const { narrowing } = await shrink(
      ({ calls, without }) =>
        Promise.resolve({ wrong: calls === null && without.length === 0 ? ['all of it'] : [], calls: ALL }),
      ['all of it'],
    )
    expect(narrowing).toEqual({ calls: null, without: [] })
  })

  test.each([
    [
      'call 3 (GET http://a.test/3?size=1): settled 2 times',
      'call 9 (PUT https://b.test:80/9): settled 0 times',
    ],
    ['host1.test:80 #3: wrote what is no request', 'host2.test #44: wrote what is no request'],
    ['body of 2 bytes instead of 3, from byte 1 "a\\"b"', 'body of 5 bytes instead of 1, from byte 0 "z"'],
  ])('%s and %s are of one sort', (one, other) => expect(sortOf(one)).toBe(sortOf(other)))

  test('other words are another sort', () => {
    expect(sortOf('call 3 never done')).not.toBe(sortOf('call 3 settled 2 times'))
  })
})
