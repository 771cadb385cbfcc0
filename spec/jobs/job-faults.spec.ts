import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Client, ClosedError, FileError, Job, readInput, type JobInput } from '../../lib/index.ts'
import { all, errorOf, eventually, JobStand, textOf } from './job-stand.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}

function thrower(error: Error): () => string {
  return () => {
    throw error
  }
}

function* brokenAfter(urls: readonly string[], error: unknown): Generator<string> {
  yield* urls
  throw error
}

describe('an item that fails', () => {
  it('is a result, is journaled, and is done again only after retryFailed', async () => {
    await using stand = await JobStand.make()
    const input = stand.urls(3)
    const handle = thrower(Object.assign(new Error('no good'), { code: 'ERR_MINE' }))
    const results = await all(stand.job({ input, handle }))
    expect(results.map(({ ok, error }) => `${ok} ${error?.message}`)).toEqual(
      input.map(() => 'false no good'),
    )
    expect(stand.journal).toContainEqual(
      expect.objectContaining({ ok: false, url: input[0], error: 'ERR_MINE', message: 'no good' }),
    )
    expect(await stand.job({ input }).run()).toMatchObject({ ok: 0, failed: 3, failedNow: 0 })
    expect(stand.asked).toHaveLength(3)
    expect(await Job.retryFailed(stand.dir)).toBe(3)
    expect(await Job.retryFailed(stand.dir)).toBe(0)
    expect(await stand.job({ input }).run()).toMatchObject({ ok: 3, failed: 0 })
    expect(stand.asked).toHaveLength(6)
  })

  it.each([
    ['text', 'handle threw text'],
    [undefined, 'handle threw undefined'],
    [null, 'handle threw null'],
    [Symbol('s'), 'handle threw Symbol(s)'],
  ])('may throw what is no Error: %s', async (thrown, message) => {
    await using stand = await JobStand.make()
    const [result] = await all(stand.job({ input: stand.urls(1), work: () => Promise.reject(thrown) }))
    expect(result!.error!.message).toBe(message)
    expect(result!.error!.cause).toBe(thrown)
    expect(stand.journal).toContainEqual(expect.objectContaining({ error: 'ERR_OTHER', message }))
  })

  it('fails with what the client says, and with no password in the journal', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/gone', (_, response) => response.destroy())
    const url = `${stand.origin.replace('//', '//me:secret@')}/gone?${'q'.repeat(400)}`
    stand.answers.set(new URL(url).pathname + new URL(url).search, (_, response) => response.destroy())
    const [result] = await all(stand.job({ input: [url] }))
    expect(result!.error).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
    const text = JSON.stringify(stand.journal)
    expect(text).not.toContain('secret')
    expect(text).toContain(`"url":"${stand.origin}/gone?${'q'.repeat(400)}"`)
  })

  it('with a message that is too long for the journal is kept in part', async () => {
    await using stand = await JobStand.make()
    const work = thrower(new Error('x'.repeat(3_000_000)))
    expect(await stand.job({ input: stand.urls(2), work }).run()).toMatchObject({ failed: 2 })
    expect(stand.journal.at(-2)!['message']).toHaveLength(1_000)
  })

  it('counts for maxFailures, after which nothing starts', async () => {
    await using stand = await JobStand.make()
    const input = stand.urls(30)
    const work = ({ url }: { url: string }): string => {
      if (url === input[20]) return ''
      throw new Error('no')
    }
    const { ok, failed, read } = await stand.job({ input, work, concurrency: 2, maxFailures: 3 }).run()
    expect([ok, read]).toEqual([0, 30])
    expect(failed).toBeGreaterThanOrEqual(3)
    expect(failed).toBeLessThanOrEqual(4)
    expect(stand.stopped).toBe('3 failed, and maxFailures is 3')
    expect(await stand.job({ input }).run()).toMatchObject({ failed, ok: 30 - failed })
  })
})

