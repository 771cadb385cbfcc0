import { channel } from 'node:diagnostics_channel'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { Sites } from './sites.ts'

const FRESH = { 'cache-control': 'max-age=600' }
const TEXT = 'a page that is long enough to be worth its while. '.repeat(40)
const PACKED = gzipSync(TEXT)
/** Bytes wrong in the middle, and a checksum that says so. */
const DAMAGED = Buffer.concat([PACKED.subarray(0, -8), Buffer.alloc(8, 1)])

let sites: Sites
let client: Client
let url: string

function open(options: ClientOptions = {}): Client {
  client = new Client({ cache: true, maxRetries: 0, ...options })
  return client
}

/** Answers to `/x`: the nth request gets the nth, the last one from then on. */
function answers(...bodies: (readonly [fields: Record<string, string>, body: Uint8Array | string])[]): void {
  let count = 0
  sites.on('/x', (_request, response) => {
    const [fields, body] = bodies[Math.min(count++, bodies.length - 1)]!
    response.writeHead(200, { ...FRESH, ...fields }).end(body)
  })
}

/** What `fetch` gets in that mode. */
async function fetched(cache: NonNullable<Request['cache']> = 'default'): Promise<string> {
  const response = await client.fetch(url, { cache } as RequestInit)
  return response.text()
}

function refuse(): void {
  throw new Error('not this')
}

/** As one looks for a block page: it takes its time, and the first answer is one. */
async function refuseFirst(): Promise<void> {
  await new Promise(setImmediate)
  if (sites.seen.length < 2) throw new Error('blocked')
}

beforeEach(async () => {
  sites = await Sites.open(1)
  url = `${sites.origin(0)}/x`
})

afterEach(async () => {
  await client.close()
  await sites.close()
})

