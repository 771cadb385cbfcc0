import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sample } from '../measure.ts'

/** Pages that are all in the cache, asked for one after the other, in a process of its own. */
export interface CacheJob {
  readonly client: keyof typeof HITS
  readonly count: number
}

const PAGES = 100
const BODY = 'x'.repeat(2_000)

type Get = (url: string) => Promise<string>

/** Each gives a function that fetches a page as text; `file` is where one may keep it. */
const HITS = {
  'trawl, memory': (_file: string) => trawl(true),
  'trawl, SQLite': (file: string) => trawl(file),
  'trawl fetch, memory': (_file: string) => trawlFetch(true),
  'trawl fetch, SQLite': (file: string) => trawlFetch(file),
  'undici request, memory': (_file: string) => undici(null),
  'undici request, SQLite': (file: string) => undici(file),
  'undici fetch, memory': (_file: string) => undiciFetch(null),
  'undici fetch, SQLite': (file: string) => undiciFetch(file),
} as const

async function trawl(cache: true | string): Promise<Get> {
  const { Client } = await import('../../lib/index.ts')
  const client = new Client({ cache })
  return (url) => client.request(url).then((response) => response.text())
}

async function trawlFetch(cache: true | string): Promise<Get> {
  const { Client } = await import('../../lib/index.ts')
  const client = new Client({ cache })
  return (url) => client.fetch(url).then((response) => response.text())
}

async function cachingAgent(file: string | null) {
  const { Agent, cacheStores, interceptors } = await import('undici')
  const { MemoryCacheStore, SqliteCacheStore } = cacheStores
  const store = file === null ? new MemoryCacheStore() : new SqliteCacheStore({ location: file })
  return new Agent().compose(interceptors.cache({ store, type: 'private' }))
}

async function undici(file: string | null): Promise<Get> {
  const dispatcher = await cachingAgent(file)
  return (url) => {
    const slash = url.indexOf('/', 8)
    return dispatcher
      .request({ origin: url.slice(0, slash), path: url.slice(slash), method: 'GET' })
      .then(({ body }) => body.text())
  }
}

async function undiciFetch(file: string | null): Promise<Get> {
  const { fetch } = await import('undici')
  const dispatcher = await cachingAgent(file)
  return (url) => fetch(url, { dispatcher }).then((response) => response.text())
}

async function run({ client, count }: CacheJob): Promise<Sample> {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.writeHead(200, {
      'Cache-Control': 'max-age=86400',
      'Content-Type': 'text/html; charset=utf-8',
      Vary: 'Accept-Encoding',
      ETag: '"1"',
    })
    response.end(BODY)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'trawl-bench-'))
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const urls = Array.from({ length: PAGES }, (_, n) => `${origin}/${n}.html`)
    const get = await HITS[client](join(folder, 'cache.db'))
    // Compiled by then. What is stored a moment later than it is answered is there, too.
    for (let n = 0; n < count; n++) await get(urls[n % PAGES]!)
    if (asked > 2 * PAGES) throw new Error(`${asked} requests for ${PAGES} pages`)
    const before = { asked, cpu: process.cpuUsage(), time: performance.now() }
    for (let n = 0; n < count; n++) {
      const body = await get(urls[n % PAGES]!)
      if (body.length !== BODY.length) throw new Error(`a body of ${body.length}`)
    }
    const { user, system } = process.cpuUsage(before.cpu)
    const seconds = (performance.now() - before.time) / 1_000
    if (asked > before.asked) throw new Error(`${asked - before.asked} of ${count} were no hits`)
    return { cpu: (user + system) / count, perSecond: count / seconds }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as CacheJob)))
process.exit(0)
