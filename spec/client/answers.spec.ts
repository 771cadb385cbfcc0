import { describe, expect, it } from 'vitest'
import type { RequestOptions } from '../../lib/index.ts'
import { always, OK, WireStage, type OnHead } from './wire-stage.ts'

const URL_ = 'http://a.test/x'

function answering(text: string): OnHead {
  return (peer, nth) => {
    peer.socket.write(nth === 1 ? Buffer.from(text, 'latin1') : OK)
  }
}

describe('an answer and the one behind it', () => {
  it.each<[string, string, RequestOptions, Record<string, unknown>, string]>([
    [
      'a HEAD with a length',
      'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n',
      { method: 'HEAD' },
      { status: 200 },
      '',
    ],
    [
      'a HEAD with a coding',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n',
      { method: 'HEAD' },
      { status: 200 },
      '',
    ],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', {}, { status: 204, statusText: 'No Content' }, ''],
    ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n', {}, { status: 304 }, ''],
    [
      'no reason',
      'HTTP/1.1 500\r\nContent-Length: 1\r\n\r\nx',
      {},
      { status: 500, statusText: '', ok: false },
      'x',
    ],
    [
      'a reason in Latin-1',
      'HTTP/1.1 404 Pas trouv\u00e9\r\nContent-Length: 0\r\n\r\n',
      {},
      { statusText: 'Pas trouv\u00e9' },
      '',
    ],
    [
      '103, twice',
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${OK}`,
      {},
      { status: 200 },
      'ok',
    ],
    [
      'chunks and trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 3\r\n\r\n',
      {},
      { status: 200 },
      'abc',
    ],
    [
      'an empty body with a coding',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n',
      {},
      { status: 200 },
      '',
    ],
    [
      'HTTP/1.0 that keeps alive',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx',
      {},
      { httpVersion: '1.0' },
      'x',
    ],
  ])('%s', async (_what, text, options, parts, body) => {
    for (const name of ['request', 'stream'] as const) {
      const stage = new WireStage({ maxConn: 1 }, answering(text))
      const call = async (): Promise<[object, string]> => {
        const response = await stage.client[name](URL_, options)
        return [response, await response.text()]
      }
      const [response, read] = await stage.settle(call())
      expect(response).toMatchObject({
        ...parts,
        url: URL_,
        attempt: 1,
        reused: false,
        clientIp: '192.0.2.1',
      })
      expect(read).toBe(body)
      const next = await stage.settle(stage.client.get(URL_))
      expect([next.text(), next.reused]).toEqual(['ok', true])
      expect(stage.peers).toHaveLength(1)
      await stage.finish()
    }
  })

  it('trailers are there when the body is', async () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 3\r\nx-sum: 4\r\n\r\n'
    const stage = new WireStage({}, always(text))
    const whole = await stage.settle(stage.client.get(URL_))
    expect(whole.trailers!.getAll('X-Sum')).toEqual(['3', '4'])
    const streamed = await stage.settle(stage.client.stream(URL_))
    expect(await stage.settle(streamed.text())).toBe('a')
    expect(streamed.trailers!.raw).toEqual(['X-Sum', '3', 'x-sum', '4'])
    await stage.finish()
  })

  it('says how long it took, and over what', async () => {
    const stage = new WireStage({}, (peer) => {
      stage.clock.after(30, () => peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'))
      stage.clock.after(50, () => peer.socket.write('ok'))
    })
    const response = await stage.settle(stage.client.get(URL_, { clientIp: '192.0.2.7' }))
    expect(response).toMatchObject({
      clientIp: '192.0.2.7',
      remoteAddress: '198.18.0.1',
      bytesOnWire: 2,
      bytesDecoded: 2,
    })
    expect(response.timings).toMatchObject({ queue: 2, send: 0, head: 32, body: 20, total: 54 })
    await stage.finish()
  })
})

describe('a head', () => {
  it('may be so long, and no longer', async () => {
    const stage = new WireStage(
      { maxHeadSize: 256 },
      answering(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(300)}\r\n\r\n`),
    )
    const { error } = await stage.failure(stage.client.get(URL_))
    expect(error).toMatchObject({ code: 'ERR_LIMIT', limit: 'maxHeadSize', value: 256 })
    await stage.finish()
  })
})
