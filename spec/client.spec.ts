import { describe, expect, it } from 'vitest'
import * as trawl from '../lib/index.ts'
import {
  ArgumentError,
  Client,
  ClosedError,
  type RequestOptions,
  type Response,
  type StreamResponse,
} from '../lib/index.ts'
import { always, OK, WireStage } from './client/wire-stage.ts'

describe('the public names', () => {
  it('are these, and no others', () => {
    expect(Object.keys(trawl).toSorted()).toEqual(
      [
        'AbortError',
        'ArgumentError',
        'ChecksumError',
        'Client',
        'ClosedError',
        'ConnectError',
        'ConnectionClosedError',
        'CookieJars',
        'CredentialsError',
        'DecodingError',
        'FileError',
        'Headers',
        'ItemError',
        'Jar',
        'Job',
        'LIMITS',
        'LimitError',
        'MemoryStore',
        'ProtocolError',
        'RETRY_ERRORS',
        'RETRY_STATUSES',
        'RedirectError',
        'RequestBodyError',
        'RequestError',
        'Response',
        'SqliteStore',
        'StatusError',
        'StreamResponse',
        'TimeoutError',
        'TransportError',
        'proxyFromEnvironment',
        'readInput',
        'systemClock',
        'version',
      ].toSorted(),
    )
  })
})

describe('a method of its own', () => {
  it.each(['get', 'head', 'post', 'put', 'patch', 'delete'] as const)(
    '%s sends that method',
    async (name) => {
      const stage = new WireStage({}, always('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      const response = await stage.settle(
        stage.client[name]('http://a.test/x', { method: 'OTHER', headers: { 'X-A': '1' } }),
      )
      expect(response).toMatchObject({ status: 200, method: name.toUpperCase() })
      expect(stage.wire).toMatch(
        new RegExp(`^${name.toUpperCase()} /x HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n`),
      )
      await stage.finish()
    },
  )

  it('may be called without options', async () => {
    const stage = new WireStage()
    for (const name of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      expect((await stage.settle(stage.client[name](new URL('http://a.test/x')))).text()).toBe('ok')
    }
    expect(stage.wire.match(/^\w+(?= \/x)/gm)).toEqual(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    await stage.finish()
  })
})

describe('request and stream', () => {
  it.each(['request', 'stream'] as const)('%s takes the URL apart or among its options', async (name) => {
    const stage = new WireStage()
    const options = { method: 'PUT', body: 'x' }
    for (const url of ['http://a.test/x', new URL('http://a.test/x')]) {
      const apart: Promise<Response | StreamResponse> = stage.client[name](url, options)
      await Promise.resolve((await stage.settle(apart)).text())
      const among: Promise<Response | StreamResponse> = stage.client[name]({ ...options, url })
      await Promise.resolve((await stage.settle(among)).text())
    }
    const [first, ...others] = stage.wire.split(/(?=PUT)/)
    expect(others).toEqual([first, first, first])
    await stage.finish()
  })

  it.each<[string, [url: unknown, options?: RequestOptions]]>([
    ['no URL', [undefined]],
    ['a relative URL', ['/x']],
    ['another scheme', ['ftp://a.test/']],
    ['options without a URL', [{}]],
    ['null', [null]],
    ['an unknown option', ['http://a.test/', { timeout: 5 } as RequestOptions]],
    ['options that are none', ['http://a.test/', 'GET' as unknown as RequestOptions]],
    ['null for options', ['http://a.test/', null as unknown as RequestOptions]],
    ['a wrong value', ['http://a.test/', { priority: 11 }]],
    ['a line end in a field', ['http://a.test/', { headers: { 'X-A': 'x\r\ny' } }]],
    ['a method that is none', ['http://a.test/', { method: 'GET /' }]],
    ['two bodies', ['http://a.test/', { body: 'x', json: 'y' }]],
    ['options twice', [{ url: 'http://a.test/' }, { method: 'PUT' }]],
    [
      'a getter that throws',
      [
        'http://a.test/',
        {
          get method(): string {
            throw new Error('gotcha')
          },
        },
      ],
    ],
  ])('reject, and send nothing: %s', async (_what, args) => {
    const stage = new WireStage()
    for (const name of ['request', 'stream'] as const) {
      let promise: Promise<unknown> | null = null
      expect(() => {
        promise = stage.client[name](...(args as [string, RequestOptions]))
      }).not.toThrow()
      await expect(promise).rejects.toBeInstanceOf(ArgumentError)
    }
    await stage.pass(100)
    expect(stage.network.dials).toBe(0)
    expect(stage.client.stats().targets).toEqual([])
    await stage.finish()
  })

  it('tell what went wrong in code of the user', async () => {
    const stage = new WireStage()
    const cause = new Error('gotcha')
    const headers = {
      *[Symbol.iterator](): Generator<[string, string]> {
        yield ['a', 'b']
        throw cause
      },
    }
    await expect(stage.client.get('http://a.test/', { headers })).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      cause,
      message: "the request's options could not be read (Error: gotcha)",
    })
    await stage.finish()
  })
})

