import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { Client, type ClientOptions, type RequestOptions, type StreamResponse } from '../../lib/index.ts'
import type { Crawler } from './crawler.ts'
import type { Errand } from './errands.ts'
import { GaveUp, WrongAnswer } from './ledger.ts'

const READINGS = ['whole', 'whole', 'slow', 'part', 'discard', 'unread', 'abort', 'node', 'web'] as const
const FETCHES = ['text', 'text', 'bytes', 'cancel', 'unread', 'abort'] as const
const BODIES = ['text', 'bytes', 'json', 'form', 'stream'] as const
/** The reader of a stream that nobody reads must wait no longer, ms. */
const UNREAD: RequestOptions = { bodyTimeout: 1_000 }

/** Aborts after at most so many ms, drawn. */
function abortSoon(crawler: Crawler, most: number): AbortSignal {
  const controller = new AbortController()
  void wait(crawler.random.int(0, most)).then(() => controller.abort(new GaveUp('enough')))
  return controller.signal
}

/** Single requests, of which some are aborted, wherever they may be. */
export async function request(crawler: Crawler, client: Client): Promise<void> {
  const { errands, random, ledger } = crawler
  const errand = errands.get(errands.target())
  const aborts = random.chance(0.4)
  if (aborts) ledger.see('aborts')
  const signal = aborts ? abortSoon(crawler, 300) : crawler.shared
  await ledger.run(
    'request',
    errand,
    async () => {
      const priority = random.int(-2, 2)
      const response = await client.request(errand.url, { ...errand.options, signal, priority })
      crawler.checkWhole(errand, response)
    },
    aborts ? ['ERR_ABORTED'] : [],
  )
}

export async function stream(crawler: Crawler, client: Client): Promise<void> {
  const { errands, random, ledger } = crawler
  const reading = random.pick(READINGS)
  const target = errands.target()
  const isLarge = reading === 'slow' || reading === 'part' || random.chance(0.2)
  const errand = isLarge
    ? errands.large(target, random.pick(['page', 'slow']), random.int(50_000, 600_000))
    : errands.get(target)
  const aborts = reading === 'abort'
  if (aborts) ledger.see('aborts')
  const own = {
    ...(reading === 'unread' && UNREAD),
    ...(aborts && { signal: abortSoon(crawler, 600) }),
  }
  await ledger.run(
    'stream',
    errand,
    async () => {
      const response = await client.stream(errand.url, { ...errand.options, ...own })
      crawler.look(response)
      await readStream(crawler, errand, response, reading)
    },
    aborts ? ['ERR_ABORTED'] : [],
  )
}

async function readStream(
  crawler: Crawler,
  errand: Errand,
  response: StreamResponse,
  reading: (typeof READINGS)[number],
): Promise<void> {
  const whole = (body: Uint8Array): void => crawler.check(errand, response, body)
  switch (reading) {
    case 'unread':
      crawler.ledger.see('unread streams')
      return
    case 'discard':
      await response.discard()
      return
    case 'part':
      for await (const chunk of response.body) if (chunk.length > 0) break
      return
    case 'slow': {
      const chunks: Uint8Array[] = []
      for await (const chunk of response.body) {
        chunks.push(chunk)
        await wait(crawler.random.int(0, 40))
      }
      whole(Buffer.concat(chunks))
      return
    }
    case 'node': {
      const chunks: Buffer[] = []
      for await (const chunk of response.node()) chunks.push(chunk as Buffer)
      whole(Buffer.concat(chunks))
      return
    }
    case 'web':
      whole(Buffer.from(await new Response(response.web()).arrayBuffer()))
      return
    case 'abort':
    case 'whole':
      whole(await response.bytes())
  }
}

export async function fetch(crawler: Crawler, client: Client): Promise<void> {
  const { errands, random, ledger } = crawler
  const errand = errands.get(errands.target())
  const way = random.pick(FETCHES)
  const { method = 'GET', headers } = errand.options
  const init: RequestInit = { method, headers: headers as Record<string, string> }
  if (way === 'abort') init.signal = abortSoon(crawler, 300)
  await ledger.run(
    'fetch',
    errand,
    async () => {
      const response = await client.fetch(errand.url, init)
      if (way === 'unread') return
      if (way === 'cancel') return response.body?.cancel()
      const body =
        way === 'bytes' ? Buffer.from(await response.arrayBuffer()) : Buffer.from(await response.text())
      crawler.check(
        errand,
        { status: response.status, url: response.url, method, headers: response.headers },
        body,
      )
    },
    way === 'abort' ? ['given up'] : [],
  )
}

