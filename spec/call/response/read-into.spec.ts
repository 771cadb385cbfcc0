import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ContentCoding } from '../../../lib/call/coding/coding.ts'
import { BodyQueue } from '../../../lib/call/response/body-queue.ts'
import { StreamResponse } from '../../../lib/call/response/stream-response.ts'
import { ConnectionClosedError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'
import { madeExchange, madeHead, madeRequest } from '../made-exchange.ts'

type Codings = readonly ContentCoding[]

class Stand {
  readonly told: string[] = []
  readonly queue = new BodyQueue({
    onRoom: () => this.told.push('room'),
    onTaken: () => this.told.push('taken'),
    onAbandoned: () => this.told.push('abandoned'),
  })
  readonly response: StreamResponse
  readonly #target = Buffer.alloc(4)

  constructor(codings: Codings = [], maxBodySize = Infinity) {
    const limits = { maxBodySize, maxDecodeRatio: Infinity, engine: 'zlib' } as const
    const exchange = madeExchange(madeRequest({ streamed: true }))
    this.response = new StreamResponse(exchange, madeHead(''), this.queue, codings, limits, null)
  }

  /** Reads into room for four bytes. */
  async read(target: Buffer = this.#target): Promise<string> {
    return target.toString('latin1', 0, await this.response.readInto(target))
  }
}

const NONE: Codings = []
const BOTH: [Codings, (body: string) => Buffer][] = [
  [NONE, (body) => Buffer.from(body)],
  [['gzip'], (body) => gzipSync(body)],
]

describe.each(BOTH)("a body with the codings %o, read into the reader's memory", (codings, wire) => {
  it('is what was sent, whatever the room', async () => {
    for (const room of [1, 3, 4, 100]) {
      const stand = new Stand(codings)
      const bytes = wire('what was sent')
      for (const byte of bytes) stand.queue.push(Buffer.of(byte))
      stand.queue.end()
      let got = ''
      for (let text; (text = await stand.read(Buffer.alloc(room))) !== '';) got += text
      expect(got).toBe('what was sent')
      expect(stand.response.bytesDecoded).toBe(13)
      // And the end stays the end.
      expect(await stand.read()).toBe('')
    }
  })

  it('cannot be read in another way, too', async () => {
    const stand = new Stand(codings)
    stand.queue.push(wire('what was sent'))
    stand.queue.end()
    await stand.read()
    await expect(stand.response.text()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    const other = new Stand(codings)
    other.queue.push(wire('what was sent'))
    await other.response.body.next()
    await expect(other.read()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })

  it('has no more than maxBodySize bytes, and is given up then', async () => {
    const stand = new Stand(codings, 4)
    stand.queue.push(wire('hello'))
    const target = Buffer.alloc(100)
    await expect(stand.read(target)).rejects.toMatchObject({ code: 'ERR_LIMIT', limit: 'maxBodySize' })
    expect(stand.told).toEqual(['abandoned'])
    // Not the end, as if it had been whole.
    await expect(stand.read(target)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })

  it('rejects where it breaks off, after what came before', async () => {
    const stand = new Stand(codings)
    const broken = new ConnectionClosedError('it broke')
    const waiting = stand.read()
    stand.queue.fail(broken)
    await expect(waiting).rejects.toBe(broken)
    expect(broken.url).toBe('http://a.test:8080/path?q')
    await expect(stand.read()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })

  it('rejects when it is discarded meanwhile, and later', async () => {
    const stand = new Stand(codings)
    const waiting = stand.read().catch((error: unknown) => error)
    await stand.response.discard()
    expect(await waiting).toMatchObject({ code: 'ERR_ABORTED' })
    await expect(stand.read()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    expect(stand.told).toEqual(['abandoned'])
  })

  it('takes one read at a time, with room for something', async () => {
    const stand = new Stand(codings)
    await expect(stand.read(Buffer.alloc(0))).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    const waiting = stand.read()
    await expect(stand.read()).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    stand.queue.push(wire('abcd'))
    stand.queue.end()
    expect(await waiting).toBe('abcd')
  })
})

describe('memory to read into', () => {
  it('has the bytes that came before the error', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.from('abc'))
    stand.queue.fail(new ConnectionClosedError('it broke'))
    expect(await stand.read()).toBe('abc')
    await expect(stand.read()).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
  })

  it('is filled with what comes; the rest waits its turn', async () => {
    const stand = new Stand()
    const waiting = stand.read()
    const reused = Buffer.from('abcdef')
    expect(stand.queue.push(reused)).toBe(true)
    reused.fill(0)
    expect(await waiting).toBe('abcd')
    expect(await stand.read()).toBe('ef')
    expect(stand.told).toEqual([])
  })

  it('that is smaller than what comes stops the wire, until there is room again', async () => {
    const stand = new Stand()
    const half = Buffer.alloc(LIMITS.streamBuffer / 2)
    expect(stand.queue.push(Buffer.alloc(LIMITS.streamBuffer))).toBe(false)
    await stand.read()
    await stand.read(half)
    await stand.read()
    expect(stand.told).toEqual(['taken', 'room'])
    await stand.read(half)
    const waiting = stand.read()
    expect(stand.queue.push(Buffer.alloc(LIMITS.streamBuffer + 4))).toBe(false)
    await waiting
    expect(stand.queue.full).toBe(true)
  })

  it('that is full stops the wire at once, where its reader was not back in time before', async () => {
    const stand = new Stand()
    let waiting = stand.read()
    expect(stand.queue.push(Buffer.from('abcd'))).toBe(true)
    await waiting
    // Not back.
    expect(stand.queue.push(Buffer.from('e'))).toBe(true)
    expect(await stand.read()).toBe('e')
    waiting = stand.read()
    expect(stand.queue.push(Buffer.from('fgh'))).toBe(true)
    await waiting
    waiting = stand.read()
    expect(stand.queue.push(Buffer.from('ijkl'))).toBe(false)
    expect(await waiting).toBe('ijkl')
    expect(stand.told).toEqual([])
    waiting = stand.read()
    expect(stand.told).toEqual(['room'])
    expect(stand.queue.full).toBe(false)
    // What does not fit waits; it is read before the wire goes on.
    expect(stand.queue.push(Buffer.from('mnopq'))).toBe(false)
    expect([await waiting, stand.told.length]).toEqual(['mnop', 1])
    expect([await stand.read(), stand.told]).toEqual(['q', ['room', 'room']])
  })

  it('that is full lets the wire go on once its reader is back, though more came with the same read', async () => {
    for (const more of ['x', 'xy']) {
      const stand = new Stand()
      stand.queue.push(Buffer.from('a'))
      await stand.read()
      stand.queue.push(Buffer.from('b'))
      await stand.read()
      const waiting = stand.read()
      expect(stand.queue.push(Buffer.from('abcd'))).toBe(false)
      for (const byte of more) expect(stand.queue.push(Buffer.from(byte))).toBe(false)
      expect(await waiting).toBe('abcd')
      expect(stand.told).toEqual([])
      expect(await stand.read()).toBe(more)
      expect(stand.told).toEqual(['room'])
    }
  })

  it('that is full does not stop the wire, where its reader is always back', async () => {
    const stand = new Stand()
    for (let i = 0; i < 3; i++) {
      const waiting = stand.read()
      expect(stand.queue.push(Buffer.from('abcd'))).toBe(true)
      await waiting
    }
    expect(stand.told).toEqual([])
  })

  it('that was taken away meanwhile is an error, not the end', async () => {
    const stand = new Stand()
    const memory = new ArrayBuffer(8)
    const waiting = stand.response.readInto(new Uint8Array(memory))
    structuredClone(memory, { transfer: [memory] })
    stand.queue.push(Buffer.from('abc'))
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })
})

describe('what to read into', () => {
  it.each([undefined, null, 4, new Uint16Array(4), new ArrayBuffer(4), Buffer.alloc(0)])(
    'is not %o',
    async (given) => {
      const { response } = new Stand()
      await expect(response.readInto(given as Uint8Array)).rejects.toThrow('no Uint8Array with room in it')
    },
  )
})

describe('a read that waits when the rest is given up', () => {
  it('is told so, and not that the body has ended', async () => {
    const { queue } = new Stand()
    const reading = queue.readInto(Buffer.alloc(4))
    void queue.return()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
