import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from '../../../lib/index.ts'
import { makeFetch } from '../../../lib/call/fetch/fetch.ts'

/** What the server answers, by path. Others: what was asked, as JSON. */
const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/gzip': (_, response) => {
    const body = gzipSync('packed')
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body)
  },
  '/latin1': (_, response) => {
    response.writeHead(200, 'Gr\u00fc\u00df', { 'x-name': 'J\u00e4ger' }).end('x')
  },
  '/cookies': (_, response) => {
    response.writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x', '1', 'x', '2']).end()
  },
  '/status': (request, response) => {
    response.writeHead(Number(request.url!.split('?')[1]), { 'x-here': 'yes' }).end()
  },
  '/drip': (_, response) => {
    response.write('first')
  },
  '/broken': (_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('first', () => response.destroy())
  },
  '/silent': () => {},
  '/close': (_, response) => void response.destroy(),
  '/big': (_, response) => void response.end(Buffer.alloc(1_000_000, 'x')),
  '/redirect': (request, response) => {
    const [status, location] = request.url!.slice(request.url!.indexOf('?') + 1).split(',')
    response.writeHead(Number(status), location === undefined ? {} : { location }).end('moved')
  },
}

let server: http.Server
let site = ''
let client: Client
const fetches: Record<string, typeof fetch> = {
  Node: globalThis.fetch,
  trawl: (input, init) => makeFetch(client)(input, init),
  'a client': (input, init) => client.fetch(input, init),
}

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const answer = answers[request.url!.split('?')[0]!]
    if (answer === undefined) void echo(request, response)
    else answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = new Client({ maxRetries: 0 })
})

afterAll(async () => {
  client.destroy()
  server.closeAllConnections()
  await once(server.close(), 'close')
})

interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string | undefined>
  readonly body: string
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray()).toString('latin1')
  const { method, url, headers } = request
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, headers, body }))
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not rejected')
}

/** How much the server has seen of a body, as framing and text. */
async function sentBody(
  fetch: typeof globalThis.fetch,
  input: Parameters<typeof fetch>[0],
  init?: RequestInit,
) {
  const { headers, body } = (await (await fetch(input, init)).json()) as Echo
  return [
    headers['content-length'] ?? headers['transfer-encoding'] ?? 'none',
    headers['content-type'] ?? 'none',
    body,
  ]
}

/** What the server sees of a fetch: method, path and two fields. */
async function asked(fetch: typeof globalThis.fetch, ...given: Parameters<typeof fetch>): Promise<unknown[]> {
  const { method, url: path, headers } = (await (await fetch(...given)).json()) as Echo
  return [method, path, headers['a'], headers['b']]
}

const sending = (body: unknown): RequestInit => ({ method: 'POST', body, duplex: 'half' }) as RequestInit

const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)))

const url = 'application/x-www-form-urlencoded;charset=UTF-8'
const bodies: readonly [
  what: string,
  make: () => NonNullable<RequestInit['body']>,
  length: string,
  type: string,
  text: string,
][] = [
  ['a string', () => 'h\u00e4', '3', 'text/plain;charset=UTF-8', 'h\u00c3\u00a4'],
  ['an empty string', () => '', '0', 'text/plain;charset=UTF-8', ''],
  ['bytes', () => new Uint8Array([65, 66]), '2', 'none', 'AB'],
  ['a part of a buffer', () => Buffer.from('xABx').subarray(1, 3), '2', 'none', 'AB'],
  ['an ArrayBuffer', () => new Uint8Array([65, 66]).buffer, '2', 'none', 'AB'],
  ['a DataView', () => new DataView(new Uint8Array([65, 66]).buffer, 1), '1', 'none', 'B'],
  ['a form of a URL', () => new URLSearchParams({ a: 'b c' }), '5', url, 'a=b+c'],
  ['a Blob', () => new Blob(['AB'], { type: 'x/y' }), '2', 'x/y', 'AB'],
  ['a number, as text', () => 12 as never, '2', 'text/plain;charset=UTF-8', '12'],
]