describe('the constructor', () => {
  it.each([
    [{ maxConns: 5 }, 'unknown option "maxConns" of Client; did you mean maxConn?'],
    [{ maxConn: 0 }, 'option maxConn is 0; it must be a whole number from 1'],
    [{ headers: { 'X-A': 'x\ny' } }, 'control character'],
    [{ clientIp: 'localhost' }, 'must be an IPv4 or IPv6 address'],
    [{ signal: AbortSignal.abort() }, 'unknown option "signal"'],
    [null, 'the options of Client are null'],
  ])('throws at once: %o', (options, message) => {
    expect(() => new Client(options as object)).toThrow(ArgumentError)
    expect(() => new Client(options as object)).toThrow(message)
  })

  it('takes no options for all defaults, and does not change those it is given', async () => {
    await using client = new Client()
    expect(client.stats()).toMatchObject({ connections: 0, targets: [] })
    const frozen = Object.freeze({
      maxConn: 5,
      headers: Object.freeze({ a: 'b' }),
      tlsOptions: Object.freeze({}),
    })
    await using other = new Client(frozen)
    expect(other.stats().waiting).toBe(0)
  })

  it('reads no option that somebody put on Object.prototype', async () => {
    const polluted = {
      maxBodySize: 1,
      method: 'POST',
      tlsOptions: { rejectUnauthorized: false },
      clientIp: '192.0.2.9',
    }
    Object.assign(Object.prototype, polluted, { rejectUnauthorized: false })
    try {
      const stage = new WireStage()
      const response = await stage.settle(stage.client.get('https://a.test/x', { priority: 1 }))
      expect(response).toMatchObject({ status: 200, method: 'GET' })
      expect(stage.peers[0]!.dial.clientIp).toBe('')
      expect(stage.peers[0]!.dial.tls!.rejectUnauthorized).toBeUndefined()
      expect((await stage.settle(stage.client.get('https://a.test/x'))).text()).toBe('ok')
      await stage.finish()
    } finally {
      for (const name of [...Object.keys(polluted), 'rejectUnauthorized'])
        Reflect.deleteProperty(Object.prototype, name)
    }
  })
})

describe('stats', () => {
  it('count, in all and by target', async () => {
    const stage = new WireStage({ maxConnPerTarget: 1, maxPipelinedRequests: 4 }, always(OK), [
      'a.test',
      'b.test',
    ])
    await stage.settle(Promise.all([1, 2, 3].map((n) => stage.client.get(`http://a.test/${n}`))))
    stage.fate = 'refuse'
    await stage.failure(stage.client.get('http://b.test/'))
    const bytes = 3 * OK.length
    const a = {
      target: 'http://a.test',
      waiting: 0,
      connections: 1,
      inFlight: 0,
      depth: 4,
      dialled: 1,
      reused: 2,
    }
    const b = {
      target: 'http://b.test',
      waiting: 0,
      connections: 0,
      inFlight: 0,
      depth: 4,
      dialled: 1,
      reused: 0,
    }
    const unpaced = { delay: 0, paused: 0, refusals: 0 }
    const stats = stage.client.stats()
    expect(stats).toMatchObject({ clientIps: [], cache: null })
    expect(stats.targets).toEqual([
      { ...a, ...unpaced, requests: 3, bytes, errors: 0 },
      { ...b, ...unpaced, requests: 0, bytes: 0, errors: expect.any(Number) as number },
    ])
    expect(stats).toMatchObject({
      connections: 1,
      dialled: 2,
      reused: 2,
      requests: 3,
      bytes,
      errors: stats.targets[1]!.errors,
    })
    expect(stats.errors).toBeGreaterThan(0)
    await stage.finish()
  })

  it('show what waits and what is in flight, and are a copy', async () => {
    const stage = new WireStage({ maxConn: 1 }, () => undefined)
    const calls = [1, 2, 3].map((n) => stage.client.get(`http://a.test/${n}`))
    const settled = Promise.allSettled(calls)
    expect(stage.client.stats()).toMatchObject({ waiting: 3, connections: 0, inFlight: 0 })
    await stage.pass(10)
    const stats = stage.client.stats()
    expect(stats).toMatchObject({ waiting: 2, connections: 1, inFlight: 1 })
    stats.targets[0]!.requests = 999
    expect(stage.client.stats().targets[0]!.requests).toBe(0)
    stage.client.destroy()
    await stage.settle(settled)
    expect(stage.client.stats()).toMatchObject({ waiting: 0, connections: 0, inFlight: 0 })
    await stage.finish()
  })
})