describe('a job whose client', () => {
  it.each(['destroy', 'close'] as const)('%ss meanwhile stops with that, and fails no item', async (how) => {
    await using stand = await JobStand.make()
    const client = new Client()
    stand.answers.set('/3', (_, response) => {
      if (how === 'close') response.end('/3')
      void client[how]()
    })
    const error = await errorOf(stand.job({ client, input: stand.urls(30), concurrency: 2 }).run())
    expect(error).toBeInstanceOf(ClosedError)
    expect(stand.stopped).toContain(how === 'destroy' ? 'the client was destroyed' : 'clos')
    const { ok, failed } = await Job.status(stand.dir)
    expect(failed).toBe(0)
    expect(ok).toBeGreaterThan(1)
    expect(ok).toBeLessThan(30)
    stand.answers.clear()
    expect(await stand.job({ input: stand.urls(30) }).run()).toMatchObject({ ok: 30, failed: 0 })
  })

  it('is closed before fails no item either, also where handle wraps the error', async () => {
    await using stand = await JobStand.make()
    const client = new Client()
    await client.close()
    const error = await errorOf(all(stand.job({ client, input: stand.urls(3) })))
    expect(error).toBeInstanceOf(ClosedError)
    const work = async ({ url }: { url: string }): Promise<string> => {
      try {
        return textOf(await client.request(url))
      } catch (cause) {
        throw new Error('it did not work', { cause })
      }
    }
    expect((await errorOf(stand.job({ input: stand.urls(3), work }).run())).message).toBe('it did not work')
    expect(await Job.status(stand.dir)).toMatchObject({ ok: 0, failed: 0, runs: 2 })
  })
})

describe('a fault of the disk', () => {
  it.each(['ENOSPC', 'EROFS', 'EMFILE', 'EIO'])(
    'that handle throws (%s) stops the job, and the item is not finished',
    async (code) => {
      await using stand = await JobStand.make()
      const fault = new Error('cannot save', { cause: systemError(code) })
      const handle = (response: { url: string; text(): string }): string => {
        if (response.url.endsWith('/4')) throw fault
        return response.text()
      }
      const error = await errorOf(stand.job({ input: stand.urls(20), handle, concurrency: 2 }).run())
      expect(error).toBe(fault)
      expect(stand.finished).not.toContain('/4')
      expect(stand.asked.length).toBeLessThan(10)
      expect(stand.stopped).toBe('cannot save')
      expect(await stand.job({ input: stand.urls(20) }).run()).toMatchObject({ ok: 20, failed: 0 })
    },
  )

  it('that is of one file alone is a failed item', async () => {
    await using stand = await JobStand.make()
    const work = thrower(systemError('EACCES'))
    expect(await stand.job({ input: stand.urls(2), work }).run()).toMatchObject({ failed: 2 })
  })
})

