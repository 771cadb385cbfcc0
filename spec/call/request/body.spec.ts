import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createReadStream, openAsBlob } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type BodyInit, jsonBody, requestBody } from '../../../lib/call/request/body.ts'
import { Client } from '../../../lib/client.ts'
import { ArgumentError, RequestBodyError } from '../../../lib/core/errors.ts'

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of body) {
    expect(chunk.length).toBeGreaterThan(0)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString()
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function* chunks(): Generator<Uint8Array | string> {
  yield 'a€'
  yield ''
  yield new Uint8Array(0)
  yield Buffer.from('b')
}
async function* asyncChunks(): AsyncGenerator<Uint8Array | string> {
  yield* chunks()
}

describe('a body that is there whole', () => {
  const bytes = new Uint8Array([0, 255, 128])
  it.each([
    ['text', 'h€llo', 'text/plain;charset=UTF-8', Buffer.from('h€llo')],
    ['empty text', '', 'text/plain;charset=UTF-8', Buffer.alloc(0)],
    ['bytes', bytes, '', Buffer.from(bytes)],
    ['an ArrayBuffer', bytes.buffer, '', Buffer.from(bytes)],
    ['another view', new DataView(bytes.buffer, 1, 2) as unknown as Uint8Array, '', Buffer.from([255, 128])],
    [
      'URLSearchParams',
      new URLSearchParams({ q: 'a b&c', ä: '1' }),
      'application/x-www-form-urlencoded;charset=UTF-8',
      Buffer.from('q=a+b%26c&%C3%A4=1'),
    ],
  ] as const)('is bytes of known length: %s', async (_what, given, type, expected) => {
    const { body, contentType } = requestBody(given as BodyInit, -1)
    expect(contentType).toBe(type)
    expect(body).toMatchObject({ length: expected.length, replayable: true })
    expect(Buffer.compare(body.bytes!, expected)).toBe(0)
    for (let i = 0; i < 2; i++) expect(await collect(body.open())).toBe(expected.toString())
  })

  it('is not copied when it is bytes', () => {
    expect(requestBody(bytes, -1).body.bytes).toBe(bytes)
  })

  it('has the length it is announced with, or is refused at once', () => {
    expect(requestBody('four', 4).body.length).toBe(4)
    expect(() => requestBody('four', 5)).toThrow(ArgumentError)
    expect(() => requestBody('four', 5)).toThrow(/4 bytes long.*announced length is 5/)
    expect(() => requestBody(new Blob(['four']), 3)).toThrow(ArgumentError)
  })
})

describe('a Blob', () => {
  it('is streamed, with its length and type, as often as needed', async () => {
    const { body, contentType } = requestBody(new Blob(['blob ', 'of text'], { type: 'text/x' }), -1)
    expect(contentType).toBe('text/x')
    expect(body).toMatchObject({ bytes: null, length: 12, replayable: true })
    for (let i = 0; i < 2; i++) expect(await collect(body.open())).toBe('blob of text')
  })

  it('of a file that has changed meanwhile fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trawl-body-'))
    try {
      const path = join(folder, 'file')
      await writeFile(path, 'before')
      const { body } = requestBody(await openAsBlob(path), -1)
      await writeFile(path, 'something else, longer')
      await expect(collect(body.open())).rejects.toThrow(RequestBodyError)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('JSON', () => {
  it('is bytes', () => {
    const { body, contentType } = jsonBody({ a: [1, 'é', null] })
    expect(contentType).toBe('application/json')
    expect(Buffer.from(body.bytes!).toString()).toBe('{"a":[1,"é",null]}')
    expect(Buffer.from(jsonBody(null).body.bytes!).toString()).toBe('null')
  })

  it('refuses what it cannot say', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => jsonBody(undefined)).toThrow(/json: undefined cannot be written as JSON/)
    expect(() => jsonBody(() => 1)).toThrow(/a function/)
    for (const value of [undefined, Symbol('x'), cycle, { n: 1n }]) {
      expect(() => jsonBody(value)).toThrow(ArgumentError)
    }
  })
})

describe('a body that is produced while it is sent', () => {
  it.each([
    ['a generator', () => chunks()],
    ['an async generator', () => asyncChunks()],
    ['a Node stream', () => Readable.from(asyncChunks())],
    ['a web stream', () => new Blob(['a€b']).stream()],
    ['a web stream of text', () => ReadableStream.from(chunks()) as ReadableStream<Uint8Array>],
    ['a set', () => new Set(['a€', 'b'])],
  ] as const)('is chunked, and read once: %s', async (_what, make) => {
    const { body, contentType } = requestBody(make(), -1)
    expect(contentType).toBe('')
    expect(body).toMatchObject({ bytes: null, length: -1, replayable: false })
    expect(await collect(body.open())).toBe('a€b')
    expect(() => body.open()).toThrow(RequestBodyError)
    expect(requestBody(make(), 5).body.length).toBe(5)
  })

  it('can be sent again when it is an array', async () => {
    const { body } = requestBody(['a', Buffer.from('b')], -1)
    expect(body).toMatchObject({ length: -1, replayable: true })
    for (let i = 0; i < 2; i++) expect(await collect(body.open())).toBe('ab')
  })

  it('sends exactly the announced length', async () => {
    expect(await collect(requestBody(['ab', 'cd'], 4).body.open())).toBe('abcd')
    await expect(collect(requestBody(['ab'], 4).body.open())).rejects.toThrow(
      /shorter than announced: 4 bytes, but its source gave 2/,
    )
    const seen: string[] = []
    let closed = false
    function* long(): Generator<string> {
      try {
        yield 'abc'
        yield 'de'
        yield 'never asked for'
      } finally {
        closed = true
      }
    }
    const sending = (async () => {
      for await (const chunk of requestBody(long(), 4).body.open()) seen.push(Buffer.from(chunk).toString())
    })()
    await expect(sending).rejects.toThrow(/longer than announced: 4 bytes, but its source gives at least 5/)
    await expect(sending).rejects.toBeInstanceOf(RequestBodyError)
    expect(seen).toEqual(['abc'])
    expect(closed).toBe(true)
    expect(await collect(requestBody([''], 0).body.open())).toBe('')
  })

  it.each([
    [7, 'a number'],
    [null, 'null'],
    [{}, 'a plain object'],
    [new Date(0), 'an object of class Date'],
    [new Uint16Array(2), 'an object of class Uint16Array'],
  ])('refuses a chunk that is neither bytes nor text: %s', async (chunk, name) => {
    const { body } = requestBody(['ok', chunk as unknown as string], -1)
    await expect(collect(body.open())).rejects.toThrow(
      new RequestBodyError(`a chunk of the request body is ${name}; chunks are Uint8Array or string`),
    )
  })

  it('wraps what its source throws', async () => {
    const cause = new Error('disk on fire')
    async function* failing(): AsyncGenerator<string> {
      yield 'a'
      throw cause
    }
    for (const given of [failing(), Readable.from(failing()), ReadableStream.from(failing())]) {
      const error: unknown = await collect(requestBody(given as BodyInit, -1).body.open()).catch(
        (e: unknown) => e,
      )
      expect(error).toBeInstanceOf(RequestBodyError)
      expect(error).toMatchObject({ code: 'ERR_REQUEST_BODY', cause })
      expect((error as Error).message).toContain('disk on fire')
    }
    const missing = requestBody(createReadStream(join(tmpdir(), 'trawl', 'no', 'such', 'file')), -1)
    await expect(collect(missing.body.open())).rejects.toMatchObject({ cause: { code: 'ENOENT' } })
  })
})

describe('a streamed body that is not opened', () => {
  it('may break meanwhile, which nobody but its reader is told', async () => {
    const stream = createReadStream(join(tmpdir(), 'trawl', 'no', 'such', 'file'))
    const { body } = requestBody(stream, -1)
    // Without another listener its error event would be an uncaught exception.
    expect(stream.listenerCount('error')).toBe(1)
    await new Promise<void>((resolve) => {
      stream.once('close', resolve)
    })
    await expect(collect(body.open())).rejects.toMatchObject({ cause: { code: 'ENOENT' } })
  })

  it('is let go, and cannot be opened any more', () => {
    const stream = new PassThrough()
    let cancelled = 0
    const web = new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ })
    for (const source of [stream, web]) {
      const { body } = requestBody(source, -1)
      body.discard!()
      body.discard!()
      expect(() => body.open()).toThrow(RequestBodyError)
    }
    expect(stream.destroyed).toBe(true)
    expect(cancelled).toBe(1)
  })

  it('is left alone once it was opened: whoever reads it ends it', () => {
    const stream = new PassThrough()
    const { body } = requestBody(stream, -1)
    body.open()
    body.discard!()
    expect(stream.destroyed).toBe(false)
  })

  it('is let go by a call that fails before', async () => {
    const client = new Client({ resolve: () => [] })
    const aborted = new AbortController()
    const streams = [new PassThrough(), new PassThrough()] as const
    const refused = client.post('http://a.test/', { body: streams[0] })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_CONNECT_DNS' })
    const given = client.post('http://a.test/', { body: streams[1], signal: aborted.signal })
    aborted.abort()
    await expect(given).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    for (const stream of streams) expect(stream.destroyed).toBe(true)
    client.destroy()
  })
})