describe.each(Object.entries(fetches))('fetch of %s: the request', (_name, fetch) => {
  it('is a GET without a body', async () => {
    const { method, url: path, headers, body } = (await (await fetch(`${site}/a?b=c#d`)).json()) as Echo
    expect([method, path, body]).toEqual(['GET', '/a?b=c', ''])
    expect(headers).toMatchObject({ host: site.slice(7), accept: '*/*' })
    expect(headers).not.toHaveProperty('content-length')
  })

  it('takes a URL, a Request, and a Request with an init over it', async () => {
    const request = new Request(`${site}/r`, { method: 'PUT', headers: { a: '1', b: '2' } })
    expect(await asked(fetch, new URL(`${site}/u`))).toEqual(['GET', '/u', undefined, undefined])
    expect(await asked(fetch, request)).toEqual(['PUT', '/r', '1', '2'])
    expect(await asked(fetch, request, { method: 'DELETE', headers: { a: '3' } })).toEqual([
      'DELETE',
      '/r',
      '3',
      undefined,
    ])
    expect(await asked(fetch, `${site}/i`, request)).toEqual(['PUT', '/i', '1', '2'])
  })

  it('sends the fields given, Latin-1 too, and repeated ones', async () => {
    const headers: [string, string][] = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['Cookie', 'c=d'],
      ['x-b', 'J\u00e4ger'],
      ['user-agent', 'me'],
    ]
    const seen = ((await (await fetch(site, { headers })).json()) as Echo).headers
    expect(seen).toMatchObject({ 'x-a': '1, 2', cookie: 'c=d', 'x-b': 'J\u00e4ger', 'user-agent': 'me' })
  })

  it.each(bodies)('sends %s', async (_what, make, ...sent) => {
    expect(await sentBody(fetch, site, { method: 'POST', body: make() })).toEqual(sent)
  })

  it('sends a form', async () => {
    const form = new FormData()
    form.set('a', 'b')
    form.set('f', new File(['xy'], 'n.txt'))
    for (const given of [
      [site, { method: 'POST', body: form }],
      [new Request(site, { method: 'POST', body: form })],
    ]) {
      const [, type, body] = await sentBody(fetch, ...(given as [string]))
      const back = await new Response(body, { headers: { 'content-type': type ?? '' } }).formData()
      expect([back.get('a'), await (back.get('f') as File).text()]).toEqual(['b', 'xy'])
    }
  })

  it('sends streams chunked, and what is there at once of a Request with its length', async () => {
    expect(await sentBody(fetch, site, sending(streamOf('a', 'b')))).toEqual([
      expect.any(String),
      'none',
      'ab',
    ])
    expect(await sentBody(fetch, site, sending(Readable.from([Buffer.from('ab')])))).toEqual([
      expect.any(String),
      'none',
      'ab',
    ])
    expect(await sentBody(fetch, new Request(site, { method: 'POST', body: 'ab' }))).toEqual([
      '2',
      'text/plain;charset=UTF-8',
      'ab',
    ])
    const slow = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((resolve) => void setImmediate(resolve))
        controller.enqueue(Buffer.from('c'))
        await new Promise((resolve) => void setImmediate(resolve))
        controller.close()
      },
    })
    expect(await sentBody(fetch, site, sending(slow))).toEqual(['chunked', 'none', 'c'])
    const long = Array.from({ length: 40 }, () => 'x'.repeat(10_000))
    const [framing, , text] = await sentBody(fetch, site, sending(streamOf(...long)))
    expect([framing, text]).toEqual(['chunked', long.join('')])
  })

  it('does not see what is done to bytes afterwards', async () => {
    const bytes = new Uint8Array([65])
    const sent = sentBody(fetch, site, { method: 'POST', body: bytes })
    bytes[0] = 66
    expect((await sent)[2]).toBe('A')
  })

  it('uses the body of a Request up', async () => {
    const request = new Request(site, { method: 'POST', body: 'x' })
    await (await fetch(request)).text()
    expect(request.bodyUsed).toBe(true)
    expect(await rejection(fetch(request))).toBeInstanceOf(TypeError)
  })

  it('takes modes that mean nothing here', async () => {
    const modes = {
      credentials: 'omit',
      cache: 'no-store',
      keepalive: true,
      mode: 'cors',
      referrerPolicy: 'no-referrer',
    }
    const response = await fetch(site, modes as RequestInit)
    expect(((await response.json()) as Echo).method).toBe('GET')
  })

  const wrong: readonly [what: string, input: unknown, init?: unknown][] = [
    ['no URL', 'nonsense'],
    ['a relative URL', '/path'],
    ['a URL with credentials', 'http://u:p@127.0.0.1/'],
    ['a GET with a body', 'http://127.0.0.1/', { body: 'x' }],
    ['a HEAD with bytes', 'http://127.0.0.1/', { method: 'HEAD', body: new Uint8Array(1) }],
    ['a bad method', 'http://127.0.0.1/', { method: 'A B' }],
    ['CONNECT', 'http://127.0.0.1/', { method: 'CONNECT' }],
    ['a bad field', 'http://127.0.0.1/', { headers: { 'a b': 'c' } }],
    ['a line end in a field', 'http://127.0.0.1/', { headers: { a: 'b\r\nc: d' } }],
    ['a signal that is none', 'http://127.0.0.1/', { signal: {} }],
    ['an unknown mode', 'http://127.0.0.1/', { redirect: 'never' }],
    ['a stream without duplex', 'http://127.0.0.1/', { method: 'POST', body: new ReadableStream() }],
    ['an init that is a string', 'http://127.0.0.1/', 'x'],
    ['another scheme', 'ftp://127.0.0.1/'],
  ]
  it.each(wrong)('rejects %s with a TypeError', async (_what, input, init) => {
    expect(await rejection(fetch(input as string, init as RequestInit))).toBeInstanceOf(TypeError)
  })
})

