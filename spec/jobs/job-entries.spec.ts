import { describe, expect, it } from 'vitest'
import { LIMITS, type InputItem, type JobInput } from '../../lib/index.ts'
import { checkInput, JobEntries } from '../../lib/jobs/job-entries.ts'

async function read(input: JobInput): Promise<(readonly InputItem[])[]> {
  const groups: (readonly InputItem[])[] = []
  for await (const group of new JobEntries(input)) groups.push(group)
  return groups
}

const plain = (url: string, line: number): InputItem => ({ url, line, item: null, problem: '' })

async function* later(...entries: string[]): AsyncGenerator<string> {
  yield* entries
}

describe('entries of a job', () => {
  it('come in groups from what has them at hand, and one by one from what has not', async () => {
    expect(await read(['http://a/', new URL('http://b/')])).toEqual([
      [plain('http://a/', 1), plain('http://b/', 2)],
    ])
    expect(await read(later('x', 'y'))).toEqual([[plain('x', 1)], [plain('y', 2)]])
    expect(await read([])).toEqual([])
  })

  it('are taken no further than a group from what has a million', async () => {
    let pulled = 0
    const input = (function* (): Generator<string> {
      for (;;) yield `http://a/${pulled++}`
    })()
    const entries = new JobEntries(input)
    expect((await entries.next()).value).toHaveLength(LIMITS.jobReadAhead)
    expect(pulled).toBe(LIMITS.jobReadAhead)
    await entries.return()
    expect(input.next().done).toBe(true)
    expect(await entries.next()).toEqual({ done: true, value: undefined })
  })

  it("are the caller's own objects, without what is undefined", async () => {
    const item = { url: 'http://a/', meta: { row: 1 } }
    const [group] = await read([
      item,
      { url: 'http://b/', body: 'x', method: undefined },
      { url: 'http://c/' },
    ])
    expect(group![0]!.item).toBe(item)
    expect(group![1]!.item).toEqual({ url: 'http://b/', body: 'x' })
    expect(group![2]).toEqual(plain('http://c/', 3))
  })

  it('in a group are passed on as they are, where they are what readInput gives', async () => {
    const group = [plain('http://a/', 7), plain('http://b/', 9)]
    const groups = async function* (): AsyncGenerator<readonly InputItem[]> {
      yield group
      yield []
    }
    const [first, second] = await read(groups())
    expect(first).toBe(group)
    expect(second).toEqual([])
  })

  it('in a group of something else are read one by one', async () => {
    const groups = [
      ['http://a/', null, [5]],
      [plain('http://b/', 9), { url: 'http://c/' }],
    ] as unknown as JobInput
    const [group] = await read(groups)
    expect(group!.map(({ url, line, problem }) => [url, line, problem === ''])).toEqual([
      ['http://a/', 1, true],
      ['', 2, false],
      ['', 3, false],
      ['http://b/', 9, true],
      ['http://c/', 4, true],
    ])
  })

  it('that came before a failure are given, then it is thrown, then there are none', async () => {
    const input = (function* (): Generator<string> {
      yield 'http://a/'
      throw new Error('broken')
    })()
    const entries = new JobEntries(input)
    expect((await entries.next()).value).toHaveLength(1)
    await expect(entries.next()).rejects.toThrow('broken')
    expect((await entries.next()).done).toBe(true)
  })

  it.each(['http://a/', 5, null, undefined, {}, true])('are not had from %j', (input) => {
    expect(() => checkInput(input)).toThrow(
      /option input is .+; it must be an array, or an \(async\) iterable/,
    )
  })
})