describe('a body that is stored', () => {
  it('is as it came on the wire, and handed out decoded', async () => {
    answers([{ 'content-encoding': 'gzip' }, PACKED])
    open()
    for (const cache of ['miss', 'hit', 'hit']) {
      const response = await client.request(url)
      expect([response.text(), response.cache]).toEqual([TEXT, cache])
      expect([response.bytesOnWire, response.bytesDecoded]).toEqual([PACKED.length, TEXT.length])
      expect(response.headers.get('content-encoding')).toBe('gzip')
    }
    const raw = await client.request(url, { decompress: false })
    expect([Buffer.compare(raw.bytes(), PACKED), raw.cache]).toEqual([0, 'hit'])
    const stream = await client.stream(url)
    expect([await stream.text(), stream.cache]).toEqual([TEXT, 'hit'])
    expect(client.stats().cache!.bytes).toBeLessThan(TEXT.length + 1_900)
    expect(sites.seen.length).toBe(1)
  })

  it.each([10, 5_000, 300_000])(
    'is out of reach for whoever writes into his copy of %d bytes',
    async (size) => {
      const body = randomBytes(size)
      answers([{}, body])
      open()
      for (let i = 0; i < 3; i++) {
        const response = await client.request(url)
        expect(Buffer.compare(response.bytes(), body)).toBe(0)
        response.bytes().fill(0)
        new Uint8Array(response.arrayBuffer()).fill(1)
        structuredClone(response.arrayBuffer(), { transfer: [] })
      }
      for (let i = 0; i < 2; i++) {
        const chunks: Uint8Array[] = []
        for await (const chunk of (await client.stream(url)).body) {
          chunks.push(Buffer.from(chunk))
          chunk.fill(0)
        }
        expect(Buffer.concat(chunks).equals(body)).toBe(true)
      }
      expect(sites.seen.length).toBe(1)
    },
  )

  it('is stored from a stream that is read to its end', async () => {
    answers([{ 'content-encoding': 'gzip' }, PACKED])
    open()
    const stream = await client.stream(url)
    expect([await stream.text(), stream.cache]).toEqual([TEXT, 'miss'])
    const response = await client.request(url)
    expect([response.text(), response.cache]).toEqual([TEXT, 'hit'])
  })

  it('is not from a stream that is given up', async () => {
    answers([{}, randomBytes(2_000_000)])
    open()
    for await (const _chunk of (await client.stream(url)).body) break
    await (await client.stream(url)).discard()
    expect((await client.request(url)).cache).toBe('miss')
    expect((await client.request(url)).cache).toBe('hit')
  })

  it.each([
    ['with a length', true],
    ['without one', false],
  ])('is not when it is too large, %s', async (_what, isTold) => {
    const size = 9 * 1_048_576
    sites.on('/x', (_request, response) => {
      response.writeHead(200, isTold ? { ...FRESH, 'content-length': size } : FRESH).end(Buffer.alloc(size))
    })
    open()
    expect((await client.request(url)).bytesDecoded).toBe(size)
    let read = 0
    for await (const chunk of (await client.stream(url)).body) read += chunk.length
    expect(read).toBe(size)
    expect((await client.request(url)).cache).toBe('miss')
    expect(client.stats().cache).toMatchObject({ entries: 0, bytes: 0 })
  })

  it('respects the maxBodySize of whoever gets it', async () => {
    answers([{ 'content-encoding': 'gzip' }, PACKED])
    open()
    await client.request(url)
    await expect(client.request(url, { maxBodySize: TEXT.length - 1 })).rejects.toMatchObject({
      code: 'ERR_LIMIT',
    })
    await expect(client.request(url, { maxBodySize: 10 })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    expect((await client.request(url, { maxBodySize: TEXT.length })).cache).toBe('hit')
  })
})

describe('a damaged body', () => {
  const damaged = [{ 'content-encoding': 'gzip' }, DAMAGED] as const
  const whole = [{ 'content-encoding': 'gzip' }, PACKED] as const

  it('is not stored, and is asked for again', async () => {
    answers(damaged, whole)
    open({ maxRetries: 1 })
    const response = await client.request(url)
    expect([response.text(), response.cache, response.retries]).toEqual([TEXT, 'miss', 1])
    expect((await client.request(url)).cache).toBe('hit')
    expect(sites.seen.length).toBe(2)
  })

  it('is not given again in place of the error that it brings', async () => {
    const fields = {
      'cache-control': 'max-age=0, stale-if-error=600',
      etag: '"a"',
      'content-encoding': 'gzip',
    }
    sites.on('/x', (request, response) => {
      const isAsked = request.fields['if-none-match'] !== undefined
      response.writeHead(isAsked ? 304 : 200, fields).end(isAsked ? '' : DAMAGED)
    })
    open()
    await client.request(url, { decompress: false })
    await expect(client.request(url)).rejects.toMatchObject({ code: 'ERR_DECODING' })
    expect(sites.seen.length).toBe(2)
  })

  it('that a stream has brought into the store is no answer to the next', async () => {
    answers(damaged, whole)
    open()
    await expect((await client.stream(url)).text()).rejects.toMatchObject({ code: 'ERR_DECODING' })
    const response = await client.request(url)
    expect([response.text(), response.cache]).toEqual([TEXT, 'miss'])
  })

  it('that nobody has decoded yet is found out by the first who does', async () => {
    answers(damaged, whole)
    open({ maxRetries: 1 })
    expect((await client.request(url, { decompress: false })).cache).toBe('miss')
    const response = await client.request(url)
    expect([response.text(), response.cache, response.retries]).toEqual([TEXT, 'miss', 1])
    expect(sites.seen.length).toBe(2)
  })

  it('that nobody has decoded yet is found out by a stream, too', async () => {
    answers(damaged, whole)
    open()
    await client.request(url, { decompress: false })
    const stream = await client.stream(url)
    expect(stream.cache).toBe('hit')
    await expect(stream.text()).rejects.toMatchObject({ code: 'ERR_DECODING' })
    expect((await client.request(url)).text()).toBe(TEXT)
  })
})

describe('an answer that breaks off', () => {
  it.each([false, true])('is not stored (streamed: %s)', async (streamed) => {
    let count = 0
    sites.on('/x', (_request, response) => {
      if (count++ > 0) return void response.writeHead(200, FRESH).end('whole')
      response.writeHead(200, { ...FRESH, 'content-length': 100 }).write('half')
      setImmediate(() => response.destroy())
    })
    open()
    const asked = streamed ? client.stream(url).then((each) => each.text()) : client.request(url)
    await expect(asked).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
    const response = await client.request(url)
    expect([response.text(), response.cache]).toEqual(['whole', 'miss'])
  })

  it('is stored when the end of the connection is its end', async () => {
    sites.on('/x', (_request, response) => {
      response.socket!.end('HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n\r\nto the end')
    })
    open()
    await client.request(url)
    const response = await client.request(url)
    expect([response.text(), response.cache]).toEqual(['to the end', 'hit'])
  })
})

describe('what a hit looks like', () => {
  it('has no connection, and took no time', async () => {
    answers([{ 'x-own': 'yes' }, 'page'])
    open()
    await client.request(url)
    const response = await client.request(url)
    expect([response.clientIp, response.remoteAddress, response.reused]).toEqual(['', '', false])
    expect([response.timings.total, response.retries, response.attempt]).toEqual([0, 0, 1])
    expect([response.headers.get('x-own'), response.status, response.statusText]).toEqual(['yes', 200, 'OK'])
  })

  it('is judged like any other', async () => {
    sites.on('/x', (_request, response) => response.writeHead(404, FRESH).end('none'))
    open()
    expect((await client.request(url)).cache).toBe('miss')
    await expect(client.request(url, { expectSuccess: true })).rejects.toMatchObject({ code: 'ERR_STATUS' })
    await expect(client.request(url, { validate: refuse })).rejects.toThrow('not this')
    expect(sites.seen.length).toBe(1)
  })

  it('follows stored redirects, unless they are not to be followed', async () => {
    sites.on('/x', (_request, response) => {
      response.writeHead(301, { ...FRESH, location: '/y' }).end('moved')
    })
    sites.on('/y', (_request, response) => response.writeHead(200, FRESH).end('there'))
    open()
    for (const cache of ['miss', 'hit']) {
      const response = await client.request(url)
      expect([response.text(), response.cache, response.url]).toEqual([
        'there',
        cache,
        `${sites.origin(0)}/y`,
      ])
      expect(response.redirects).toEqual([{ status: 301, url, location: `${sites.origin(0)}/y` }])
    }
    const manual = await client.request(url, { redirect: 'manual' })
    expect([manual.status, manual.text(), manual.cache]).toEqual([301, 'moved', 'hit'])
    await expect(client.request(url, { redirect: 'error' })).rejects.toMatchObject({ code: 'ERR_REDIRECT' })
    const answer = await client.fetch(url)
    expect([answer.status, answer.redirected, await answer.text()]).toEqual([200, true, 'there'])
    expect(sites.seen.length).toBe(2)
  })

  it('is told on the channels, in pairs', async () => {
    const told: string[] = []
    const names = ['call:start', 'call:end', 'cache:lookup', 'cache:store', 'cache:error', 'exchange:send']
    const listeners = names.map((name) => {
      const listener = (message: unknown): void => {
        const { result, status } = message as { result?: string; status?: number }
        told.push(`${name} ${result ?? status ?? ''}`.trim())
      }
      channel(`trawl:${name}`).subscribe(listener)
      return () => channel(`trawl:${name}`).unsubscribe(listener)
    })
    answers([{}, 'page'])
    open()
    await client.request(url)
    await client.request(url)
    await client.request(`${url}?other`, { cache: 'only-if-cached' })
    for (const stop of listeners) stop()
    expect(told).toEqual([
      'call:start 0',
      'cache:lookup miss',
      'exchange:send',
      'cache:store 200',
      'call:end 200',
      'call:start 0',
      'cache:lookup hit',
      'call:end 200',
      'call:start 0',
      'cache:lookup unavailable',
      'call:end 504',
    ])
    expect(client.stats().cache).toMatchObject({ hits: 1, misses: 2, entries: 1, errors: 0 })
  })

  it('comes by fetch with its modes', async () => {
    answers([{}, 'one'], [{}, 'two'])
    open()
    expect(await fetched()).toBe('one')
    expect(await fetched()).toBe('one')
    expect(await fetched('force-cache')).toBe('one')
    expect(await fetched('no-store')).toBe('two')
    expect(await fetched()).toBe('one')
    expect(await fetched('reload')).toBe('two')
    expect(await fetched()).toBe('two')
  })
})

describe('what validate refuses', () => {
  it.each([false, true])('is not kept (streamed: %s)', async (streamed) => {
    answers([{}, 'captcha'], [{}, 'page'])
    open()
    const asked = streamed
      ? client.stream(url, { validate: refuseFirst })
      : client.request(url, { validate: refuseFirst })
    await expect(asked).rejects.toThrow('blocked')
    const response = await client.request(url, { validate: refuseFirst })
    expect([response.text(), response.cache]).toEqual(['page', 'miss'])
    expect((await client.request(url, { validate: refuseFirst })).cache).toBe('hit')
  })
})
