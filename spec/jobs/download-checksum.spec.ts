import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChecksumError } from '../../lib/jobs/checksum-error.ts'
import { download, type DownloadOptions, type DownloadResult } from '../../lib/jobs/download.ts'
import { Client } from '../../lib/index.ts'
import { digest, engineOf, errorOf, FileServer, Folder, type Answer } from './download-stand.ts'

const SIZE = 2_000_000
const CONTENT = randomBytes(SIZE)
const OTHER = randomBytes(SIZE)

const hash = (name: string, bytes: Uint8Array): string => createHash(name).update(bytes).digest('base64')
const RIGHT = `sha-256=${digest(CONTENT)}`
const WRONG = `sha-256=${digest(OTHER)}`

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

function get(server: FileServer, options?: DownloadOptions): Promise<DownloadResult> {
  return download(engineOf(client), server.url, folder.file(), options)
}

/** The field as each standard writes it. */
function field(name: string, bytes: Uint8Array): string {
  return name === 'digest' ? `SHA-256=${hash('sha256', bytes)}` : `sha-256=:${hash('sha256', bytes)}:`
}

const withField = (name: string, bytes: Uint8Array): Answer => ({ headers: { [name]: field(name, bytes) } })

describe('the checksum of a download', () => {
  it('is what the file has, by any algorithm', async () => {
    for (const [name, algorithm] of [
      ['sha-512', 'sha512'],
      ['SHA1', 'sha1'],
      ['md5', 'md5'],
    ] as const) {
      await using server = await FileServer.start(CONTENT)
      await get(server, { checksum: `${name}=${hash(algorithm, CONTENT)}` })
      expect([folder.names, digest(folder.read())]).toEqual([['file.bin'], digest(CONTENT)])
    }
  })

  it('keeps a file that has another from its name, and is not asked for again', async () => {
    await using server = await FileServer.start(CONTENT)
    const error = await errorOf(get(server, { checksum: WRONG }))
    expect(error).toBeInstanceOf(ChecksumError)
    expect(error.code).toBe('ERR_CHECKSUM')
    expect(error.message).toContain(digest(CONTENT))
    expect(error.message).toContain(digest(OTHER))
    expect([folder.names, server.asked.length]).toEqual([[], 1])
    // Nor is anything of it gone on with.
    const { resumedFrom } = await get(server, { checksum: RIGHT })
    expect([resumedFrom, folder.names]).toEqual([0, ['file.bin']])
  })

  it('leaves the file that stood there', async () => {
    await using server = await FileServer.start(CONTENT)
    await get(server)
    await errorOf(get(server, { checksum: WRONG }))
    expect([folder.names, digest(folder.read())]).toEqual([['file.bin'], digest(CONTENT)])
  })

  it('is that of an empty file, and of one byte', async () => {
    for (const content of [Buffer.alloc(0), Buffer.from('x')]) {
      await using server = await FileServer.start(content)
      await get(server, { checksum: `sha-256=${digest(content)}` })
      expect((await errorOf(get(server, { checksum: WRONG }))).code).toBe('ERR_CHECKSUM')
    }
  })

  it('is that of the whole file when parts of it came one after the other', async () => {
    await using server = await FileServer.start(CONTENT, { cut: 600_000 }, { cut: 600_000 })
    const { retries } = await get(server, { checksum: RIGHT, maxRetries: 3 })
    expect([retries, server.ranges.filter(Boolean).length]).toEqual([2, 2])
    expect(digest(folder.read())).toBe(digest(CONTENT))
  })

  it('is that of the whole file when an earlier call has brought its beginning', async () => {
    await using server = await FileServer.start(CONTENT, { cut: 1_500_000 })
    await errorOf(get(server, { maxRetries: 0 }))
    const { resumedFrom } = await get(server, { checksum: RIGHT })
    expect(resumedFrom).toBeGreaterThan(0)
    expect([folder.names, digest(folder.read())]).toEqual([['file.bin'], digest(CONTENT)])
  })

  it('finds what is wrong with the beginning that an earlier call has brought', async () => {
    await using server = await FileServer.start(OTHER, { cut: 1_500_000 })
    await errorOf(get(server, { maxRetries: 0 }))
    // The server has another file now, and does not say so.
    server.content = CONTENT
    expect((await errorOf(get(server, { checksum: RIGHT }))).code).toBe('ERR_CHECKSUM')
    expect(server.ranges.at(-1)).toMatch(/^bytes=\d+-$/u)
    expect(folder.names).toEqual([])
    await get(server, { checksum: RIGHT })
    expect(digest(folder.read())).toBe(digest(CONTENT))
  })

  it('is refused at once where it is none', async () => {
    await using server = await FileServer.start(CONTENT)
    for (const checksum of ['', 'abc', 'sha-265=00', 'sha-256=00']) {
      expect((await errorOf(get(server, { checksum }))).name).toBe('ArgumentError')
    }
    expect(server.asked).toEqual([])
  })
})

