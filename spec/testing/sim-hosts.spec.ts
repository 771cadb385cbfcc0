import { describe, expect, test } from 'vitest'
import { Client, type ClientOptions, type RequestError } from '../../lib/index.ts'
import { SimClock, SimNetwork, type SimListener, type SimSocket } from '../../lib/testing/index.ts'

interface Heard {
  readonly socket: SimSocket
  readonly text: string
}

/** Says `ok` to whatever comes, and writes down what came from where. */
function answering(heard: Heard[], more: Partial<SimListener> = {}): SimListener {
  return {
    onConnection: (socket) => ({
      onData: (chunk) => {
        heard.push({ socket, text: chunk.toString('latin1') })
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      },
      onClose: () => undefined,
    }),
    ...more,
  }
}

interface Place {
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly client: Client
  readonly heard: Heard[]
  /** How a call for http://a.test/ ends, and after how many ms. */
  readonly ask: (url?: string) => Promise<{ end: string; after: number }>
}

function place(options: ClientOptions = {}, listener: Partial<SimListener> = {}): Place {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, conditions: { latency: [10, 10] } })
  const heard: Heard[] = []
  network.listen('a.test', 80, answering(heard, listener))
  const client = new Client({ clock, network, maxRetries: 0, ...options })
  const ask = async (url = 'http://a.test/'): Promise<{ end: string; after: number }> => {
    const start = clock.now()
    const end = client.get(url, { headers: { Connection: 'close' } }).then(
      (response) => response.text(),
      (error: RequestError) => error.code,
    )
    return { end: await clock.settle(end), after: clock.now() - start }
  }
  return { clock, network, client, heard, ask }
}

describe('lookups', () => {
  test('fail for a while, take their time, or never end', async () => {
    const { network, ask, clock, client } = place({ connectTimeout: 500 })
    network.setHost('a.test', { onLookup: () => 'fail' })
    expect((await ask()).end).toBe('ERR_CONNECT_DNS')
    network.setHost('a.test', { onLookup: () => 'found' })
    expect(await ask()).toEqual({ end: 'ok', after: 40 })
    network.setHost('a.test', { onLookup: () => ({ after: 200 }) })
    expect(await ask()).toEqual({ end: 'ok', after: 240 })
    network.setHost('a.test', { onLookup: () => 'hang' })
    expect((await ask()).end).toBe('ERR_TIMEOUT_CONNECT')
    network.setHost('a.test', { addresses: [] })
    expect((await ask()).end).toBe('ERR_CONNECT_DNS')
    await clock.settle(client.close())
    await clock.run()
    expect([network.open, network.openSockets, clock.pending]).toEqual([0, 0, 0])
  })

  test('a dial that is slow is accepted in the end', async () => {
    const { ask } = place({}, { onDial: () => ({ after: 300 }) })
    expect(await ask()).toEqual({ end: 'ok', after: 340 })
  })
})

describe('addresses', () => {
  const BOTH = { addresses: ['2001:db8::80', '198.18.0.80'] }

  test.each([
    ['', '2001:db8::80', '2001:db8::1'],
    ['192.0.2.7', '198.18.0.80', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::80', '2001:db8::7'],
  ])('from client IP %j a host of both families is reached at %s', async (clientIp, to, from) => {
    const { network, ask, heard } = place({ clientIp })
    network.setHost('a.test', BOTH)
    expect((await ask()).end).toBe('ok')
    expect(heard.map(({ socket }) => [socket.localAddress, socket.remoteAddress])).toEqual([[to, from]])
  })

  test('a client IP of the other family reaches nothing, and the error says so', async () => {
    const { network, client, clock } = place({ clientIp: '192.0.2.7' })
    network.setHost('a.test', { addresses: ['2001:db8::80'] })
    const promise = clock.settle(client.get('http://a.test/'))
    await expect(promise).rejects.toThrow('a.test has no IPv4 address for the client IP 192.0.2.7')
    await expect(promise).rejects.toMatchObject({ code: 'ERR_CONNECT_DNS' })
  })

  test('one that is dead costs its time, and the next one is taken; all of them, and the dial fails', async () => {
    const { network, ask, heard } = place()
    network.setHost('a.test', BOTH)
    network.dead.add('2001:db8::80')
    expect(await ask()).toEqual({ end: 'ok', after: 50 })
    expect(heard[0]?.socket.localAddress).toBe('198.18.0.80')
    network.dead.add('198.18.0.80')
    expect((await ask()).end).toBe('ERR_CONNECT_TCP')
  })
})

describe('bandwidth', () => {
  test('what is written takes its time in parts, each direction by itself', async () => {
    const { network, clock } = place()
    network.conditions = { bandwidth: 10 }
    const at: [at: number, bytes: number][] = []
    const sockets: SimSocket[] = []
    network.listen('b.test', 80, {
      onConnection: (socket) => {
        sockets.push(socket)
        return { onData: () => undefined, onClose: () => undefined }
      },
    })
    const dialled = { host: 'b.test', port: 80, clientIp: '', tls: null, sessionKey: '' }
    network.dial(dialled, {
      onOpen: () => undefined,
      onData: (chunk) => at.push([clock.now() - start, chunk.length]),
      onFin: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    })
    await clock.run()
    const start = clock.now()
    sockets[0]?.write('x'.repeat(200))
    await clock.run()
    expect(at).toEqual([
      [15, 50],
      [20, 50],
      [25, 50],
      [30, 50],
    ])
    expect(sockets[0]?.delivered).toBe(200)
  })
})

describe('proxies', () => {
  const PROXY = 'http://user:secret@proxy.test:3128'

  test('plain requests end at the proxy, with the whole URL and its credentials', async () => {
    const { network, ask, heard } = place({ proxy: PROXY })
    const asked: Heard[] = []
    network.listen('proxy.test', 3128, answering(asked))
    expect((await ask()).end).toBe('ok')
    expect(heard).toEqual([])
    expect(asked[0]?.text).toContain('GET http://a.test/ HTTP/1.1\r\n')
    expect(asked[0]?.text).toContain('Proxy-Authorization: Basic ')
    expect(network.counts.get('a.test:80 via proxy.test:3128')?.dials).toBe(1)
  })

  test('for https it is a tunnel to the host, which hears nothing of the proxy', async () => {
    const { network, ask, heard } = place({ proxy: PROXY })
    network.listen('a.test', 443, answering(heard, { tls: true }))
    network.listen('proxy.test', 3128, answering([]))
    expect((await ask('https://a.test/')).end).toBe('ok')
    expect(heard[0]?.text).toContain('GET / HTTP/1.1\r\n')
    expect(heard[0]?.text).not.toContain('Proxy-Authorization')
  })

  test('refuses tunnels, does not exist, or finds nobody: a ConnectError of the proxy', async () => {
    const { network, ask } = place({ proxy: PROXY })
    expect((await ask()).end).toBe('ERR_CONNECT_PROXY')
    network.listen('proxy.test', 3128, answering([], { onTunnel: () => 'refuse' }))
    expect((await ask('https://a.test/')).end).toBe('ERR_CONNECT_PROXY')
    network.listen('proxy.test', 3128, answering([]))
    expect((await ask('https://nowhere.test/')).end).toBe('ERR_CONNECT_PROXY')
    network.unlisten('proxy.test', 3128)
    expect((await ask('https://a.test/')).end).toBe('ERR_CONNECT_PROXY')
  })
})
