import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Client, LIMITS, type ClientOptions, type RequestOptions } from '../../lib/index.ts'
import { ScriptedServer } from '../predecessors/scripted-server.ts'

/** On real sockets: simulated time does not wait for the threads that decode streams. */
const serve = (text: string): Promise<ScriptedServer> =>
  ScriptedServer.start((_seen, socket) => socket.end(Buffer.from(text, 'latin1')))

function coded(body: Uint8Array, coding = 'gzip'): string {
  const wire = Buffer.from(body).toString('latin1')
  return `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${wire.length}\r\n\r\n${wire}`
}

function plain(length: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`
}

function open(length: number): string {
  return `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(length)}`
}

const ZEROS = 2 * LIMITS.decodeRatioFloor
const zeros = gzipSync(Buffer.alloc(ZEROS))

describe('the bounds of bodies', () => {
  it.each<[string, string, ClientOptions, object]>([
    ['a length that is too much', plain(101), { maxBodySize: 100 }, { limit: 'maxBodySize', value: 100 }],
    ['more without a length', open(101), { maxBodySize: 100 }, { limit: 'maxBodySize', value: 100 }],
    [
      'more after decoding',
      coded(gzipSync('x'.repeat(101))),
      { maxBodySize: 100 },
      { limit: 'maxBodySize', value: 100 },
    ],
    ['too much for what came', coded(zeros), {}, { limit: 'maxDecodeRatio', value: LIMITS.maxDecodeRatio }],
    ['too much, stacked', coded(gzipSync(zeros), 'gzip, gzip'), {}, { limit: 'maxDecodeRatio' }],
    ['too many codings', coded(zeros, 'gzip, gzip, gzip, gzip'), {}, { limit: 'maxContentCodings' }],
  ])('hold for request and stream: %s', async (_what, text, options, error) => {
    await using server = await serve(text)
    await using client = new Client(options)
    const url = server.url('/x')
    for (const name of ['request', 'stream'] as const) {
      const read = async (): Promise<unknown> => (await client[name](url)).text()
      const found = await read().catch((reason: unknown) => reason)
      expect(found).toMatchObject({ code: 'ERR_LIMIT', method: 'GET', url, ...error })
      expect((found as Error).message).toContain(`GET ${url}: `)
    }
  })

  it.each<[string, string, RequestOptions, number]>([
    ['as much as may be', plain(100), { maxBodySize: 100 }, 100],
    ['as much as may be, coded', coded(gzipSync('x'.repeat(100))), { maxBodySize: 100 }, 100],
    ['what compresses well, asked for', coded(zeros), { maxDecodeRatio: 2000 }, ZEROS],
    [
      'what is small, whatever its ratio',
      coded(gzipSync(Buffer.alloc(100_000))),
      { maxDecodeRatio: 1 },
      100_000,
    ],
    ['a body that is not decoded', coded(zeros), { decompress: false }, zeros.length],
  ])('let through: %s', async (_what, text, options, size) => {
    await using server = await serve(text)
    await using client = new Client({ maxBodySize: ZEROS })
    for (const name of ['request', 'stream'] as const) {
      const response = await client[name](server.url('/x'), options)
      const body = await Promise.resolve(response.bytes() as Uint8Array | Promise<Uint8Array>)
      expect(body).toHaveLength(size)
      expect(response.bytesDecoded).toBe(size)
    }
  })
})