describe('the digest that an answer has', () => {
  it('must be that of the file, where it is of the file', async () => {
    for (const name of ['repr-digest', 'digest', 'Repr-Digest', 'DIGEST']) {
      const own = name.toLowerCase()
      await using right = await FileServer.start(CONTENT, { headers: { [name]: field(own, CONTENT) } })
      await get(right)
      expect(digest(folder.read())).toBe(digest(CONTENT))
      await using wrong = await FileServer.start(CONTENT, { headers: { [name]: field(own, OTHER) } })
      const error = await errorOf(get(wrong, { exists: 'overwrite' }))
      expect([error.code, error.message]).toEqual([
        'ERR_CHECKSUM',
        expect.stringContaining(`its ${own} says`),
      ])
      expect(folder.names).toEqual(['file.bin'])
    }
  })

  it('is that of the whole file, also on an answer with its rest', async () => {
    for (const name of ['repr-digest', 'digest']) {
      await using server = await FileServer.start(CONTENT, { cut: 1_500_000 }, withField(name, CONTENT))
      await get(server, { maxRetries: 1 })
      expect(server.ranges.at(-1)).toMatch(/^bytes=\d+-$/u)
      await using wrong = await FileServer.start(CONTENT, { cut: 1_500_000 }, withField(name, OTHER))
      expect((await errorOf(get(wrong, { maxRetries: 1 }))).code).toBe('ERR_CHECKSUM')
    }
  })

  it('says nothing of the file when it is of the content of a part', async () => {
    await using server = await FileServer.start(
      CONTENT,
      { cut: 1_500_000 },
      withField('content-digest', OTHER),
    )
    await get(server, { maxRetries: 1 })
    expect(digest(folder.read())).toBe(digest(CONTENT))
  })

  it('is not asked of what was decoded, and the checksum of the item is', async () => {
    const coded = gzipSync(CONTENT)
    const headers = { 'Content-Encoding': 'gzip', 'Repr-Digest': field('repr-digest', OTHER) }
    await using server = await FileServer.start(coded, { headers }, { headers }, { headers }, { headers })
    await get(server, { decompress: true, checksum: RIGHT })
    expect(digest(folder.read())).toBe(digest(CONTENT))
    const error = await errorOf(get(server, { decompress: true, checksum: WRONG }))
    expect(error.code).toBe('ERR_CHECKSUM')
  })

  it('is passed over where it cannot be read, or is of an algorithm that nobody knows', async () => {
    for (const value of ['sha-256=abc', 'crc32c=:AAAAAA==:', '?', 'sha-256=:AAAA:']) {
      await using server = await FileServer.start(CONTENT, { headers: { 'Repr-Digest': value } })
      await get(server)
      expect(folder.names).toEqual(['file.bin'])
    }
  })

  it('does not stand in for the checksum of the item', async () => {
    await using server = await FileServer.start(CONTENT, withField('repr-digest', CONTENT))
    expect((await errorOf(get(server, { checksum: WRONG }))).message).toContain('the item says')
  })
})

describe('what a download tells', () => {
  it('has the bytes of all its answers, and both ends of the last connection', async () => {
    await using server = await FileServer.start(CONTENT, { cut: 600_000 })
    const result = await get(server, { maxRetries: 1 })
    expect(result.bytesOnWire).toBe(server.sent.reduce((sum, count) => sum + count, 0))
    expect(result.remoteAddress).toContain('127.0.0.1')
    const skipped = await get(server, { exists: 'skip' })
    expect([skipped.bytesOnWire, skipped.clientIp, skipped.remoteAddress]).toEqual([0, '', ''])
    await using single = await FileServer.start(CONTENT)
    await using bound = new Client({ clientIps: ['127.0.0.1'] })
    expect((await bound.download(single.url, folder.file('b'))).clientIp).toBe('127.0.0.1')
  })
})
