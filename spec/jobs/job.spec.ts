import { describe, expect, it } from 'vitest'
import {
  ArgumentError,
  ClosedError,
  FileError,
  Job,
  type JobInput,
  type JobOptions,
} from '../../lib/index.ts'
import { all, errorOf, eventually, JobStand, textOf, untilAborted } from './job-stand.ts'

describe('a job', () => {
  it('gives a result for each item, and journals it', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(20) })
    const results = await all(job)
    expect(results.map(({ value }) => String(value)).toSorted()).toEqual(stand.asked.toSorted())
    expect(new Set(stand.asked).size).toBe(20)
    expect(stand.finished.toSorted()).toEqual(stand.asked.toSorted())
    expect(job.progress).toEqual({
      ok: 20,
      failed: 0,
      okNow: 20,
      failedNow: 0,
      read: 20,
      duplicates: 0,
      total: 20,
      waiting: 0,
      underWay: 0,
      pausedOrigins: 0,
    })
    expect(stand.stopped).toBe('')
  })

  it('run without a loop, resolves with how far it came', async () => {
    await using stand = await JobStand.make()
    expect(await stand.job({ input: stand.urls(5) }).run()).toMatchObject({ ok: 5, total: 5 })
    expect(stand.finished).toHaveLength(5)
  })

  it('goes on where one of its folder has stopped', async () => {
    await using stand = await JobStand.make()
    await stand.job({ input: stand.urls(5) }).run()
    const results = await all(stand.job({ input: stand.urls(8) }))
    expect(results.map(({ value }) => String(value)).toSorted()).toEqual(['/5', '/6', '/7'])
    expect(stand.asked).toHaveLength(8)
    expect(await stand.job({ input: stand.urls(8) }).run()).toMatchObject({ ok: 8, okNow: 0, total: 8 })
    expect(await Job.status(stand.dir)).toMatchObject({ ok: 8, failed: 0, runs: 3, damaged: 0 })
  })

  it('drops what came before, unless it is told not to', async () => {
    await using stand = await JobStand.make()
    const input = [...stand.urls(2), ...stand.urls(2)]
    expect(await stand.job({ input }).run()).toMatchObject({ ok: 2, duplicates: 2, total: 2, read: 4 })
    const dir = `${stand.dir}-2`
    expect(await stand.job({ dir, input, dedupe: false }).run()).toMatchObject({ ok: 4, total: 4 })
    expect(await stand.job({ dir, input, dedupe: false }).run()).toMatchObject({ ok: 4, okNow: 0 })
    expect(stand.asked).toHaveLength(6)
  })

  it('has work do the whole item, when it is given that', async () => {
    await using stand = await JobStand.make()
    const item = { url: `${stand.origin}/a`, method: 'POST', body: 'b', meta: { row: 7 } }
    const results = await all(stand.job({ input: [item], work: ({ method, body }) => `${method} ${body}` }))
    expect(results).toEqual([{ ok: true, item, value: 'POST b', error: undefined }])
    expect(stand.asked).toEqual([])
    expect(stand.journal).toContainEqual(expect.objectContaining({ url: item.url, meta: { row: 7 } }))
  })

  it('begins those of higher priority first', async () => {
    await using stand = await JobStand.make()
    const input = [0, -3, 10, 4].map((priority) => ({ url: `${stand.origin}/${priority}`, priority }))
    await stand.job({ input, concurrency: 1 }).run()
    expect(stand.asked).toEqual(['/10', '/4', '/0', '/-3'])
  })

  it('tells of progress at its end, and while items end', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(5) })
    const told: number[] = []
    job.on('progress', ({ ok }) => told.push(ok))
    await job.run()
    expect(told[0]).toBe(1)
    expect(told.at(-1)).toBe(5)
  })

  it('whose listener throws ends with that, and lets the folder go', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(5), concurrency: 1 })
    job.once('progress', () => {
      throw new Error('listener')
    })
    expect((await errorOf(job.run())).message).toBe('listener')
    expect(stand.asked).toHaveLength(1)
    expect(await stand.job({ input: stand.urls(5) }).run()).toMatchObject({ ok: 5, okNow: 4 })
  })

  it('is run once', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(3) })
    const running = job.run()
    expect(await errorOf(job.run())).toBeInstanceOf(ClosedError)
    expect(await errorOf(all(job))).toBeInstanceOf(ClosedError)
    expect(await running).toMatchObject({ ok: 3 })
    const again = await errorOf(all(job))
    expect(again.message).toContain('make another one of the same folder')
  })

  it('whose loop is disturbed by a second one gives the first all it has', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(10), concurrency: 2 })
    let disturbed = 0
    const values: unknown[] = []
    for await (const { value } of job) {
      values.push(value)
      if (values.length === 1)
        disturbed = await all(job).then(
          () => 0,
          () => 1,
        )
    }
    expect(disturbed).toBe(1)
    expect(values).toHaveLength(10)
  })

  it('of a folder that another one works on is refused, and harms neither', async () => {
    await using stand = await JobStand.make()
    const first = stand.job({ input: stand.urls(4), concurrency: 1 })
    for await (const { value } of first) {
      if (value !== '/0') continue
      const error = await errorOf(stand.job({ input: stand.urls(4) }).run())
      expect(error).toBeInstanceOf(FileError)
      expect(error.code).toBe('ERR_FILE_BUSY')
      expect((await errorOf(Job.retryFailed(stand.dir))).code).toBe('ERR_FILE_BUSY')
      expect(await Job.status(stand.dir)).toMatchObject({ ok: 0, runs: 1 })
    }
    expect(first.progress).toMatchObject({ ok: 4 })
    expect(stand.asked).toHaveLength(4)
  })

  it('in a place that is no folder rejects with FileError, and asks for nothing', async () => {
    await using stand = await JobStand.make()
    const error = await errorOf(stand.job({ dir: '/dev/null/job', input: stand.urls(1) }).run())
    expect(error).toBeInstanceOf(FileError)
    expect(stand.asked).toEqual([])
  })
})

