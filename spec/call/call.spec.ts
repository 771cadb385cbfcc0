import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { channels } from '../../lib/core/diagnostics.ts'
import { ClosedError, ConnectionClosedError } from '../../lib/core/errors.ts'
import { Headers } from '../../lib/core/headers.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { CallStand as Stand } from './call-stand.ts'

const broken = (): ConnectionClosedError => new ConnectionClosedError('it broke')

describe('a call for a whole response', () => {
  it('gathers the body, and resolves with its trailers', async () => {
    const stand = new Stand().head('X-A: 1\r\n')
    expect(stand.body('one ', 'two')).toBe(true)
    const trailers = new Headers('X-Sum: 1\r\n')
    const response = await stand.end(trailers).whole()
    expect(response.text()).toBe('one two')
    expect(response.trailers).toBe(trailers)
    expect(response).toMatchObject({ bytesOnWire: 7, bytesDecoded: 7, url: 'http://a.test:8080/path?q' })
    expect(stand.left).toBe(0)
  })

  it.each([
    ['none', { framing: 'none', contentLength: 500 }],
    ['an empty one', { framing: 'length', contentLength: 0 }],
  ] as const)('has an empty body where there is %s, coded or not', async (_what, parts) => {
    const response = await new Stand({ maxBodySize: 1 })
      .head('Content-Encoding: gzip\r\n', parts)
      .end()
      .whole()
    expect(response.bytes()).toHaveLength(0)
  })

  it.each([10, LIMITS.syncDecodeSize * 2])('decodes a body of %i bytes', async (size) => {
    const random = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7919 * (i >> 3)) & 255))
    const wire = gzipSync(random, { level: 0 })
    const stand = new Stand().head('Content-Encoding: gzip\r\n')
    stand.body(wire)
    const response = await stand.end().whole()
    expect(Buffer.compare(response.bytes(), random)).toBe(0)
    expect(response.bytesOnWire).toBe(wire.length)
    expect(response.bytesDecoded).toBe(size)
  })

  it('leaves the body as it came when it is not to be decoded', async () => {
    const stand = new Stand({ decompress: false }).head('Content-Encoding: gzip\r\n')
    stand.body('not gzip')
    expect((await stand.end().whole()).text()).toBe('not gzip')
  })

  it.each([
    ['damaged', 'gzip', 'no gzip at all'],
    ['stacked too high', 'gzip, gzip, gzip, gzip', 'x'],
  ])('rejects when the coding is %s', async (_what, coding, wire) => {
    const stand = new Stand().head(`Content-Encoding: ${coding}\r\n`)
    stand.body(wire)
    const error = await stand.end().failure()
    expect(error.code).toMatch(/^ERR_(DECODING|LIMIT)$/)
    expect(error).toMatchObject({ method: 'GET', url: 'http://a.test:8080/path?q', progress: 'done' })
    expect(stand.left).toBe(0)
  })

  it('stops at once when the length told is too much, and when more comes than may', async () => {
    const told = new Stand({ maxBodySize: 5 }).head('', { contentLength: 6 })
    expect(await told.failure()).toMatchObject({ limit: 'maxBodySize', value: 5, progress: 'answered' })
    expect(told.cancelled).toEqual(['/path?q'])
    const grown = new Stand({ maxBodySize: 5 }).head('', { framing: 'chunked' })
    expect(grown.body('hello')).toBe(true)
    grown.body('!')
    expect(await grown.failure()).toMatchObject({ code: 'ERR_LIMIT', limit: 'maxBodySize' })
    expect(grown.cancelled).toEqual(['/path?q'])
  })

  it('counts decoded bytes: the ratio, and the size', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * LIMITS.decodeRatioFloor))
    for (const [parts, limit] of [
      [{ maxDecodeRatio: 10 }, 'maxDecodeRatio'],
      [{ maxBodySize: 100_000 }, 'maxBodySize'],
    ] as const) {
      const stand = new Stand(parts).head('Content-Encoding: gzip\r\n')
      stand.body(bomb)
      expect(await stand.end().failure()).toMatchObject({ code: 'ERR_LIMIT', limit })
    }
  })

  it('rejects with the error of its exchange, told whose it is', async () => {
    const stand = new Stand({ method: 'PUT', totalTimeout: 1000 })
    stand.x.sendAgain().attempt = 2
    stand.x.progress = 'sent'
    const error = broken()
    stand.x.sink.onError(stand.x, error)
    expect(await stand.failure()).toBe(error)
    expect(error).toMatchObject({
      method: 'PUT',
      url: 'http://a.test:8080/path?q',
      attempt: 2,
      progress: 'sent',
    })
    expect(stand.left).toBe(0)
  })

  it('rejects when there is no room for it, or the client is closed', async () => {
    const stand = new Stand({}, new AbortController().signal, new ClosedError('the client is closed'))
    expect(await stand.failure()).toMatchObject({ code: 'ERR_CLOSED', progress: 'waiting' })
    expect(stand.left).toBe(0)
  })
})

