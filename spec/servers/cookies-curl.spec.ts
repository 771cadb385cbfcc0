import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CookieJars } from '../../lib/cookies/jars.ts'
import { answered, sent } from '../cookies/cookie-stage.ts'

const missing = spawnSync('curl', ['--version']).status !== 0
if (missing) {
  const why = 'there is no curl: install it, for cookies.txt is exchanged with it'
  if (process.env['CI'] !== undefined) throw new Error(why)
  console.warn(`Specs against curl are left out: ${why}.`)
}

const run = promisify(execFile)

/** What the server sets; the value of the first has bytes above 0x7F. */
const SETS = [
  'session=caf\u00C3\u00A9',
  'id="quoted, value"; Path=/; HttpOnly',
  'all=1; Domain=shop.test; Path=/; Max-Age=3600',
  'deep=x=y; Path=/a/b; Expires=Fri, 01 Jan 2100 00:00:00 GMT',
  'empty=; Path=/',
  'gone=1; Path=/; Max-Age=0',
  'foreign=1; Domain=other.test; Path=/',
  'suffix=1; Domain=test; Path=/',
]
const URLS = [
  'http://www.shop.test/a/b/c',
  'http://www.shop.test/',
  'http://shop.test/',
  'http://other.test/',
]

function parts(header: string): string[] {
  return header === '' ? [] : header.split('; ').toSorted()
}

async function lines(path: string): Promise<string[]> {
  const text = await readFile(path, 'latin1')
  return text
    .split('\n')
    .filter((line) => line.includes('\t'))
    .toSorted()
}

describe.skipIf(missing)('cookies.txt and curl', () => {
  let server: Server
  let port = 0
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trawl-curl-'))
    server = createServer((request, response) => {
      if (request.url === '/a/set') response.setHeader('Set-Cookie', SETS)
      // Byte for byte: node:http reads fields as Latin-1.
      response.end(Buffer.from(request.headers.cookie ?? '', 'latin1'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })

  afterAll(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  /** curl, with every host on the server here. */
  async function curl(url: string, ...options: string[]): Promise<string> {
    const args = ['-s', '--noproxy', '*', '--connect-to', `::127.0.0.1:${port}`, ...options, url]
    const { stdout } = await run('curl', args, { encoding: 'latin1' })
    return stdout
  }

  it('reads what curl -c wrote, and sends what curl would', async () => {
    const file = join(folder, 'by-curl.txt')
    await curl('http://www.shop.test/a/set', '-c', file)
    const jars = new CookieJars()
    expect(await jars.load(file)).toBe(5)
    for (const url of URLS) expect(parts(sent(jars.jar(''), url))).toEqual(parts(await curl(url, '-b', file)))
    expect(sent(jars.jar(''), URLS[0]!)).toContain('session=caf\u00C3\u00A9')
  })

  it('writes what curl -b reads, and curl sends what we would', async () => {
    const jars = new CookieJars()
    expect(answered(jars.jar(''), 'http://www.shop.test/a/set', ...SETS)).toBe(5)
    const file = join(folder, 'by-us.txt')
    await jars.save(file)
    for (const url of URLS) expect(parts(await curl(url, '-b', file))).toEqual(parts(sent(jars.jar(''), url)))
    expect(parts(await curl(URLS[0]!, '-b', file))).toHaveLength(5)
  })

  it('goes there and back with nothing lost', async () => {
    const [first, second] = [join(folder, 'first.txt'), join(folder, 'second.txt')]
    await curl('http://www.shop.test/a/set', '-c', first)
    const jars = new CookieJars()
    await jars.load(first)
    await jars.save(second)
    expect(await lines(second)).toEqual(await lines(first))
    await curl('http://www.shop.test/', '-b', second, '-c', first)
    expect(await lines(first)).toEqual(await lines(second))
  })
})
