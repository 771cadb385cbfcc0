import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type ClientOptions, type RequestOptions } from '../../lib/index.ts'
import { Sites } from './sites.ts'

const FRESH = { 'cache-control': 'max-age=600' }

let sites: Sites
let folder: string
let file: string
let url: string

beforeEach(async () => {
  sites = await Sites.open(2)
  folder = mkdtempSync(join(tmpdir(), 'trawl-cache-'))
  file = join(folder, 'pages.cache')
  url = `${sites.origin(0)}/x`
  sites.on('/x', (_request, response) => {
    response.writeHead(200, { ...FRESH, 'set-cookie': 'session=set-by-the-server' }).end('page')
  })
})

afterEach(async () => {
  await sites.close()
  rmSync(folder, { recursive: true })
})

/** A client on the file, closed when `use` is done. */
async function withClient<T>(options: ClientOptions, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ cache: file, maxRetries: 0, ...options })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** What the cache did for each, in a process of its own. */
async function elsewhere(requests: readonly object[]): Promise<string[]> {
  const child = join(import.meta.dirname, 'cache-child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, file, url, JSON.stringify(requests)])
  return JSON.parse(stdout) as string[]
}

const pages = (cache: string): unknown[] => [
  [200, cache, 0, 'a list', 'gzip'],
  [200, cache, 1, 'over there', null],
  [404, cache, 0, 'none', null],
  [200, cache, 0, 'page', null],
]

const failing = (fail: () => never | Promise<never>): ClientOptions['cache'] => ({
  get: fail,
  set: fail,
  delete: fail,
  clear: fail,
  close: fail,
})
const throws = (): never => {
  throw new Error('broken')
}

describe('a cache file', () => {
  it('serves several clients at once', async () => {
    await withClient({}, (one) =>
      withClient({}, async (two) => {
        expect((await one.request(url)).cache).toBe('miss')
        expect((await two.request(url)).cache).toBe('hit')
        await two.post(url)
        expect((await one.request(url)).cache).toBe('miss')
      }),
    )
  })

  it('serves other processes: what was got with a password or token is known again, by a function it is not', async () => {
    const basic = { auth: { basic: { username: 'u', password: 'hunter2' } } }
    const bearer = { auth: { bearer: 'token-of-mine' } }
    const asked = [{}, { session: 's' }, { cookies: false }, basic, bearer] satisfies RequestOptions[]
    await withClient({ cookies: true }, async (client) => {
      for (const options of asked) expect((await client.request(url, options)).cache).toBe('miss')
      const own = { auth: { bearer: () => 'token' } }
      expect((await client.request(url, own)).cache).toBe('miss')
      expect((await client.request(url, own)).cache).toBe('hit')
    })
    expect(await elsewhere([...asked, { token: 'token' }])).toEqual([...asked.map(() => 'hit'), 'miss'])
    const others = [
      { auth: { basic: { username: 'u', password: 'other' } } },
      { auth: { bearer: 'other' } },
      { session: 'other' },
    ]
    expect(await elsewhere(others)).toEqual(['miss', 'miss', 'miss'])
  })

  it('says nothing of passwords, tokens and cookies that were sent', async () => {
    const secrets = [
      'hunter2-basic',
      'hunter2-bearer',
      'hunter2-cookie',
      'hunter2-field',
      'hunter2-url',
      'hunter2-key',
    ]
    sites.on('/vary', (_request, response) => {
      response.writeHead(200, { ...FRESH, vary: 'Cookie, Authorization, X-Key' }).end('page')
    })
    await withClient({ cookies: true, secretHeaders: ['X-Key'] }, async (client) => {
      const origin = sites.origin(0)
      client.cookies!.jar('s').set('own=hunter2-cookie', origin)
      for (const path of ['/x', '/vary']) {
        const whole = origin + path
        await client.request(whole, { auth: { basic: { username: 'u', password: 'hunter2-basic' } } })
        await client.request(whole, { auth: { bearer: 'hunter2-bearer' } })
        await client.request(whole, { session: 's' })
        await client.request(whole, { headers: { Cookie: 'a=hunter2-field', 'X-Key': 'hunter2-key' } })
        await client.request(whole.replace('//', '//u:hunter2-url@'))
      }
      expect(client.stats().cache!.entries).toBe(10)
    })
    const text = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('\n')
    expect(text).toContain('/vary')
    const forms = secrets.flatMap((each) => [each, Buffer.from(`u:${each}`).toString('base64')])
    expect(forms.filter((each) => text.includes(each))).toEqual([])
  })

  it('replays a whole run without the network', async () => {
    sites.on('/list', (_request, response) => {
      response
        .writeHead(200, { 'cache-control': 'no-store', 'content-encoding': 'gzip' })
        .end(gzipSync('a list'))
    })
    sites.on('/moved', (_request, response) => {
      response
        .writeHead(302, { location: `${sites.origin(1)}/there?n=1`, 'cache-control': 'no-cache' })
        .end('moved')
    })
    sites.on('/there?n=1', (_request, response) => response.end('over there'))
    sites.on('/none', (_request, response) => response.writeHead(404).end('none'))
    const urls = ['/list', '/moved', '/none', '/x'].map((path) => sites.origin(0) + path)
    const run = (): Promise<unknown[]> =>
      withClient({ cacheMode: 'replay' }, (client) =>
        Promise.all(
          urls.map(async (each) => {
            const { status, cache, redirects, ...response } = await client.request(each).then((got) => ({
              status: got.status,
              cache: got.cache,
              redirects: got.redirects.length,
              text: got.text(),
              type: got.headers.get('content-encoding'),
            }))
            return [status, cache, redirects, ...Object.values(response)]
          }),
        ),
      )
    expect(await run()).toEqual(pages('miss'))
    await sites.close()
    expect(await run()).toEqual(pages('hit'))
    sites = await Sites.open(1)
  })

  it('that is damaged, or of somebody else, is refused when the client is made', () => {
    writeFileSync(file, 'no cache at all')
    expect(() => new Client({ cache: file })).toThrow(`cache: the file ${file} is no cache of trawl`)
    expect(readFileSync(file, 'utf8')).toBe('no cache at all')
    expect(() => new Client({ cache: join(folder, 'none', 'x') })).toThrow('its folder must exist')
  })
})

describe('a store of the user', () => {
  it.each([
    ['throws', throws],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('that %s harms no request', async (_what, fail) => {
    await withClient({ cache: failing(fail) }, async (client) => {
      const all = await Promise.all([client.request(url), client.request(url), client.post(url)])
      expect(all.map((each) => each.text())).toEqual(['page', 'page', 'page'])
      expect(all.map((each) => each.cache)).toEqual(['miss', 'miss', null])
      const stream = await client.stream(url)
      expect(await stream.text()).toBe('page')
      expect(client.stats().cache!.errors).toBeGreaterThan(4)
    })
  })
})
