import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Client, LIMITS, version, type RequestOptions } from '../../lib/index.ts'
import { answer, ScriptedServer } from '../predecessors/scripted-server.ts'
import { always, bodyOf, OK, WireStage, type OnHead } from './wire-stage.ts'

const URL_ = 'http://a.test/x?y'
/** Without what every request says: the rest is all that is looked at. */
const BARE = { decompress: false, headers: { Accept: null, 'User-Agent': null } }

/** All that goes out for one request. */
async function written(options: RequestOptions, onHead: OnHead = always(OK)): Promise<string> {
  const stage = new WireStage(BARE, onHead)
  await stage.settle(stage.client.request(URL_, options))
  const { wire } = stage
  await stage.finish()
  return wire
}

async function* pieces(): AsyncGenerator<string | Uint8Array> {
  yield 'one, '
  yield ''
  yield Buffer.from('zwö')
  yield new Uint8Array([0, 255])
}

const CHUNKED =
  'Transfer-Encoding: chunked\r\n\r\n5\r\none, \r\n4\r\nzw\u00c3\u00b6\r\n2\r\n\u0000\u00ff\r\n0\r\n\r\n'

describe('a request on the wire', () => {
  it('is these bytes', async () => {
    const stage = new WireStage()
    await stage.settle(stage.client.get(URL_))
    expect(stage.wire).toBe(
      'GET /x?y HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n' +
        `User-Agent: trawl/${version}\r\n\r\n`,
    )
    await stage.finish()
  })

  it('has its fields in the order and case of its user, on every connection', async () => {
    const headers = {
      'x-Zeta': '1',
      HOST: 'other.test',
      'X-alpha': ['2', '3'],
      cookie: 'a=\u00e4',
      Connection: 'close',
    }
    const text = await written({ headers })
    expect(text).toBe(
      'GET /x?y HTTP/1.1\r\nx-Zeta: 1\r\nHOST: other.test\r\nX-alpha: 2\r\nX-alpha: 3\r\ncookie: a=\u00e4\r\nConnection: close\r\n\r\n',
    )
  })

  it('names the port where it is not the usual one, and no user', async () => {
    const stage = new WireStage(BARE, always(OK), ['a.test'])
    await stage.settle(stage.client.get('https://user:pw@A.TEST:443/%41#f'))
    expect(stage.wire).toBe('GET /%41 HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic dXNlcjpwdw==\r\n\r\n')
    await stage.finish()
  })

  it.each<[string, RequestOptions, string]>([
    ['nothing', { method: 'POST' }, 'Content-Length: 0\r\n\r\n'],
    [
      'text',
      { body: 'h\u00e9' },
      'Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 3\r\n\r\nh\u00c3\u00a9',
    ],
    ['bytes', { body: new Uint8Array([0, 13, 10, 255]) }, 'Content-Length: 4\r\n\r\n\u0000\r\n\u00ff'],
    ['an ArrayBuffer', { body: new Uint8Array([1, 2]).buffer }, 'Content-Length: 2\r\n\r\n\u0001\u0002'],
    [
      'JSON',
      { json: { a: ['\u00e9', null] } },
      'Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"a":["\u00c3\u00a9",null]}',
    ],
    [
      'a form',
      { body: new URLSearchParams({ a: '1 2', '\u00e4': '&' }) },
      'Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\nContent-Length: 16\r\n\r\na=1+2&%C3%A4=%26',
    ],
    ['an array', { body: ['one, ', 'zw\u00f6', new Uint8Array([0, 255])] }, CHUNKED],
    ['a generator', { body: pieces() }, CHUNKED],
    ['a Node stream', { body: Readable.from(pieces()) }, CHUNKED],
    ['a web stream', { body: ReadableStream.from(pieces()) as ReadableStream<Uint8Array> }, CHUNKED],
    ['an empty generator', { body: [] }, 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [
      'a generator with a length',
      { body: pieces(), headers: { 'Content-Length': 11 } },
      'Content-Length: 11\r\n\r\none, zw\u00c3\u00b6\u0000\u00ff',
    ],
  ])('has as its body: %s', async (_what, options, expected) => {
    const text = await written({ method: 'POST', ...options })
    expect(text).toMatch(/^POST \/x\?y HTTP\/1\.1\r\nHost: a\.test\r\n/)
    expect(text.slice(text.indexOf('Host: a.test\r\n') + 14)).toBe(expected)
  })

  // Blobs are read by threads of the system, which simulated time does not wait for.
  it('has as its body a blob, or a form with files, each part in its place', async () => {
    await using server = await ScriptedServer.start((_seen, socket) => socket.write(answer('ok')))
    await using client = new Client()
    const blob = new Blob(['x', new Uint8Array([128])], { type: 'a/b' })
    await client.post(server.url('/blob'), { body: blob })
    expect(server.requests[0]!.body).toBe('x\u0080')
    const form = new FormData()
    form.append('text', 'v\u00e4lue')
    form.append('file', new File([new Uint8Array([0, 255])], 'a"b.bin', { type: 'a/b' }))
    await client.post(server.url('/form'), { body: form })
    const { body } = server.requests[1]!
    const line = body.slice(0, body.indexOf('\r\n'))
    expect(body).toBe(
      `${line}\r\nContent-Disposition: form-data; name="text"\r\n\r\nv\u00c3\u00a4lue\r\n` +
        `${line}\r\nContent-Disposition: form-data; name="file"; filename="a%22b.bin"\r\n` +
        `Content-Type: a/b\r\n\r\n\u0000\u00ff\r\n${line}--\r\n`,
    )
  })

  it.each([LIMITS.coalesceSize, LIMITS.coalesceSize + 1, LIMITS.sendPiece, 3 * LIMITS.sendPiece + 7])(
    'has a body of %i bytes whole and in order',
    async (size) => {
      const body = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255))
      const text = await written({ method: 'PUT', body }, (peer) => {
        peer.onMore = () => {
          if (bodyOf(peer.text).length === size) peer.socket.write(OK)
        }
      })
      expect(Buffer.from(bodyOf(text), 'latin1').equals(body)).toBe(true)
    },
  )
})