describe('a call that is aborted', () => {
  it('before it starts goes nowhere', async () => {
    const reason = new Error('no more')
    const stand = new Stand({}, AbortSignal.abort(reason))
    expect(await stand.failure()).toMatchObject({ code: 'ERR_ABORTED', cause: reason, progress: 'waiting' })
    expect(stand.x).toBeUndefined()
  })

  it.each(['waiting', 'sent', 'answered'] as const)(
    'while %s takes its exchange out, and says so',
    async (progress) => {
      const controller = new AbortController()
      const stand = new Stand({}, controller.signal)
      stand.x.progress = progress
      controller.abort(null)
      expect(await stand.failure()).toMatchObject({ code: 'ERR_ABORTED', cause: null, progress })
      expect(stand.cancelled).toEqual(['/path?q'])
    },
  )

  it('while it is decoded gives the body up', async () => {
    const controller = new AbortController()
    const stand = new Stand({}, controller.signal).head('Content-Encoding: gzip\r\n')
    stand.body(gzipSync(Buffer.alloc(LIMITS.syncDecodeSize * 2), { level: 0 }))
    stand.end()
    controller.abort()
    expect((await stand.failure()).code).toBe('ERR_ABORTED')
  })

  it('after it has settled stays as it is, and its signal is let go', async () => {
    const controller = new AbortController()
    const stand = new Stand({}, controller.signal).head()
    const response = await stand.end().whole()
    controller.abort()
    expect(response.text()).toBe('')
    expect(stand.cancelled).toEqual([])
    let listeners = 0
    const signal = {
      aborted: false,
      addEventListener: () => listeners++,
      removeEventListener: () => listeners--,
    } as unknown as AbortSignal
    await new Stand({}, signal).head().end().whole()
    const failed = new Stand({}, signal)
    failed.x.sink.onError(failed.x, broken())
    expect((await failed.failure()).code).toBe('ERR_CONNECTION_CLOSED')
    expect(listeners).toBe(0)
  })
})

describe('totalTimeout', () => {
  it('ends a call wherever it is', async () => {
    const stand = new Stand({ totalTimeout: 100 })
    const failed = stand.failure()
    const error = await stand.clock.settle(failed)
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT_TOTAL',
      limit: 100,
      phase: 'total',
      progress: 'waiting',
    })
    expect(stand.clock.now() - stand.x.queuedAt).toBeGreaterThanOrEqual(100)
    expect(stand.cancelled).toEqual(['/path?q'])
    expect(stand.left).toBe(0)
  })

  it('ends a stream that is read', async () => {
    const stand = new Stand({ totalTimeout: 100, streamed: true }).head()
    const response = await stand.stream()
    stand.body('one')
    await stand.clock.advance(200)
    await response.body.next()
    await expect(response.body.next()).rejects.toMatchObject({
      code: 'ERR_TIMEOUT_TOTAL',
      progress: 'answered',
    })
    expect(stand.left).toBe(0)
  })

  it('is over when the call is', async () => {
    const stand = new Stand({ totalTimeout: 100 }).head()
    await stand.end().whole()
    expect(stand.left).toBe(0)
  })
})

