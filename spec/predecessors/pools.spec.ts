import { describe, expect, it } from 'vitest'
import { AbortError, Client, ConnectError, ProtocolError } from '../../lib/index.ts'
import { answer, ScriptedServer, until, type Seen } from './scripted-server.ts'
import type { Socket } from 'node:net'

const echo = (seen: Seen, socket: Socket): void => {
  socket.write(answer(`${seen.method} ${seen.path}`))
}

describe('pools, where a predecessor failed', () => {
  it('idle connections of A at maxConn do not starve B (luapower: B waits for ever)', async () => {
    await using a = await ScriptedServer.start(echo)
    await using b = await ScriptedServer.start(echo)
    await using client = new Client({ maxConn: 2, maxConnPerTarget: 2 })
    await Promise.all([client.get(a.url('/1')), client.get(a.url('/2'))])
    expect(client.stats().connections).toBe(2)
    expect((await client.get(b.url('/3'))).text()).toBe('GET /3')
    expect(client.stats().connections).toBe(2)
    await until(() => a.open === 1)
  })

  it('a refused dial wakes the next waiter (luapower: others starve)', async () => {
    const gone = await ScriptedServer.start(echo)
    const refused = gone.url('/')
    await gone[Symbol.asyncDispose]()
    await using live = await ScriptedServer.start(echo)
    await using client = new Client({ maxConn: 1, maxConnPerTarget: 1 })
    const outcomes = await Promise.allSettled([
      client.get(refused),
      client.get(refused),
      client.get(live.url('/ok')),
      client.get(refused),
    ])
    expect(outcomes.map((o) => o.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'rejected'])
    expect((outcomes[0] as PromiseRejectedResult).reason).toBeInstanceOf(ConnectError)
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ phase: 'tcp', progress: 'waiting' })
  })

  it('bytes on an idle connection are never an answer (CVE-2026-6733)', async () => {
    await using server = await ScriptedServer.start((seen, socket) => {
      echo(seen, socket)
      if (seen.path === '/poison') socket.write(answer('poison'))
      if (seen.path === '/later') setImmediate(() => socket.write(answer('poison')))
    })
    await using client = new Client({ maxConnPerTarget: 1 })
    expect((await client.get(server.url('/poison'))).text()).toBe('GET /poison')
    expect((await client.get(server.url('/1'))).text()).toBe('GET /1')
    expect((await client.get(server.url('/later'))).text()).toBe('GET /later')
    await until(() => server.open === 0)
    expect((await client.get(server.url('/2'))).text()).toBe('GET /2')
    expect(server.accepted).toBe(3)
  })

  it('not even an empty line, which is harmless before an answer', async () => {
    await using server = await ScriptedServer.start(echo)
    await using client = new Client({ maxConnPerTarget: 1 })
    await client.get(server.url('/'))
    server.sockets[0]!.write('\r\n')
    await until(() => client.stats().connections === 0)
    expect(client.stats()).toMatchObject({ requests: 1, errors: 0 })
  })

  it('not even when the event loop was blocked while they came', async () => {
    await using server = await ScriptedServer.start((seen, socket) => {
      echo(seen, socket)
    })
    await using client = new Client({ maxConnPerTarget: 1 })
    await client.get(server.url('/1'))
    server.sockets[0]!.write(answer('poison'))
    // Both ends are in this process: what was written is in the client's socket, and nobody reads it.
    const unblocked = performance.now() + 5
    while (performance.now() < unblocked);
    expect((await client.get(server.url('/2'))).text()).toBe('GET /2')
    expect(server.accepted).toBe(2)
  })

  it('a body that nobody reads blocks neither the pool nor close()', async () => {
    const big = 'x'.repeat(4_000_000)
    await using server = await ScriptedServer.start((seen, socket) => {
      if (seen.path === '/big') socket.write(answer(big))
      else echo(seen, socket)
    })
    const client = new Client({ maxConnPerTarget: 1, bodyTimeout: 200 })
    const unread = await client.stream(server.url('/big'))
    expect((await client.get(server.url('/next'))).text()).toBe('GET /next')
    await expect(unread.text()).rejects.toMatchObject({ code: 'ERR_TIMEOUT_BODY' })
    const patient = new Client({ maxConnPerTarget: 1 })
    await patient.stream(server.url('/big'))
    await patient.close()
    await client.close()
    await until(() => server.open === 0)
  })

  it('a response without length on HTTP/1.1 is read until close (luapower, Ktor: an empty body)', async () => {
    await using server = await ScriptedServer.start((_seen, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nfirst ')
      setImmediate(() => socket.end('second'))
    })
    await using client = new Client()
    expect((await client.get(server.url('/'))).text()).toBe('first second')
  })

  it('a cancelled waiting request settles at once (undici: when its turn comes)', async () => {
    await using server = await ScriptedServer.start(() => {})
    const client = new Client({ maxConnPerTarget: 1 })
    const first = client.get(server.url('/held')).catch((e: unknown) => e)
    await until(() => server.requests.length === 1)
    const abort = new AbortController()
    const waiting = client.get(server.url('/waiting'), { signal: abort.signal })
    await until(() => client.stats().waiting === 1)
    abort.abort(new Error('no longer wanted'))
    expect(client.stats().waiting).toBe(0)
    const error = await waiting.catch((e: unknown) => e)
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ progress: 'waiting', cause: new Error('no longer wanted') })
    expect(server.requests).toHaveLength(1)
    client.destroy()
    await first
  })

  it('an answer that breaks the protocol is an error that names the rule', async () => {
    await using server = await ScriptedServer.start((_seen, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')
    })
    await using client = new Client()
    const error = await client.get(server.url('/')).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ProtocolError)
    expect((error as ProtocolError).rule).not.toBe('')
  })
})
