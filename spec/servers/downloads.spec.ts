import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { download } from '../../lib/jobs/download.ts'
import { digest, engineOf, Folder } from '../jobs/download-stand.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import { Tap } from './tap.ts'

const CONTENT = randomBytes(20_000_000)
const TEXT = Buffer.from('all work and no play '.repeat(50_000))

describeWith([nginxProgram], 'downloads', () => {
  let nginx: Nginx

  beforeAll(async () => {
    nginx = await Nginx.start({
      servers: ({ plain }, folder) => {
        mkdirSync(join(folder, 'site'))
        writeFileSync(join(folder, 'site/large'), CONTENT)
        writeFileSync(join(folder, 'site/text.txt'), TEXT)
        writeFileSync(join(folder, 'site/moved'), 'v1'.repeat(1_000_000))
        return `server {
          listen 127.0.0.1:${plain};
          root ${folder}/site;
          gzip on; gzip_types text/plain;
          location /no-tag/ { alias ${folder}/site/; etag off; }
        }`
      },
    })
  })

  afterAll(() => nginx?.stop())

  it.each([
    ['by its tag', '/large'],
    ['by its date', '/no-tag/large'],
  ])('a file over connections that are cut, resumed %s', async (_, path) => {
    using folder = new Folder()
    await using client = new Client()
    // A file of this moment has no strong date yet.
    utimesSync(join(nginx.folder, 'site/large'), 1_000_000_000, 1_000_000_000)
    await using tap = await Tap.to(nginx.port, 7_000_000, 7_000_000)
    const origin = `http://127.0.0.1:${tap.port}`
    const result = await download(engineOf(client), `${origin}${path}`, folder.file())
    expect(result).toMatchObject({ status: 206, size: CONTENT.length, retries: 2 })
    expect(digest(folder.read())).toBe(digest(CONTENT))
    const entries = await nginx.logged(3, (entry) => entry.uri === path)
    expect(entries.map((entry) => entry.status)).toEqual([200, 206, 206])
  })

  it('a file that is complete, but has no name yet: nginx says 416 without a tag', async () => {
    using folder = new Folder()
    await using client = new Client()
    const engine = engineOf(client)
    const path = folder.file()
    await using tap = await Tap.to(nginx.port, CONTENT.length)
    const origin = `http://127.0.0.1:${tap.port}`
    await expect(download(engine, `${origin}/large?named`, path, { maxRetries: 0 })).rejects.toMatchObject({
      code: 'ERR_CONNECTION_CLOSED',
    })
    const record = JSON.parse(readFileSync(`${path}.trawl-part.json`, 'utf8')) as object
    // All bytes, and nobody has said how many there are: as after a chunked answer.
    writeFileSync(`${path}.trawl-part.json`, JSON.stringify({ ...record, total: null }))
    writeFileSync(`${path}.trawl-part`, CONTENT)
    const result = await download(engine, `${origin}/large?named`, path)
    expect(result).toMatchObject({ status: 206, size: CONTENT.length, resumedFrom: CONTENT.length })
    expect(digest(readFileSync(path))).toBe(digest(CONTENT))
    const entries = await nginx.logged(3, (entry) => entry.uri === '/large?named')
    expect(entries.map((entry) => entry.status)).toEqual([200, 416, 206])
  })

  it('a file that nginx would compress comes as it is, and one that changes comes anew', async () => {
    using folder = new Folder()
    await using client = new Client()
    const engine = engineOf(client)
    const text = await download(engine, `http://127.0.0.1:${nginx.port}/text.txt`, folder.file())
    expect([text.size, digest(folder.read())]).toEqual([TEXT.length, digest(TEXT)])
    expect(text.headers!.get('content-encoding')).toBe(null)

    await using tap = await Tap.to(nginx.port, 1_500_000)
    const origin = `http://127.0.0.1:${tap.port}`
    const pending = download(engine, `${origin}/moved`, folder.file('moved'), { maxRetries: 0 })
    await expect(pending).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
    writeFileSync(join(nginx.folder, 'site/moved'), 'v2.'.repeat(1_000_000))
    const moved = await download(engine, `${origin}/moved`, folder.file('moved'))
    expect(moved).toMatchObject({ status: 200, resumedFrom: 0, size: 3_000_000 })
    expect(folder.read('moved').toString()).toBe('v2.'.repeat(1_000_000))
  })
})
