import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Client, DecodingError, LimitError } from '../../lib/index.ts'
import { ScriptedServer } from './scripted-server.ts'

const coded = (body: Uint8Array): string =>
  `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`

describe('coded bodies, where a predecessor failed', () => {
  it('truncated gzip is an error, whole and streamed (luapower, undici: a short success)', async () => {
    const whole = gzipSync(Buffer.from('a page that is cut short '.repeat(1000)))
    const cut = whole.subarray(0, whole.length - 9)
    await using server = await ScriptedServer.start((_seen, socket) => {
      socket.write(coded(cut))
      socket.write(cut)
    })
    await using client = new Client()
    await expect(client.get(server.url('/'))).rejects.toBeInstanceOf(DecodingError)
    const streamed = await client.stream(server.url('/'))
    await expect(streamed.text()).rejects.toBeInstanceOf(DecodingError)
  })

  it('a gzip of 300 KB that grows to 300 MB stops at the limit, with bounded memory', async () => {
    const bomb = gzipSync(Buffer.alloc(300_000_000), { level: 9 })
    expect(bomb.length).toBeLessThan(320_000)
    await using server = await ScriptedServer.start((_seen, socket) => {
      socket.write(coded(bomb))
      socket.write(bomb)
    })
    await using client = new Client()
    const before = process.memoryUsage().arrayBuffers
    await expect(client.get(server.url('/'), { maxBodySize: 8_000_000 })).rejects.toMatchObject({
      code: 'ERR_LIMIT',
      limit: 'maxBodySize',
      value: 8_000_000,
    })
    await expect(client.get(server.url('/'))).rejects.toMatchObject({ limit: 'maxDecodeRatio' })
    const streamed = await client.stream(server.url('/'))
    let read = 0
    let peak = 0
    const drain = async (): Promise<void> => {
      for await (const chunk of streamed.body) {
        read += chunk.length
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
      }
    }
    await expect(drain()).rejects.toBeInstanceOf(LimitError)
    expect(read).toBeLessThan(80_000_000)
    expect(peak).toBeLessThan(150_000_000)
  })
})
