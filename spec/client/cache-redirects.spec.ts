import { describe, expect, it } from 'vitest'
import { WireStage, type Peer } from './wire-stage.ts'

const URL_ = 'http://a.test/page'
const FRESH = 'Cache-Control: max-age=600\r\n'
const HEAD = `HTTP/1.1 301 Moved\r\n${FRESH}Location: http://b.test/new\r\nTransfer-Encoding: chunked\r\n\r\n`
const NEW = `HTTP/1.1 200 OK\r\n${FRESH}Content-Length: 3\r\n\r\nnew`

/** Redirects from a.test, by `body`, to b.test, which answers. */
function stageOf(body: (peer: Peer) => void): WireStage {
  const onHead = (peer: Peer): void => {
    if (peer.text.includes('Host: b.test')) return void peer.socket.write(NEW)
    peer.socket.write(HEAD)
    body(peer)
  }
  return new WireStage({ cache: true }, onHead, ['a.test', 'b.test'])
}

/** What the cache did for the redirect: how often it was asked for. */
function redirectsAsked(stage: WireStage): number {
  return stage.peers
    .filter((peer) => peer.text.includes('Host: a.test'))
    .reduce((sum, peer) => sum + peer.heads, 0)
}

describe('a redirect that is followed', () => {
  it('is stored with its body, while the call goes on', async () => {
    const stage = stageOf((peer) => {
      stage.clock.after(500, () => peer.socket.write('5\r\nmoved\r\n0\r\n\r\n'))
    })
    const start = stage.clock.now()
    const response = await stage.settle(stage.client.request(URL_))
    expect([response.text(), response.cache]).toEqual(['new', 'miss'])
    expect(stage.clock.now() - start).toBeLessThan(100)
    await stage.pass(1_000)
    const manual = await stage.settle(stage.client.request(URL_, { redirect: 'manual' }))
    expect([manual.status, manual.text(), manual.cache]).toEqual([301, 'moved', 'hit'])
    expect(redirectsAsked(stage)).toBe(1)
    await stage.finish()
  })

  it('is given up when its body has no end: too long, or too large', async () => {
    const slow = stageOf((peer) => {
      const more = (): void => {
        if (peer.closed) return
        peer.socket.write('1\r\nx\r\n')
        slow.clock.after(100, more)
      }
      more()
    })
    expect((await slow.settle(slow.client.request(URL_))).text()).toBe('new')
    await slow.pass(3_000)
    expect(slow.peers.filter((peer) => peer.closed).length).toBe(1)
    expect(slow.client.stats().cache!.entries).toBe(1)
    await slow.finish()

    const large = stageOf((peer) => {
      for (let i = 0; i < 10; i++) peer.socket.write(`100000\r\n${'x'.repeat(1_048_576)}\r\n`)
    })
    expect((await large.settle(large.client.request(URL_))).text()).toBe('new')
    await large.pass(3_000)
    expect(large.client.stats().cache!.entries).toBe(1)
    expect(large.client.stats().cache!.bytes).toBeLessThan(10_000)
    await large.finish()
  })

  it('is not stored when its body breaks off, which hurts nobody', async () => {
    const stage = stageOf((peer) => void stage.clock.after(100, () => peer.socket.reset()))
    expect((await stage.settle(stage.client.request(URL_))).text()).toBe('new')
    await stage.pass(200)
    expect((await stage.settle(stage.client.request(URL_))).text()).toBe('new')
    expect(redirectsAsked(stage)).toBe(2)
    await stage.finish()
  })

  it('holds up neither close nor destroy', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const stage = stageOf(() => undefined)
      await stage.settle(stage.client.request(URL_))
      if (end === 'destroy') stage.client.destroy()
      const start = stage.clock.now()
      await stage.settle(stage.client.close())
      expect(stage.clock.now() - start).toBeLessThan(100)
      await stage.finish()
    }
  })

  it('keeps nobody waiting for a body that does not come', async () => {
    const stage = stageOf(() => undefined)
    const calls = Array.from({ length: 4 }, () => stage.client.request(URL_))
    const start = stage.clock.now()
    const responses = await stage.settle(Promise.all(calls))
    expect(responses.map((each) => each.text())).toEqual(['new', 'new', 'new', 'new'])
    expect(stage.clock.now() - start).toBeLessThan(3_000)
    await stage.settle(stage.client.close())
    await stage.finish()
  })
})
