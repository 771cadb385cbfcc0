import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, AbortError, ArgumentError, type Headers } from '../../lib/index.ts'
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

function throwMine(): void {
  throw new Error('mine')
}

describe('codings', () => {
  const text = Buffer.from('all work and no play '.repeat(10_000))
  const coded = { headers: { 'Content-Encoding': 'gzip', ETag: '"gz"' }, body: gzipSync(text) }

  it('a body that comes coded though nobody asked is undone', async () => {
    await using server = await FileServer.start(text, coded)
    expect(await get(server)).toMatchObject({ size: text.length, validator: null })
    expectFile(text)
  })

  it('and starts over when it breaks off', async () => {
    await using server = await FileServer.start(text, { ...coded, cut: 100 }, coded)
    expect(await get(server)).toMatchObject({ size: text.length, retries: 1 })
    expectFile(text)
    expect(server.ranges).toEqual([undefined, undefined])
  })

  it.each([
    ['by its name', '/files.tar.gz', {}],
    ['by its type', '/files', { 'Content-Type': 'application/x-gzip' }],
  ])('a gzip file that is labelled so stays as it is: %s', async (_, path, type) => {
    const answer = { ...coded, headers: { ...coded.headers, ...type } }
    await using server = await FileServer.start(text, answer, answer)
    const result = await download(engineOf(client), new URL(path, server.url), folder.file())
    expect(result.size).toBe(coded.body.length)
    expectFile(coded.body)
  })

  it('a file with the name of a gzip file, but another coding, is undone of that', async () => {
    const gz = gzipSync(text)
    const answer: Answer = { headers: { 'Content-Encoding': 'br' }, body: brotliCompressSync(gz) }
    await using server = await FileServer.start(gz, answer, answer)
    const result = await download(engineOf(client), new URL('/files.tar.gz', server.url), folder.file())
    expect(result.size).toBe(gz.length)
    expectFile(gz)
  })

  it('decompress: true asks for codings; false takes the bytes as they come, and resumes them', async () => {
    await using server = await FileServer.start(text, coded)
    await get(server, { decompress: true })
    expectFile(text)
    expect(server.asked[0]!.coding).toContain('gzip')
    const { body } = coded
    await using raw = await FileServer.start(body, { ...coded, cut: 100 }, { headers: coded.headers })
    raw.etag = '"gz"'
    expect(await get(raw, { decompress: false })).toMatchObject({ size: body.length, status: 206 })
    expectFile(body)
    expect(raw.asked[0]!.coding).toBe('identity')
  })
})

