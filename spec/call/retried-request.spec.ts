import { describe, expect, it } from 'vitest'
import type {
  ClientOptions,
  ModifyRequest,
  RequestOptions,
  RetriedRequest,
  RetryReason,
} from '../../lib/index.ts'
import { ArgumentError, ConnectionClosedError } from '../../lib/index.ts'
import { RetryStage, status, type Act } from '../client/retry-stage.ts'

const half: Act = (peer) => {
  peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
  peer.socket.end()
}

const asOther: ModifyRequest = (request) => ({ ...request, session: 'other' })

/** Field order is the user's; where fields of the URL stand among them does not matter. */
function lines(head: string | undefined): string[] {
  return head!.split('\r\n').toSorted()
}

const URL_ = 'http://a.test/x?q=1'

interface Asked {
  readonly request: RetriedRequest
  readonly attempt: number
  readonly why: RetryReason
}

/** What `modifyRequest` is given after a 500. */
async function asked(
  options: RequestOptions,
  client: ClientOptions = {},
  url: string = URL_,
): Promise<Asked> {
  const stage = new RetryStage([status(500)], client)
  const all: Asked[] = []
  const modifyRequest = (request: RetriedRequest, attempt: number, why: RetryReason): void => {
    all.push({ request: { ...request }, attempt, why })
  }
  await stage.settle(stage.client.request(url, { ...options, modifyRequest }))
  await stage.finish()
  expect(all.length).toBe(1)
  return all[0]!
}

/** The heads of both tries, the second by what `modifyRequest` gives. */
async function heads(
  options: RequestOptions,
  client: ClientOptions = {},
  acts: readonly Act[] = [status(500)],
): Promise<string[]> {
  const stage = new RetryStage(acts, client)
  const response = await stage.settle(
    stage.client.request(URL_, { modifyRequest: () => undefined, ...options }),
  )
  expect([response.status, response.retries]).toEqual([200, 1])
  await stage.finish()
  return stage.heads
}

describe('the request that modifyRequest is given', () => {
  it('is as its caller could have written it', async () => {
    const { request, attempt, why } = await asked(
      {
        method: 'put',
        body: 'b',
        priority: 3,
        headers: { 'X-One': ['1', '2'], accept: 'text/html' },
        session: 's',
      },
      { headers: { 'X-Client': 'c', 'X-Gone': 'g' } },
    )
    const { modifyRequest: _modify, ...rest } = request
    expect(rest).toEqual({
      url: URL_,
      method: 'PUT',
      body: 'b',
      priority: 3,
      session: 's',
      headers: { 'X-One': ['1', '2'], accept: 'text/html', 'X-Client': 'c', 'X-Gone': 'g' },
    })
    expect([attempt, why]).toEqual([2, { kind: 'status', status: 500 }])
  })

  it('has its URL whole: base and query are in it, the fragment is not', async () => {
    const { request } = await asked({ baseUrl: 'http://a.test/dir/', query: { b: [1, 2] } }, {}, 'page#f')
    expect(request.url).toBe('http://a.test/dir/page?b=1&b=2')
    expect(['baseUrl' in request, 'query' in request]).toEqual([false, false])
  })

  it('has neither signal nor what is made anew each time', async () => {
    const { request } = await asked({ signal: new AbortController().signal })
    expect(['signal' in request, request.headers]).toEqual([false, {}])
  })

  it('tells the error, and counts', async () => {
    const stage = new RetryStage([half, status(502), half])
    const told: unknown[] = []
    const modifyRequest = (_request: RetriedRequest, attempt: number, why: RetryReason): void => {
      told.push([attempt, why.kind === 'status' ? why.status : why.error.constructor])
    }
    const response = await stage.settle(stage.client.get(URL_, { modifyRequest }))
    expect(response.retries).toBe(3)
    expect(told).toEqual([
      [2, ConnectionClosedError],
      [3, 502],
      [4, ConnectionClosedError],
    ])
    await stage.finish()
  })
})

