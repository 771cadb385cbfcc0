import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, LIMITS } from '../../lib/index.ts'
import { download, type DownloadOptions, type DownloadResult } from '../../lib/jobs/download.ts'
import { type Answer, digest, engineOf, errorOf, FileServer, Folder } from './download-stand.ts'

const SIZE = 3_000_000

let client: Client
let folder: Folder

beforeEach(() => {
  client = new Client({ bodyTimeout: 5_000 })
  folder = new Folder()
})

afterEach(async () => {
  await client.close()
  folder[Symbol.dispose]()
})

function get(server: FileServer, options?: DownloadOptions, path = folder.file()): Promise<DownloadResult> {
  return download(engineOf(client), server.url, path, options)
}

/** The file is there, right, and alone. */
function expectFile(content: Uint8Array): void {
  expect(folder.names).toEqual(['file.bin'])
  expect(digest(folder.read())).toBe(digest(content))
}

/** Leaves two thirds of a file. */
async function leavePart(server: FileServer): Promise<void> {
  await errorOf(get(server, { maxRetries: 0 }))
  expect(folder.names).toEqual(['file.bin.trawl-part', 'file.bin.trawl-part.json'])
}

function replace(path: string): void {
  writeFileSync(folder.file('aside'), readFileSync(path))
  renameSync(folder.file('aside'), path)
}

