import { expect, test } from 'vitest'
import { Client } from '../../lib/index.ts'
import { SimClock, SimNetwork, type SimListener } from '../../lib/testing/index.ts'

/** As a user of trawl/testing would write one: answers each request that comes whole in one piece. */
const HELLO: SimListener = {
  onConnection: (socket) => ({
    onData: () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    onClose: () => undefined,
  }),
}

test('a client runs in virtual time against a server that is an object', async () => {
  const clock = new SimClock({ seed: 7 })
  const network = new SimNetwork({ clock, seed: 7, conditions: { latency: [500, 500] } })
  network.listen('a.test', 80, HELLO)
  const client = new Client({ clock, network })
  const start = clock.now()
  const response = await clock.settle(client.get('http://a.test/'))
  expect(response.text()).toBe('hello')
  // There and back for the connection, there and back for the request.
  expect(clock.now() - start).toBe(2000)
  expect(response.timings.total).toBe(2000)
  await clock.settle(client.close())
  await clock.run()
  expect([network.open, network.openSockets, clock.pending]).toEqual([0, 0, 0])
})

test('what goes wrong there is an error like any other', async () => {
  const clock = new SimClock()
  const network = new SimNetwork({ clock })
  network.listen('a.test', 80, { ...HELLO, onDial: () => 'hang' })
  const client = new Client({ clock, network, connectTimeout: 3000 })
  await expect(clock.settle(client.get('http://a.test/'))).rejects.toMatchObject({
    code: 'ERR_TIMEOUT_CONNECT',
  })
  await expect(clock.settle(client.get('http://b.test/'))).rejects.toMatchObject({ code: 'ERR_CONNECT_DNS' })
  client.destroy()
  await clock.run()
  expect(clock.pending).toBe(0)
})