describe('left as it is, it is sent as it was', () => {
  const form = new FormData()
  form.set('a', '1')
  const ROWS: readonly [what: string, options: RequestOptions, client: ClientOptions][] = [
    ['plain', {}, {}],
    [
      'own fields, in order',
      {
        headers: [
          ['B', '1'],
          ['a', '2'],
          ['B', '3'],
        ] as [string, string][],
      },
      {},
    ],
    ['client fields and own', { headers: { a: '1' } }, { headers: { b: '2', A: '3' } }],
    ['fields left out', { headers: { 'user-agent': null, accept: null, b: null } }, { headers: { b: '2' } }],
    ['left out by the client', {}, { headers: { 'user-agent': null } }],
    ['a Host of its own', { headers: { Host: 'vhost.test' } }, {}],
    ['a Cookie of its own', { headers: { cookie: 'a=1' } }, { cookies: true }],
    ['text', { method: 'PUT', body: 'text' }, {}],
    ['JSON', { method: 'PUT', json: { a: 1 } }, {}],
    ['JSON without Content-Type', { method: 'PUT', json: {}, headers: { 'content-type': null } }, {}],
    ['an Authorization field', { headers: { authorization: 'x' } }, {}],
    ['auth', { auth: { bearer: 'x' } }, {}],
    ["the client's auth", {}, { baseUrl: 'http://a.test', auth: { bearer: 'x' } }],
    ['a session', { session: 'ada' }, { cookies: true }],
    ['coded bodies not wanted', { decompress: false }, {}],
  ]
  it.each(ROWS)('%s', async (_what, options, client) => {
    const [first, second] = await heads(options, client)
    expect(lines(second)).toEqual(lines(first))
  })

  it('a form has a boundary of its own each time, in its field too', async () => {
    const stage = new RetryStage([status(500)])
    await stage.settle(stage.client.put(URL_, { body: form, modifyRequest: () => undefined }))
    for (const [i, head] of stage.heads.entries()) {
      const boundary = /boundary=(\S+)/.exec(head)![1]!
      expect(stage.wire.split(`--${boundary}--`).length, `try ${i + 1}`).toBe(2)
    }
    await stage.finish()
  })

  it('user and password of the URL', async () => {
    const stage = new RetryStage([status(500)])
    await stage.settle(stage.client.get('http://u:p@a.test/', { modifyRequest: () => undefined }))
    expect(lines(stage.heads[1])).toEqual(lines(stage.heads[0]))
    expect(stage.heads[0]).toContain('Authorization: Basic')
    await stage.finish()
  })

  it('from the same client IP', async () => {
    const stage = new RetryStage([status(500), status(500)], { clientIps: ['10.0.0.1', '10.0.0.2'] })
    const response = await stage.settle(stage.client.get(URL_, { modifyRequest: () => undefined }))
    expect([response.retries, response.clientIp]).toEqual([2, '10.0.0.1'])
    expect(new Set(stage.peers.map(({ dial }) => dial.clientIp))).toEqual(new Set(['10.0.0.1']))
    await stage.finish()
  })
})

