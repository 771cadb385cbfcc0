import { describe, expect, it } from 'vitest'
import { Client, ConnectionClosedError } from '../../lib/index.ts'
import { answer, ScriptedServer, until, type Seen } from './scripted-server.ts'
import type { Socket } from 'node:net'

const echo = (seen: Seen, socket: Socket): void => {
  socket.write(answer(`${seen.method} ${seen.path}`))
}

describe('pipelines, where a predecessor failed', () => {
  it('five slow requests to an idle pool use five connections, not one pipeline (luapower)', async () => {
    const held: (() => void)[] = []
    await using server = await ScriptedServer.start((seen, socket, nth) => {
      if (seen.path === '/warm') echo(seen, socket)
      else held.push(() => socket.write(answer(`${seen.path} ${nth}`)))
    })
    await using client = new Client({ maxConnPerTarget: 20, maxPipelinedRequests: 10 })
    await client.get(server.url('/warm'))
    const calls = [1, 2, 3, 4, 5].map((n) => client.get(server.url(`/slow${n}`)))
    await until(() => held.length === 5)
    expect(new Set(server.requests.slice(1).map((r) => r.connection)).size).toBe(5)
    for (const release of held) release()
    for (const [i, response] of (await Promise.all(calls)).entries()) {
      expect(response.text()).toMatch(new RegExp(`^/slow${i + 1} `))
    }
  })

  it('depth N is exactly N, and refills as a sliding window (luapower: N + 1, drained to 0)', async () => {
    const depth = 4
    const held: (() => void)[] = []
    await using server = await ScriptedServer.start((seen, socket) => {
      if (seen.path === '/warm') echo(seen, socket)
      else held.push(() => echo(seen, socket))
    })
    await using client = new Client({ maxConnPerTarget: 1, maxPipelinedRequests: depth })
    await client.get(server.url('/warm'))
    const calls = Array.from({ length: 12 }, (_, i) => client.get(server.url(`/${i}`)))
    for (let answered = 0; answered < 12; answered++) {
      const expected = Math.min(12, answered + depth)
      await until(() => held.length >= expected)
      // Nothing beyond the window arrives, however long the server looks.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(held.length).toBe(expected)
      expect(client.stats().inFlight).toBe(Math.min(depth, 12 - answered))
      held[answered]!()
      await calls[answered]
    }
    expect((await Promise.all(calls)).map((r) => r.text())).toEqual(calls.map((_, i) => `GET /${i}`))
    expect(server.accepted).toBe(1)
  })

  it('a server that closes after the first of five pipelined leaves none pending, and all succeed', async () => {
    await using server = await ScriptedServer.start((seen, socket, nth) => {
      if (seen.path === '/warm') return echo(seen, socket)
      if (seen.connection === 0 && nth > 1) return undefined
      echo(seen, socket)
      if (seen.connection === 0) socket.end()
      return undefined
    })
    await using client = new Client({ maxConnPerTarget: 1, maxPipelinedRequests: 8 })
    await client.get(server.url('/warm'))
    const calls = [1, 2, 3, 4, 5].map((n) => client.get(server.url(`/${n}`)))
    const texts = (await Promise.all(calls)).map((r) => r.text())
    expect(texts).toEqual(['GET /1', 'GET /2', 'GET /3', 'GET /4', 'GET /5'])
    expect(client.stats().targets[0]!.depth).toBe(1)
  })

  it('103 before the answer does not shift answers (luapower)', async () => {
    await using server = await ScriptedServer.start((seen, socket) => {
      socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${answer(seen.path)}`)
    })
    await using client = new Client({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    await client.get(server.url('/0'))
    const calls = [1, 2, 3, 4, 5, 6].map((n) => client.get(server.url(`/${n}`)))
    const texts = (await Promise.all(calls)).map((r) => r.text())
    expect(texts).toEqual(['/1', '/2', '/3', '/4', '/5', '/6'])
    expect(server.accepted).toBe(1)
  })

  it('trailers do not desynchronise (luapower), and are there to be read', async () => {
    await using server = await ScriptedServer.start((seen, socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
          `${seen.path.length.toString(16)}\r\n${seen.path}\r\n0\r\nX-Sum: ${seen.path}\r\n\r\n`,
      )
    })
    await using client = new Client({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    await client.get(server.url('/0'))
    const calls = [1, 2, 3, 4, 5, 6].map((n) => client.get(server.url(`/${n}`)))
    for (const [i, response] of (await Promise.all(calls)).entries()) {
      expect(response.text()).toBe(`/${i + 1}`)
      expect(response.trailers?.get('x-sum')).toBe(`/${i + 1}`)
    }
    expect(server.accepted).toBe(1)
  })

  it('a POST is never sent twice, whenever its connection is lost', async () => {
    await using server = await ScriptedServer.start((seen, socket) => {
      if (seen.path === '/warm') echo(seen, socket)
      else if (seen.path === '/reset') socket.resetAndDestroy()
      else socket.end()
    })
    await using client = new Client({ maxConnPerTarget: 1, maxPipelinedRequests: 8 })
    for (const path of ['/fin', '/reset']) {
      await client.get(server.url('/warm'))
      const error = await client.post(server.url(path), { body: 'once' }).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(ConnectionClosedError)
      expect(error).toMatchObject({ progress: 'sent', method: 'POST', code: 'ERR_CONNECTION_CLOSED' })
    }
    expect(server.requests.filter((r) => r.method === 'POST')).toHaveLength(2)
  })

  it('a server that closes idle connections at the moment of reuse costs no failed GET: 400 of 400', async () => {
    // undici 8: 123 to 128 of 400 fail. The server resets each connection when its second request comes.
    await using server = await ScriptedServer.start((seen, socket, nth) => {
      if (nth > 0) socket.resetAndDestroy()
      else echo(seen, socket)
    })
    await using client = new Client({ maxConnPerTarget: 4 })
    let right = 0
    const worker = async (from: number): Promise<void> => {
      for (let n = from; n < 400; n += 4) {
        const response = await client.get(server.url(`/${n}`))
        if (response.text() === `GET /${n}`) right++
      }
    }
    await Promise.all([0, 1, 2, 3].map((n) => worker(n)))
    expect(right).toBe(400)
    expect(server.peak).toBeLessThanOrEqual(4)
  })
})
