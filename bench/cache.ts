import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CacheRequest } from '../lib/cache/cache-request.ts'
import { HttpCache } from '../lib/cache/http-cache.ts'
import { MemoryStore } from '../lib/cache/memory-store.ts'
import { SqliteStore } from '../lib/cache/sqlite-store.ts'
import type { CacheStore, StoredResponse } from '../lib/cache/store.ts'
import { headOf } from '../lib/cache/stored-head.ts'
import { Client } from '../lib/client.ts'
import { systemClock } from '../lib/core/clock.ts'
import type { ResponseHead } from '../lib/core/exchange.ts'
import { Headers } from '../lib/core/headers.ts'
import { median, table } from './tables.ts'

/**
 * What the cache costs, a step at a time, in microseconds: `node bench/cache.ts`. With the path of a folder that
 * has http-cache-semantics installed, that is measured beside it.
 */
const ROUNDS = 7
const URLS = 1_000
const BODY = Buffer.alloc(20_000, 'x')

const FIELDS = [
  'Server: nginx',
  `Date: ${new Date().toUTCString()}`,
  'Content-Type: text/html; charset=utf-8',
  'Content-Length: 20000',
  'Last-Modified: Mon, 01 Jun 2026 10:00:00 GMT',
  'Connection: keep-alive',
  'ETag: "66bd9c1f-4e20"',
  'Cache-Control: public, max-age=86400',
  'Vary: Accept-Encoding',
]
const SENT: Record<string, string> = {
  host: 'www.example.com',
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'user-agent': 'trawl',
}

function head(): ResponseHead {
  return {
    status: 200,
    statusText: 'OK',
    minorVersion: 1,
    headers: new Headers(FIELDS.map((line) => `${line}\r\n`).join('')),
    framing: 'length',
    contentLength: BODY.length,
    setsCookie: false,
    contentEncoding: '',
    keepAlive: true,
    keepAliveTimeout: -1,
    keepAliveMax: -1,
  }
}

const requests = Array.from({ length: URLS }, (_, i): CacheRequest => ({
  method: 'GET',
  url: `https://www.example.com/catalogue/page-${i}.html?sort=price`,
  partition: '',
  mode: 'default',
  field: (name) => SENT[name] ?? null,
}))

/** Microseconds for one `step`, the median of some rounds, the first of which warm up. */
function measure(count: number, step: (i: number) => void): number {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS + 2; round++) {
    const start = performance.now()
    for (let i = 0; i < count; i++) step(i)
    if (round >= 2) rounds.push(((performance.now() - start) * 1_000) / count)
  }
  return median(rounds)
}

const rows: string[][] = []
const row = (what: string, cost: number): void => void rows.push([what, cost.toFixed(cost < 10 ? 2 : 0)])
let kept = 0

function cacheRows(name: string, store: CacheStore, count: number): void {
  const cache = new HttpCache(store, systemClock)
  const now = systemClock.date()
  const answers = requests.map(() => head())
  const keep = (i: number): void => {
    const at = i % URLS
    void cache.store(requests[at]!, answers[at]!, BODY, null, now, now)
  }
  row(
    `${name}: a miss, looked up`,
    measure(count, (i) => void cache.lookup(requests[i % URLS]!)),
  )
  row(`${name}: keep 20 KB`, measure(Math.min(count, URLS), keep))
  row(
    `${name}: a hit, looked up`,
    measure(count, (i) => void cache.lookup(requests[i % URLS]!)),
  )
  const hit = (i: number): void => {
    const found = cache.lookup(requests[i % URLS]!) as { stored: StoredResponse; age: number }
    kept += headOf(found.stored, found.age).headers.get('content-type')!.length
  }
  row(`${name}: a hit, its head made and a field read`, measure(count, hit))
  void cache.close()
}

function decisionRows(): void {
  const cache = new HttpCache(new MemoryStore(), systemClock)
  const answers = requests.map(() => head())
  const decide = (i: number): void => {
    if (cache.storable(requests[i % URLS]!, answers[i % URLS]!)) kept++
  }
  row('whether an answer is kept', measure(20_000, decide))
  row(
    'splitting and indexing its fields, once',
    measure(20_000, () => void head().headers.get('etag')),
  )
}

/** The client's own CPU for a hit, user and system, from `request` to the response: a page of 2 KB in memory. */
async function clientRow(): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=86400', Vary: 'Accept-Encoding', ETag: '"1"' })
    response.end(BODY.subarray(0, 2_000))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = new Client({ cache: true })
  const count = 50_000
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const urls = Array.from({ length: 100 }, (_, i) => `${origin}/${i}`)
    for (const url of urls) await client.request(url)
    const costs: number[] = []
    for (let round = 0; round < ROUNDS + 2; round++) {
      const before = process.cpuUsage()
      for (let i = 0; i < count; i++) {
        const response = await client.request(urls[i % urls.length]!)
        if (response.cache === 'hit') kept++
      }
      const { user, system } = process.cpuUsage(before)
      if (round >= 2) costs.push((user + system) / count)
    }
    row('memory: a hit through client.request, 2 KB, CPU', median(costs))
  } finally {
    await client.close()
    server.close()
  }
}

interface Policy {
  storable(): boolean
  satisfiesWithoutRevalidation(request: object): boolean
  responseHeaders(): Record<string, string>
  toObject(): object
}

function semanticsRows(folder: string): void {
  const require = createRequire(join(folder, 'none.js'))
  const CachePolicy = require('http-cache-semantics') as {
    new (request: object, response: object, options: object): Policy
    fromObject(object: object): Policy
  }
  const asked = { method: 'GET', url: requests[0]!.url, headers: SENT }
  const { headers } = head()
  const answer = { status: 200, headers: Object.fromEntries(headers) }
  const make = (): Policy => new CachePolicy(asked, answer, { shared: false })
  row(
    'http-cache-semantics: whether an answer is kept',
    measure(20_000, () => void make().storable()),
  )
  const policy = make()
  row(
    'http-cache-semantics: whether a hit is fresh',
    measure(20_000, () => {
      if (policy.satisfiesWithoutRevalidation(asked)) kept++
    }),
  )
  row(
    'http-cache-semantics: fresh, and its fields',
    measure(20_000, () => {
      if (policy.satisfiesWithoutRevalidation(asked)) kept += policy.responseHeaders()['content-type']!.length
    }),
  )
  const object = policy.toObject()
  row(
    'http-cache-semantics: the same, read from a store',
    measure(20_000, () => {
      const stored = CachePolicy.fromObject(object)
      if (stored.satisfiesWithoutRevalidation(asked)) kept += stored.responseHeaders()['content-type']!.length
    }),
  )
}

const folder = mkdtempSync(join(tmpdir(), 'trawl-bench-'))
try {
  cacheRows('memory', new MemoryStore(), 20_000)
  cacheRows('file', new SqliteStore(join(folder, 'cache.db')), 2_000)
} finally {
  rmSync(folder, { recursive: true })
}
decisionRows()
await clientRow()
const other = process.argv[2]
if (other !== undefined) semanticsRows(other)
console.log(`Node ${process.version}, ${kept} read\n`)
console.log(table(['step', 'us'], rows))
