import { describe, expect, it } from 'vitest'
import { ResultLine } from '../../lib/jobs/result-line.ts'

const END = { done: true, value: undefined }

class Stand {
  opened = 0
  left = 0
  readonly line: ResultLine<number> = new ResultLine(
    () => void this.opened++,
    async () => void this.left++,
  )
}

/** What a promise has come to by now. */
async function now<T>(promise: Promise<T>): Promise<T | 'open'> {
  await new Promise((resolve) => setImmediate(resolve))
  return Promise.race([promise, Promise.resolve('open' as const)])
}

describe('a line of results', () => {
  it('is opened by who first asks for one, once', () => {
    const { line, ...stand } = new Stand()
    expect(stand.opened).toBe(0)
    const own = new Stand()
    void own.line.next()
    void own.line.next()
    expect(own.opened).toBe(1)
    expect(line[Symbol.asyncIterator]()).toBe(line)
  })

  it('tells who made one when the loop has come back for the next', async () => {
    const { line } = new Stand()
    const first = line.next()
    const done = line.push(1)
    expect(await first).toEqual({ done: false, value: 1 })
    expect(await now(done)).toBe('open')
    void line.next()
    expect(await done).toBe(true)
  })

  it('gives results in order, to whoever waits and to whoever comes', async () => {
    const { line } = new Stand()
    const [a, b] = [line.next(), line.next()]
    void line.push(1)
    void line.push(2)
    void line.push(3)
    expect(await Promise.all([a, b, line.next()])).toEqual([1, 2, 3].map((value) => ({ done: false, value })))
  })

  it('ends for all who wait and come', async () => {
    const { line } = new Stand()
    const waiting = line.next()
    line.end(null)
    line.end({ error: new Error('too late') })
    expect(await waiting).toEqual(END)
    expect(await line.next()).toEqual(END)
    expect(await line.push(1)).toBe(false)
  })

  it('throws its failure once', async () => {
    const { line } = new Stand()
    const [a, b] = [line.next(), line.next()]
    line.end({ error: new Error('mine') })
    await expect(a).rejects.toThrow('mine')
    expect(await b).toEqual(END)
    const later = new Stand()
    later.line.end({ error: 'text' })
    await expect(later.line.next()).rejects.toBe('text')
    expect(await later.line.next()).toEqual(END)
  })

  it('that is left tells all who made one so, and whoever waits gets no more', async () => {
    const stand = new Stand()
    const { line } = stand
    const first = line.next()
    const made = [line.push(1), line.push(2), line.push(3)]
    await first
    expect(await line.return()).toEqual(END)
    expect(await Promise.all(made)).toEqual([false, false, false])
    expect(stand.left).toBe(1)
    expect(await line.return()).toEqual(END)
    expect(stand.left).toBe(1)
  })

  it('that is left while somebody waits lets them go', async () => {
    const { line } = new Stand()
    const waiting = line.next()
    await line.return()
    expect(await waiting).toEqual(END)
  })
})