describe('a call for a stream', () => {
  it('resolves at the head, and hands on what comes', async () => {
    const stand = new Stand({ streamed: true }).head()
    const response = await stand.stream()
    stand.body('one ', 'two')
    expect(response.bytesOnWire).toBe(7)
    const trailers = new Headers('X-Sum: 1\r\n')
    stand.end(trailers)
    expect(await response.text()).toBe('one two')
    expect(response.trailers).toBe(trailers)
  })

  it('rejects at the head when codings are stacked too high', async () => {
    const stand = new Stand({ streamed: true }).head('Content-Encoding: br, br, br, br\r\n')
    expect((await stand.failure()).code).toBe('ERR_LIMIT')
    expect(stand.cancelled).toEqual(['/path?q'])
  })

  it('stops the connection when nobody reads, and starts it again', async () => {
    const stand = new Stand({ streamed: true }).head()
    const response = await stand.stream()
    expect(stand.body(Buffer.alloc(LIMITS.streamBuffer - 1))).toBe(true)
    expect(stand.body('x', 'y')).toBe(false)
    await response.body.next()
    expect(stand.told).toEqual(['resume'])
  })

  it('is given up when nobody begins to read and the client closes', async () => {
    for (const when of ['before', 'after'] as const) {
      const stand = new Stand({ streamed: true }).head()
      const response = await stand.stream()
      if (when === 'before') stand.closing = true
      stand.body(Buffer.alloc(LIMITS.streamBuffer))
      if (when === 'after') stand.x.sink.onClosing(stand.x)
      expect(stand.cancelled).toEqual(['/path?q'])
      await response.body.next()
      await expect(response.body.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    }
  })

  it('goes on when somebody reads while the client closes', async () => {
    const stand = new Stand({ streamed: true }).head()
    const response = await stand.stream()
    stand.body('one')
    await response.body.next()
    stand.body(Buffer.alloc(LIMITS.streamBuffer))
    stand.x.sink.onClosing(stand.x)
    expect(stand.cancelled).toEqual([])
  })

  it('that is left takes its exchange out', async () => {
    const stand = new Stand({ streamed: true, totalTimeout: 100 }).head()
    await (await stand.stream()).discard()
    expect(stand.cancelled).toEqual(['/path?q'])
    expect(stand.left).toBe(0)
  })
})

describe('the channels of calls', () => {
  const events: [string, Record<string, unknown>][] = []
  const onStart = (event: unknown): unknown => events.push(['start', event as Record<string, unknown>])
  const onEnd = (event: unknown): unknown => events.push(['end', event as Record<string, unknown>])

  afterEach(() => {
    channels.callStart.unsubscribe(onStart)
    channels.callEnd.unsubscribe(onEnd)
  })

  it('tell each start and each end once, and which error it was', async () => {
    channels.callStart.subscribe(onStart)
    channels.callEnd.subscribe(onEnd)
    await new Stand().head('', { status: 404 }).end().whole()
    const aborted = await new Stand({}, AbortSignal.abort()).failure()
    const refused = await new Stand({}, undefined, new ClosedError('closed')).failure()
    const left = new Stand({ streamed: true }).head()
    await (await left.stream()).discard()
    const failed = new Stand({ streamed: true }).head()
    const stream = await failed.stream()
    const error = broken()
    failed.x.sink.onError(failed.x, error)
    await expect(stream.text()).rejects.toBe(error)
    expect(events.map(([name]) => name)).toEqual(Array.from({ length: 5 }, () => ['start', 'end']).flat())
    for (let i = 0; i < events.length; i += 2) {
      const [start, end] = [events[i]![1], events[i + 1]![1]]
      expect(start).toMatchObject({ client: 7, method: 'GET', url: 'http://a.test:8080/path?q', status: 0 })
      expect(end['call']).toBe(start['call'])
    }
    const ends = events
      .filter(([name]) => name === 'end')
      .map(([, event]) => [event['status'], event['error']])
    expect(ends).toEqual([
      [404, null],
      [0, aborted],
      [0, refused],
      [200, null],
      [200, error],
    ])
  })
})
