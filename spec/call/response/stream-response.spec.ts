import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { BodyQueue } from '../../../lib/call/response/body-queue.ts'
import type { ContentCoding } from '../../../lib/call/coding/coding.ts'
import { StreamResponse } from '../../../lib/call/response/stream-response.ts'
import { ConnectionClosedError, DecodingError, LimitError } from '../../../lib/core/errors.ts'
import { Headers } from '../../../lib/core/headers.ts'
import { LIMITS } from '../../../lib/core/limits.ts'
import { madeExchange, madeHead, madeRequest } from '../made-exchange.ts'

class Stand {
  readonly told: string[] = []
  readonly queue = new BodyQueue({
    onRoom: () => this.told.push('room'),
    onTaken: () => this.told.push('taken'),
    onAbandoned: () => this.told.push('abandoned'),
  })
  readonly response: StreamResponse

  constructor(codings: readonly ContentCoding[] = [], maxBodySize = Infinity, maxDecodeRatio = Infinity) {
    this.response = new StreamResponse(
      madeExchange(madeRequest({ streamed: true })),
      madeHead('Content-Type: a/b\r\n'),
      this.queue,
      codings,
      { maxBodySize, maxDecodeRatio, engine: 'zlib' },
      null,
    )
  }

  /** The whole body, as it would come, and its end. */
  send(...pieces: (string | Uint8Array)[]): this {
    for (const piece of pieces) this.queue.push(Buffer.from(piece as Uint8Array))
    this.queue.end()
    return this
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const got: Uint8Array[] = []
  for await (const chunk of chunks) got.push(chunk)
  return Buffer.concat(got).toString()
}

describe('the body of a stream', () => {
  it('is read as it comes', async () => {
    const { response, queue } = new Stand()
    const body = response.body
    const first = body.next()
    queue.push(Buffer.from('one'))
    expect((await first).value).toEqual(expect.objectContaining({ length: 3 }))
    queue.push(Buffer.from('two'))
    queue.end()
    expect(await readAll(body)).toBe('two')
    expect(response.bytesDecoded).toBe(6)
  })

  it('is one: whoever asks again reads on', async () => {
    const { response } = new Stand().send('one', 'two')
    expect(response.body).toBe(response.body)
    await response.body.next()
    expect(await response.text()).toBe('two')
  })

  it('may be asked for pieces before the first has come', async () => {
    const { response, queue } = new Stand()
    const asked = [response.body.next(), response.body.next(), response.body.next()]
    queue.push(Buffer.from('a'))
    await asked[0]
    queue.push(Buffer.from('b'))
    await asked[1]
    queue.end()
    const got = await Promise.all(asked)
    expect(got.map(({ done, value }) => (done === true ? 'done' : Buffer.from(value).toString()))).toEqual([
      'a',
      'b',
      'done',
    ])
  })

  it.each<[string, (response: StreamResponse) => Promise<unknown>, unknown]>([
    ['text', (response) => response.text(), '{"a":1}'],
    ['json', (response) => response.json(), { a: 1 }],
    ['bytes', (response) => response.bytes(), new Uint8Array(Buffer.from('{"a":1}'))],
    [
      'arrayBuffer',
      async (response) => new Uint8Array(await response.arrayBuffer()),
      new Uint8Array(Buffer.from('{"a":1}')),
    ],
    ['blob', async (response) => (await response.blob()).text(), '{"a":1}'],
    ['a Node stream', (response) => readAll(response.node()), '{"a":1}'],
    ['a web stream', (response) => readAll(response.web() as AsyncIterable<Uint8Array>), '{"a":1}'],
    [
      'a web stream of its own',
      (response) => new Response(response.web() as ReadableStream).text(),
      '{"a":1}',
    ],
  ])('is there as %s', async (_what, read, expected) => {
    expect(await read(new Stand().send('{"a"', ':1}').response)).toEqual(expected)
    const coded = gzipSync('{"a":1}')
    expect(await read(new Stand(['gzip']).send(coded.subarray(0, 7), coded.subarray(7)).response)).toEqual(
      expected,
    )
  })

  it('is given once: a second reading is an error, not an empty body', async () => {
    const { response } = new Stand().send('{"a":1}')
    expect(await response.text()).toBe('{"a":1}')
    const again = [response.text(), response.bytes(), response.json(), response.blob()]
    for (const outcome of await Promise.allSettled(again)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_ARGUMENT' } })
    }
  })

  it.each<[string, (stand: Stand) => Promise<unknown>]>([
    ['to its end', (stand) => readAll(stand.send('one').response.body)],
    [
      'until it broke off',
      (stand) => {
        stand.queue.fail(new ConnectionClosedError('it broke'))
        return readAll(stand.response.body).catch(() => undefined)
      },
    ],
    ['and left', (stand) => stand.response.body.return!()],
  ])('is not empty when it was read %s: there is nothing left', async (_what, read) => {
    const stand = new Stand()
    await read(stand)
    await expect(stand.response.text()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })

  it('has its type and its buffer to itself', async () => {
    expect((await new Stand().send('x').response.blob()).type).toBe('a/b')
    const bytes = await new Stand().send('xyz').response.bytes()
    expect(bytes.buffer.byteLength).toBe(3)
  })

  it('that is no JSON is an error about its request', async () => {
    await expect(new Stand().send('<html>').response.json()).rejects.toThrow(
      'GET http://a.test:8080/path?q: the body is no JSON (it starts "<html>")',
    )
  })

  it('has its trailers once it has ended', () => {
    const { response } = new Stand()
    expect(response.trailers).toBeNull()
    const trailers = new Headers('X-Sum: 1\r\n')
    response.finish(trailers)
    expect(response.trailers).toBe(trailers)
  })
})

describe('a body that breaks off', () => {
  it('rejects after what has come, with the error that it broke with', async () => {
    const { response, queue } = new Stand()
    queue.push(Buffer.from('one'))
    const broken = new ConnectionClosedError('it broke')
    queue.fail(broken)
    expect((await response.body.next()).done).toBe(false)
    await expect(response.body.next()).rejects.toBe(broken)
    expect(broken.url).toBe('http://a.test:8080/path?q')
  })

  it.each<[string, (response: StreamResponse) => Promise<unknown>]>([
    ['text', (response) => response.text()],
    ['a Node stream', (response) => readAll(response.node())],
    ['a web stream', (response) => readAll(response.web() as AsyncIterable<Uint8Array>)],
  ])('rejects as %s', async (_what, read) => {
    const { response, queue } = new Stand()
    queue.push(Buffer.from('one'))
    queue.fail(new ConnectionClosedError('it broke'))
    await expect(read(response)).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
  })

  it.each([
    ['damaged', Buffer.from('this is no gzip')],
    ['cut short', gzipSync('a body that is cut short').subarray(0, 20)],
  ])('rejects when its coding is %s', async (_what, wire) => {
    const { response } = new Stand(['gzip']).send(wire)
    const failed = response.text()
    await expect(failed).rejects.toBeInstanceOf(DecodingError)
    await expect(failed).rejects.toMatchObject({ method: 'GET', url: 'http://a.test:8080/path?q' })
  })
})

describe('the bounds of a stream', () => {
  it.each([[[]], [['gzip']]] as const)('are counted in decoded bytes, for codings %o', async (codings) => {
    const wire = (body: string): Uint8Array => (codings.length === 0 ? Buffer.from(body) : gzipSync(body))
    expect(await new Stand(codings, 5).send(wire('hello')).response.text()).toBe('hello')
    for (const read of ['text', 'body'] as const) {
      const { response } = new Stand(codings, 5).send(wire('hello!'))
      const failed = read === 'text' ? response.text() : readAll(response.body)
      await expect(failed).rejects.toMatchObject({ code: 'ERR_LIMIT', limit: 'maxBodySize', value: 5 })
    }
  })

  it('are told to the connection: the rest is given up', async () => {
    const stand = new Stand([], 5)
    stand.queue.push(Buffer.from('hello!'))
    await expect(stand.response.text()).rejects.toBeInstanceOf(LimitError)
    expect(stand.told).toEqual(['abandoned'])
  })

  it('hold the ratio of what is decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(3 * LIMITS.decodeRatioFloor))
    const failed = readAll(new Stand(['gzip'], Infinity, 10).send(bomb).response.body)
    await expect(failed).rejects.toMatchObject({ code: 'ERR_LIMIT', limit: 'maxDecodeRatio', value: 10 })
  })

  it('hold what is gathered whole, where none was asked for', async () => {
    const { response, queue } = new Stand()
    const outcome = response.bytes().catch((error: unknown) => error)
    const piece = Buffer.alloc(16_777_216)
    for (let sent = 0; sent <= LIMITS.maxBodySize && !queue.full; sent += piece.length) {
      queue.push(piece)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    expect(await outcome).toMatchObject({ limit: 'maxBodySize', value: LIMITS.maxBodySize })
  })
})

describe('giving the rest up', () => {
  it.each<[string, (response: StreamResponse) => Promise<unknown>]>([
    ['by discard', (response) => response.discard()],
    ['by return, before anything was read', (response) => response.body.return!()],
    [
      'by leaving a loop',
      async (response) => {
        for await (const chunk of response.body) {
          expect(chunk).toHaveLength(3)
          break
        }
      },
    ],
    [
      'by destroying the Node stream',
      async (response) => {
        const stream = response.node()
        for await (const chunk of stream) {
          expect(chunk).toHaveLength(3)
          break
        }
      },
    ],
    [
      'by cancelling the web stream',
      async (response) => {
        const reader = response.web().getReader()
        await reader.read()
        await reader.cancel()
      },
    ],
  ])('is told once, %s', async (_what, leave) => {
    for (const codings of [[], ['gzip']] as const) {
      const stand = new Stand(codings)
      stand.queue.push(codings.length === 0 ? Buffer.from('one') : gzipSync('one'))
      await leave(stand.response)
      expect(stand.told).toEqual(['abandoned'])
      await stand.response.discard()
      expect(stand.told).toEqual(['abandoned'])
    }
  })

  it('ends a reading that is under way with an error: a part is never taken for the whole', async () => {
    for (const codings of [[], ['gzip']] as const) {
      const { response, queue } = new Stand(codings)
      queue.push(codings.length === 0 ? Buffer.from('one') : gzipSync('one').subarray(0, 12))
      const reading = readAll(response.body).catch((error: unknown) => error)
      await response.discard()
      expect(await reading).toMatchObject({ code: 'ERR_ABORTED', url: 'http://a.test:8080/path?q' })
      await expect(response.text()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    }
  })
})
