import { Cookie, CookieJar } from 'tough-cookie'
import { describe, expect, it } from 'vitest'
import { ownFields } from '../../lib/call/request/own-fields.ts'
import type { Jar } from '../../lib/cookies/jar.ts'
import { ArgumentError } from '../../lib/core/errors.ts'
import { checkMethod, serializeFields } from '../../lib/http1/request-encoder.ts'
import {
  Client,
  CookieJars,
  type ClientOptions,
  type Middleware,
  type ModifyRequest,
  type RequestOptions,
} from '../../lib/index.ts'
import { madeRequest } from '../call/made-exchange.ts'
import { always, OK, WireStage, type OnHead } from '../client/wire-stage.ts'

/**
 * Whatever a user, or a server whose words are sent back, puts into a request: it is refused, or what goes out is one
 * request with no line in it that nobody meant.
 */

const URL_ = 'http://a.test/x'

/** What would begin a line of its own if a line end, or what is cut down to one, got out. */
const PAYLOADS = [
  'x\r\nX-Injected: 1',
  'x\nX-Injected: 1',
  'x\rX-Injected: 1',
  'x\r\n\r\nGET /other HTTP/1.1\r\nX-Injected: 1',
  'x\0X-Injected: 1',
  'x\u010d\u010aX-Injected: 1',
  'x\u2028X-Injected: 1',
  'x\u0085\u000bX-Injected: 1',
]

/** One value to the check, another to the write. */
function sly(payload: string): string {
  let asked = 0
  const give = (): string => (asked++ === 0 ? 'fine' : payload)
  return { toString: give, valueOf: give, [Symbol.toPrimitive]: give } as unknown as string
}

/** What comes of a request with `payload` in it, on its way to a stage. */
type Place = (stage: WireStage, payload: string) => Promise<unknown>

function given(options: (payload: string) => RequestOptions): Place {
  return ({ client }, payload) => client.request(URL_, options(payload))
}

function field(name: string): Place {
  return given((payload) => ({ headers: { [name]: payload } }))
}

/** A File that says of itself what it likes. */
function liar(what: 'type' | 'name', said: string): File {
  return Object.defineProperty(new File(['x'], 'name'), what, { get: () => said })
}

function form(add: (form: FormData, payload: string) => void): Place {
  return ({ client }, payload) => {
    const body = new FormData()
    add(body, payload)
    return client.post(URL_, { body })
  }
}

function lyingUrl(said: string): URL {
  const says = { href: `${URL_}?${said}`, pathname: said, host: said, hostname: said, search: said }
  const url = new URL(URL_)
  for (const [name, value] of Object.entries(says)) Object.defineProperty(url, name, { get: () => value })
  return url
}

