import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Client, RETRY_ERRORS } from '../../lib/index.ts'
import { OK, WireStage, type Peer } from './wire-stage.ts'

const URL_ = 'http://a.test/'
const RATE = { minBodyRate: 100, minBodyRateWindow: 1_000 }

/** A byte every 100 ms: no timeout of silence ever comes. */
function drip(stage: WireStage, peer: Peer, head: string, count = 2_000): void {
  peer.socket.write(head)
  for (let n = 1; n <= count; n++) {
    stage.clock.after(n * 100, () => {
      if (!peer.closed) peer.socket.write('x')
    })
  }
}

const LONG = 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n'

describe('a body that drips', () => {
  it.each(['request', 'stream'] as const)('ends with an error that says so: %s', async (how) => {
    const stage = new WireStage(RATE, (peer) => drip(stage, peer, LONG))
    const read = async (): Promise<unknown> => (await stage.client[how](URL_)).text()
    const { error, after } = await stage.failure(read())
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT_BODY', phase: 'body', url: URL_ })
    expect(error.message).toMatch(
      /\d bytes of the body came in 1000 ms \(minBodyRateWindow\): fewer than 100 /,
    )
    expect(after).toBeLessThan(1_200)
    await stage.finish()
  })

  it.each(['chunked', 'close-delimited', 'gzip'])('in whatever framing and coding: %s', async (kind) => {
    const fields =
      { chunked: 'Transfer-Encoding: chunked\r\n', gzip: 'Content-Encoding: gzip\r\n' }[kind] ?? ''
    const begin =
      kind === 'chunked' ? '7d0\r\n' : kind === 'gzip' ? '\u001f\u008b\u0008\0\0\0\0\0\0\u0003' : ''
    const stage = new WireStage(RATE, (peer) => drip(stage, peer, `HTTP/1.1 200 OK\r\n${fields}\r\n${begin}`))
    const { error } = await stage.failure(stage.client.get(URL_))
    expect(error.code).toBe('ERR_TIMEOUT_BODY')
    await stage.finish()
  })

  it('is tried again, as after any timeout of a body', async () => {
    expect(RETRY_ERRORS).toContain('ERR_TIMEOUT_BODY')
    const stage = new WireStage({ ...RATE, maxRetries: 3 }, (peer) => {
      if (stage.peers.length === 1) drip(stage, peer, LONG)
      else peer.socket.write(OK)
    })
    const response = await stage.settle(stage.client.get(URL_))
    expect([response.text(), response.retries]).toEqual(['ok', 1])
    await stage.finish()
  })

  it('is let be by default, and where the request says 0', async () => {
    const short = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'
    for (const [client, own] of [
      [{}, {}],
      [RATE, { minBodyRate: 0 }],
    ]) {
      const stage = new WireStage(client, (peer) => drip(stage, peer, short, 100))
      expect((await stage.settle(stage.client.get(URL_, own))).text()).toHaveLength(100)
      await stage.finish()
    }
  })

  it('is not one whose reader is slow', async () => {
    const stage = new WireStage({ ...RATE, bodyTimeout: 0 }, (peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`)
    })
    const response = await stage.settle(stage.client.stream(URL_))
    let size = 0
    const read = async (): Promise<void> => {
      for await (const chunk of response.body) {
        size += chunk.length
        await new Promise<void>((resolve) => {
          stage.clock.after(3_000, resolve)
        })
      }
    }
    await stage.settle(read())
    expect(size).toBe(1_000_000)
    await stage.finish()
  })
})

describe('a download that drips', () => {
  it('goes on from where it was', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      const { range } = request.headers
      asked.push(range)
      const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0)
      response.writeHead(range === undefined ? 200 : 206, {
        ETag: '"1"',
        'Content-Length': 1_000 - from,
        'Content-Range': `bytes ${from}-999/1000`,
      })
      if (range !== undefined) response.end('x'.repeat(1_000 - from))
      else response.write('x'.repeat(10))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const folder = await mkdtemp(join(tmpdir(), 'trawl-drip-'))
    try {
      await using client = new Client({ minBodyRate: 100, minBodyRateWindow: 200 })
      const { port } = server.address() as AddressInfo
      const { size, retries } = await client.download(`http://127.0.0.1:${port}/`, join(folder, 'file'))
      expect([size, retries, asked]).toEqual([1_000, 1, [undefined, 'bytes=10-']])
    } finally {
      vi.restoreAllMocks()
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true })
    }
  })
})

describe('a head that drips', () => {
  it.each(['status line', '1xx answers', 'fields'])('is bounded by replyTimeout: %s', async (what) => {
    const piece = { '1xx answers': 'HTTP/1.1 102 P\r\n\r\n', fields: 'A: b\r\n' }[what] ?? ' '
    const stage = new WireStage({ replyTimeout: 2_000 }, (peer) => {
      drip(stage, peer, what === '1xx answers' ? '' : `HTTP/1.1 200 O${what === 'fields' ? 'K\r\n' : ''}`, 0)
      for (let n = 1; n < 100; n++) {
        stage.clock.after(n * 250, () => {
          if (!peer.closed) peer.socket.write(piece)
        })
      }
    })
    const { error, after } = await stage.failure(stage.client.get(URL_))
    expect(error.code).toBe('ERR_TIMEOUT_HEAD')
    expect(after).toBeLessThan(2_100)
    await stage.finish()
  })
})