describe('Expect: 100-continue', () => {
  const head =
    'PUT /x?y HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n'
  const options = { method: 'PUT', body: 'body', expectContinue: true }

  it('sends the body when the server says 100, and not before', async () => {
    const stage = new WireStage(BARE, (peer) => {
      stage.clock.after(200, () => {
        expect(peer.text).toBe(head)
        peer.onMore = () => peer.socket.write(OK)
        peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      })
    })
    const start = stage.clock.now()
    expect((await stage.settle(stage.client.request(URL_, options))).text()).toBe('ok')
    expect(stage.clock.now() - start).toBeLessThan(300)
    expect(stage.wire).toBe(`${head}body`)
    await stage.finish()
  })

  it.each([
    [true, LIMITS.continueTimeout],
    [50, 50],
  ])('%s: sends the body when nothing comes in time', async (expectContinue, ms) => {
    const start: number[] = []
    const stage = new WireStage(BARE, (peer) => {
      start.push(stage.clock.now())
      peer.onMore = () => {
        if (bodyOf(peer.text) === 'body') peer.socket.write(OK)
      }
    })
    await stage.settle(stage.client.request(URL_, { ...options, expectContinue }))
    expect(stage.clock.now() - start[0]!).toBeGreaterThanOrEqual(ms)
    expect(stage.clock.now() - start[0]!).toBeLessThanOrEqual(ms + 50)
    expect(stage.wire).toBe(`${head}body`)
    await stage.finish()
  })

  it.each(['text', 'stream'])(
    'sends no body, a %s, when the answer is final, and uses the connection no more',
    async (kind) => {
      const stage = new WireStage(BARE, (peer) => {
        peer.socket.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
      })
      let opened = false
      const source = async function* (): AsyncGenerator<string> {
        opened = true
        yield 'body'
      }
      const body = kind === 'text' ? 'body' : source()
      const response = await stage.settle(stage.client.request(URL_, { ...options, body }))
      expect([response.status, response.text()]).toEqual([417, 'no'])
      await stage.pass(5000)
      expect(bodyOf(stage.wire)).toBe('')
      expect(opened).toBe(false)
      expect(stage.peers[0]!.closed).toBe(true)
      await stage.finish()
    },
  )

  it('is not taken for the answer when the server says 100 unasked', async () => {
    const text = await written({ method: 'PUT', body: 'body' }, always(`HTTP/1.1 100 Continue\r\n\r\n${OK}`))
    expect(bodyOf(text)).toBe('body')
  })
})

describe('which goes first, and which goes again', () => {
  it('priority: higher first, and first come first served among equals', async () => {
    const stage = new WireStage({ ...BARE, maxConn: 1 })
    const order = [0, -10, 5, 10, 5, 0, 1]
    const calls = order.map((priority, n) => stage.client.get(`http://a.test/${n}`, { priority }))
    await stage.settle(Promise.all(calls))
    expect(stage.wire.match(/(?<=GET \/)\d/g)).toEqual(['3', '2', '4', '6', '0', '5', '1'])
    await stage.finish()
  })

  it.each<[string, RequestOptions, number]>([
    ['a GET', {}, 2],
    ['a GET that is not to be', { idempotent: false }, 1],
    ['a POST', { method: 'POST', body: 'x' }, 1],
    ['a POST that may', { method: 'POST', body: 'x', idempotent: true }, 2],
    [
      'a POST that may, with a body that can be read once',
      { method: 'POST', body: pieces(), idempotent: true },
      1,
    ],
    ['a PUT', { method: 'PUT', body: 'x' }, 2],
    ['a PATCH', { method: 'PATCH', body: 'x' }, 1],
    ['a method nobody knows', { method: 'FETCH' }, 1],
  ])('idempotent: %s is sent again or not when its connection is lost', async (_what, options, times) => {
    const stage = new WireStage(BARE, (peer) => {
      if (stage.peers.length === 1) peer.socket.reset()
      else peer.socket.write(OK)
    })
    const outcome = stage.client.request(URL_, options).then(
      (response) => response.attempt,
      (error: { code: string }) => error.code,
    )
    expect(await stage.settle(outcome)).toBe(times === 2 ? 2 : 'ERR_CONNECTION_CLOSED')
    expect(stage.peers).toHaveLength(times)
    await stage.finish()
  })
})
