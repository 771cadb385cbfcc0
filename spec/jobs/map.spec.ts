import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { AbortError, ArgumentError, Client, type RequestOptions, type Response } from '../../lib/index.ts'
import { map, type MapOptions, type MapRequest, type MapResult } from '../../lib/jobs/map.ts'

/** Answers when told to: one entry for each request that is under way. */
class HandEngine {
  readonly asked: string[] = []
  readonly signals: AbortSignal[] = []
  readonly #answers = new Map<string, { resolve(r: Response): void; reject(e: unknown): void }>()

  request(url: string | URL, options: RequestOptions): Promise<Response> {
    const name = String(url)
    this.asked.push(name)
    const signal = options.signal!
    this.signals.push(signal)
    return new Promise((resolve, reject) => {
      this.#answers.set(name, { resolve, reject })
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  }

  answer(...names: string[]): void {
    for (const name of names) this.#answers.get(name)!.resolve({ url: name } as Response)
  }

  fail(name: string, error: unknown): void {
    this.#answers.get(name)!.reject(error)
  }
}

/** Lets everything that is ready run. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

const urlOf = (response: Response): string => response.url

/** Counts what is pulled and whether it was closed. */
class Source implements Iterable<string> {
  pulled = 0
  closed = 0
  readonly #items: readonly string[]

  constructor(items: readonly string[]) {
    this.#items = items
  }

  *[Symbol.iterator](): Generator<string> {
    try {
      for (const item of this.#items) {
        this.pulled++
        yield item
      }
    } finally {
      this.closed++
    }
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `u${n}`)

async function* oneThenNothing(): AsyncGenerator<string> {
  yield 'a'
  await new Promise(() => {})
}

async function* oneThenBroken(): AsyncGenerator<string> {
  yield 'a'
  throw new Error('list is broken')
}

function* twoThenBroken(): Generator<string> {
  yield 'a'
  yield 'b'
  throw new Error('list is broken')
}

function hangAtU1(response: Response): string | Promise<string> {
  return response.url === 'u1' ? new Promise<string>(() => {}) : response.url
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

describe('map', () => {
  it('yields as they finish, each with its item', async () => {
    const engine = new HandEngine()
    const results = map(engine, ['a', 'b', 'c'], urlOf, { concurrency: 3 })
    const first = results.next()
    engine.answer('c')
    expect(await first).toEqual({ done: false, value: { ok: true, item: 'c', value: 'c', error: undefined } })
    engine.answer('a', 'b')
    expect((await collect(results)).map((result) => result.item)).toEqual(['a', 'b'])
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  it('starts nothing before it is asked', async () => {
    const engine = new HandEngine()
    const source = new Source(['a'])
    const results = map(engine, source, urlOf)
    await settle()
    expect([source.pulled, engine.asked]).toEqual([0, []])
    await results.return!()
    expect(await results.next()).toEqual({ done: true, value: undefined })
    expect(source.pulled).toBe(0)
  })

  it('keeps within its concurrency, and fills it again at each end', async () => {
    const engine = new HandEngine()
    const results = map(engine, names(6), urlOf, { concurrency: 2 })
    const taken = collect(results)
    const steps: number[] = []
    for (let n = 0; n < 6; n++) {
      steps.push(engine.asked.length)
      engine.answer(`u${n}`)
      await settle()
    }
    expect(steps).toEqual([2, 3, 4, 5, 6, 6])
    expect(await taken).toHaveLength(6)
  })

  it('pulls no more than its concurrency while nobody takes results', async () => {
    const engine = new HandEngine()
    const source = new Source(names(100))
    const results = map(engine, source, urlOf, { concurrency: 4 })
    const first = results.next()
    engine.answer('u0', 'u1', 'u2', 'u3')
    await first
    await settle()
    engine.answer('u4')
    await settle()
    // One was taken, so one came after the first four.
    expect(source.pulled).toBe(5)
    await results.return!()
  })

  it('ordered: yields in the order of the items, and looks four times its concurrency ahead', async () => {
    const engine = new HandEngine()
    const source = new Source(names(100))
    const results = map(engine, source, urlOf, { concurrency: 2, ordered: true })
    const first = results.next()
    for (let n = 1; n < 8; n++) {
      await settle()
      engine.answer(`u${n}`)
    }
    await settle()
    expect(source.pulled).toBe(8)
    engine.answer('u0')
    expect((await first).value?.item).toBe('u0')
    const next = [await results.next(), await results.next()]
    expect(next.map((result) => result.value?.item)).toEqual(['u1', 'u2'])
    await results.return!()
  })

  it.each([false, true])('a failure costs none of the others (ordered: %s)', async (ordered) => {
    const engine = new HandEngine()
    const fault = new Error('no')
    const taken = collect(map(engine, ['a', 'b', 'c', 'd'], pick, { ordered }))
    function pick(response: Response): string {
      if (response.url === 'b') throw fault
      // eslint-disable-next-line no-throw-literal, typescript/only-throw-error -- as users do
      if (response.url === 'd') throw 'text'
      return response.url.toUpperCase()
    }
    await settle()
    engine.fail('a', fault)
    engine.answer('b', 'c', 'd')
    const byItem = new Map((await taken).map((result) => [result.item, result]))
    expect(byItem.get('a')).toEqual({ ok: false, item: 'a', value: undefined, error: fault })
    expect(byItem.get('b')).toEqual({ ok: false, item: 'b', value: undefined, error: fault })
    expect(byItem.get('c')).toEqual({ ok: true, item: 'c', value: 'C', error: undefined })
    expect(byItem.get('d')).toMatchObject({ ok: false, error: { cause: 'text' } })
  })

  it('break aborts what is under way and closes the source, once', async () => {
    const engine = new HandEngine()
    const source = new Source(names(10))
    queueMicrotask(() => engine.answer('u1'))
    let fnSignal: AbortSignal | null = null
    for await (const result of map(engine, source, keep, { concurrency: 3 })) {
      expect(result.item).toBe('u1')
      break
    }
    function keep(response: Response, _item: string, signal: AbortSignal): string {
      fnSignal = signal
      return response.url
    }
    expect(source.closed).toBe(1)
    expect(engine.signals.every((signal) => signal.aborted)).toBe(true)
    expect(fnSignal!.aborted).toBe(true)
  })

  it('waits for the source to be closed, and tells what that throws', async () => {
    const engine = new HandEngine()
    let closed = false
    async function* source(): AsyncGenerator<string> {
      try {
        yield* names(10)
      } finally {
        await settle()
        closed = true
        // oxlint-disable-next-line no-unsafe-finally -- that it throws here is what is tried
        throw new Error('cannot close')
      }
    }
    const results = map(engine, source(), urlOf, { concurrency: 2 })
    const first = results.next()
    await settle()
    engine.answer('u0')
    await first
    await settle()
    await expect(results.return!()).rejects.toThrow('cannot close')
    expect(closed).toBe(true)
  })

  it('is left at once when its source hangs', async () => {
    const engine = new HandEngine()
    const results = map(engine, oneThenNothing(), urlOf)
    const first = results.next()
    await settle()
    engine.answer('a')
    // Nor does the hanging source hold the result back.
    expect((await first).value).toMatchObject({ item: 'a', ok: true })
    const second = results.next()
    expect(await results.return!()).toEqual({ done: true, value: undefined })
    expect(await second).toEqual({ done: true, value: undefined })
  })

  it("a source's error comes after all results of what it gave before", async () => {
    const engine = new HandEngine()
    const seen: string[] = []
    const loop = (async () => {
      for await (const result of map(engine, twoThenBroken(), urlOf)) seen.push(result.item)
    })()
    await settle()
    engine.answer('a', 'b')
    await expect(loop).rejects.toThrow('list is broken')
    expect(seen).toEqual(['a', 'b'])
  })

  it('an error of the source that nobody waits for is told at the next call', async () => {
    const engine = new HandEngine()
    const results = map(engine, oneThenBroken(), urlOf)
    const first = results.next()
    await settle()
    engine.answer('a')
    await first
    await settle()
    await expect(results.next()).rejects.toThrow('list is broken')
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  it.each([false, true])(
    'its signal: each pulled item has its result, then it throws (ordered: %s)',
    async (ordered) => {
      const engine = new HandEngine()
      const controller = new AbortController()
      const source = new Source(names(10))
      const results = map(engine, source, hangAtU1, { concurrency: 3, ordered, signal: controller.signal })
      const first = results.next()
      engine.answer('u0', 'u1')
      expect((await first).value).toMatchObject({ item: 'u0', ok: true })
      await settle()
      engine.answer('u2')
      await settle()
      controller.abort(new Error('enough'))
      const rest: MapResult<string, string>[] = []
      const loop = (async () => {
        for await (const result of results) rest.push(result)
      })()
      await expect(loop).rejects.toBeInstanceOf(AbortError)
      const outcomes = rest.map((result) => [result.item, result.ok])
      // In order, u2 frees its place though u1 holds it back: a fifth is pulled.
      const last = ordered ? [['u4', false]] : []
      expect(outcomes.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
        ['u1', false],
        ['u2', true],
        ['u3', false],
        ...last,
      ])
      expect(source).toMatchObject({ pulled: ordered ? 5 : 4, closed: 1 })
      expect(await results.next()).toEqual({ done: true, value: undefined })
    },
  )

  it('a signal that is aborted already pulls nothing', async () => {
    const source = new Source(['a'])
    const results = map(new HandEngine(), source, urlOf, { signal: AbortSignal.abort() })
    await expect(results.next()).rejects.toBeInstanceOf(AbortError)
    expect(source.pulled).toBe(0)
  })

  it('takes a million items in flat memory', { timeout: 60_000 }, async () => {
    const engine = { request: async (url: string | URL) => ({ url: String(url) }) as Response }
    let count = 0
    const pulledAhead: number[] = []
    let pulled = 0
    function* counted(): Generator<string> {
      while (pulled < 1_000_000) yield `u${pulled++}`
    }
    for await (const result of map(engine, counted(), (response) => response)) {
      if (result.ok && ++count % 1000 === 0) pulledAhead.push(pulled - count)
    }
    expect(count).toBe(1_000_000)
    expect(Math.max(...pulledAhead)).toBeLessThanOrEqual(64)
  })

  it.each([
    ['a string for a list', 'http://a.test/', urlOf, {}, 'items of map is a string'],
    ['nothing', null, urlOf, {}, 'items of map is no iterable'],
    ['no function', [], 'x', {}, 'fn of map is a string'],
    ['a concurrency of 0', [], urlOf, { concurrency: 0 }, 'option concurrency is 0'],
    ['too much concurrency', [], urlOf, { concurrency: 1e6 }, 'option concurrency is 1000000'],
    ['an unknown option', [], urlOf, { concurency: 5 }, 'unknown option "concurency"'],
    ['no signal', [], urlOf, { signal: {} }, 'option signal is no AbortSignal'],
    ['toRequest', [], urlOf, { toRequest: 5 }, 'option toRequest is a number'],
  ])('refuses %s at once', (_, items, fn, options, message) => {
    const call = () => map(new HandEngine(), items as string[], fn as typeof urlOf, options as MapOptions)
    expect(call).toThrow(ArgumentError)
    expect(call).toThrow(message)
  })

  it('drives a client: URLs, options, toRequest, and what is wrong with one of them', async () => {
    const server = http.createServer((request, response) => {
      response.end(`${request.method} ${request.url} ${String(request.headers['x-a'] ?? '')}`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = new Client()
    const engine = { request: (url: string | URL, options: RequestOptions) => client.request(url, options) }
    const items = [
      `${origin}/1`,
      new URL(`${origin}/2`),
      { url: `${origin}/3`, method: 'POST', headers: { 'X-A': 'b' } },
      'no url',
      { url: `${origin}/4`, id: 4 },
      7 as unknown as MapRequest,
    ]
    const results = await collect(map(engine, items, (response) => response.text(), { ordered: true }))
    expect(results.map((result) => (result.ok ? result.value : result.error.message))).toEqual([
      'GET /1 ',
      'GET /2 ',
      'POST /3 b',
      expect.stringContaining('no url'),
      expect.stringContaining('unknown option "id"'),
      expect.stringContaining('an item of map is 7'),
    ])
    const rows = [{ id: 1 }, { id: 2 }]
    const toRequest = ({ id }: { id: number }) => `${origin}/row/${id}`
    const byRow = await collect(
      map(engine, rows, (response, row) => `${row.id}: ${response.text()}`, { toRequest, ordered: true }),
    )
    expect(byRow.map((result) => result.value)).toEqual(['1: GET /row/1 ', '2: GET /row/2 '])
    await client.close()
    server.close()
  })

  it('its types hold', () => {
    const engine = new HandEngine()
    const results = map(engine, ['a'], async (response) => response.status)
    expectTypeOf(results).toEqualTypeOf<AsyncIterableIterator<MapResult<string, number>, undefined>>()
    expectTypeOf(map(engine, [{ url: 'a', method: 'POST' }], () => 'x')).toExtend<
      AsyncIterable<MapResult<{ url: string; method: string }, string>>
    >()
    const check = async (): Promise<void> => {
      for await (const { ok, item, value, error } of results) {
        expectTypeOf(item).toEqualTypeOf<string>()
        if (ok) expectTypeOf(value).toEqualTypeOf<number>()
        else expectTypeOf(error).toEqualTypeOf<Error>()
      }
    }
    expectTypeOf(check).returns.resolves.toBeVoid()
    // @ts-expect-error -- rows are no requests: toRequest says how they become one
    map(engine, [{ id: 1 }], (response) => response.status)
  })
})
