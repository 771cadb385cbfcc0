import { describe, expect, it } from 'vitest'
import { Response } from '../../../lib/call/response/response.ts'
import { DecodingError } from '../../../lib/core/errors.ts'
import type { ResponseHead } from '../../../lib/core/exchange.ts'
import { Headers } from '../../../lib/core/headers.ts'
import { madeExchange, madeHead } from '../made-exchange.ts'

function response(body: Uint8Array | string, head: ResponseHead = madeHead()): Response {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body as Uint8Array<ArrayBuffer>)
  return new Response(madeExchange(), head, bytes, 3, null)
}

describe('a response', () => {
  it('says what the head said', () => {
    const head = madeHead('X-A: 1\r\nx-a: 2\r\n', { status: 404, statusText: 'Not There', minorVersion: 0 })
    const made = response('', head)
    expect(made).toMatchObject({ status: 404, statusText: 'Not There', httpVersion: '1.0', ok: false })
    expect(made.rawHeaders).toEqual(['X-A', '1', 'x-a', '2'])
    expect(made.headers.get('x-a')).toBe('1, 2')
    expect(made.trailers).toBeNull()
  })

  it.each([
    [199, false],
    [200, true],
    [299, true],
    [300, false],
  ])('with status %i is ok: %s', (status, ok) => {
    expect(response('', madeHead('', { status })).ok).toBe(ok)
  })

  it('says what was asked for, over what, and how often', () => {
    const exchange = madeExchange()
    exchange.sendAgain().attempt = 3
    const trailers = new Headers('X-Sum: 1\r\n')
    const made = new Response(exchange, madeHead(), Buffer.from('decoded'), 3, trailers)
    expect(made).toMatchObject({
      url: 'http://a.test:8080/path?q',
      method: 'GET',
      attempt: 3,
      clientIp: '192.0.2.1',
      remoteAddress: '192.0.2.80',
      reused: true,
      bytesOnWire: 3,
      bytesDecoded: 7,
    })
    expect(made.trailers).toBe(trailers)
  })

  it('says where its time went', () => {
    const exchange = madeExchange()
    const dialled = { dns: 0, connect: 0, tls: 0 }
    exchange.flight!.headAt = 35
    const made = new Response(exchange, madeHead(), Buffer.alloc(0), 0, null)
    expect(made.timings).toEqual({ ...dialled, queue: 10, send: 0, head: 15, body: -1, total: -1 })
    exchange.flight!.endAt = 60
    expect(made.timings).toEqual({ ...dialled, queue: 10, send: 0, head: 15, body: 25, total: 50 })
  })

  it('keeps to its own flight when its exchange has another', () => {
    const exchange = madeExchange()
    const made = new Response(exchange, madeHead(), Buffer.alloc(0), 0, null)
    exchange.flight = null
    expect(made.remoteAddress).toBe('192.0.2.80')
  })
})

describe('the views of a body', () => {
  it('are there at once, and may be awaited', async () => {
    const made = response('{"a":"ä"}', madeHead('Content-Type: application/json; x\r\n'))
    expect(made.text()).toBe('{"a":"ä"}')
    expect(made.json()).toEqual({ a: 'ä' })
    expect(await made.blob().text()).toBe('{"a":"ä"}')
    expect(made.blob().type).toBe('application/json; x')
    expect(Buffer.from(made.arrayBuffer()).toString()).toBe('{"a":"ä"}')
    expect(made.bytes()).toEqual(new Uint8Array(Buffer.from('{"a":"ä"}')))
    expect(response('').blob().type).toBe('')
  })

  it.each([1, 4095, 4096, 100_000])('hand out %i bytes in a buffer with nothing else in it', (size) => {
    const body = Buffer.allocUnsafe(size).fill(7)
    const bytes = response(body).bytes()
    expect(bytes.buffer.byteLength).toBe(size)
    expect(bytes).not.toBeInstanceOf(Buffer)
    expect(bytes.every((byte) => byte === 7)).toBe(true)
  })

  it('of one empty body are not those of another: what takes them away takes nothing else', () => {
    const empty = Buffer.alloc(0)
    const [one, other] = [0, 1].map(() => new Response(madeExchange(), madeHead(), empty, 0, null))
    structuredClone(one!.arrayBuffer(), { transfer: [one!.arrayBuffer()] })
    expect(other!.bytes()).toHaveLength(0)
    const buffer = other!.arrayBuffer()
    structuredClone(buffer, { transfer: [buffer] })
    expect(other!.bytes()).toHaveLength(0)
    expect(other!.text()).toBe('')
  })

  it('read UTF-8 as browsers do: no mark, U+FFFD for what is none', () => {
    expect(response('\ufeffx\ufeff').text()).toBe('x\ufeff')
    expect(response(new Uint8Array([0xef, 0xbb])).text()).toBe('\ufffd')
    expect(response(new Uint8Array([0x61, 0xff, 0x62, 0xed, 0xa0, 0x80])).text()).toBe(
      'a\ufffdb\ufffd\ufffd\ufffd',
    )
    expect(response('\ufeff{"a":1}').json()).toEqual({ a: 1 })
  })

  it.each(['', '<html>', '{"a":', 'x'.repeat(1000)])(
    'that are no JSON are an error about the request: %j',
    (body) => {
      const made = response(body)
      expect(() => made.json()).toThrow(DecodingError)
      expect(() => made.json()).toThrow(
        /^GET http:\/\/a\.test:8080\/path\?q: the body is no JSON \(it starts ".{0,60}"\)$/,
      )
      expect(() => made.json()).toThrow(
        expect.objectContaining({
          code: 'ERR_DECODING',
          progress: 'done',
          cause: expect.any(SyntaxError) as unknown,
        }) as Error,
      )
    },
  )

  it('of JSON are parsed anew each time, and cannot pollute', () => {
    const made = response('{"__proto__":{"polluted":1}}')
    const one = made.json() as Record<string, unknown>
    expect(made.json()).not.toBe(one)
    expect(Object.getPrototypeOf(one)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
