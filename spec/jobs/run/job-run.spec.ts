import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import type { InputItem } from '../../../lib/jobs/job-item.ts'
import { KeySet } from '../../../lib/jobs/journal/key-set.ts'
import { keyMaker } from '../../../lib/jobs/journal/key.ts'
import { JobRun, type RunPlan } from '../../../lib/jobs/run/job-run.ts'
import type { Task } from '../../../lib/jobs/run/task.ts'
import { SimClock } from '../../../lib/testing/sim-clock.ts'

let folder = ''
let clock: SimClock
/** Holds on the process that were not given up. */
let holds = 0
let files = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-run-'))
  holds = 0
  clock = new SimClock()
  clock.hold = () => {
    holds++
    return () => void holds--
  }
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

type Group = readonly InputItem[]

function item(url: string, problem = ''): InputItem {
  return { url, line: 1, item: null, problem }
}

const many = (host: string, count: number): InputItem[] =>
  Array.from({ length: count }, (_, n) => item(`http://${host}/${n}`))

async function* groupsOf(...groups: readonly Group[]): AsyncGenerator<Group, void, void> {
  yield* groups
}

async function* broken(): AsyncGenerator<Group, void, void> {
  yield many('a', 10)
  throw new Error('the pipe broke')
}

/** Begins what it is told to, and ends it when it is told to. */
class Work {
  readonly begun: Task[] = []
  readonly #open = new Map<Task, PromiseWithResolvers<void>>()
  most = 0
  /** What needs no telling. */
  isQuick: (task: Task) => boolean

  constructor(isQuick: (task: Task) => boolean = () => false) {
    this.isQuick = isQuick
  }

  readonly do = (task: Task): Promise<void> => {
    this.begun.push(task)
    if (this.isQuick(task)) return Promise.resolve()
    const open = Promise.withResolvers<void>()
    this.#open.set(task, open)
    this.most = Math.max(this.most, this.#open.size)
    return open.promise
  }

  get urls(): string[] {
    return this.begun.map(({ entry }) => entry.url)
  }

  hosts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { url } of this.begun) counts[url?.hostname ?? ''] = (counts[url?.hostname ?? ''] ?? 0) + 1
    return counts
  }

  get underWay(): Task[] {
    return [...this.#open.keys()]
  }

  end(task: Task): void {
    this.#open.get(task)?.resolve()
    this.#open.delete(task)
  }

  fail(task: Task, error: Error): void {
    this.#open.get(task)?.reject(error)
    this.#open.delete(task)
  }

  /** All that is under way, and all to come. */
  endAll(): void {
    this.isQuick = () => true
    for (const task of this.underWay) this.end(task)
  }
}

function makeRun(input: AsyncIterable<Group>, work: Work, own: Partial<RunPlan> = {}): JobRun {
  return new JobRun({
    clock,
    input,
    width: 4,
    placesOf: () => 2,
    clientIps: 0,
    dedupe: true,
    keys: new KeySet(),
    keyOf: keyMaker('0123456789abcdef'),
    spillPath: () => join(folder, `waiting-${++files}`),
    work: work.do,
    ...own,
  })
}

/** Lets all happen that can without time. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** It ended once, with nothing left. */
async function expectEnd(run: JobRun, running: Promise<void>): Promise<void> {
  await running
  expectNothingLeft(run)
}

function expectNothingLeft(run: JobRun): void {
  expect([run.underWay, holds, clock.pending, readdirSync(folder)]).toEqual([0, 0, 0, []])
}