describe('the end of a client', () => {
  it('close finishes what is under way, refuses what is new, and closes the idle', async () => {
    const stage = new WireStage({ maxConn: 1 }, (peer) => {
      stage.clock.after(50, () => peer.socket.write(OK))
    })
    const calls = [1, 2, 3].map((n) => stage.client.get(`http://a.test/${n}`))
    const closed = stage.client.close()
    const late = stage.client.get('http://a.test/late')
    await expect(late).rejects.toMatchObject({
      code: 'ERR_CLOSED',
      progress: 'waiting',
      url: 'http://a.test/late',
    })
    const responses = await stage.settle(Promise.all(calls))
    expect(responses.map((response) => response.text())).toEqual(['ok', 'ok', 'ok'])
    await stage.settle(closed)
    expect(stage.network.open).toBe(0)
    expect(stage.network.closed).toBe(true)
    await stage.finish()
  })

  it('close may be called again, and by several at once', async () => {
    const stage = new WireStage()
    const call = stage.client.get('http://a.test/')
    await stage.settle(Promise.all([stage.client.close(), stage.client.close(), call]))
    await stage.settle(stage.client.close())
    await stage.finish()
    expect(stage.network.closed).toBe(true)
  })

  it('destroy fails everything at once, and says why', async () => {
    const why = new Error('enough')
    const stage = new WireStage({ maxConn: 1 }, (peer, nth) => {
      if (nth === 1) peer.socket.write(OK)
    })
    await stage.settle(stage.client.get('http://a.test/0'))
    const calls = [1, 2].map((n) => stage.client.get(`http://a.test/${n}`))
    const settled = Promise.allSettled(calls)
    await stage.pass(10)
    const now = stage.clock.now()
    stage.client.destroy(why)
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CLOSED', cause: why } })
    }
    expect(stage.clock.now()).toBe(now)
    expect(stage.network.open).toBe(0)
    await expect(stage.client.get('http://a.test/')).rejects.toBeInstanceOf(ClosedError)
    stage.client.destroy()
    await stage.finish()
  })

  it('destroy ends a stream that is being read, and a close that waits', async () => {
    const stage = new WireStage({}, (peer) => {
      peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart')
    })
    const response = await stage.settle(stage.client.stream('http://a.test/'))
    const { value: start } = await stage.settle(response.body.next())
    expect(Buffer.from(start as Uint8Array).toString()).toBe('start')
    const rest = response.body.next().catch((error: unknown) => error)
    const closed = stage.client.close()
    await stage.pass(10)
    stage.client.destroy()
    expect(await rest).toBeInstanceOf(ClosedError)
    await closed
    await stage.finish()
  })

  it('comes with the end of the block that has it', async () => {
    const stage = new WireStage()
    const run = async (): Promise<string> => {
      await using client = stage.client
      return (await client.get('http://a.test/')).text()
    }
    expect(await stage.settle(run())).toBe('ok')
    expect(stage.network.open).toBe(0)
    expect(stage.network.closed).toBe(true)
    await stage.finish()
  })
})