describe('an input of a job', () => {
  it.each(['sync', 'async'])('that throws (%s): what it gave before is done', async (kind) => {
    await using stand = await JobStand.make()
    const error = new Error('the list is broken')
    const urls = brokenAfter(stand.urls(5), error)
    const input = kind === 'sync' ? urls : Readable.from(urls)
    const job = stand.job({ input })
    expect(await errorOf(job.run())).toBe(error)
    expect(job.progress).toMatchObject({ ok: 5, total: null })
    expect(stand.stopped).toBe('the list is broken')
  })

  it('that throws what is no Error, or at once, is told in the loop', async () => {
    await using stand = await JobStand.make()
    const thrown = await all(stand.job({ input: brokenAfter(stand.urls(1), 'text') })).catch(
      (error: unknown) => error,
    )
    expect(thrown).toBe('text')
    const input: Iterable<string> = {
      [Symbol.iterator]: () => {
        throw new Error('not even begun')
      },
    }
    expect((await errorOf(stand.job({ input }).run())).message).toBe('not even begun')
  })

  it('that hangs is not waited for by stop, and is told', async () => {
    await using stand = await JobStand.make()
    let closed = 0
    let asked = 0
    const input: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          asked++
          return asked === 1
            ? Promise.resolve({ done: false, value: `${stand.origin}/1` })
            : new Promise(() => {})
        },
        return: () => {
          closed++
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }
    const job = stand.job({ input })
    const running = job.run()
    await eventually(() => [asked, job.progress.ok]).toEqual([2, 1])
    job.stop()
    expect(await running).toMatchObject({ ok: 1, total: null })
    expect(closed).toBe(1)
  })

  it('with garbage has failed items that say what is wrong with them', async () => {
    await using stand = await JobStand.make()
    const circle: { self?: unknown } = {}
    circle.self = circle
    const badGetter = {
      get url(): string {
        throw new Error('getter')
      },
    }
    const [good] = stand.urls(1)
    const garbage: readonly (readonly [unknown, RegExp])[] = [
      [null, /^item 1 is null; give URLs, or objects with a url/],
      [undefined, /^item 2 is undefined;/],
      [5, /^item 3 is 5;/],
      [{}, /^item 4: has no url; add one/],
      [{ url: 7 }, /^item 5: the field url must be a string/],
      [{ url: good, methd: 'GET' }, /^item 6: the field "methd" is not known; did you mean method\?/],
      [{ url: good, mirrors: 'http://b/' }, /^item 7: the field mirrors must be an array of URLs/],
      [{ url: good, priority: 99 }, /^item 8: the field priority must be a whole number from -10 to 10/],
      [{ url: good, meta: circle }, /^item 9.*/],
      [{ url: good, meta: 5n }, /^item 10 cannot be read/],
      [badGetter, /^item 11 cannot be read \(getter\)/],
      ['no url', /"no url" is not a URL/],
      ['ftp://a/', /the scheme ftp is not supported/],
      [Symbol('s'), /^item 14 is Symbol\(s\)/],
    ]
    const input = [...garbage.map(([entry]) => entry), good] as unknown as JobInput
    const results = await all(stand.job({ input, concurrency: 1 }))
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    const messages = results.flatMap(({ error }) => (error === undefined ? [] : [error.message]))
    for (const [, pattern] of garbage)
      expect(messages.filter((message) => pattern.test(message))).toHaveLength(1)
    expect(results.every(({ ok, error }) => ok || (error as { code?: string }).code === 'ERR_ITEM')).toBe(
      true,
    )
    expect(stand.asked).toEqual(['/0'])
    expect(await stand.job({ input }).run()).toMatchObject({
      ok: 1,
      failed: garbage.length,
      okNow: 0,
      failedNow: 0,
    })
  })

  it('gives URL objects, items and groups, as readInput does', async () => {
    await using stand = await JobStand.make()
    const lines = `${stand.origin}/a\n# a comment\n${stand.origin}/b\nnonsense\n`
    const results = await all(stand.job({ input: readInput(Readable.from([Buffer.from(lines)])) }))
    expect(results.map(({ ok, item }) => `${ok} ${item.url}`).toSorted()).toEqual([
      'false nonsense',
      `true ${stand.origin}/a`,
      `true ${stand.origin}/b`,
    ])
    const mixed = [new URL(`${stand.origin}/c`), { url: `${stand.origin}/d`, method: undefined }]
    expect(await stand.job({ input: mixed }).run()).toMatchObject({ okNow: 2 })
    const chunks = [stand.urls(2), [{ url: `${stand.origin}/e` }]] as unknown as JobInput
    expect(await stand.job({ input: chunks }).run()).toMatchObject({ okNow: 3 })
  })
})