describe('download', () => {
  it('writes the file, and tells of it', async () => {
    await using server = await FileServer.start(SIZE)
    const result = await get(server)
    expectFile(server.content)
    expect(result).toMatchObject({
      path: folder.file(),
      size: SIZE,
      skipped: false,
      resumedFrom: 0,
      status: 200,
      url: server.url,
      validator: '"v1"',
      retries: 0,
    })
    expect(result.headers!.get('content-length')).toBe(String(SIZE))
    expect(server.asked).toEqual([
      { range: undefined, ifRange: undefined, coding: 'identity', url: '/file.bin' },
    ])
  })

  it.each<[string, number, Answer]>([
    ['an empty file', 0, {}],
    ['a byte', 1, {}],
    ['a chunked body', 200_000, { framing: 'chunked' }],
    ['a body that ends with its connection', 200_000, { framing: 'close' }],
    ['a file of just one write', LIMITS.downloadWriteSize, {}],
    ['a file of a little over one write', LIMITS.downloadWriteSize + 1, {}],
  ])('takes %s', async (_, size, answer) => {
    await using server = await FileServer.start(size, answer)
    expect(await get(server, { fsync: true })).toMatchObject({ size, retries: 0 })
    expectFile(server.content)
  })

  it('goes on where it broke off', async () => {
    await using server = await FileServer.start(SIZE, { cut: 1_500_000 }, { cut: 700_000 })
    const result = await get(server)
    expectFile(server.content)
    expect(server.ranges).toEqual([undefined, 'bytes=1500000-', 'bytes=2200000-'])
    expect(server.asked[1]!.ifRange).toBe('"v1"')
    expect(result).toMatchObject({ status: 206, size: SIZE, retries: 2, resumedFrom: 0 })
  })

  it('counts only tries in vain: a server that gives a little each time gives all in the end', async () => {
    await using server = await FileServer.start(
      100_000,
      ...Array.from({ length: 19 }, () => ({ cut: 5_000 })),
    )
    const result = await get(server, { maxRetries: 1 })
    expectFile(server.content)
    expect(result.retries).toBe(19)
    expect(server.sent.reduce((sum, bytes) => sum + bytes, 0)).toBe(100_000)
  })

  it('gives up after maxRetries in vain, and a later call goes on', async () => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 }, { cut: 0 }, { cut: 0 }, { cut: 0 })
    const error = await errorOf(get(server))
    expect(error.code).toBe('ERR_CONNECTION_CLOSED')
    expect(server.asked).toHaveLength(4)
    expect(folder.names).toEqual(['file.bin.trawl-part', 'file.bin.trawl-part.json'])
    const record = readFileSync(folder.file('file.bin.trawl-part.json'), 'utf8')
    expect(record).not.toContain(server.url)
    const result = await get(server)
    expectFile(server.content)
    expect(result).toMatchObject({ resumedFrom: 2_000_000, status: 206, size: SIZE, retries: 0 })
    expect(server.sent.at(-1)).toBe(1_000_000)
  })

  it('with maxRetries 0 tries once', async () => {
    await using server = await FileServer.start(SIZE, { cut: 10 })
    await errorOf(get(server, { maxRetries: 0 }))
    expect(server.asked).toHaveLength(1)
  })

  it('resumes by a strong date where there is no tag', async () => {
    await using server = await FileServer.start(SIZE, { cut: 1_500_000 })
    server.etag = null
    server.lastModified = 'Sun, 06 Nov 1994 08:49:37 GMT'
    expect(await get(server)).toMatchObject({ validator: server.lastModified, status: 206 })
    expectFile(server.content)
    expect(server.asked[1]).toMatchObject({ range: 'bytes=1500000-', ifRange: server.lastModified })
  })

  it.each<[string, string | null]>([
    ['a weak tag', 'W/"v1"'],
    ['no validator', null],
  ])('starts over with %s, and leaves nothing behind when that fails', async (_, etag) => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 }, { cut: 2_000_000 })
    server.etag = etag
    expect(await get(server)).toMatchObject({ status: 200, retries: 2, validator: null })
    expectFile(server.content)
    expect(server.ranges).toEqual([undefined, undefined, undefined])
    server.answers = Array.from({ length: 9 }, () => ({ cut: 2_000_000 }))
    await errorOf(get(server, {}, folder.file('other')))
    // Without a validator a part is worth nothing, and no progress: three retries, and no more.
    expect(server.asked).toHaveLength(7)
    expect(folder.names).toEqual(['file.bin'])
  })

  it('takes the new version when the file changes in between', async () => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 })
    const changed = randomBytes(SIZE)
    server.onRequest = (n) => {
      if (n !== 1) return
      server.content = changed
      server.etag = '"v2"'
    }
    expect(await get(server)).toMatchObject({ status: 200, validator: '"v2"', size: SIZE })
    expectFile(changed)
    expect(server.sent).toEqual([2_000_000, SIZE])
  })

  const CHANGED = randomBytes(SIZE)
  it.each<[string, Answer]>([
    ['does not heed If-Range', { ignoreIfRange: true }],
    ['does not heed If-Range, nor says which version', { ignoreIfRange: true, headers: { ETag: null } }],
    [
      'lies about the start',
      { ignoreIfRange: true, headers: { ETag: '"v1"', 'Content-Range': `bytes 0-999999/${SIZE}` } },
    ],
    [
      'gives another total',
      { ignoreIfRange: true, headers: { ETag: '"v1"', 'Content-Range': 'bytes 2000000-2999999/3000001' } },
    ],
    ['gives no Content-Range', { ignoreIfRange: true, headers: { ETag: '"v1"', 'Content-Range': null } }],
    [
      'gives several parts',
      { ignoreIfRange: true, headers: { 'Content-Type': 'multipart/byteranges; boundary=x' } },
    ],
    ['says 416', { status: 416, headers: { 'Content-Range': 'bytes */5' }, body: Buffer.alloc(0) }],
  ])('starts over, once, when the server %s', async (_, lie) => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 }, lie)
    server.onRequest = (n) => {
      if (n !== 1) return
      server.content = CHANGED
      server.etag = '"v2"'
    }
    expect(await get(server)).toMatchObject({ status: 200, size: SIZE, resumedFrom: 0 })
    expectFile(CHANGED)
    expect(server.ranges).toEqual([undefined, 'bytes=2000000-', undefined])
  })

  it('starts over when the server does not know ranges: 200', async () => {
    await using server = await FileServer.start(
      SIZE,
      { cut: 2_000_000 },
      { ignoreRange: true, cut: 10 },
      { ignoreRange: true },
    )
    expect(await get(server)).toMatchObject({ status: 200, size: SIZE, retries: 2 })
    expectFile(server.content)
  })

  it('takes less than it asked for, and asks for the rest', async () => {
    const content = randomBytes(300)
    const piece = (start: number): Answer => ({
      status: 206,
      headers: { 'Content-Range': `bytes ${start}-${start + 99}/300` },
      body: content.subarray(start, start + 100),
    })
    await using server = await FileServer.start(content, { cut: 100 }, piece(100), piece(200))
    expect(await get(server)).toMatchObject({ size: 300, retries: 1 })
    expectFile(content)
    expect(server.ranges).toEqual([undefined, 'bytes=100-', 'bytes=200-'])
  })

  it('a 206 with more bytes than it says makes it start over', async () => {
    const content = randomBytes(300)
    const headers = { 'Content-Range': 'bytes 100-299/300' }
    const tooMuch: Answer = { status: 206, headers, body: randomBytes(250), framing: 'chunked' }
    await using server = await FileServer.start(content, { cut: 100 }, tooMuch)
    expect(await get(server)).toMatchObject({ size: 300, status: 200 })
    expectFile(content)
  })

  it('a 206 that ends early is no end', async () => {
    const content = randomBytes(300)
    const headers = { 'Content-Range': 'bytes 100-299/300' }
    const short: Answer = { status: 206, headers, body: content.subarray(100, 150), framing: 'chunked' }
    await using server = await FileServer.start(content, { cut: 100 }, short)
    expect(await get(server)).toMatchObject({ size: 300, status: 206 })
    expectFile(content)
    expect(server.ranges).toEqual([undefined, 'bytes=100-', 'bytes=150-'])
  })

  it('a 206 that nobody asked for is no file', async () => {
    const lie: Answer = { status: 206, headers: { 'Content-Range': 'bytes 0-9/300' }, body: randomBytes(10) }
    await using server = await FileServer.start(300, ...Array.from({ length: 9 }, () => lie))
    const error = await errorOf(get(server))
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', rule: 'range' })
    expect(folder.names).toEqual([])
  })
})