describe('a job that is paused', () => {
  it('before it runs, starts nothing until it is resumed', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(5) })
    job.pause()
    const running = job.run()
    await eventually(async () => (await Job.status(stand.dir).catch(() => null))?.runs).toBe(1)
    expect(stand.asked).toEqual([])
    job.resume()
    expect(await running).toMatchObject({ ok: 5 })
  })

  it('while it runs, ends what is under way, and goes on when it is resumed', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(12), concurrency: 3 })
    let pauses = 0
    stand.answers.set('/4', (_, response) => {
      job.pause()
      pauses++
      response.end('/4')
    })
    const running = job.run()
    await eventually(() => [pauses, job.progress.underWay]).toEqual([1, 0])
    const before = stand.asked.length
    expect(before).toBeLessThan(8)
    expect(job.progress.ok).toBe(before)
    job.resume()
    job.resume()
    expect(await running).toMatchObject({ ok: 12 })
  })

  it('can be stopped, and aborted', async () => {
    await using stand = await JobStand.make()
    for (const end of ['stop', 'abort'] as const) {
      const job = stand.job({ input: stand.urls(5) })
      job.pause()
      const running = job.run()
      job[end]()
      expect(await running).toMatchObject({ ok: 0, total: null })
    }
    expect(stand.asked).toEqual([])
  })

  it('by a loop as well, takes its own time: resume does not start more than the loop has room for', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(40), concurrency: 4 })
    const results = job[Symbol.asyncIterator]()
    await results.next()
    job.pause()
    job.resume()
    await eventually(() => stand.asked.length).toBe(4)
    job.pause()
    job.resume()
    await stand.client.request(`${stand.origin}/other`)
    expect(stand.asked).toHaveLength(5)
    await results.return!()
  })

  it('after its end is none of its business', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(2) })
    await job.run()
    job.pause()
    job.resume()
    job.stop()
    job.abort()
    expect(job.progress).toMatchObject({ ok: 2 })
    expect(stand.stopped).toBe('')
  })
})

