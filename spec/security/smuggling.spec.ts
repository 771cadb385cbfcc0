import { assert, describe, expect, it } from 'vitest'
import type { ClientOptions, RequestOptions } from '../../lib/index.ts'
import { always, WireStage, type Peer } from '../client/wire-stage.ts'

/** Who reads the same bytes must see the same messages: of requests that go out, and of answers that come in. */

const URL_ = 'http://a.test/x'
const CLOSED = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'

/** Why somebody may take what came for anything but one request; '' for no reason. `isBroken`: its body was. */
function doubtAbout({ text, closed }: Peer, isBroken: boolean): string {
  const end = text.indexOf('\r\n\r\n')
  // What is written may be lost when the connection goes.
  if (end === -1) return text === '' || (isBroken && closed) ? '' : 'half a head'
  const fields = text.slice(0, end).split('\r\n').slice(1)
  const valuesOf = (name: string): string[] =>
    fields.flatMap((line) =>
      line.toLowerCase().startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : [],
    )
  const [lengths, codings] = [valuesOf('content-length'), valuesOf('transfer-encoding')]
  if (valuesOf('host').length !== 1) return 'not one Host'
  if (lengths.length + codings.length > 1) return 'framed twice'
  let rest = text.slice(end + 4)
  if (lengths.length === 1) {
    const missing = Number(lengths[0]) - rest.length
    // A stream that gives less than was announced ends with its connection.
    return /^\d+$/.test(lengths[0]!) && (missing === 0 || (missing > 0 && isBroken && closed))
      ? ''
      : 'a wrong length'
  }
  if (codings.length === 0) return rest === '' ? '' : 'a body without a frame'
  if (codings[0]!.toLowerCase() !== 'chunked') return 'a coding that frames nothing'
  for (;;) {
    const size = /^([\da-f]+)\r\n/.exec(rest)
    if (size === null) return 'no chunk'
    const length = Number.parseInt(size[1]!, 16)
    rest = rest.slice(size[0].length + length)
    if (!rest.startsWith('\r\n')) return 'a chunk without an end'
    rest = rest.slice(2)
    if (length === 0) return rest === '' ? '' : 'bytes behind the last chunk'
  }
}

type Pairs = readonly (readonly [string, string])[]

const FRAMES: Record<string, Pairs> = {
  'two lengths': [
    ['Content-Length', '4'],
    ['content-length', '4'],
  ],
  'two lengths that differ': [
    ['Content-Length', '4'],
    ['CONTENT-LENGTH', '0'],
  ],
  'a length and a coding': [
    ['Content-Length', '4'],
    ['Transfer-Encoding', 'chunked'],
  ],
  'a coding and a length': [
    ['tRANSFER-eNCODING', 'chunked'],
    ['cONTENT-lENGTH', '4'],
  ],
  'two codings': [
    ['Transfer-Encoding', 'chunked'],
    ['transfer-encoding', 'chunked'],
  ],
  'chunked twice': [['Transfer-Encoding', 'chunked, chunked']],
  'two codings that differ': [
    ['Transfer-Encoding', 'identity'],
    ['TRANSFER-ENCODING', 'chunked'],
  ],
  'a coding behind chunked': [['Transfer-Encoding', 'chunked, identity']],
  'a coding that is none': [['Transfer-Encoding', 'xchunked']],
  'a coding with a vertical tab': [['Transfer-Encoding', '\u000bchunked']],
  'a coding with a no-break space': [['Transfer-Encoding', '\u00a0chunked']],
  'a coding with a blank': [['Transfer-Encoding', 'x chunked']],
  'a coding in quotes': [['Transfer-Encoding', '"chunked"']],
  'a coding with a parameter': [['Transfer-Encoding', 'chunked;q=1']],
  'a coding over two lines': [['Transfer-Encoding', 'x\r\n chunked']],
  'a name with a blank': [['Transfer-Encoding ', 'chunked']],
  'a name with a tab': [['Transfer-Encoding\t', 'chunked']],
  'a name with a colon': [['Transfer-Encoding:', 'chunked']],
  'a name with a NUL': [['Transfer-Encoding\0', 'chunked']],
  'a name behind a line end': [['X\r\nTransfer-Encoding', 'chunked']],
  'a longer length': [['Content-Length', '5']],
  'a shorter length': [['Content-Length', '3']],
  'a length with a sign': [['Content-Length', '+4']],
  'a length in hexadecimal': [['Content-Length', '0x4']],
  'a length with a point': [['Content-Length', '4.0']],
  'a list of lengths': [['Content-Length', '4, 4']],
  'a length with blanks inside': [['Content-Length', '4 4']],
  'two hosts': [
    ['Host', 'a.test'],
    ['host', 'b.test'],
  ],
  'a host with a request behind it': [['Host', 'a.test\r\n\r\nGET /other HTTP/1.1']],
}