/** Into the file `name`; some are given up in the middle and taken up again. */
export async function download(crawler: Crawler, client: Client, path: string): Promise<void> {
  const { errands, random, ledger } = crawler
  const kind = random.pick(['file', 'cut'] as const)
  const errand = errands.large(errands.target(), kind, random.int(100_000, 600_000))
  if (random.chance(0.3)) {
    const given = { ...errand }
    const signal = abortSoon(crawler, 300)
    ledger.see('aborts')
    const work = async (): Promise<void> =>
      void (await client.download(errand.url, path, { ...errand.options, signal }))
    await ledger.run('download', given, work, ['ERR_ABORTED'])
  }
  await ledger.run('download', errand, async () => {
    const result = await client.download(errand.url, path, errand.options)
    if (result.status === 206 || result.resumedFrom > 0) ledger.see('resumed downloads')
    const { url, headers } = result
    crawler.check(errand, { status: 200, url, method: 'GET', headers: headers! }, await readFile(path))
  })
  await Promise.all([rm(path, { force: true }), rm(`${path}.trawl-part`, { force: true })])
}

export async function post(crawler: Crawler, client: Client): Promise<void> {
  const { errands, random, ledger } = crawler
  const size = random.chance(0.1) ? random.int(20_000, 300_000) : random.int(0, 2_000)
  const text = `${'posted '.repeat(Math.ceil(size / 7))}.`
  const kind = random.pick(BODIES)
  const options = { ...bodyOptions(kind, text), ...(random.chance(0.1) && { expectContinue: 500 }) }
  const errand = errands.post(errands.target(), options, kind !== 'stream')
  await ledger.run('post', errand, async () => {
    const response = await client.request(errand.url, errand.options)
    crawler.checkWhole(errand, response)
    const sent = response.headers.get('x-received')
    const isPlain = kind === 'text' || kind === 'bytes' || kind === 'stream'
    if (!isPlain || sent === null || response.method !== 'POST') return
    if (sent !== `${text.length} ${crc32(text)}`)
      throw new WrongAnswer(`${text.length} bytes were sent as ${sent}`)
  })
}

function bodyOptions(kind: (typeof BODIES)[number], text: string): RequestOptions {
  switch (kind) {
    case 'text':
      return { body: text }
    case 'bytes':
      return { body: Buffer.from(text) }
    case 'json':
      return { json: { text } }
    case 'form':
      return { body: new URLSearchParams({ text }) }
    case 'stream':
      return { body: inPieces(text) }
  }
}

async function* inPieces(text: string): AsyncGenerator<Uint8Array, void> {
  const piece = Math.ceil(text.length / 4)
  for (let at = 0; at < text.length; at += piece) {
    await wait(5)
    yield Buffer.from(text.slice(at, at + piece))
  }
}

/** A client of its own for a few calls, which is closed, or destroyed with calls under way. */
export async function passing(crawler: Crawler, options: ClientOptions): Promise<void> {
  const { errands, random, ledger } = crawler
  const client = new Client({ ...options, maxPipelinedRequests: random.int(1, 4) })
  const destroys = random.chance(0.4)
  const target = errands.target()
  const calls = Array.from({ length: random.int(1, 16) }, () => {
    const errand = errands.get(target)
    const work = async (): Promise<void> =>
      crawler.checkWhole(errand, await client.request(errand.url, errand.options))
    return ledger.run('passing client', errand, work, destroys ? ['ERR_CLOSED'] : [])
  })
  await wait(random.int(0, 300))
  if (destroys) client.destroy(new GaveUp('enough'))
  else await client.close()
  await Promise.all(calls)
  const { connections, inFlight, waiting } = client.stats()
  if (connections + inFlight + waiting > 0) ledger.fault('foreign', 'a passing client has not let go of all')
  ledger.see(destroys ? 'destroyed clients' : 'closed clients')
  await wait(500)
}

export function fileOf(folder: string, worker: number): string {
  return join(folder, `download-${worker}`)
}