describe('a job that is stopped', () => {
  it('ends what is under way, and leaves the rest', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(20), concurrency: 3 })
    stand.answers.set('/5', (_, response) => {
      job.stop()
      response.end('/5')
    })
    const { ok } = await job.run()
    expect(ok).toBe(stand.asked.length)
    expect(ok).toBeLessThan(10)
    expect(stand.stopped).toBe('stopped')
    expect(await stand.job({ input: stand.urls(20) }).run()).toMatchObject({ ok: 20, okNow: 20 - ok })
    expect(stand.asked).toHaveLength(20)
  })

  it('before it runs, asks for nothing', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(2) })
    job.stop()
    expect(await all(job)).toEqual([])
    expect(stand.asked).toEqual([])
  })

  it('by abort, does not journal what is under way: the next one does it', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/2', () => undefined)
    const job = stand.job({ input: stand.urls(3) })
    const running = job.run()
    await eventually(() => stand.finished.length).toBe(2)
    await eventually(() => stand.asked.length).toBe(3)
    job.abort()
    expect(await running).toMatchObject({ ok: 2, failed: 0 })
    expect(stand.finished.toSorted()).toEqual(['/0', '/1'])
    expect(stand.stopped).toBe('aborted')
    stand.answers.clear()
    expect(await stand.job({ input: stand.urls(3) }).run()).toMatchObject({ ok: 3, okNow: 1 })
  })

  it('by abort, tells each handle by its signal, with the reason', async () => {
    await using stand = await JobStand.make()
    const reasons: unknown[] = []
    const job = stand.job({
      input: stand.urls(3),
      handle: (_, __, signal) =>
        untilAborted(signal).catch((reason: unknown) => {
          reasons.push(reason)
          throw reason
        }),
    })
    const running = job.run()
    await eventually(() => stand.asked.length).toBe(3)
    job.abort('enough')
    expect(await running).toMatchObject({ ok: 0, failed: 0 })
    expect(new Set(reasons)).toEqual(new Set(['enough']))
  })

  it('by abort, keeps what handle brings to its end all the same', async () => {
    await using stand = await JobStand.make()
    const job: Job<string> = stand.job({
      input: stand.urls(1),
      handle: (response) => {
        job.abort()
        return textOf(response)
      },
    })
    expect(await job.run()).toMatchObject({ ok: 1 })
  })
})

describe('a loop over a job', () => {
  it('that takes nothing stops new items after concurrency', async () => {
    await using stand = await JobStand.make()
    let pulled = 0
    const input = (function* (): Generator<string> {
      for (const url of stand.urls(10_000)) {
        pulled++
        yield url
      }
    })()
    const job = stand.job({ input, concurrency: 5 })
    const results = job[Symbol.asyncIterator]()
    await results.next()
    await eventually(() => stand.asked.length).toBe(5)
    for (let n = 0; n < 3; n++) await stand.client.request(`${stand.origin}/other`)
    expect(stand.asked).toHaveLength(8)
    expect(pulled).toBeLessThan(5_000)
    expect(job.progress.underWay).toBe(5)
    await results.return!()
  })

  it('finishes an item when it comes back for the next', async () => {
    await using stand = await JobStand.make()
    const seen: unknown[] = []
    for await (const { value } of stand.job({ input: stand.urls(6), concurrency: 3 })) {
      expect(stand.finished).toEqual(seen)
      seen.push(value)
    }
    expect(stand.finished).toEqual(seen)
  })

  it.each(['break', 'throw'])(
    'that is left by %s has what it did not come back from done again',
    async (how) => {
      await using stand = await JobStand.make()
      stand.answers.set('/hang', () => undefined)
      const input = [...stand.urls(4), `${stand.origin}/hang`]
      let count = 0
      const loop = async (): Promise<void> => {
        for await (const result of stand.job({ input, concurrency: 8 })) {
          expect(result.ok).toBe(true)
          if (++count < 3) continue
          if (how === 'break') break
          throw new Error('mine')
        }
      }
      const thrown = await loop().catch((error: unknown) => error)
      expect(thrown).toEqual(how === 'break' ? undefined : new Error('mine'))
      expect(stand.finished).toHaveLength(2)
      expect(stand.stopped).toBe('the loop over the job was left')
      stand.answers.clear()
      expect(await stand.job({ input }).run()).toMatchObject({ ok: 5, okNow: 3, failed: 0 })
    },
  )

  it('closes the source when it is left, also one that hangs', async () => {
    await using stand = await JobStand.make()
    const [url] = stand.urls(1)
    let given = 0
    let closed = 0
    const input: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => (given++ === 0 ? Promise.resolve({ done: false, value: url! }) : new Promise(() => {})),
        return: () => {
          closed++
          return new Promise(() => {})
        },
      }),
    }
    for await (const { value } of stand.job({ input })) {
      expect(value).toBe('/0')
      break
    }
    expect(closed).toBe(1)
  })

  it('that was not begun has nothing to leave', async () => {
    await using stand = await JobStand.make()
    const job = stand.job({ input: stand.urls(2) })
    const results = job[Symbol.asyncIterator]()
    await results.return!()
    expect(await results.next()).toEqual({ done: true, value: undefined })
    expect(await job.run()).toMatchObject({ ok: 2 })
  })
})

