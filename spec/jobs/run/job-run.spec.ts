import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { KeySet } from '../../../lib/jobs/journal/key-set.ts'
import { keyMaker } from '../../../lib/jobs/journal/key.ts'
import type { JobRun, RunPlan } from '../../../lib/jobs/run/job-run.ts'
import { begin, groupsOf, item, many, quiet, RunStand, Work, type Group } from './run-stand.ts'

let stand: RunStand

beforeEach(() => {
  stand = new RunStand()
})

afterEach(() => stand[Symbol.dispose]())

async function* broken(): AsyncGenerator<Group, void, void> {
  yield many('a', 10)
  throw new Error('the pipe broke')
}

describe('a run', () => {
  it('does every item once, and counts those that came before', async () => {
    const keys = new KeySet()
    const keyOf = keyMaker('0123456789abcdef')
    keys.set(keyOf('http://a.test/done'), 'ok')
    keys.set(keyOf('http://a.test/failed'), 'failed')
    const work = new Work(() => true)
    const input = groupsOf(
      [item('http://a.test/1'), item('http://a.test/done'), item('http://a.test/1#part')],
      [],
      [
        item('http://A.test:80/1'),
        item('http://a.test/failed'),
        item('http://a.test/done'),
        item('http://b.test'),
      ],
    )
    const run = stand.makeRun(input, work, { keys, keyOf })
    expect(run.isRead).toBe(false)
    expect(await stand.leftAfter(run, run.run())).toEqual([])
    expect(work.urls).toEqual(['http://a.test/1', 'http://b.test'])
    expect(run.counts).toEqual({ read: 7, duplicates: 3, before: 2 })
    expect([run.isRead, run.waiting]).toEqual([true, 0])
  })

  it('does an item as often as it comes, where that is asked for', async () => {
    const keys = new KeySet()
    const work = new Work(() => true)
    const list = [item('http://a.test/1'), item('http://a.test/1')]
    await stand.makeRun(groupsOf(list), work, { dedupe: false, keys }).run()
    expect(work.begun).toHaveLength(2)
    for (const { key } of work.begun) keys.finish(key, true)
    const again = stand.makeRun(groupsOf(list), work, { dedupe: false, keys })
    await again.run()
    expect([work.begun.length, again.counts.read]).toEqual([2, 2])
  })

  it('keeps to its width and to the places of a host', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf([...many('a', 20), ...many('b', 20), ...many('c', 20)]), work)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: 2, b: 1, c: 1 })
    expect([run.underWay, run.waiting, stand.holds]).toEqual([4, 56, 1])
    while (work.underWay.length > 0) {
      const [task] = work.underWay
      work.end(task!)
      await quiet()
    }
    expect([work.most, work.begun.length]).toEqual([4, 60])
    expect(await stand.leftAfter(run, running!)).toEqual([])
  })

  it('reads no further than it must', async () => {
    let read = 0
    async function* hosts(): AsyncGenerator<Group, void, void> {
      for (;;) yield many(`h${read++}`, 100)
    }
    const work = new Work()
    const run = stand.makeRun(hosts(), work)
    const [running] = await begin(run)
    const enough = Math.ceil((LIMITS.jobReadAhead + 4) / 100)
    expect(read).toBeLessThanOrEqual(enough)
    work.end(work.underWay[0]!)
    await quiet()
    expect(read).toBeLessThanOrEqual(enough + 1)
    run.stop()
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
  })

  it('keeps nobody waiting for the 100,000 items of one host', async () => {
    const work = new Work(({ url }) => url!.hostname !== 'a')
    const run = stand.makeRun(groupsOf(many('a', 100_000), many('b', 5)), work)
    const [running] = await begin(run)
    await vi.waitFor(() => expect(work.hosts()).toEqual({ a: 2, b: 5 }))
    expect([run.waiting, stand.files.length]).toEqual([99_998, 1])
    run.stop()
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
  })

  it('does what had to wait on the disk in the order of the input, and loses none', async () => {
    const work = new Work(({ url }) => url!.hostname !== 'a')
    const long = many('a', 20_000)
    const run = stand.makeRun(groupsOf(long.slice(0, 15_000), long.slice(15_000), many('b', 5)), work)
    const [running] = await begin(run)
    expect(stand.files).toHaveLength(1)
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.hosts()).toEqual({ a: 20_000, b: 5 })
    const order = work.urls.filter((url) => url.startsWith('http://a/'))
    expect(order.join(' ') === long.map(({ url }) => url).join(' ')).toBe(true)
  })

  it('keeps nobody waiting for those that wait for a retry, up to its limit', async () => {
    const limit = LIMITS.maxJobUnderWay
    let run: JobRun | null = null
    const work = new Work()
    const own: Partial<RunPlan> = {
      work: (task) => {
        const done = work.do(task)
        if (task.url!.hostname === 'a') run!.leave(task)
        return done
      },
    }
    run = stand.makeRun(groupsOf(many('a', limit - 1), many('b', 10), many('c', 10)), work, own)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: limit - 1, b: 1 })
    for (const task of work.underWay.slice(0, 50)) work.end(task)
    await quiet()
    expect(work.hosts()).toEqual({ a: limit - 1, b: 2, c: 2 })
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(limit + 19)
  })

  it('takes a group of 10,000 items, and one of bad lines only', async () => {
    const work = new Work()
    const bad = Array.from({ length: 10_000 }, (_, n) => ({
      ...item('ftp://x', n % 2 === 0 ? '' : 'no'),
      line: n,
    }))
    const run = stand.makeRun(groupsOf(many('a', 10_000), bad, []), work, { width: 8 })
    const [running] = await begin(run)
    expect(work.most).toBe(8)
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.hosts()).toEqual({ a: 10_000, '': 10_000 })
    const told = work.begun.filter(({ url }) => url === null).map(({ entry }) => entry)
    expect(told.map(({ line }) => line)).toEqual(bad.map(({ line }) => line))
    expect([told[0]!.problem, told[1]!.problem]).toEqual([expect.stringContaining('scheme ftp'), 'no'])
  })

  it('leaves nothing of an empty input', async () => {
    const run = stand.makeRun(groupsOf(), new Work())
    expect(await stand.leftAfter(run, run.run())).toEqual([])
    expect(run.counts.read).toBe(0)
  })
})

