import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client, LIMITS } from '../../lib/index.ts'
import { Sites } from '../client/sites.ts'
import { always, WireStage, type OnHead } from '../client/wire-stage.ts'

/** Servers that send more than anybody can want: each ends at a bound with a name, and soon. */

const URL_ = 'http://a.test/x'
const MANY = 1_500_000
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const HEAD = 'HTTP/1.1 200 OK\r\n'

function repeat(text: string, size = MANY): string {
  return text.repeat(Math.ceil(size / text.length))
}

/** What comes, the error's limit or rule, and how many bytes may be read before it ends. */
type Row = readonly [what: string, flood: string, limit: string, most: number]

const SLACK = 2 * LIMITS.readBuffer

const FLOODS: readonly Row[] = [
  ['a status line without end', `HTTP/1.1 200 ${repeat('a')}`, 'maxHeadSize', LIMITS.maxHeadSize],
  ['a name without end', HEAD + repeat('a'), 'maxHeadSize', LIMITS.maxHeadSize],
  ['a value without end', `${HEAD}A: ${repeat('a')}`, 'maxHeadSize', LIMITS.maxHeadSize],
  ['a value over lines without end', `${HEAD}A: b\r\n${repeat(' a\r\n')}`, 'maxHeadSize', LIMITS.maxHeadSize],
  ['lines without a colon', HEAD + repeat(`${'a'.repeat(1_000)}\r\n`), 'maxHeadSize', LIMITS.maxHeadSize],
  ['fields without end', HEAD + repeat('A: b\r\n'), 'maxHeaderFields', LIMITS.maxHeadSize],
  ['ignored lines without end', HEAD + repeat('a\r\n'), 'maxHeaderFields', LIMITS.maxHeadSize],
  // No byte of an answer has come then: it is asked for again.
  [
    'empty lines before a head',
    repeat('\r\n'),
    'maxHeadSize',
    (1 + LIMITS.maxResends) * (LIMITS.maxHeadSize + SLACK),
  ],
  ['interim answers', repeat('HTTP/1.1 103 Early\r\n\r\n'), 'maxInformational', LIMITS.maxHeadSize],
  [
    'large interim answers',
    repeat(`HTTP/1.1 100 Go\r\nA: ${'a'.repeat(60_000)}\r\n\r\n`),
    'maxInformational',
    LIMITS.maxInformational * LIMITS.maxHeadSize,
  ],
  ['digits of a chunk size', CHUNKED + repeat('0'), 'chunk-size', 0],
  ['an extension without end', `${CHUNKED}1;a=${repeat('b')}`, 'maxChunkExtension', LIMITS.maxChunkExtension],
  ['a quoted extension', `${CHUNKED}1;a="${repeat('b')}`, 'maxChunkExtension', LIMITS.maxChunkExtension],
  ['blanks behind a chunk size', `${CHUNKED}1${repeat(' ')}`, 'maxChunkExtension', LIMITS.maxChunkExtension],
  [
    'extensions without end',
    CHUNKED + repeat('1;a=bcdefgh\r\nx\r\n'),
    'maxChunkExtensions',
    4 * LIMITS.maxChunkExtensions,
  ],
  ['a trailer without end', `${CHUNKED}0\r\nA: ${repeat('b')}`, 'maxTrailerSize', LIMITS.maxTrailerSize],
  ['trailers without end', `${CHUNKED}0\r\n${repeat('A: b\r\n')}`, 'maxHeaderFields', LIMITS.maxTrailerSize],
  ['a body without end', `${HEAD}\r\n${repeat('x')}`, 'maxBodySize', 100_000],
  ['chunks without end', CHUNKED + repeat('1\r\nx\r\n'), 'maxBodySize', 600_000],
  ['a length that is too much', `${HEAD}Content-Length: 100001\r\n\r\n${repeat('x')}`, 'maxBodySize', 0],
]

