import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  ArgumentError,
  Client,
  ConnectError,
  LIMITS,
  LimitError,
  proxyFromEnvironment,
  type ClientOptions,
  type ConnectPhase,
  type DownloadResult,
  type ErrorCode,
  type ExtendOptions,
  type MapResult,
  type Middleware,
  type ModifyRequest,
  type Redirect,
  type RequestError,
  type RequestOptions,
  Response,
  type RetryReason,
  type StandardSchema,
  StatusError,
  StreamResponse,
  TimeoutError,
  type TimeoutPhase,
  type Timings,
} from '../../lib/index.ts'

interface Item {
  readonly id: number
}

const SCHEMA: StandardSchema<unknown, Item> = {
  '~standard': { version: 1, vendor: 'spec', validate: (value) => ({ value: value as Item }) },
}

let server: Server
let site = ''
let client: Client

// Types say what comes, and so it must come: what is asserted by the compiler (npm run check) is run as well.
beforeAll(async () => {
  server = createServer((_, response) => response.end('{"id":7}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  client = new Client()
})

afterAll(async () => {
  await client.close()
  server.close()
})

async function* items(): AsyncGenerator<Item> {
  yield { id: 1 }
}

const passOn: Middleware = (request, next) => next(request)

const change: Middleware = async (request, next) => {
  expectTypeOf(request.streamed).toEqualTypeOf<boolean>()
  expectTypeOf(request.url).toEqualTypeOf<string | URL>()
  const response = await next({ ...request, method: 'PUT' })
  expectTypeOf(response).toEqualTypeOf<Response | StreamResponse>()
  return response
}

// @ts-expect-error: a response it must be
const empty: Middleware = async () => undefined

const modify: ModifyRequest = (request, attempt, why) => {
  expectTypeOf(attempt).toEqualTypeOf<number>()
  expectTypeOf(why).toEqualTypeOf<RetryReason>()
  return { ...request, url: `${request.url}?attempt=${attempt}` }
}

describe('the types of', () => {
  it('requests: by URL, by options, by shorthand', async () => {
    const url = new URL(site)
    const whole = [
      client.request(site),
      client.request(url, { method: 'POST', json: 1 }),
      client.request({ url, method: 'POST' }),
      ...(['get', 'head', 'post', 'put', 'patch', 'delete'] as const).map((method) =>
        client[method](url, { priority: 1 }),
      ),
    ]
    expectTypeOf(whole).toEqualTypeOf<Promise<Response>[]>()
    for (const response of await Promise.all(whole)) expect(response).toBeInstanceOf(Response)
    const streamed = [client.stream(url), client.stream({ url: site })]
    expectTypeOf(streamed).toEqualTypeOf<Promise<StreamResponse>[]>()
    for (const response of await Promise.all(streamed)) {
      expect(response).toBeInstanceOf(StreamResponse)
      await response.discard()
    }
  })

  it('requests that are none', async () => {
    const url = new URL(site)
    // @ts-expect-error: options are given once
    await expect(client.request({ url }, { method: 'POST' })).rejects.toThrow(ArgumentError)
    // @ts-expect-error: there is no URL
    await expect(client.request({ method: 'POST' })).rejects.toThrow(ArgumentError)
    // @ts-expect-error: an option that does not exist
    await expect(client.get(url, { timeout: 1 })).rejects.toThrow(ArgumentError)
    // @ts-expect-error: an option of the client alone
    await expect(client.get(url, { maxConn: 1 })).rejects.toThrow(ArgumentError)
    // @ts-expect-error: a limit that does not exist
    expect(() => new Client({ maxConns: 1 })).toThrow(ArgumentError)
  })

  it('a whole response: its views are synchronous', async () => {
    const response = await client.get(site)
    expectTypeOf(response.status).toEqualTypeOf<number>()
    expectTypeOf(response.headers.get('a')).toEqualTypeOf<string | null>()
    expectTypeOf(response.headers.getAll('a')).toEqualTypeOf<string[]>()
    expectTypeOf([...response.headers]).toEqualTypeOf<[name: string, value: string][]>()
    expectTypeOf(response.rawHeaders).toEqualTypeOf<string[]>()
    expectTypeOf(response.text()).toEqualTypeOf<string>()
    expectTypeOf(response.bytes()).toEqualTypeOf<Uint8Array<ArrayBuffer>>()
    expectTypeOf(response.arrayBuffer()).toEqualTypeOf<ArrayBuffer>()
    expectTypeOf(response.blob()).toEqualTypeOf<Blob>()
    expectTypeOf(response.redirects).toEqualTypeOf<readonly Redirect[]>()
    expectTypeOf(response.timings).toEqualTypeOf<Timings>()
    expectTypeOf(response.cache).toEqualTypeOf<'hit' | 'miss' | 'revalidated' | 'stale' | null>()
    // @ts-expect-error: what came is not changed
    expect(() => (response.status = 404)).toThrow(TypeError)
    expect(response.text()).toBe('{"id":7}')
    expect(response.bytes()).toEqual(new Uint8Array(Buffer.from('{"id":7}')))
    expect(response.arrayBuffer().byteLength).toBe(8)
    expect(response.blob().size).toBe(8)
    expect(response.headers.get('content-length')).toBe('8')
    expect(response.cache).toBeNull()
    const { timings } = response
    expect(Object.keys(timings).toSorted()).toEqual(
      ['queue', 'dns', 'connect', 'tls', 'send', 'head', 'body', 'total'].toSorted(),
    )
  })

  it('JSON: unknown until a schema says what it is', async () => {
    const response = await client.get(site)
    const streamed = await client.stream(site)
    expectTypeOf(response.json()).toBeUnknown()
    expectTypeOf(response.json(SCHEMA)).toExtend<Item | Promise<Item>>()
    expect(response.json()).toEqual({ id: 7 })
    expect(response.json(SCHEMA)).toEqual({ id: 7 })
    const item = streamed.json(SCHEMA)
    expectTypeOf(item).resolves.toEqualTypeOf<Item>()
    expect(await item).toEqual({ id: 7 })
    // @ts-expect-error: no schema
    expect(() => response.json({ parse: () => 1 })).toThrow(ArgumentError)
  })

  it('a streamed response: a body of bytes, views that are promises', async () => {
    const response = await client.stream(site)
    for await (const chunk of response.body) {
      expectTypeOf(chunk).toEqualTypeOf<Uint8Array>()
      expect(chunk).toBeInstanceOf(Uint8Array)
    }
    const text = (await client.stream(site)).text()
    expectTypeOf(text).resolves.toEqualTypeOf<string>()
    expect(await text).toBe('{"id":7}')
    const bytes = (await client.stream(site)).bytes()
    expectTypeOf(bytes).resolves.toEqualTypeOf<Uint8Array<ArrayBuffer>>()
    expect(await bytes).toHaveLength(8)
    const web = (await client.stream(site)).web()
    expectTypeOf(web).toEqualTypeOf<ReadableStream<Uint8Array>>()
    expect(await new globalThis.Response(web).text()).toBe('{"id":7}')
    const node = (await client.stream(site)).node()
    expectTypeOf(node).toEqualTypeOf<Readable>()
    expect(await node.toArray()).toEqual([Buffer.from('{"id":7}')])
  })

  it('map: items and values are inferred', async () => {
    for await (const result of client.map([site], (response) => response.status)) {
      expectTypeOf(result).toEqualTypeOf<MapResult<string, number>>()
      if (result.ok) expectTypeOf(result.value).toEqualTypeOf<number>()
      else expectTypeOf(result.error).toEqualTypeOf<Error>()
      expect(result).toEqual({ ok: true, item: site, value: 200, error: undefined })
    }
    const named = client.map(items(), async (response, { id }) => `${id} ${response.text()}`, {
      toRequest: ({ id }) => `${site}${id}`,
      ordered: true,
    })
    for await (const { ok, value, item } of named) {
      expectTypeOf(item).toEqualTypeOf<Item>()
      if (ok) expectTypeOf(value).toEqualTypeOf<string>()
      expect(value).toBe('1 {"id":7}')
    }
    // @ts-expect-error: an item that is no request needs toRequest
    for await (const { ok } of client.map([{ id: 1 }], () => 1)) expect(ok).toBe(false)
  })

  it('download: options of a request and its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trawl-types-'))
    try {
      const result = client.download(site, join(folder, 'a.json'), {
        exists: 'skip',
        headers: { Accept: '*/*' },
        onProgress: ({ transferred, total }) => {
          expectTypeOf(transferred).toEqualTypeOf<number>()
          expectTypeOf(total).toEqualTypeOf<number | null>()
        },
      })
      expectTypeOf(result).resolves.toEqualTypeOf<DownloadResult>()
      expect(await result).toMatchObject({ size: 8, status: 200, skipped: false })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('fetch: that of the platform', async () => {
    const { fetch } = client
    expectTypeOf(fetch).toEqualTypeOf<typeof globalThis.fetch>()
    expect(await fetch(site)).toBeInstanceOf(globalThis.Response)
  })

  it('extend: a client of defaults, without pools and limits', async () => {
    const extended = client.extend({ baseUrl: site, use: [passOn, change] })
    expectTypeOf(extended).toEqualTypeOf<Client>()
    expectTypeOf<ExtendOptions>().toExtend<ClientOptions>()
    expect((await extended.get('/')).method).toBe('PUT')
    // @ts-expect-error: limits are the parent's
    expect(() => client.extend({ maxConn: 1 })).toThrow(ArgumentError)
    expect(await empty({ url: site, streamed: false }, () => client.get(site))).toBeUndefined()
  })

  it('options: an undefined one is as if not given', () => {
    expectTypeOf({ maxConn: undefined, proxy: undefined, use: undefined }).toExtend<ClientOptions>()
    expectTypeOf({
      query: { a: ['b', null] },
      cache: 'replay' as const,
      auth: null,
    }).toExtend<RequestOptions>()
    expectTypeOf({ clientIpPolicy: 'sticky' as const, clientIps: ['127.0.0.2'] }).toExtend<ClientOptions>()
    expectTypeOf({
      clientIpPolicy: ({ clientIps }: { clientIps: readonly string[] }) => clientIps[0]!,
    }).toExtend<ClientOptions>()
    expectTypeOf({ proxy: proxyFromEnvironment({}) }).toExtend<ClientOptions>()
    expectTypeOf({ retryErrors: ['ERR_PROTOCOL' as const] }).toExtend<RequestOptions>()
    expectTypeOf({ retryErrors: ['ERR_SPELT_WRONG' as const] }).not.toExtend<RequestOptions>()
    expectTypeOf({ cookies: 'cookies.txt' }).not.toExtend<ClientOptions>()
    expectTypeOf({ redirect: 'never' }).not.toExtend<RequestOptions>()
    expect(() => new Client({ maxConn: undefined, proxy: undefined, use: undefined })).not.toThrow()
    expect(modify({ url: 'http://a.test/' }, 2, { kind: 'status', status: 503 })).toEqual({
      url: 'http://a.test/?attempt=2',
    })
  })

  it('limits: numbers that are known', () => {
    expectTypeOf(LIMITS.maxConn).toEqualTypeOf<50>()
    expectTypeOf(LIMITS.maxRetries).toEqualTypeOf<3>()
    expect([LIMITS.maxConn, LIMITS.maxRetries]).toEqual([50, 3])
  })
})

/** Every code that a request can reject with: one that is new or gone does not compile. */
function kindOf(code: ErrorCode): 'way' | 'answer' | 'caller' {
  switch (code) {
    case 'ERR_CONNECT_DNS':
    case 'ERR_CONNECT_TCP':
    case 'ERR_CONNECT_TLS':
    case 'ERR_CONNECT_PROXY':
    case 'ERR_CONNECT_DENIED':
    case 'ERR_TIMEOUT_QUEUE':
    case 'ERR_TIMEOUT_CONNECT':
    case 'ERR_TIMEOUT_SEND':
    case 'ERR_TIMEOUT_HEAD':
    case 'ERR_TIMEOUT_BODY':
    case 'ERR_TIMEOUT_TOTAL':
    case 'ERR_CONNECTION_CLOSED':
      return 'way'
    case 'ERR_PROTOCOL':
    case 'ERR_LIMIT':
    case 'ERR_DECODING':
    case 'ERR_REDIRECT':
    case 'ERR_STATUS':
      return 'answer'
    case 'ERR_REQUEST_BODY':
    case 'ERR_CREDENTIALS':
    case 'ERR_ABORTED':
    case 'ERR_CLOSED':
      return 'caller'
  }
}

describe('the types of errors', () => {
  it('have codes that a switch can be done with', () => {
    expectTypeOf<RequestError['code']>().toEqualTypeOf<ErrorCode>()
    expectTypeOf<`ERR_CONNECT_${Uppercase<ConnectPhase>}`>().toExtend<ErrorCode>()
    expectTypeOf<`ERR_TIMEOUT_${Uppercase<TimeoutPhase>}`>().toExtend<ErrorCode>()
    expectTypeOf<RequestError['progress']>().toEqualTypeOf<'waiting' | 'sent' | 'answered' | 'done'>()
    expect(kindOf(new ConnectError('dns', 'no such host').code)).toBe('way')
    expect(kindOf(new TimeoutError('total', 5, 'not done').code)).toBe('way')
    expect(kindOf(new LimitError('maxQueued', 1, 'full').code)).toBe('answer')
  })

  it('narrow to what each has', () => {
    const error: unknown = new StatusError(404, 'Not Found', null)
    if (!(error instanceof StatusError)) throw new Error('it is one')
    expectTypeOf(error.status).toEqualTypeOf<number>()
    expect(error.status).toBe(404)
  })

  it('keep wrong use apart', () => {
    const error = new ArgumentError('wrong')
    expectTypeOf(error).toExtend<TypeError>()
    expectTypeOf(error).not.toExtend<RequestError>()
    expectTypeOf(error.code).toEqualTypeOf<'ERR_ARGUMENT'>()
    expect(error.code).toBe('ERR_ARGUMENT')
  })
})