async function begin(run: JobRun): Promise<Promise<void>[]> {
  const running = run.run()
  // Its rejection is looked at later.
  running.catch(() => undefined)
  await quiet()
  return [running]
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
    const run = makeRun(input, work, { keys, keyOf })
    expect(run.isRead).toBe(false)
    await expectEnd(run, run.run())
    expect(work.urls).toEqual(['http://a.test/1', 'http://b.test'])
    expect(run.counts).toEqual({ read: 7, duplicates: 3, before: 2 })
    expect([run.isRead, run.waiting]).toEqual([true, 0])
  })

  it('does an item as often as it comes, where that is asked for', async () => {
    const keys = new KeySet()
    const work = new Work(() => true)
    const list = [item('http://a.test/1'), item('http://a.test/1')]
    await makeRun(groupsOf(list), work, { dedupe: false, keys }).run()
    expect(work.begun).toHaveLength(2)
    for (const { key } of work.begun) keys.finish(key, true)
    const again = makeRun(groupsOf(list), work, { dedupe: false, keys })
    await again.run()
    expect([work.begun.length, again.counts.read]).toEqual([2, 2])
  })

  it('keeps to its width and to the places of a host', async () => {
    const work = new Work()
    const run = makeRun(groupsOf([...many('a', 20), ...many('b', 20), ...many('c', 20)]), work)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: 2, b: 1, c: 1 })
    expect([run.underWay, run.waiting, holds]).toEqual([4, 56, 1])
    while (work.underWay.length > 0) {
      const [task] = work.underWay
      work.end(task!)
      await quiet()
    }
    expect([work.most, work.begun.length]).toEqual([4, 60])
    await expectEnd(run, running!)
  })

  it('reads no further than it must', async () => {
    let read = 0
    async function* hosts(): AsyncGenerator<Group, void, void> {
      for (;;) yield many(`h${read++}`, 100)
    }
    const work = new Work()
    const run = makeRun(hosts(), work)
    const [running] = await begin(run)
    const enough = Math.ceil((LIMITS.jobReadAhead + 4) / 100)
    expect(read).toBeLessThanOrEqual(enough)
    work.end(work.underWay[0]!)
    await quiet()
    expect(read).toBeLessThanOrEqual(enough + 1)
    run.stop()
    work.endAll()
    await expectEnd(run, running!)
  })

  it('keeps nobody waiting for the 100,000 items of one host', async () => {
    const work = new Work(({ url }) => url!.hostname !== 'a')
    const run = makeRun(groupsOf(many('a', 100_000), many('b', 5)), work)
    const [running] = await begin(run)
    await vi.waitFor(() => expect(work.hosts()).toEqual({ a: 2, b: 5 }))
    expect([run.waiting, readdirSync(folder).length]).toEqual([99_998, 1])
    run.stop()
    work.endAll()
    await expectEnd(run, running!)
  })

  it('does what had to wait on the disk in the order of the input, and loses none', async () => {
    const work = new Work(({ url }) => url!.hostname !== 'a')
    const long = many('a', 20_000)
    const run = makeRun(groupsOf(long.slice(0, 15_000), long.slice(15_000), many('b', 5)), work)
    const [running] = await begin(run)
    expect(readdirSync(folder)).toHaveLength(1)
    work.endAll()
    await expectEnd(run, running!)
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
    run = makeRun(groupsOf(many('a', limit - 1), many('b', 10), many('c', 10)), work, own)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: limit - 1, b: 1 })
    for (const task of work.underWay.slice(0, 50)) work.end(task)
    await quiet()
    expect(work.hosts()).toEqual({ a: limit - 1, b: 2, c: 2 })
    work.endAll()
    await expectEnd(run, running!)
    expect(work.begun).toHaveLength(limit + 19)
  })

  it('takes a group of 10,000 items, and one of bad lines only', async () => {
    const work = new Work()
    const bad = Array.from({ length: 10_000 }, (_, n) => ({
      ...item('ftp://x', n % 2 === 0 ? '' : 'no'),
      line: n,
    }))
    const run = makeRun(groupsOf(many('a', 10_000), bad, []), work, { width: 8 })
    const [running] = await begin(run)
    expect(work.most).toBe(8)
    work.endAll()
    await expectEnd(run, running!)
    expect(work.hosts()).toEqual({ a: 10_000, '': 10_000 })
    const told = work.begun.filter(({ url }) => url === null).map(({ entry }) => entry)
    expect(told.map(({ line }) => line)).toEqual(bad.map(({ line }) => line))
    expect([told[0]!.problem, told[1]!.problem]).toEqual([expect.stringContaining('scheme ftp'), 'no'])
  })

  it('leaves nothing of an empty input', async () => {
    const run = makeRun(groupsOf(), new Work())
    await expectEnd(run, run.run())
    expect(run.counts.read).toBe(0)
  })
})

