import { describe, expect, it } from 'vitest'
import { Client, ClosedError, RequestBodyError, type RequestError } from '../../lib/index.ts'
import { answer, ScriptedServer, until } from '../predecessors/scripted-server.ts'

describe("what the user's own code may do in the middle of a tick", () => {
  it('a resolve that destroys the client leaves no dial behind', async () => {
    await using server = await ScriptedServer.start(() => {})
    const client: Client = new Client({
      resolve: () => {
        client.destroy()
        return '127.0.0.1'
      },
    })
    await expect(client.get(server.url('/', 'somewhere.test'))).rejects.toBeInstanceOf(ClosedError)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(server.open).toBe(0)
    expect(client.stats()).toMatchObject({ connections: 0, waiting: 0, inFlight: 0 })
  })

  it.each([100, 100_000, 1_000_000])(
    'a body of %i bytes that is transferred away is an error',
    async (size) => {
      await using server = await ScriptedServer.start((seen, socket) => socket.write(answer(seen.path)))
      await using client = new Client({ maxConnPerTarget: 1 })
      const bytes = new Uint8Array(size)
      const call = client.post(server.url('/post'), { body: bytes })
      const next = client.get(server.url('/next'))
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
      await expect(call).rejects.toBeInstanceOf(RequestBodyError)
      expect((await next).text()).toBe('/next')
      expect(server.requests.map((r) => r.path)).toEqual(['/next'])
    },
  )

  it('a body that is transferred while it is sent closes its connection, and goes no further', async () => {
    await using server = await ScriptedServer.start((seen, socket) => socket.write(answer(seen.path)))
    await using client = new Client({ maxConnPerTarget: 1 })
    const bytes = new Uint8Array(64_000_000)
    const call = client.post(server.url('/post'), { body: bytes }).catch((e: unknown) => e)
    await until(() => server.accepted === 1 && client.stats().inFlight === 1)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    // The system may see it first (EFAULT), or the sender before its next piece.
    expect(['ERR_CONNECTION_CLOSED', 'ERR_REQUEST_BODY']).toContain(((await call) as RequestError).code)
    expect((await client.get(server.url('/next'))).text()).toBe('/next')
  })
})
