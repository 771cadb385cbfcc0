import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { showUrlText } from '../../lib/jobs/item-url.ts'
import { watch } from '../../lib/core/debug.ts'
import { channels } from '../../lib/core/diagnostics.ts'
import { Client, type ClientOptions, type RequestOptions } from '../../lib/index.ts'
import { always, WireStage, type OnHead } from '../client/wire-stage.ts'

/** Nothing that is printed, logged or thrown tells a secret: of the user, of a jar, or of an answer. */

const SECRET = 'hunter2'
const BASIC = Buffer.from(`me:${SECRET}`).toString('base64')
const URL_ = 'http://a.test/x'

let printed = ''
beforeEach(() => {
  printed = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** All that somebody who logs `value` would see of it. */
function shown(value: unknown): string {
  const own = value instanceof Error ? `${value.message}\n${value.stack}\n${String(value.cause)}` : ''
  return [
    own,
    inspect(value),
    inspect(value, { depth: 20, showHidden: true }),
    inspect(value, { customInspect: false, depth: 20 }),
  ].join('\n')
}

/** 'clean', or where a secret stands in what is shown of `value`. */
function lookOf(value: unknown): string {
  const text = typeof value === 'string' ? value : shown(value)
  const at = [SECRET, BASIC].map((secret) => text.indexOf(secret)).find((index) => index !== -1)
  return at === undefined ? 'clean' : text.slice(Math.max(0, at - 80), at + 20)
}

/** A client and a request with a secret in every place that there is for one. */
const CLIENT: ClientOptions = {
  cookies: true,
  secretHeaders: ['X-Key'],
  headers: { 'X-Key': SECRET, 'Proxy-Authorization': SECRET },
  debug: 'stream',
  maxRetries: 1,
}
const REQUESTS: readonly RequestOptions[] = [
  { auth: { basic: { username: 'me', password: SECRET } } },
  { auth: { bearer: SECRET } },
  { auth: { bearer: () => SECRET } },
  { auth: { digest: { username: 'me', password: SECRET } } },
  { headers: { Authorization: `Basic ${BASIC}`, Cookie: `id=${SECRET}` } },
]

const FIELDS = `Set-Cookie: id=${SECRET}; Path=/\r\nSET-COOKIE: b=\r\n  ${SECRET}\r\nX-Key: ${SECRET}\r\n`

function answer(status: string, fields: string, body = ''): string {
  return `HTTP/1.1 ${status}\r\n${FIELDS}${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** Each character in a piece of its own. */
const inPieces =
  (text: string): OnHead =>
  (peer) => {
    for (const character of text) peer.socket.write(character)
  }

const SERVERS: Record<string, OnHead> = {
  'an answer': always(answer('200 OK', '', 'ok')),
  'an answer in pieces': inPieces(answer('200 OK', '', 'ok')),
  'a 404': always(answer('404 No', '')),
  'a 401': always(answer('401 No', 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n')),
  'a 503': always(answer('503 Busy', '')),
  'a NUL in a cookie': always(`HTTP/1.1 200 OK\r\nSet-Cookie: id=${SECRET}\0\r\n\r\n`),
  'a CR in a cookie': always(`HTTP/1.1 200 OK\r\nSet-Cookie: id=\r${SECRET}\r\n\r\n`),
  'a cookie for a status line': always(`Set-Cookie: id=${SECRET}\r\n\r\n`),
  'our own request for an answer': (peer) => peer.socket.write(peer.text),
  'a damaged body': always(answer('200 OK', 'Content-Encoding: gzip\r\n', 'no')),
  'a body that breaks off': (peer) => {
    peer.socket.write(`HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: 9\r\n\r\nno`)
    peer.socket.close()
  },
  'a reset': (peer) => peer.socket.reset(),
  silence: () => undefined,
}

describe.each(['lenient', 'strict'] as const)('parser: %s', (parser) => {
  it.each(Object.entries(SERVERS))('%s tells no secret', async (_what, onHead) => {
    for (const options of REQUESTS) {
      const stage = new WireStage({ ...CLIENT, parser, replyTimeout: 500 }, onHead)
      for (let i = 0; i < 2; i++) {
        for (const expectSuccess of [false, true]) {
          const asked = stage.client.request(URL_, { ...options, expectSuccess })
          expect(lookOf(await stage.settle(asked.catch((error: unknown) => error)))).toBe('clean')
        }
      }
      const streamed = stage.client.stream(URL_, options)
      const response = await stage.settle(streamed.catch((error: unknown) => error))
      expect(lookOf(response)).toBe('clean')
      if (!(response instanceof Error)) await stage.settle((response as Awaited<typeof streamed>).discard())
      expect(lookOf(stage.client.stats())).toBe('clean')
      expect(lookOf(JSON.stringify(stage.client.stats()))).toBe('clean')
      expect(lookOf(inspect(stage.client, { depth: 20, showHidden: true }))).toBe('clean')
      await stage.settle(stage.client.close())
      expect(printed).toContain('[hidden]')
      expect(lookOf(printed)).toBe('clean')
    }
  })
})

/** What the fields of an answer hold is printed by `debug`, and `location` is as it came; no message tells it. */
describe('the message of an error tells no password of', () => {
  it.each([
    ['a redirect to no URL', answer('302 Found', `Location: http://me:${SECRET}/x@[\r\n`)],
    ['a redirect to another scheme', answer('302 Found', `Location: ftp://me:${SECRET}@b.test/\r\n`)],
    ['a redirect to a bad port', answer('302 Found', `Location: //me:a?${SECRET}@b.test:x/\r\n`)],
    ['a loop', answer('302 Found', `Location: http://me:${SECRET}@a.test/x\r\n`)],
    ['a cookie without a colon', `HTTP/1.1 200 OK\r\nSet-Cookie id=${SECRET}\r\nContent-Length : 0\r\n\r\n`],
    ['a cookie without a colon (strict)', `HTTP/1.1 200 OK\r\nSet-Cookie id=${SECRET}\r\n\r\n`],
  ])('%s', async (_what, reply) => {
    const stage = new WireStage({ parser: 'strict' }, always(reply))
    const { error } = await stage.failure(stage.client.get(URL_))
    expect(lookOf(`${error.message}\n${error.stack}`)).toBe('clean')
    await stage.finish()
  })
})