describe('a run that is paused', () => {
  it('starts nothing until it is told to go on, whatever was paused', async () => {
    const work = new Work()
    const run = makeRun(groupsOf([...many('a', 10), item('not a URL')]), work)
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
    await expectEnd(run, running!)
    expect(work.begun).toHaveLength(11)
  })

  it('takes in what it was reading, and begins none of it', async () => {
    const source = Promise.withResolvers<Group>()
    async function* slow(): AsyncGenerator<Group, void, void> {
      yield await source.promise
    }
    const work = new Work(() => true)
    const run = makeRun(slow(), work)
    const [running] = await begin(run)
    run.pause()
    source.resolve([item('http://a/1'), item('bad')])
    await quiet()
    expect([work.begun.length, run.waiting]).toEqual([0, 2])
    run.resume()
    await expectEnd(run, running!)
    expect(work.begun).toHaveLength(2)
  })

  it('can be stopped, also before it began', async () => {
    const work = new Work()
    for (const isEarly of [true, false]) {
      const run = makeRun(groupsOf(many('a', 10)), work)
      run.pause()
      if (isEarly) run.stop()
      const [running] = await begin(run)
      run.stop()
      run.resume()
      await expectEnd(run, running!)
    }
    expect(work.begun).toEqual([])
  })

  it('ends when what is under way was the last', async () => {
    const work = new Work()
    const run = makeRun(groupsOf(many('a', 2)), work)
    const [running] = await begin(run)
    run.pause()
    work.endAll()
    await expectEnd(run, running!)
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
    const run = makeRun(input, new Work())
    run.stop()
    await expectEnd(run, run.run())
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
    const run = makeRun(source(), work, { width: 2 })
    const [running] = await begin(run)
    expect(readdirSync(folder)).toHaveLength(1)
    run.stop()
    run.stop()
    let isOver = false
    void running!.then(() => (isOver = true))
    await quiet()
    expect([isOver, returned]).toEqual([false, 1])
    work.endAll()
    await expectEnd(run, running!)
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
    const run = makeRun(input, work)
    const [running] = await begin(run)
    run.stop()
    await expectEnd(run, running!)
    late.resolve({ done: false, value: [...many('a', 20_000), item('bad')] })
    await quiet()
    expect([returned, work.begun.length, run.counts.read]).toEqual([1, 0, 0])
    expectNothingLeft(run)
  })

  it('does not care how a source fails that was told to end', async () => {
    const late = Promise.withResolvers<IteratorResult<Group>>()
    const run = makeRun({ [Symbol.asyncIterator]: () => ({ next: () => late.promise }) }, new Work())
    const [running] = await begin(run)
    run.stop()
    late.reject(new Error('aborted'))
    await expect(running).resolves.toBeUndefined()
    expectNothingLeft(run)
  })
})