describe.each(Object.entries(fetches))('fetch of %s: the response', (_name, fetch) => {
  it('is a Response of the network', async () => {
    const response = await fetch(`${site}/a?b#c`)
    expect(response).toBeInstanceOf(Response)
    expect(response.constructor).toBe(Response)
    const { status, statusText, ok, type, url: from, redirected, bodyUsed } = response
    expect({ status, statusText, ok, type, from, redirected, bodyUsed }).toEqual({
      status: 200,
      statusText: 'OK',
      ok: true,
      type: 'basic',
      from: `${site}/a?b`,
      redirected: false,
      bodyUsed: false,
    })
    expect(response.headers.get('content-type')).toBe('application/json')
    await response.text()
    expect(response.bodyUsed).toBe(true)
    await expect(response.text()).rejects.toThrow(TypeError)
  })

  it.each([200, 204, 205, 304, 400, 404, 500, 599])('resolves with status %i', async (status) => {
    const response = await fetch(`${site}/status?${status}`)
    expect([response.status, response.ok, response.headers.get('x-here')]).toEqual([
      status,
      status < 300,
      'yes',
    ])
    expect(response.body === null).toBe(status === 204 || status === 205 || status === 304)
    expect(await response.text()).toBe('')
  })

  it('has no body for HEAD', async () => {
    const response = await fetch(`${site}/gzip`, { method: 'HEAD' })
    expect([response.status, response.body, response.headers.get('content-encoding')]).toEqual([
      200,
      null,
      'gzip',
    ])
  })

  it('is decoded, and keeps the fields that say how it came', async () => {
    const response = await fetch(`${site}/gzip`)
    expect(await response.text()).toBe('packed')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('content-length')).toBe(String(gzipSync('packed').length))
  })

  it('has fields in Latin-1', async () => {
    const response = await fetch(`${site}/latin1`)
    expect(response.headers.get('x-name')).toBe('J\u00e4ger')
    await response.text()
  })

  it('has each Set-Cookie, and joins other fields', async () => {
    const response = await fetch(`${site}/cookies`)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('x')).toBe('1, 2')
  })

  it('can be cloned, and its clone too', async () => {
    const first = await fetch(`${site}/gzip?x`)
    const second = first.clone()
    const third = second.clone()
    for (const response of [third, first, second]) {
      expect([response.url, response.status, response.type]).toEqual([`${site}/gzip?x`, 200, 'basic'])
      expect(await response.text()).toBe('packed')
    }
  })

  it('gives its body as a stream, to readers with their own buffer too', async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of (await fetch(`${site}/big`)).body!) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(Buffer.alloc(1_000_000, 'x'))).toBe(true)
    const reader = (await fetch(`${site}/gzip`)).body!.getReader({ mode: 'byob' })
    let text = ''
    for (let i = 0; i < 20; i++) {
      const { done, value } = await reader.read(new Uint8Array(4))
      text += Buffer.from(value ?? []).toString()
      if (done) break
    }
    expect(text).toBe('packed')
  })

  it('gives its body as bytes, a blob and JSON', async () => {
    expect(Buffer.from(await (await fetch(`${site}/gzip`)).arrayBuffer()).toString()).toBe('packed')
    const blob = await (await fetch(site)).blob()
    expect(blob.type).toBe('application/json')
  })

  it('can be left: the rest is given up', async () => {
    const response = await fetch(`${site}/drip`)
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first')
    await reader.cancel()
    expect((await reader.read()).done).toBe(true)
  })
})