describe.each(['request', 'stream'] as const)('%s', (way) => {
  it.each(FLOODS)('%s ends', async (_what, flood, limit, most) => {
    const stage = new WireStage({ maxBodySize: 100_000, maxRetries: 0 }, always(flood))
    const read = async (): Promise<unknown> => (await stage.client[way](URL_)).text()
    const { error } = await stage.failure(read())
    const { code, limit: name, rule } = error as typeof error & { limit?: string; rule?: string }
    expect([code, name ?? rule]).toEqual([code === 'ERR_PROTOCOL' ? code : 'ERR_LIMIT', limit])
    expect(stage.client.stats().bytes).toBeLessThanOrEqual(most + SLACK)
    // What is left of a body may be read and dropped for a while.
    await stage.pass(LIMITS.mutedTimeout + 100)
    expect(stage.peers[0]!.closed).toBe(true)
    await stage.finish()
  })
})

it.each<[string, OnHead, string]>([
  [
    'redirects without end',
    always('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'),
    'ERR_REDIRECT',
  ],
  [
    'redirects to ever other places',
    (peer, nth) => peer.socket.write(`HTTP/1.1 302 Found\r\nLocation: /${nth}\r\nContent-Length: 0\r\n\r\n`),
    'ERR_REDIRECT',
  ],
  [
    'redirects with large bodies',
    always(`HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: ${MANY}\r\n\r\n${repeat('x')}`),
    'ERR_REDIRECT',
  ],
])('%s end', async (_what, onHead, code) => {
  const stage = new WireStage({}, onHead)
  const { error } = await stage.failure(stage.client.get(URL_))
  expect(error.code).toBe(code)
  const heads = stage.peers.reduce((sum, peer) => sum + peer.heads, 0)
  expect(heads).toBeLessThanOrEqual(LIMITS.maxRedirects + 1)
  await stage.finish()
})

it('401s without end, and challenges without end, end', async () => {
  const challenges = repeat('Digest realm="r", nonce="n", qop="auth", ', 50_000)
  const denied = `HTTP/1.1 401 No\r\nWWW-Authenticate: ${challenges}\r\nContent-Length: 0\r\n\r\n`
  const stage = new WireStage({}, always(denied))
  const auth = { digest: { username: 'me', password: 'x' } }
  expect((await stage.settle(stage.client.get(URL_, { auth }))).status).toBe(401)
  expect(stage.peers[0]!.heads).toBeLessThanOrEqual(3)
  await stage.finish()
})

it('cookies without end are kept up to a bound, and sent up to another', async () => {
  const value = 'x'.repeat(100)
  const names = Array.from({ length: 500 }, (_, i) => `Set-Cookie: c${i}=${value}\r\n`).join('')
  let count = 0
  const stage = new WireStage({ cookies: true }, (peer) => {
    const fields = names.replaceAll('=x', `${++count}=x`)
    peer.socket.write(`${HEAD}${fields}Content-Length: 0\r\n\r\n`)
  })
  for (let i = 0; i < 10; i++) await stage.settle(stage.client.get(URL_))
  const jar = stage.client.cookies!.jar('')
  expect(jar.size).toBeGreaterThanOrEqual(LIMITS.maxSetCookies)
  expect(jar.size).toBeLessThanOrEqual(LIMITS.maxCookiesPerSite)
  const lines = stage.wire.match(/^Cookie: .*$/gm)!
  expect(lines.length).toBe(9)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
    'Cookie: '.length + LIMITS.maxCookieHeader,
  )
  await stage.finish()
})

it('a cookie that is too long is none', async () => {
  const set = `Set-Cookie: a=${'x'.repeat(LIMITS.maxCookieSize)}\r\nSet-Cookie: b=1; Path=/${'x'.repeat(2_000)}\r\n`
  const stage = new WireStage({ cookies: true }, always(`${HEAD}${set}Content-Length: 0\r\n\r\n`))
  await stage.settle(stage.client.get(URL_))
  expect(stage.client.cookies!.jar('').cookies()).toMatchObject([{ name: 'b', path: '/' }])
  await stage.finish()
})