describe('a run that fails', () => {
  it('does what was read, then tells how the source failed', async () => {
    const work = new Work(() => true)
    const run = makeRun(broken(), work)
    await expect(run.run()).rejects.toThrow('the pipe broke')
    expect([work.begun.length, run.isRead]).toEqual([10, false])
    expectNothingLeft(run)
  })

  it('takes an iterator that throws at once for one that fails', async () => {
    const input: AsyncIterable<Group> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw new Error('no next')
        },
      }),
    }
    const run = makeRun(input, new Work())
    await expect(run.run()).rejects.toThrow('no next')
    expectNothingLeft(run)
  })

  it('stops when the work rejects, and lets the others end', async () => {
    const work = new Work()
    const run = makeRun(groupsOf(many('a', 10), many('b', 10)), work)
    const [running] = await begin(run)
    const [first, second, ...others] = work.underWay
    work.fail(first!, new Error('the disk is full'))
    work.fail(second!, new Error('so it is'))
    await quiet()
    expect([run.underWay, work.begun.length]).toEqual([others.length, 4])
    work.endAll()
    await expect(running).rejects.toThrow('the disk is full')
    expectNothingLeft(run)
  })

  it('tells that what waits cannot be put on the disk', async () => {
    const work = new Work()
    const run = makeRun(groupsOf(many('a', 20_000)), work, { spillPath: () => join(folder, 'missing', 'x') })
    const running = run.run()
    running.catch(() => undefined)
    await quiet()
    work.endAll()
    await expect(running).rejects.toThrow(/^cannot write .*missing/u)
    expectNothingLeft(run)
  })

  it('tells that what waits cannot be read back, whoever made room for it', async () => {
    const work = new Work()
    const run = makeRun(groupsOf(many('a', 20_000)), work)
    const [running] = await begin(run)
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    // A place is free without an end: the client calls, and has nobody to catch what is thrown.
    for (let n = 0; n < LIMITS.jobWindow + 10; n++) {
      const task = work.underWay.at(-1)!
      run.leave(task)
    }
    work.endAll()
    await expect(running).rejects.toThrow(/^cannot read .*waiting-/u)
    expect(work.begun.length).toBeLessThanOrEqual(LIMITS.jobWindow + 1)
    expectNothingLeft(run)
  })
})

describe('a run whose servers ask for a pause', () => {
  const pause = { origin: 'http://a', clientIp: '', ms: 1_000 }

  it('leaves them alone until it is over, and goes on with the others', async () => {
    const work = new Work()
    const run = makeRun(groupsOf([...many('a', 10), ...many('b', 10), ...many('c', 10)]), work)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: 2, b: 1, c: 1 })
    run.targetPaused(pause)
    // Those that wait in the client for it hold no places of others.
    await quiet()
    expect(work.hosts()).toEqual({ a: 2, b: 2, c: 2 })
    work.isQuick = () => true
    for (const task of work.underWay) work.end(task)
    await quiet()
    expect([work.hosts(), run.pausedOrigins]).toEqual([{ a: 2, b: 10, c: 10 }, 1])
    await clock.advance(999)
    expect(work.hosts()).toEqual({ a: 2, b: 10, c: 10 })
    await clock.advance(1)
    await expectEnd(run, running!)
    expect(work.hosts()).toEqual({ a: 10, b: 10, c: 10 })
  })

  it('holds the process while nothing else does', async () => {
    const work = new Work(() => true)
    const run = makeRun(groupsOf(many('a', 3)), work)
    run.targetPaused(pause)
    const [running] = await begin(run)
    expect([work.begun.length, run.underWay, run.waiting, holds]).toEqual([0, 0, 3, 1])
    await clock.advance(1_000)
    await expectEnd(run, running!)
    expect(work.begun).toHaveLength(3)
  })

  it('goes on as long as one client IP is left', async () => {
    const work = new Work()
    const run = makeRun(groupsOf(many('a', 20)), work, { clientIps: 2 })
    const [running] = await begin(run)
    run.targetPaused({ ...pause, clientIp: '127.0.0.1' })
    run.targetPaused({ ...pause, clientIp: '127.0.0.1', ms: 5_000 })
    expect(run.pausedOrigins).toBe(0)
    for (const task of work.underWay) work.end(task)
    await quiet()
    expect(work.begun).toHaveLength(4)
    run.targetPaused({ ...pause, clientIp: '127.0.0.2', ms: 2_000 })
    expect(run.pausedOrigins).toBe(1)
    work.isQuick = () => true
    for (const task of work.underWay) work.end(task)
    await clock.advance(1_999)
    expect(work.begun).toHaveLength(4)
    await clock.advance(1)
    await expectEnd(run, running!)
    expect(work.begun).toHaveLength(20)
  })

  it('takes its timers along when it is stopped', async () => {
    const run = makeRun(groupsOf(many('a', 10)), new Work())
    run.targetPaused(pause)
    const [running] = await begin(run)
    expect(clock.pending).toBe(1)
    run.stop()
    await expectEnd(run, running!)
    run.targetPaused(pause)
    expectNothingLeft(run)
  })
})