describe('an item of a job', () => {
  it('says what is sent', async () => {
    await using stand = await JobStand.make()
    const got: unknown[] = []
    stand.answers.set('/p', (request, response) => {
      got.push(request.method, request.headers['x-a'])
      request.on('data', (chunk: Buffer) => got.push(chunk.toString()))
      request.on('end', () => response.end())
    })
    await stand.job({ input: [{ url: `${stand.origin}/p`, body: 'b', headers: { 'X-A': '1' } }] }).run()
    expect(got).toEqual(['POST', '1', 'b'])
  })

  it('that fails is asked for at its mirrors, in turn', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/a', (_, response) => response.destroy())
    stand.answers.set('/b', (_, response) => response.writeHead(503).end())
    const urls = ['/a', '/b', '/c', '/d'].map((path) => stand.origin + path)
    const [result] = await all(stand.job({ input: [{ url: urls[0]!, mirrors: urls.slice(1) }] }))
    expect(result).toMatchObject({ ok: true, value: '/c' })
    expect([...new Set(stand.asked)]).toEqual(['/a', '/b', '/c'])
    expect(stand.finished).toEqual(['/a'])
  })

  it('whose last mirror fails too fails with that, and hands a status to handle', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/b', (_, response) => response.writeHead(404).end('not here'))
    stand.answers.set('/a', (_, response) => response.destroy())
    const urls = ['/a', '/b', '/a'].map((path) => stand.origin + path)
    const input = [
      { url: urls[0]!, mirrors: [urls[1]!] },
      { url: urls[1]!, mirrors: [urls[2]!] },
    ]
    const results = await all(stand.job({ input, concurrency: 1 }))
    expect(results[0]).toMatchObject({ ok: true, value: 'not here' })
    expect(results[1]!.error).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
  })

  it('with a checksum must have it, here or at a mirror', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/a', (_, response) => response.end('other'))
    stand.answers.set('/404', (_, response) => response.writeHead(404).end('/b'))
    const checksum = `sha-256=${createHash('sha256').update('/b').digest('hex')}`
    const item = (
      path: string,
      ...mirrors: string[]
    ): { url: string; checksum: string; mirrors: string[] } => ({
      url: stand.origin + path,
      checksum,
      mirrors: mirrors.map((mirror) => stand.origin + mirror),
    })
    const input = [item('/a', '/b'), item('/a'), item('/404')]
    const results = await all(stand.job({ input: [input[0]!, input[2]!], concurrency: 1 }))
    expect(results[0]).toMatchObject({ ok: true, value: '/b' })
    expect(results[1]!.error).toMatchObject({ code: 'ERR_STATUS', status: 404 })
    const [wrong] = await all(stand.job({ dir: `${stand.dir}-2`, input: [input[1]!] }))
    expect(wrong!.error).toMatchObject({ code: 'ERR_CHECKSUM' })
  })

  it('whose body has another digest than its answer says has failed', async () => {
    await using stand = await JobStand.make()
    stand.answers.set('/0', (_, response) =>
      response.writeHead(200, { 'Repr-Digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` }).end('x'),
    )
    const [result] = await all(stand.job({ input: stand.urls(1) }))
    expect(result!.error).toMatchObject({ code: 'ERR_CHECKSUM' })
  })

  it('of a server that refuses is kept back, and the others are done meanwhile', async () => {
    await using stand = await JobStand.make()
    await using other = await JobStand.make()
    let refused = 0
    other.answers.set('/0', (_, response) => {
      if (refused++ > 0) response.end('/0')
      else response.writeHead(429, { 'Retry-After': '1' }).end()
    })
    const client = new Client({ maxConnPerTarget: 2, maxRetries: 2 })
    const job = stand.job({ client, input: [...other.urls(3), ...stand.urls(10)] })
    let paused = 0
    // One of them ends while the other server is left alone.
    stand.answers.set('/9', (_, response) => {
      const look = setInterval(() => {
        if (job.progress.pausedOrigins === 0) return
        clearInterval(look)
        response.end('/9')
      }, 1)
    })
    const values: unknown[] = []
    for await (const { value } of job) {
      paused = Math.max(paused, job.progress.pausedOrigins)
      values.push(value)
    }
    client.destroy()
    expect(paused).toBe(1)
    expect(values).toHaveLength(13)
    expect(values.slice(-1)).not.toEqual(['/9'])
    expect(job.progress).toMatchObject({ ok: 13, failed: 0, pausedOrigins: 0 })
  })
})

describe('the folder of a job', () => {
  it('that is none says so, and is not made', async () => {
    await using stand = await JobStand.make()
    const asks = [
      () => Job.status(stand.dir),
      () => Job.retryFailed(stand.dir),
      () => Job.status('/dev/null/x'),
      () => Job.status(stand.dir),
    ]
    for (const ask of asks) {
      const error = await errorOf(ask())
      expect(error).toBeInstanceOf(FileError)
      expect(error.message).toContain('has no job; name the folder that a job keeps its journal in')
    }
  })
})