describe('giving a streamed body up', () => {
  it('destroys a Node stream', async () => {
    const stream = new PassThrough()
    stream.write('first')
    for await (const chunk of requestBody(stream, -1).body.open()) {
      expect(Buffer.from(chunk).toString()).toBe('first')
      break
    }
    expect(stream.destroyed).toBe(true)
  })

  it('does not wait for a source that has stalled', async () => {
    const stream = new PassThrough()
    let cancelled: unknown = null
    const web = new ReadableStream<Uint8Array>({
      cancel(): void {
        cancelled = true
      },
    })
    for (const given of [stream, web]) {
      const { body } = requestBody(given as BodyInit, -1)
      const sending = body.open()[Symbol.asyncIterator]()
      const stalled = sending.next()
      await tick()
      expect(await sending.return!()).toEqual({ done: true, value: undefined })
      expect(await stalled).toEqual({ done: true, value: undefined })
      expect(await sending.next()).toEqual({ done: true, value: undefined })
    }
    expect(stream.destroyed).toBe(true)
    expect(cancelled).toBe(true)
  })

  it('returns an iterator, even one that was never asked', async () => {
    let returned = 0
    const given: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 'x' }),
        return: async () => {
          returned++
          return { done: true, value: undefined }
        },
      }),
    }
    const { body } = requestBody(given, -1)
    const unread = body.open()[Symbol.asyncIterator]()
    await unread.return!()
    for await (const chunk of requestBody(given, -1).body.open()) {
      expect(chunk).toHaveLength(1)
      break
    }
    expect(returned).toBe(2)
  })
})