describe('options', () => {
  it.each([
    ['overwrite', 'new'],
    ['skip', 'old'],
  ] as const)('exists: %s', async (exists, expected) => {
    await using server = await FileServer.start(Buffer.from('new'))
    writeFileSync(folder.file(), 'old')
    const result = await get(server, { exists })
    expect(folder.read().toString()).toBe(expected)
    expect(result).toMatchObject({ skipped: exists === 'skip', size: 3, status: exists === 'skip' ? 0 : 200 })
    expect(server.asked).toHaveLength(exists === 'skip' ? 0 : 1)
  })

  it('exists: fail, also when it has come meanwhile', async () => {
    await using server = await FileServer.start(Buffer.from('new'))
    server.onRequest = () => writeFileSync(folder.file(), 'old')
    expect((await errorOf(get(server, { exists: 'fail' }))).code).toBe('ERR_FILE_EXISTS')
    expect((await errorOf(get(server, { exists: 'fail' }))).code).toBe('ERR_FILE_EXISTS')
    expect(server.asked).toHaveLength(1)
    expect(folder.read().toString()).toBe('old')
  })

  it('tells progress: of this call, and of an earlier one', async () => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 })
    const told: { transferred: number; total: number | null }[] = []
    await errorOf(get(server, { maxRetries: 0 }))
    await get(server, { onProgress: (progress) => told.push(progress) })
    expect(told[0]!.transferred).toBeGreaterThan(2_000_000)
    expect(told.at(-1)).toEqual({ transferred: SIZE, total: SIZE })
    expect(told.every(({ total }) => total === SIZE)).toBe(true)
  })

  it('what onProgress throws ends it, and keeps what came', async () => {
    await using server = await FileServer.start(SIZE)
    expect((await errorOf(get(server, { onProgress: throwMine }))).message).toBe('mine')
    expect(folder.names).toHaveLength(2)
    expect(server.asked).toHaveLength(1)
  })

  it('its signal ends it, wherever it is', async () => {
    await using server = await FileServer.start(SIZE, { stall: 2_000_000 })
    const controller = new AbortController()
    const pending = get(server, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    const error = await errorOf(pending)
    expect(error).toBeInstanceOf(AbortError)
    expect(error.cause).toMatchObject({ message: 'enough' })
    expect(folder.names).toHaveLength(2)
    // While it waits for its next try.
    const waiting = new AbortController()
    server.answers = [{}, { status: 503, headers: { 'Retry-After': '100' } }]
    server.onRequest = () => setImmediate(() => setTimeout(() => waiting.abort(), 100))
    expect(await errorOf(get(server, { signal: waiting.signal }))).toBeInstanceOf(AbortError)
  })

  it.each([
    ['announced', {}],
    ['not announced', { framing: 'chunked' as const }],
  ])('maxBodySize holds: %s', async (_, answer) => {
    await using server = await FileServer.start(SIZE, answer)
    expect(await errorOf(get(server, { maxBodySize: 1_000_000 }))).toMatchObject({ limit: 'maxBodySize' })
    expect(existsSync(folder.file())).toBe(false)
  })

  it('sends what it is given beside its own fields', async () => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 })
    const seen: Headers[] = []
    const engine = engineOf(client)
    const watched = {
      ...engine,
      stream: async (url: string | URL, options: object) => {
        const response = await engine.stream(url, options)
        seen.push(response.headers)
        return response
      },
    }
    const headers = [
      ['X-A', '1'],
      ['X-A', '2'],
      ['Accept-Encoding', 'identity;q=1'],
    ] as const
    const result = await download(watched, server.url, folder.file(), { headers })
    expect(result.headers).toBe(seen[1])
    expect(server.asked.map(({ coding }) => coding)).toEqual(['identity;q=1', 'identity;q=1'])
  })

  it.each<[string, unknown, unknown, object, string]>([
    ['no URL', 'x', 'p', {}, 'the URL of a download is "x"'],
    ['no path', 'http://a.test/', '', {}, 'the path of a download is ""'],
    ['a NUL', 'http://a.test/', 'a\0b', {}, 'the path of a download'],
    ['a POST', 'http://a.test/', 'p', { method: 'POST' }, 'a download is a GET'],
    ['a body', 'http://a.test/', 'p', { body: 'x' }, 'a download is a GET'],
    ['a range', 'http://a.test/', 'p', { headers: { range: 'bytes=0-' } }, 'option headers has range'],
    ['exists', 'http://a.test/', 'p', { exists: 'keep' }, 'option exists is "keep"'],
    ['retries', 'http://a.test/', 'p', { maxRetries: -1 }, 'option maxRetries is -1'],
    ['progress', 'http://a.test/', 'p', { onProgress: 1 }, 'option onProgress is 1'],
    ['fsync', 'http://a.test/', 'p', { fsync: 1 }, 'option fsync is 1'],
    ['an unknown option', 'http://a.test/', 'p', { exits: 'skip' }, 'unknown option "exits"'],
  ])('refuses %s', async (_, url, path, options, message) => {
    const target = path === 'p' ? folder.file() : (path as string)
    const error = await errorOf(download(engineOf(client), url as string, target, options))
    expect(error).toBeInstanceOf(ArgumentError)
    expect(error.message).toContain(message)
    expect(folder.names).toEqual([])
  })
})

describe('the disk', () => {
  it.each([
    ['a folder that is not there', 'gone/file', 'its folder does not exist'],
    ['a path that is a folder', '.', 'it is a folder'],
    ['a folder that is a file', 'plain/file', 'not a folder'],
    ['a name that is too long', 'x'.repeat(300), 'its name is too long'],
  ])('refuses %s before anything is fetched', async (_, name, reason) => {
    await using server = await FileServer.start(10)
    writeFileSync(folder.file('plain'), '')
    const error = await errorOf(get(server, {}, folder.file(name)))
    expect(error).toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(reason) as string })
    expect(server.asked).toEqual([])
  })

  it('refuses a second download to the same path, and one to its part, while the first lasts', async () => {
    await using server = await FileServer.start(10)
    const first = get(server)
    for (const path of [folder.file(), folder.file('file.bin.trawl-part'), folder.file('x/../file.bin')]) {
      expect((await errorOf(get(server, {}, path))).code).toBe('ERR_FILE_BUSY')
    }
    await first
    await get(server)
    expectFile(server.content)
  })

  it('does not give the name to bytes of another process', async () => {
    await using server = await FileServer.start(SIZE, { cut: 2_000_000 })
    server.onRequest = (n) => {
      if (n !== 1) return
      writeFileSync(folder.file('aside'), 'theirs')
      renameSync(folder.file('aside'), folder.file('file.bin.trawl-part'))
    }
    expect((await errorOf(get(server))).code).toBe('ERR_FILE_BUSY')
    expect(existsSync(folder.file())).toBe(false)
  })
})