type Way = (pairs: Pairs, body: RequestOptions) => [ClientOptions, RequestOptions]

const BODIES: Record<string, () => RequestOptions> = {
  text: () => ({ body: 'body' }),
  chunks: () => ({ body: ['bo', 'dy'] }),
  none: () => ({}),
}

const WAYS: Record<string, Way> = {
  'of a request': (headers, body) => [{}, { ...body, headers }],
  'of a client': (headers, body) => [{ headers }, body],
  'of both': ([one, ...others], body) => [{ headers: others }, { ...body, headers: [one!] }],
  'of middleware': (pairs, body) => {
    const headers = pairs as unknown as Record<string, string>
    return [{ use: [(request, next) => next({ ...request, headers })] }, body]
  },
  'of modifyRequest': (headers, body) => [
    { maxRetries: 1, modifyRequest: (request) => ({ ...request, headers }) },
    { ...body, idempotent: true },
  ],
}

describe.each(Object.entries(WAYS))('framing %s', (_way, way) => {
  it.each(Object.entries(FRAMES))('%s: one request, or none', async (_what, pairs) => {
    for (const method of ['POST', 'GET', 'DELETE']) {
      for (const body of Object.values(BODIES)) {
        const [client, request] = way(pairs, body())
        const stage = makeStage(client)
        if (stage === null) continue
        const code = await stage.settle(
          stage.client.request(URL_, { method, ...request }).then(
            () => 'sent',
            (error: { code: string }) => error.code,
          ),
        )
        expect(code).toMatch(/^(sent|ERR_ARGUMENT|ERR_REQUEST_BODY)$/)
        await stage.pass(10)
        const isBroken = code === 'ERR_REQUEST_BODY'
        const doubts = stage.peers.map((peer) => doubtAbout(peer, isBroken))
        expect(doubts.filter((doubt) => doubt !== '')).toEqual([])
        await stage.finish()
      }
    }
  })
})

/** null: the client itself is refused. Its server wants each request again, where that may be. */
function makeStage(options: ClientOptions): WireStage | null {
  const answer = options.modifyRequest === undefined ? CLOSED : CLOSED.replace('200 OK', '503 Busy')
  try {
    return new WireStage(options, always(answer))
  } catch (error) {
    assert.equal((error as { code: string }).code, 'ERR_ARGUMENT')
    return null
  }
}

// --- answers ---------------------------------------------------------------------------------

