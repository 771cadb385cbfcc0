import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  Client,
  systemClock,
  type Clock,
  type RequestOptions,
  type TransferProgress,
} from '../../../lib/index.ts'
import { Sites, to } from '../../client/sites.ts'

const clock: Clock = Object.create(systemClock, { random: { value: () => 0 } }) as Clock

let sites: Sites
let site = ''
let client: Client
let told: TransferProgress[] = []

beforeAll(async () => {
  sites = await Sites.open(1)
  site = sites.origin(0)
})
afterAll(() => sites.close())
beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
  told = []
  client = new Client({ clock })
})
afterEach(() => client.close())

const onProgress = (progress: TransferProgress): void => void told.push(progress)

const SIZE = 700_000

async function* chunks(): AsyncGenerator<Buffer> {
  for (let i = 0; i < 7; i++) yield Buffer.alloc(100_000, 'x')
}

/** What is told comes apart from the bytes: the last word may come just after the response. */
async function allTold(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve))
}

function expectRising(of: readonly TransferProgress[]): void {
  const bytes = of.map(({ transferred }) => transferred)
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
}

describe('upload progress', () => {
  const ROWS: readonly [what: string, options: () => RequestOptions, total: number | null][] = [
    ['bytes', () => ({ body: Buffer.alloc(SIZE, 'x') }), SIZE],
    ['text', () => ({ body: 'x'.repeat(SIZE) }), SIZE],
    ['a Blob', () => ({ body: new Blob(['x'.repeat(SIZE)]) }), SIZE],
    ['a stream of a length', () => ({ body: chunks(), headers: { 'content-length': SIZE } }), SIZE],
    ['a stream', () => ({ body: chunks() }), null],
  ]
  it.each(ROWS)('of %s comes to its end, and the body is whole', async (_what, options, total) => {
    await client.put(`${site}/x`, { ...options(), onUploadProgress: onProgress })
    await allTold()
    expect(sites.seen[0]!.body).toBe('x'.repeat(SIZE))
    expectRising(told)
    expect(told.at(-1)).toEqual({ transferred: SIZE, total: SIZE })
    expect(told[0]!.total).toBe(total)
  })

  it('begins anew with a redirect and a retry', async () => {
    let count = 0
    sites.on('/end', (_seen, response) => void response.writeHead(count++ === 0 ? 500 : 200).end())
    const body = Buffer.alloc(200_000)
    await client.put(site + to('/end', 307), { body, onUploadProgress: onProgress })
    await allTold()
    expect(sites.seen.map((each) => each.body.length)).toEqual([200_000, 200_000, 200_000])
    expect(told.filter(({ transferred }) => transferred === 200_000).length).toBe(3)
  })

  it('says nothing where there is no body', async () => {
    await client.get(`${site}/x`, { onUploadProgress: onProgress })
    await client.post(`${site}/x`, { onUploadProgress: onProgress })
    expect(told).toEqual([])
  })
})

describe('download progress', () => {
  it('counts bytes on the wire up to the last one', async () => {
    sites.on('/big', (_seen, response) => response.end(Buffer.alloc(1_000_000)))
    const response = await client.get(`${site}/big`, { onDownloadProgress: onProgress })
    await allTold()
    expect(response.bytes().length).toBe(1_000_000)
    expectRising(told)
    expect(told.at(-1)).toEqual({ transferred: 1_000_000, total: 1_000_000 })
  })

  it('of a length that is not told', async () => {
    sites.on('/chunked', (_seen, response) => {
      response.write('abc')
      response.end('de')
    })
    await client.get(`${site}/chunked`, { onDownloadProgress: onProgress })
    await allTold()
    expect(told.at(-1)!.transferred).toBe(5)
    expect(told[0]!.total).toBeNull()
  })

  it('tells nothing of the bodies of redirects and of what is tried again', async () => {
    sites.on('/end', (_seen, response) => {
      sites.routes.delete('/end')
      response.writeHead(500).end('x'.repeat(1_000))
    })
    await client.get(site + to('/end'), { onDownloadProgress: onProgress })
    await allTold()
    expect(told.at(-1)).toEqual({ transferred: 2, total: 2 })
    expect(told.every(({ transferred }) => transferred <= 2)).toBe(true)
  })
})