describe('what it may change', () => {
  const ROWS: readonly [
    what: string,
    change: (request: RetriedRequest) => RetriedRequest | void,
    seen: RegExp,
  ][] = [
    ['the URL', (request) => void (request.url = 'http://a.test/other'), /^GET \/other HTTP/],
    [
      'the URL, relative to baseUrl',
      (request) => ({ ...request, url: '/other', baseUrl: 'http://a.test' }),
      /^GET \/other HTTP/,
    ],
    ['the method', (request) => ({ ...request, method: 'OPTIONS' }), /^OPTIONS \/x/],
    ['the fields', (request) => ({ ...request, headers: { 'user-agent': 'other' } }), /user-agent: other/],
    ['all', () => ({ url: 'http://a.test/new', method: 'DELETE' }), /^DELETE \/new HTTP/],
    ['the query', (request) => ({ ...request, query: { z: 1 } }), /^GET \/x\?q=1&z=1 /],
    ['the body', (request) => ({ ...request, method: 'PUT', body: 'abc' }), /Content-Length: 3/],
  ]
  it.each(ROWS)('%s, at once or later', async (_what, change, seen) => {
    const [, second] = await heads({ modifyRequest: change })
    expect(second).toMatch(seen)
    const [, later] = await heads({ modifyRequest: async (request) => change(request) ?? request })
    expect(later).toBe(second)
  })

  it('by the promise of any library', async () => {
    const other = { url: 'http://a.test/later' }
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    const promise = { then: (pass: (request: RetriedRequest) => void) => pass(other) }
    const [, second] = await heads({ modifyRequest: () => promise as unknown as Promise<RetriedRequest> })
    expect(second).toMatch(/^GET \/later /)
  })

  it('the session, and with it the client IP', async () => {
    const stage = new RetryStage([status(500)], { clientIps: ['10.0.0.1', '10.0.0.2'] })
    const response = await stage.settle(stage.client.get(URL_, { modifyRequest: asOther }))
    expect(response.clientIp).toBe('10.0.0.2')
    await stage.finish()
  })

  it('the fragment stays, unless it gives one or goes elsewhere', async () => {
    const fragments: string[] = []
    for (const url of ['', 'http://a.test/y#new', 'https://a.test/y']) {
      const stage = new RetryStage([status(500)])
      const modifyRequest = (request: RetriedRequest): void => void (request.url = url || request.url)
      fragments.push((await stage.settle(stage.client.get(`${URL_}#old`, { modifyRequest }))).fragment)
      await stage.finish()
    }
    expect(fragments).toEqual(['#old', '#new', ''])
  })
})

describe('what goes wrong in it', () => {
  const oops = new Error('oops')
  const ROWS: readonly [what: string, modifyRequest: RequestOptions['modifyRequest'], error: unknown][] = [
    [
      'it throws',
      () => {
        throw oops
      },
      oops,
    ],
    ['it rejects', () => Promise.reject(oops), oops],
    ['a bad URL', (request) => ({ ...request, url: 'nowhere' }), ArgumentError],
    ['a bad URL, later', async (request) => ({ ...request, url: 'nowhere' }), ArgumentError],
    ['an unknown option', (request) => ({ ...request, wrong: 1 }) as RetriedRequest, ArgumentError],
    ['a line end', (request) => ({ ...request, headers: { a: 'b\r\nc: d' } }), ArgumentError],
  ]
  it.each(ROWS)('ends the call: %s', async (_what, modifyRequest, error) => {
    const stage = new RetryStage([status(500)])
    const { error: got } = await stage.failure(stage.client.get(URL_, { modifyRequest }))
    const isKind = typeof error === 'function' && got instanceof (error as typeof ArgumentError)
    expect(isKind || (got as unknown) === error).toBe(true)
    expect(stage.count).toBe(1)
    await stage.finish()
  })

  it('its own request that fails is not tried again for this one', async () => {
    const stage = new RetryStage([status(500)])
    const broken = new ConnectionClosedError('another call')
    let calls = 0
    const modifyRequest = async (): Promise<void> => {
      calls++
      throw broken
    }
    const { error } = await stage.failure(stage.client.get(URL_, { modifyRequest }))
    expect([error, calls]).toEqual([broken, 1])
    await stage.finish()
  })

  it('and the signal still ends a call that waits for it', async () => {
    const stage = new RetryStage([status(500)])
    const abort = new AbortController()
    const modifyRequest = (): Promise<void> => new Promise(() => setImmediate(() => abort.abort()))
    const { error } = await stage.failure(stage.client.get(URL_, { modifyRequest, signal: abort.signal }))
    expect(error.code).toBe('ERR_ABORTED')
    await stage.finish()
  })
})