describe('a part that an earlier call has left', () => {
  it.each<[string, (server: FileServer) => void]>([
    ['without its record', () => writeFileSync(folder.file('file.bin.trawl-part.json'), '{')],
    ['of another URL', (server) => Object.defineProperty(server, 'url', { value: `${server.url}?2` })],
    ['that another file has replaced', () => replace(folder.file('file.bin.trawl-part'))],
    [
      'of another version',
      (server) => {
        server.etag = '"v2"'
        server.content = randomBytes(SIZE)
      },
    ],
  ])('is not gone on with: %s', async (_, change) => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 })
    await leavePart(server)
    change(server)
    expect(await get(server)).toMatchObject({ status: 200, resumedFrom: 0 })
    expectFile(server.content)
  })

  it.each([
    ['and the server says so', { ETag: '"v1"' }],
    ['and the server does not say of which version', {}],
  ])('is complete, but has no name yet, %s', async (_, headers) => {
    await using server = await FileServer.start(SIZE, { framing: 'chunked', cut: SIZE })
    // Chunked and cut before its last chunk: all bytes are there, and nobody knows.
    await leavePart(server)
    const answer: Answer = {
      status: 416,
      headers: { ETag: null, 'Content-Range': `bytes */${SIZE}`, ...headers },
      body: Buffer.alloc(0),
    }
    server.answers = [{}, answer]
    expect(await get(server)).toMatchObject({ size: SIZE })
    expectFile(server.content)
    expect(server.sent.slice(2).reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(1)
  })

  it('is asked for its last byte when its length is known', async () => {
    await using server = await FileServer.start(SIZE)
    // Everything came; then a folder stood where the file was to go.
    server.onRequest = () => mkdirSync(folder.file())
    const error = await errorOf(get(server))
    expect(error.code).toBe('ERR_FILE')
    expect(folder.names).toContain('file.bin.trawl-part')
    server.onRequest = () => {}
    rmSync(folder.file(), { recursive: true })
    expect(await get(server)).toMatchObject({ size: SIZE, status: 206, resumedFrom: SIZE - 1 })
    expectFile(server.content)
    expect(server.sent).toEqual([SIZE, 1])
  })
})

describe('statuses', () => {
  it('a 404 page is no file: what stood there stays', async () => {
    await using server = await FileServer.start(10, { status: 404, body: Buffer.from('no such page') })
    writeFileSync(folder.file(), 'old')
    const error = await errorOf(get(server))
    expect(error).toMatchObject({ code: 'ERR_STATUS', status: 404 })
    expect(folder.names).toEqual(['file.bin'])
    expect(folder.read().toString()).toBe('old')
    expect(server.asked).toHaveLength(1)
  })

  it.each([204, 202, 304])('nor is a %i', async (status) => {
    await using server = await FileServer.start(10, { status, body: Buffer.alloc(0) })
    expect(await errorOf(get(server))).toMatchObject({ code: 'ERR_STATUS', status })
    expect(folder.names).toEqual([])
  })

  // The target's pacing takes its time after each refusal.
  it('a status that may pass is tried again, and its part is kept', { timeout: 30_000 }, async () => {
    const busy: Answer = { status: 503, headers: { 'Retry-After': '0' } }
    await using server = await FileServer.start(SIZE, busy, { cut: 2_000_000 }, busy, { status: 429 })
    expect(await get(server)).toMatchObject({ status: 206, retries: 4 })
    expectFile(server.content)
    expect(server.ranges).toEqual([
      undefined,
      undefined,
      'bytes=2000000-',
      'bytes=2000000-',
      'bytes=2000000-',
    ])
  })

  it('gives up at once when Retry-After goes beyond totalTimeout', async () => {
    await using server = await FileServer.start(10, { status: 503, headers: { 'Retry-After': '200' } })
    const error = await errorOf(get(server, { totalTimeout: 100_000 }))
    expect(error).toMatchObject({ code: 'ERR_STATUS', status: 503 })
    expect(server.asked).toHaveLength(1)
  })

  it('totalTimeout ends a body that stalls, and keeps what came', async () => {
    await using server = await FileServer.start(SIZE, { stall: 2_000_000 })
    const error = await errorOf(get(server, { totalTimeout: 300 }))
    expect(error.code).toBe('ERR_TIMEOUT_TOTAL')
    expect(folder.names).toHaveLength(2)
    expect(await get(server)).toMatchObject({ resumedFrom: 2_000_000 })
    expectFile(server.content)
  })
})