describe('debug: stream', () => {
  const TEXT = answer('200 OK', '', 'ok')
  const HIDDEN =
    'HTTP/1.1 200 OK\r\nSet-Cookie: [hidden]\r\nSET-COOKIE: [hidden]\r\n\r\nX-Key: x\r\nContent-Length: 2\r\n\r\nok'

  it.each([1, 2, 3, 5, 8, 13, 21, 34, 55, 1_000])(
    'hides values however they are cut: pieces of %i',
    (size) => {
      const own = { client: 123_456, connection: 7 }
      const stop = watch('stream', own.client)
      const text = TEXT.replace(`X-Key: ${SECRET}`, 'X-Key: x')
      for (let at = 0; at < text.length; at += size) {
        const data = Buffer.from(text.slice(at, at + size))
        channels.connectionBytes.publish({ ...own, direction: 'in', data })
        // Another connection, and the other direction, are none of its business.
        channels.connectionBytes.publish({ ...own, connection: 8, direction: 'in', data: 'x\r\n' })
        channels.connectionBytes.publish({ ...own, direction: 'out', data: 'x\r\n' })
      }
      stop()
      const incoming = [...printed.matchAll(/<< +#7 (".*")$/gm)].map(
        (match) => JSON.parse(match[1]!) as string,
      )
      expect(incoming.join('')).toBe(HIDDEN)
      expect(lookOf(printed)).toBe('clean')
    },
  )
})

function client(options: object): () => unknown {
  return () => new Client(options)
}

function request(url: string, options: object = {}): () => unknown {
  return () => {
    const stage = new WireStage({ baseUrl: 'http://a.test/' })
    return stage.settle(stage.client.request(url, options))
  }
}

describe('a bad argument is told without its secret:', () => {
  const wrong: Record<string, () => unknown> = {
    'a URL with a slash in its password': request(`http://me:a/${SECRET}@a.test/`),
    'a URL with a question mark in its password': request(`http://me:a?${SECRET}@a.test/`),
    'a URL with a hash in its password': request(`http://me:a#${SECRET}@a.test/`),
    'a URL with a backslash in its password': request(`http:\\\\me:a\\${SECRET}@a.test/`),
    'a URL with a bad port': request(`http://me:${SECRET}@a.test:x/`),
    'a URL of another scheme': request(`ftp://me:${SECRET}@a.test/`),
    'a URL of an unknown scheme': request(`foo://me:a/${SECRET}@a.test/`),
    'a URL without slashes': request(`https:me:${SECRET}@[/`),
    'a URL with tabs': request(`ht\ttp:/\t/me:${SECRET}@[/`),
    'a URL without a scheme': request(`//me:${SECRET}@[/`),
    baseUrl: client({ baseUrl: `http://me:a/${SECRET}@a.test/` }),
    'baseUrl of another scheme': client({ baseUrl: `ftp://me:${SECRET}@a.test/` }),
    proxy: client({ proxy: `http://me:a/${SECRET}@a.test/` }),
    'proxy of another scheme': client({ proxy: `ftp://me:${SECRET}@a.test/` }),
    'a URL of a download': () => new Client().download(`http://me:a/${SECRET}@a.test/`, '/x'),
    'an origin': client({ auth: { bearer: 'x', origins: [`http://me:a/${SECRET}@a.test`] } }),
    'proxy, with a path': client({ proxy: `http://me:${SECRET}@a.test/x` }),
    'a field': request('/', { headers: { Authorization: `${SECRET}\n` } }),
    'a cookie': request('/', { headers: { Cookie: `${SECRET}\u0100` } }),
    'a password': request('/', { auth: { basic: { username: 'me', password: `${SECRET}\n` } } }),
    'a token': request('/', { auth: { bearer: `${SECRET}\n` } }),
    'a token that a function gives': request('/', { auth: { bearer: () => `${SECRET}\n` } }),
    'a parameter': request('/', { query: { key: { toJSON: () => SECRET } } }),
  }
  it.each(Object.entries(wrong))('%s', async (_what, act) => {
    let error: unknown
    try {
      error = await act()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(ARGUMENT|CREDENTIALS)$/) as string })
    expect(lookOf(error)).toBe('clean')
  })

  it.each([`http://me:a/${SECRET}@a/`, `http://me:a?${SECRET}@a/`, `http://me:${SECRET}@a:x/`])(
    'on the command line: %s',
    (text) => {
      expect(lookOf(showUrlText(text))).toBe('clean')
    },
  )
})