// --- bombs: on real sockets, because simulated time does not wait for the threads that decode --------------------

const ZEROS = Buffer.alloc(2 * LIMITS.decodeRatioFloor)
const MEMBERS = Buffer.concat(Array.from({ length: 2_000 }, () => gzipSync('')))

function brotli(bytes: Buffer): Buffer {
  // At its best it takes a second.
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })
}

type Bomb = readonly [what: string, coding: string, body: () => Buffer, limit: string]

const BOMBS: readonly Bomb[] = [
  ['gzip', 'gzip', () => gzipSync(ZEROS), 'maxDecodeRatio'],
  ['x-gzip', 'X-GZIP', () => gzipSync(ZEROS), 'maxDecodeRatio'],
  ['deflate', 'deflate', () => deflateSync(ZEROS), 'maxDecodeRatio'],
  ['brotli', 'br', () => brotli(ZEROS), 'maxDecodeRatio'],
  ['zstd', 'zstd', () => zstdCompressSync(ZEROS), 'maxDecodeRatio'],
  ['gzip in gzip', 'gzip, gzip', () => gzipSync(gzipSync(ZEROS)), 'maxDecodeRatio'],
  [
    'gzip in brotli in zstd',
    'gzip, br, zstd',
    () => zstdCompressSync(brotli(gzipSync(ZEROS))),
    'maxDecodeRatio',
  ],
  ['more codings than there may be', 'gzip, gzip, gzip, gzip', () => gzipSync('x'), 'maxContentCodings'],
  ['members without end', 'gzip', () => MEMBERS, 'maxCodedUnits'],
]

describe('a bomb of', () => {
  let sites: Sites
  let client: Client
  let count = 0

  /** Under a URL of its own, because it may be stored. */
  function serve(body: Buffer, coding: string): string {
    const path = `/bomb/${++count}`
    sites.on(path, (_seen, response) => {
      response.writeHead(200, { 'content-encoding': coding, 'cache-control': 'max-age=1000' }).end(body)
    })
    return sites.origin(0) + path
  }

  beforeAll(async () => {
    sites = await Sites.open(1)
    client = new Client({ cache: true })
  })
  afterAll(async () => {
    await client.close()
    await sites.close()
  })

  it.each(BOMBS)(
    '%s, by request, stream, fetch, and out of the cache',
    { timeout: 60_000 },
    async (_what, name, make, limit) => {
      const body = make()
      const url = serve(body, name)
      const ways: (() => Promise<unknown>)[] = [
        async () => (await client.get(url, { cache: 'no-store' })).text(),
        async () => (await client.stream(url, { cache: 'no-store' })).text(),
        async () => {
          for await (const piece of (await client.stream(url, { cache: 'no-store' })).body) void piece
        },
        async () => (await client.fetch(url)).text(),
        // What is stored is as it came; who gets it decodes it.
        async () => {
          const stored = await client.get(url, { decompress: false, cache: 'reload' })
          expect(stored.bytes()).toHaveLength(body.length)
          const hit = await client.get(url, { decompress: false })
          expect(hit.cache).toBe('hit')
          return (await client.get(url)).text()
        },
        async () => {
          await client.get(url, { decompress: false, cache: 'reload' })
          return (await client.stream(url)).text()
        },
      ]
      for (const way of ways) {
        const error = await way().then(
          () => new Error('it was decoded'),
          (reason: Error) => reason,
        )
        expect(error.cause ?? error).toMatchObject({ code: 'ERR_LIMIT', limit })
      }
    },
  )

  it('none, which a whole body of its size is, passes', async () => {
    const url = serve(Buffer.alloc(1_000_000), 'identity')
    expect((await client.get(url)).bytes()).toHaveLength(1_000_000)
  })
})