describe('a run that is paused', () => {
  it('starts nothing until it is told to go on, whatever was paused', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf([...many('a', 10), item('not a URL')]), work)
    run.pause()
    run.pause()
    const [running] = await begin(run)
    expect(work.begun).toEqual([])
    run.resume()
    await quiet()
    expect(work.begun).toHaveLength(3)
    run.pause()
    for (const task of work.underWay) work.end(task)
    await quiet()
    expect([work.begun.length, run.underWay, run.waiting]).toEqual([3, 0, 8])
    run.resume()
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(11)
  })

  it('takes in what it was reading, and begins none of it', async () => {
    const source = Promise.withResolvers<Group>()
    async function* slow(): AsyncGenerator<Group, void, void> {
      yield await source.promise
    }
    const work = new Work(() => true)
    const run = stand.makeRun(slow(), work)
    const [running] = await begin(run)
    run.pause()
    source.resolve([item('http://a/1'), item('bad')])
    await quiet()
    expect([work.begun.length, run.waiting]).toEqual([0, 2])
    run.resume()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(2)
  })

  it('can be stopped, also before it began', async () => {
    const work = new Work()
    for (const isEarly of [true, false]) {
      const run = stand.makeRun(groupsOf(many('a', 10)), work)
      run.pause()
      if (isEarly) run.stop()
      const [running] = await begin(run)
      run.stop()
      run.resume()
      expect(await stand.leftAfter(run, running!)).toEqual([])
    }
    expect(work.begun).toEqual([])
  })

  it('ends when what is under way was the last', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf(many('a', 2)), work)
    const [running] = await begin(run)
    run.pause()
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(2)
  })
})