describe('an argument of Job', () => {
  const client = {
    request: () => undefined,
    limits: { of: () => undefined },
  } as unknown as JobOptions<string>['client']
  const right: JobOptions<string> = { dir: 'job', client, input: [], handle: () => '' }

  it.each<[Record<string, unknown>, string]>([
    [{ dir: '' }, 'option dir of Job is ""; it must be the path of a folder'],
    [{ dir: undefined }, 'option dir of Job is undefined; it must be the path of a folder'],
    [{ client: {} }, 'option client of Job is an object; it must be a Client'],
    [{ client: null }, 'option client of Job is null; it must be a Client'],
    [
      { input: 'http://a/' },
      'option input is a string; it must be an array, or an (async) iterable, of URLs or items',
    ],
    [{ input: undefined }, 'option input is undefined; it must be an array'],
    [{ input: { length: 0 } }, 'option input is an object; it must be an array'],
    [{ handle: 'x' }, 'option handle of Job is "x"; it must be a function (response, item, signal) => value'],
    [{ work: 5 }, 'option work of Job is 5; it must be a function (item, signal) => value'],
    [{ handle: undefined }, 'Job has neither handle nor work; give handle'],
    [{ work: () => '' }, 'Job has handle and work; give handle'],
    [{ concurrency: 0 }, 'option concurrency of Job is 0; it must be a whole number from 1 to 10000'],
    [{ concurrency: 1.5 }, 'option concurrency of Job is 1.5;'],
    [{ concurrency: 10_001 }, 'option concurrency of Job is 10001;'],
    [{ concurrency: '5' }, 'option concurrency of Job is "5";'],
    [{ dedupe: 1 }, 'option dedupe of Job is 1; it must be true or false'],
    [{ fsync: 'no' }, 'option fsync of Job is "no"; it must be true or false'],
    [{ maxFailures: 0 }, 'option maxFailures of Job is 0; it must be a whole number from 1, or Infinity'],
    [{ maxFailures: Number.NaN }, 'option maxFailures of Job is NaN;'],
    [{ note: {} }, 'option note of Job is an object; it must be a function (text) => void'],
    [{ concurency: 5 }, 'unknown option "concurency" of Job; did you mean concurrency?'],
  ])('that is wrong is refused: %j', (own, message) => {
    const make = (): Job<string> => new Job({ ...right, ...own })
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })

  it.each([null, undefined, 5, 'x'])('that is no object is refused: %j', (given) => {
    expect(() => new Job(given as unknown as JobOptions<string>)).toThrow(
      /the options of Job are .*; give an object/,
    )
  })

  it('that somebody has put on Object.prototype is none', async () => {
    const prototype = Object.prototype as { maxFailures?: number }
    prototype.maxFailures = -1
    try {
      expect(() => new Job(right)).not.toThrow()
    } finally {
      delete prototype.maxFailures
    }
  })

  it('that is right opens nothing', async () => {
    const job = new Job({ ...right, dir: '/dev/null/never' })
    expect(job.progress).toMatchObject({ ok: 0, total: null, underWay: 0 })
    const input: JobInput = new Set(['http://a/'])
    expect(new Job({ ...right, input })).toBeInstanceOf(Job)
  })
})