describe.each(Object.entries(fetches))('fetch of %s: failures', (_name, fetch) => {
  it('rejects with a TypeError and its cause when there is no answer', async () => {
    const error = await rejection(fetch(`${site}/close`))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe('fetch failed')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('breaks the body off with a TypeError and its cause', async () => {
    const error = await rejection((await fetch(`${site}/broken`)).text())
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe('terminated')
    expect(error.cause).toBeInstanceOf(Error)
  })

  const reasons: readonly [what: string, reason: unknown, shown: unknown][] = [
    ['an AbortError', undefined, expect.objectContaining({ name: 'AbortError', code: 20 })],
    ['the reason given', new RangeError('mine'), new RangeError('mine')],
    ['a reason that is no error', 'text', 'text'],
  ]
  it.each(reasons)('aborted before it starts, rejects with %s', async (_what, reason, shown) => {
    expect(await rejection(fetch(site, { signal: AbortSignal.abort(reason) }))).toEqual(shown)
  })

  it.each(reasons)('aborted before the answer, rejects with %s', async (_what, reason, shown) => {
    const controller = new AbortController()
    const arrived = once(server, 'request')
    const answer = rejection(fetch(`${site}/silent`, { signal: controller.signal }))
    await arrived
    controller.abort(reason)
    expect(await answer).toEqual(shown)
  })

  it.each(reasons)('aborted in the body, breaks it off with %s', async (_what, reason, shown) => {
    const controller = new AbortController()
    const response = await fetch(new Request(`${site}/drip`, { signal: controller.signal }))
    const reader = response.body!.getReader()
    await reader.read()
    const next = rejection(reader.read())
    controller.abort(reason)
    expect(await next).toEqual(shown)
  })

  it('aborted when all has come and nothing is read, gives none of it', async () => {
    const controller = new AbortController()
    const response = await fetch(`${site}/gzip`, { signal: controller.signal })
    controller.abort()
    expect(await rejection(response.text())).toMatchObject({ name: 'AbortError' })
  })

  it('aborted when it is over, keeps what it has', async () => {
    const controller = new AbortController()
    const response = await fetch(`${site}/gzip`, { signal: controller.signal })
    const text = await response.text()
    controller.abort()
    expect(text).toBe('packed')
  })
})