describe('a run that is stopped', () => {
  it('reads nothing when that was before it began', async () => {
    let asked = 0
    const input: AsyncIterable<Group> = {
      [Symbol.asyncIterator]: () => {
        asked++
        return groupsOf(many('a', 1))
      },
    }
    const run = stand.makeRun(input, new Work())
    run.stop()
    expect(await stand.leftAfter(run, run.run())).toEqual([])
    expect([asked, run.isRead]).toEqual([0, false])
  })

  it('ends with what is under way, and gives the rest back', async () => {
    const work = new Work()
    let returned = 0
    async function* source(): AsyncGenerator<Group, void, void> {
      try {
        yield many('a', 20_000)
        yield many('a', 1)
      } finally {
        returned++
      }
    }
    const run = stand.makeRun(source(), work, { width: 2 })
    const [running] = await begin(run)
    expect(stand.files).toHaveLength(1)
    run.stop()
    run.stop()
    let isOver = false
    void running!.then(() => (isOver = true))
    await quiet()
    expect([isOver, returned]).toEqual([false, 1])
    work.endAll()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect([work.begun.length, run.isRead]).toEqual([2, false])
  })

  it('does not wait for a source that hangs, and takes nothing that it gives later', async () => {
    const late = Promise.withResolvers<IteratorResult<Group>>()
    let returned = 0
    const input: AsyncIterable<Group> = {
      [Symbol.asyncIterator]: () => ({
        next: () => late.promise,
        return: () => {
          returned++
          throw new Error('it cannot')
        },
      }),
    }
    const work = new Work()
    const run = stand.makeRun(input, work)
    const [running] = await begin(run)
    run.stop()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    late.resolve({ done: false, value: [...many('a', 20_000), item('bad')] })
    await quiet()
    expect([returned, work.begun.length, run.counts.read]).toEqual([1, 0, 0])
    expect(stand.left(run)).toEqual([])
  })

  it('does not care how a source fails that was told to end', async () => {
    const late = Promise.withResolvers<IteratorResult<Group>>()
    const run = stand.makeRun({ [Symbol.asyncIterator]: () => ({ next: () => late.promise }) }, new Work())
    const [running] = await begin(run)
    run.stop()
    late.reject(new Error('aborted'))
    await expect(running).resolves.toBeUndefined()
    expect(stand.left(run)).toEqual([])
  })
})

describe('a run that fails', () => {
  it('does what was read, then tells how the source failed', async () => {
    const work = new Work(() => true)
    const run = stand.makeRun(broken(), work)
    await expect(run.run()).rejects.toThrow('the pipe broke')
    expect([work.begun.length, run.isRead]).toEqual([10, false])
    expect(stand.left(run)).toEqual([])
  })

  it('takes an iterator that throws at once for one that fails', async () => {
    const input: AsyncIterable<Group> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw new Error('no next')
        },
      }),
    }
    const run = stand.makeRun(input, new Work())
    await expect(run.run()).rejects.toThrow('no next')
    expect(stand.left(run)).toEqual([])
  })

  it('stops when the work rejects, and lets the others end', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf(many('a', 10), many('b', 10)), work)
    const [running] = await begin(run)
    const [first, second, ...others] = work.underWay
    work.fail(first!, new Error('the disk is full'))
    work.fail(second!, new Error('so it is'))
    await quiet()
    expect([run.underWay, work.begun.length]).toEqual([others.length, 4])
    work.endAll()
    await expect(running).rejects.toThrow('the disk is full')
    expect(stand.left(run)).toEqual([])
  })

  it('tells that what waits cannot be put on the disk', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf(many('a', 20_000)), work, {
      spillPath: () => join(stand.folder, 'missing', 'x'),
    })
    const running = run.run()
    running.catch(() => undefined)
    await quiet()
    work.endAll()
    await expect(running).rejects.toThrow(/^cannot write .*missing/u)
    expect(stand.left(run)).toEqual([])
  })

  it('tells that what waits cannot be read back, whoever made room for it', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf(many('a', 20_000)), work)
    const [running] = await begin(run)
    for (const name of stand.files) rmSync(join(stand.folder, name))
    // A place is free without an end: the client calls, and has nobody to catch what is thrown.
    for (let n = 0; n < LIMITS.jobWindow + 10; n++) {
      const task = work.underWay.at(-1)!
      run.leave(task)
    }
    work.endAll()
    await expect(running).rejects.toThrow(/^cannot read .*waiting-/u)
    expect(work.begun.length).toBeLessThanOrEqual(LIMITS.jobWindow + 1)
    expect(stand.left(run)).toEqual([])
  })
})