const PLACES: Record<string, Place> = {
  'a method': given((method) => ({ method })),
  'a path': ({ client }, payload) => client.get(`http://a.test/${payload}`),
  'a query in the URL': ({ client }, payload) => client.get(`http://a.test/?${payload}`),
  'a fragment': ({ client }, payload) => client.get(`${URL_}#${payload}`),
  'a host': ({ client }, payload) => client.get(`http://a.test${payload}/`),
  'a port': ({ client }, payload) => client.get(`http://a.test:80${payload}/`),
  'a user of the URL': ({ client }, payload) => client.get(`http://${payload}@a.test/`),
  'a password of the URL': ({ client }, payload) =>
    client.get(`http://me:${encodeURIComponent(payload)}@a.test/`),
  'a URL object': ({ client }, payload) => client.get(lyingUrl(payload)),
  'a URL below a base': ({ client }, payload) => client.request(payload, { baseUrl: 'http://a.test/' }),
  'a parameter': given((payload) => ({ query: { [payload]: payload } })),
  'a name of a field': given((payload) => ({ headers: { [payload]: '1' } })),
  'a value in a list': given((payload) => ({ headers: { 'X-A': ['a', payload] } })),
  'a pair': given((payload) => ({ headers: [['X-A', payload]] })),
  ...Object.fromEntries(
    [
      'X-A',
      'Host',
      'User-Agent',
      'Range',
      'If-None-Match',
      'If-Range',
      'Cookie',
      'Authorization',
      'Connection',
    ]
      .concat(['Content-Type', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Proxy-Authorization'])
      .map((name) => [`a value of ${name}`, field(name)]),
  ),
  'a type of a body': given((payload) => ({
    method: 'POST',
    body: 'x',
    headers: { 'content-type': payload },
  })),
  'a type of a Blob': given((type) => ({ method: 'POST', body: new Blob(['x'], { type }) })),
  'a name in a form': form((body, payload) => body.append(payload, 'x')),
  'a text in a form': form((body, payload) => body.append('a', payload)),
  'a file name in a form': form((body, payload) => body.append('a', new Blob(['x']), payload)),
  'a type of a file in a form': form((body, type) => body.append('a', new Blob(['x'], { type }))),
  'a file that lies about its type': form((body, payload) => body.append('a', liar('type', payload))),
  'a file that lies about its name': form((body, payload) => body.append('a', liar('name', payload))),
  'a form in the URL’s way': given((payload) => ({
    method: 'POST',
    body: new URLSearchParams({ [payload]: payload }),
  })),
  'a user': given((username) => ({ auth: { basic: { username, password: 'x' } } })),
  'a password': given((password) => ({ auth: { basic: { username: 'x', password } } })),
  'a token': given((bearer) => ({ auth: { bearer } })),
  'a token of a function': given((payload) => ({ auth: { bearer: () => payload } })),
  'a user for a digest': given((username) => ({ auth: { digest: { username, password: 'x' } } })),
  'a client IP': given((clientIp) => ({ clientIp })),
  'a session': given((session) => ({ session })),
  'a user of a proxy': given((payload) => ({ proxy: `http://${payload}:x@127.0.0.1:1` })),
  'an encoded user of a proxy': given((payload) => ({
    proxy: `http://${encodeURIComponent(payload)}:x@127.0.0.1:1`,
  })),
  'a host of a proxy': given((payload) => ({ proxy: `http://127.0.0.1${payload}` })),
  fetch: ({ client }, payload) => client.fetch(URL_, { headers: [['X-A', payload]] }),
  'a method of fetch': ({ client }, method) => client.fetch(URL_, { method }),
  'a cookie set by hand': async ({ client }, payload) => {
    client.cookies!.jar('').set({ name: 'a', value: payload }, URL_)
    return client.get(URL_)
  },
}

/** All that a stage's servers got, checked: one head, its lines with a name that somebody meant. */
function check(stage: WireStage): void {
  const heads = stage.peers.map(({ text }) => text.slice(0, text.indexOf('\r\n\r\n') + 4))
  for (const [i, head] of heads.entries()) {
    expect(head).toMatch(/^[!-~]+ [!-~]+ HTTP\/1\.1\r\n(?:[\w-]+: [\t -~\u0080-\u00ff]*\r\n)+\r\n$/)
    expect(head.toLowerCase()).not.toMatch(/^x-injected/m)
    expect(stage.peers[i]!.heads).toBe(1)
    // Parts of a form are heads as well.
    expect(stage.peers[i]!.text.slice(head.length)).not.toMatch(/^Content-[^]*\nX-Injected[^]*\r\n\r\n/im)
  }
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'sent',
    (error: Error & { code?: string; cause?: { code?: string } }) =>
      error.code ?? error.cause?.code ?? `${error.name}: ${error.message}`,
  )
}

// The last two are Node’s own words, by way of fetch.
const REFUSED =
  /^(sent|ERR_ARGUMENT|ERR_CREDENTIALS|ERR_CONNECT_\w+|TypeError: [^]*(invalid header value|not a valid HTTP method|to a ByteString)[^]*)$/

describe.each(Object.entries(PLACES))('%s', (_name, place) => {
  it.each([...PAYLOADS, ...PAYLOADS.map((payload) => sly(payload))])(
    'with %j breaks out of no line',
    async (payload) => {
      const stage = new WireStage({ cookies: true }, always(OK), ['a.test', 'a.testx', 'x'])
      let asked: Promise<unknown>
      try {
        asked = place(stage, payload)
      } catch (error) {
        asked = Promise.reject(error)
      }
      expect(await stage.settle(outcome(asked))).toMatch(REFUSED)
      check(stage)
      await stage.finish()
    },
  )
})

describe('what a client has for all requests', () => {
  it.each<[string, (payload: string) => ClientOptions]>([
    ['headers', (payload) => ({ headers: { 'X-A': payload } })],
    ['names', (payload) => ({ headers: { [payload]: 'x' } })],
    ['baseUrl', (payload) => ({ baseUrl: `http://a.test${payload}/` })],
    ['a proxy', (payload) => ({ proxy: `http://me:${payload}@127.0.0.1:1` })],
    ['auth', (payload) => ({ auth: { bearer: payload, origins: ['http://a.test'] } })],
  ])('%s are refused when it is made', (_what, options) => {
    for (const payload of PAYLOADS.slice(0, 5)) {
      expect(() => new Client(options(payload))).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
    }
  })
})

describe('what functions of the user change', () => {
  const change: Record<string, (payload: string) => ClientOptions> = {
    'middleware, a field': (payload) => {
      const use: Middleware = (request, next) =>
        next({ ...request, headers: { ...request.headers, 'X-A': payload } })
      return { use: [use] }
    },
    'middleware, a method': (method) => ({ use: [(request, next) => next({ ...request, method })] }),
    'middleware, a URL': (payload) => ({
      use: [(request, next) => next({ ...request, url: `http://a.test/${payload}` })],
    }),
    'modifyRequest, a field': (payload) => {
      const modifyRequest: ModifyRequest = (request) => {
        request.headers = { 'X-A': payload }
      }
      return { modifyRequest, maxRetries: 1 }
    },
    'modifyRequest, a method': (method) => ({
      modifyRequest: (request) => ({ ...request, method }),
      maxRetries: 1,
    }),
    'a proxy function': (payload) => ({ proxy: () => `http://me${payload}:x@127.0.0.1:1` }),
  }
  it.each(Object.entries(change))('%s', async (_what, options) => {
    for (const payload of PAYLOADS) {
      const busy = 'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
      const stage = new WireStage(options(payload), always(busy))
      expect(await stage.settle(outcome(stage.client.get(URL_)))).toMatch(REFUSED)
      check(stage)
      await stage.finish()
    }
  })
})

/** The answer to the first request, and to all that come after. */
function first(answer: string, then = OK): OnHead {
  let count = 0
  return (peer) => peer.socket.write(count++ === 0 ? answer : then)
}

function moved(location: string): string {
  return `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

describe('what a server says and a client repeats', () => {
  it.each([
    'http://a.test/\tX-Injected: 1',
    'http://a.test/%0d%0aX-Injected:%201',
    'http://a.test/\u000bX-Injected: 1',
    'http://a.test/\u008d\u008aX-Injected: 1',
    '/x y HTTP/1.1 X-Injected: 1',
    'http://x%0d%0aX-Injected:1@a.test/',
    'http://a.test%0d%0aX-Injected:1/',
    'http://a.test:80%0d%0aX-Injected:1/',
  ])('Location: %j', async (location) => {
    const stage = new WireStage({}, first(moved(location)))
    expect(await stage.settle(outcome(stage.client.get(URL_)))).toMatch(/^(sent|ERR_REDIRECT)$/)
    check(stage)
    await stage.finish()
  })

  it.each(['a=b\u000bX-Injected: 1', 'a=b\u007f', 'a\u0001=b', 'a=\u0000', 'a=b; Path=/\u000b'])(
    'Set-Cookie: %j',
    async (cookie) => {
      const close = 'Connection: close\r\nContent-Length: 0\r\n\r\n'
      const stage = new WireStage(
        { cookies: true },
        first(`HTTP/1.1 200 OK\r\nSet-Cookie: ${cookie}\r\n${close}`),
      )
      await stage.settle(outcome(stage.client.get(URL_)))
      expect(await stage.settle(outcome(stage.client.get(URL_)))).toBe('sent')
      check(stage)
      await stage.finish()
    },
  )

  it.each(['ETag: "a\u000bb"', 'ETag: a\u007f', 'Last-Modified: Sun, 01 Jan\u0001 2023'])(
    'what names a stored version: %j',
    async (line) => {
      const answer = `HTTP/1.1 200 OK\r\n${line}\r\nCache-Control: max-age=1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`
      const stage = new WireStage({ cache: true }, always(answer))
      await stage.settle(stage.client.get(URL_))
      await stage.pass(5_000)
      expect(await stage.settle(outcome(stage.client.get(URL_)))).toBe('sent')
      expect(stage.peers).toHaveLength(2)
      check(stage)
      await stage.finish()
    },
  )

  it.each([
    'realm="a\u000b", nonce="n"',
    'realm="a", nonce="n\u0001"',
    'realm="a", nonce="n", opaque="\u007f"',
  ])('a challenge: %j', async (params) => {
    const auth = { digest: { username: 'me', password: 'x' } }
    const denied = `HTTP/1.1 401 No\r\nWWW-Authenticate: Digest ${params}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
    const stage = new WireStage({}, first(denied))
    expect(await stage.settle(outcome(stage.client.get(URL_, { auth })))).toBe('sent')
    check(stage)
    await stage.finish()
  })
})

it('a jar of tough-cookie that others have filled breaks out of no line', async () => {
  const jar = new CookieJar()
  await jar.setCookie(new Cookie({ key: 'a', value: 'x\r\nX-Injected: 1' }), URL_, { loose: true })
  const cookies = new CookieJars()
  cookies.adopt('', jar)
  const stage = new WireStage({ cookies })
  expect(await stage.settle(outcome(stage.client.get(URL_)))).toBe('sent')
  check(stage)
  await stage.finish()
})

it('a jar that gives a line of its own breaks out of none', () => {
  const jar = { header: () => PAYLOADS[0] } as unknown as Jar
  const encoder = { checkMethod, serializeFields }
  expect(() => ownFields(madeRequest({ jar, sendsCookies: true }), '/', null, encoder)).toThrow(ArgumentError)
})