function own(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

const PLANTED = own('planted')

/** Heads whose reader may see the body end before `PLANTED`, or behind it. */
const DOUBTFUL: Record<string, string> = {
  'chunked and a length': `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'a length and chunked': `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two lengths': `Content-Length: 0\r\ncontent-length: ${PLANTED.length}\r\n\r\n`,
  'a list of lengths': `Content-Length: 0, ${PLANTED.length}\r\n\r\n`,
  'a length with a sign': 'Content-Length: +0\r\n\r\n',
  'a negative length': 'Content-Length: -0\r\n\r\n',
  'a length in hexadecimal': 'Content-Length: 0x0\r\n\r\n',
  'a length with a blank inside': 'Content-Length: 0 0\r\n\r\n',
  'a length behind a vertical tab': 'Content-Length: \u000b0\r\n\r\n',
  'a length behind a no-break space': 'Content-Length: \u00a00\r\n\r\n',
  'a length with a blank before its colon': 'Content-Length : 0\r\n\r\n',
  'a length with a tab before its colon': 'Content-Length\t: 0\r\n\r\n',
  'a length without a colon': 'Content-Length 0\r\n\r\n',
  'a length behind a NUL': 'X: y\0\r\nContent-Length: 0\r\n\r\n',
  'a length behind a bare CR': 'X: y\rContent-Length: 0\r\n\r\n',
  'a length with a NUL in its name': 'Content-Length\0: 0\r\n\r\n',
  'no length at all': 'X: y\r\n\r\n',
  'a coding behind chunked': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'a coding that is none': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'a coding behind a vertical tab': 'Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n',
  'a coding behind a no-break space': 'Transfer-Encoding: \u00a0chunked\r\n\r\n0\r\n\r\n',
  'a coding in quotes': 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
  'a coding with a parameter': 'Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n',
  'a coding with a blank before its colon': 'Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n',
  'a coding without a colon': 'Transfer-Encoding chunked\r\nContent-Length: 0\r\n\r\n',
  'chunked twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a chunk size with a sign': 'Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n',
  'a chunk size in hexadecimal': 'Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n',
  'a chunk size too large': 'Transfer-Encoding: chunked\r\n\r\n100000000000000000\r\n\r\n',
  'a chunk line with a bare CR': 'Transfer-Encoding: chunked\r\n\r\n0\r\r\n\r\n',
  'an extension over a line end': 'Transfer-Encoding: chunked\r\n\r\n0;a="\r\n\r\n"\r\n\r\n',
  'a trailer that frames': `Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length : 0\r\n\r\n`,
}

/** Whole heads of answers whose body ends with them, and which are doubtful when they say that there is one. */
const BODILESS: Record<string, string> = {
  'a 204 with a length': `HTTP/1.1 204 No\r\nContent-Length: ${PLANTED.length}\r\n\r\n`,
  'a 204 that is chunked': 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a 304 with two lengths': 'HTTP/1.1 304 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  'a 101': 'HTTP/1.1 101 Up\r\nUpgrade: h2c\r\n\r\n',
  'HTTP/1.0 with keep-alive and a coding':
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'an answer that says that it closes': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
}

/** The last path that was asked for. */
function pathOf(peer: Peer): string {
  return peer.text.match(/(?<=^GET )\S+/gm)!.at(-1)!
}

/** What /b, /c and /d get, when /b is answered with `tricky` on a connection that has answered /a. */
async function answers(depth: number, pieces: readonly string[]): Promise<string[]> {
  const stage = new WireStage({ maxPipelinedRequests: depth, maxConnPerTarget: 1 }, (peer, nth) => {
    if (stage.peers.indexOf(peer) > 0 || nth === 1) peer.socket.write(own(pathOf(peer)))
    else if (nth === 2) {
      for (const piece of pieces) peer.socket.write(piece)
      stage.clock.after(100, () => peer.socket.close())
    }
  })
  const ask = (path: string): Promise<string> =>
    stage.client.get(`http://a.test${path}`).then(
      (response) => response.text(),
      (error: { code: string }) => error.code,
    )
  expect(await stage.settle(ask('/a'))).toBe('/a')
  const both = await stage.settle(Promise.all([ask('/b'), ask('/c')]))
  const last = await stage.settle(ask('/d'))
  await stage.finish()
  return [...both, last]
}

describe.each([1, 2])('an answer that ends who knows where, depth %i', (depth) => {
  const all = { ...BODILESS }
  for (const [name, rest] of Object.entries(DOUBTFUL)) all[name] = `HTTP/1.1 200 OK\r\n${rest}`
  it.each(Object.entries(all))('%s: what comes behind answers nobody', async (_what, tricky) => {
    for (const pieces of [[tricky + PLANTED], [tricky, PLANTED], (tricky + PLANTED).split('')]) {
      const [b, c, d] = await answers(depth, pieces)
      // For /b it may be a body that is not over, or none.
      expect(b).not.toBe('planted')
      expect([c, d]).toEqual(['/c', '/d'])
    }
  })
})

describe('bytes that nobody asked for', () => {
  it.each([
    ['an answer', PLANTED],
    ['an answer behind an empty line', `\r\n${PLANTED}`],
    ['an interim answer', `HTTP/1.1 100 Continue\r\n\r\n${PLANTED}`],
    ['a 408', 'HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'],
    ['the beginning of an answer', PLANTED.slice(0, 20)],
    ['one byte', 'H'],
  ])('%s behind a whole one: the next request never gets it', async (_what, surplus) => {
    for (const pieces of [[own('/b') + surplus], [own('/b'), surplus]]) {
      expect(await answers(1, pieces)).toEqual(['/b', '/c', '/d'])
    }
  })
})
