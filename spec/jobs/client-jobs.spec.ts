import { describe, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { digest, errorOf, FileServer, Folder } from './download-stand.ts'

describe("a client's jobs", () => {
  it('client.download resumes, and does not retry twice over', async () => {
    using folder = new Folder()
    await using client = new Client({ expectSuccess: true, maxRetries: 1 })
    await using server = await FileServer.start(2_000_000, { cut: 1_500_000 }, { status: 503 })
    const error = await errorOf(client.download(server.url, folder.file()))
    expect(error).toMatchObject({ code: 'ERR_STATUS', status: 503 })
    expect(server.ranges).toEqual([undefined, 'bytes=1500000-'])
    const result = await client.download(server.url, folder.file())
    expect(result).toMatchObject({ resumedFrom: 1_500_000, status: 206, retries: 0 })
    expect(digest(folder.read())).toBe(digest(server.content))
  })

  it('client.download starts over after a 416, also where only a success is wanted', async () => {
    using folder = new Folder()
    await using client = new Client({ expectSuccess: true })
    await using server = await FileServer.start(2_000_000, { cut: 1_500_000 }, { status: 416 })
    expect(await client.download(server.url, folder.file())).toMatchObject({ status: 200 })
    expect(digest(folder.read())).toBe(digest(server.content))
  })

  it('client.download takes the base URL, the query and the limits of its client', async () => {
    using folder = new Folder()
    await using server = await FileServer.start(2_000)
    await using client = new Client({ baseUrl: server.url, maxBodySize: 2_000 })
    await client.download('/other', folder.file(), { query: { a: 1 } })
    expect(server.asked[0]!.url).toBe('/other?a=1')
    server.content = Buffer.alloc(2_001)
    const error = await errorOf(client.download('/other', folder.file('large')))
    expect(error).toMatchObject({ limit: 'maxBodySize' })
  })

  it('client.map yields what comes of each URL, and break ends the rest', async () => {
    await using client = new Client()
    await using server = await FileServer.start(10, {}, { status: 404 }, { stall: 5 }, { stall: 5 })
    const statuses: number[] = []
    for await (const result of client.map([1, 2, 3, 4], (response) => response.status, {
      concurrency: 4,
      toRequest: (n) => `${server.url}?${n}`,
    })) {
      expect(result.ok).toBe(true)
      statuses.push(result.value!)
      if (statuses.length === 2) break
    }
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 404])
    // Muted for a second at most, then their connections go.
    await expect.poll(() => client.stats().inFlight, { timeout: 5_000 }).toBe(0)
  })
})
