import { describe, expect, it } from 'vitest'
import { fetchList } from '../../lib/cli/fetch-list.ts'
import type { InputItem } from '../../lib/cli/input.ts'

/** In groups of three. */
async function* items(count: number): AsyncGenerator<InputItem[]> {
  const all = Array.from({ length: count }, (_, i) => ({
    text: `http://a/${i + 1}`,
    line: i + 1,
    tooLong: false,
  }))
  for (let at = 0; at < count; at += 3) yield all.slice(at, at + 3)
}

describe('working off a list', () => {
  it('takes each item once, and never more at once than it may', async () => {
    const seen: number[] = []
    const full = Promise.withResolvers<void>()
    let atOnce = 0
    let most = 0
    await fetchList(
      items(100),
      7,
      () => true,
      async ({ line }) => {
        most = Math.max(most, ++atOnce)
        if (atOnce === 7) full.resolve()
        await full.promise
        for (let turn = 0; turn < line % 5; turn++) await Promise.resolve()
        atOnce--
        seen.push(line)
      },
    )
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(most).toBe(7)
  })

  it('starts nothing once it may not, and waits for what is under way', async () => {
    let started = 0
    let ended = 0
    await fetchList(
      items(100),
      4,
      () => started < 10,
      async () => {
        started++
        await Promise.resolve()
        ended++
      },
    )
    expect(started).toBe(10)
    expect(ended).toBe(10)
  })

  it('takes no group before all of the last have been begun', async () => {
    let groups = 0
    async function* counted(): AsyncGenerator<InputItem[]> {
      for await (const group of items(30)) {
        groups++
        yield group
      }
    }
    let begun = 0
    await fetchList(
      counted(),
      2,
      () => true,
      async () => {
        expect(groups).toBe(Math.floor(begun++ / 3) + 1)
        await Promise.resolve()
      },
    )
    expect(begun).toBe(30)
  })

  it('fails with the list, after what was under way', async () => {
    const gate = Promise.withResolvers<void>()
    let ended = 0
    async function* broken(): AsyncGenerator<InputItem[]> {
      yield* items(3)
      setImmediate(() => gate.resolve())
      throw new Error('the disk is gone')
    }
    const work = async (): Promise<void> => {
      await gate.promise
      ended++
    }
    await expect(fetchList(broken(), 5, () => true, work)).rejects.toThrow('the disk is gone')
    expect(ended).toBe(3)
  })
})