describe('what cannot be a body', () => {
  it.each([
    [{ a: 1 }, 'a plain object'],
    [Promise.resolve('x'), 'an object of class Promise'],
    [42, 'a number'],
    [() => 'x', 'a function'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Object.create(null), 'a plain object'],
  ])('is refused at once, with what would do: %o', (given, name) => {
    const make = (): unknown => requestBody(given as BodyInit, -1)
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(`body: ${name} cannot be sent; a body is a string, Uint8Array`)
    expect(make).toThrow(/for JSON use json:$/)
  })

  it('is a stream that is locked, read, destroyed or broken', async () => {
    const locked = new Blob(['x']).stream()
    locked.getReader()
    expect(() => requestBody(locked, -1)).toThrow(/locked/)

    const read = new Blob(['x']).stream()
    const reader = read.getReader()
    await reader.read()
    reader.releaseLock()
    expect(() => requestBody(read, -1)).toThrow(/already read from/)

    const consumed = Readable.from(['x'])
    await consumed.toArray()
    expect(() => requestBody(consumed, -1)).toThrow(ArgumentError)

    const destroyed = new PassThrough()
    destroyed.destroy()
    expect(() => requestBody(destroyed, -1)).toThrow(/destroyed/)

    const cause = new Error('gone')
    const broken = new PassThrough()
    broken.on('error', () => {})
    broken.destroy(cause)
    await tick()
    expect(() => requestBody(broken, -1)).toThrow(expect.objectContaining({ name: 'ArgumentError', cause }))
  })
})
