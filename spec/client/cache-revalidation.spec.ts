import { describe, expect, it } from 'vitest'
import type { CacheMode, RequestOptions } from '../../lib/index.ts'
import { WireStage, type Peer } from './wire-stage.ts'

const URL_ = 'http://a.test/page'

/** What the server answers to the nth request, in all: text, or a function of the peer; null: silence. */
type Answer = string | ((peer: Peer) => void)

function answer(body: string, fields: string, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

const NOT_MODIFIED =
  'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nCache-Control: max-age=60\r\nX-New: yes\r\n\r\n'
const ONE = answer('one', 'ETag: "1"\r\nCache-Control: max-age=60\r\n')
const TWO = answer('two', 'ETag: "2"\r\nCache-Control: max-age=60\r\n')
const BUSY = answer('busy', '', '503 Busy')
const IF_ERROR = answer('one', 'ETag: "1"\r\nCache-Control: max-age=60, stale-if-error=600\r\n')
const BEHIND = answer('one', 'ETag: "1"\r\nCache-Control: max-age=60, stale-while-revalidate=600\r\n')
const CLOSE: Answer = (peer) => peer.socket.close()

const ENDLESS: Answer = (peer) => {
  peer.socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n')
  const piece = `100000\r\n${'x'.repeat(1_048_576)}\r\n`
  for (let i = 0; i < 12; i++) peer.socket.write(piece)
}

class Run {
  readonly stage: WireStage
  readonly requests: string[] = []

  constructor(answers: readonly Answer[], options = {}) {
    this.stage = new WireStage({ cache: true, ...options }, (peer, nth) => {
      this.requests.push(peer.text.split('\r\n\r\n')[nth - 1]!)
      const next = answers[Math.min(this.requests.length, answers.length) - 1]!
      if (typeof next === 'string') peer.socket.write(next)
      else next(peer)
    })
  }

  /** Status, body and what the cache did; or the error's code. */
  async ask(options: RequestOptions = {}): Promise<string> {
    const asked = this.stage.client.request(URL_, options).then(
      (response) => `${response.status} ${response.text()} ${response.cache}`,
      (error: { code: string }) => error.code,
    )
    return this.stage.settle(asked)
  }

  /** Past `max-age=60`. */
  wait(ms = 61_000): Promise<void> {
    return this.stage.pass(ms)
  }
}

describe('a stale answer', () => {
  it('is asked for with conditions, and a 304 brings its head up to date', async () => {
    const run = new Run([ONE, NOT_MODIFIED])
    expect(await run.ask()).toBe('200 one miss')
    expect(await run.ask()).toBe('200 one hit')
    await run.wait()
    const response = await run.stage.settle(run.stage.client.request(URL_))
    expect([response.status, response.text(), response.cache]).toEqual([200, 'one', 'revalidated'])
    expect([response.headers.get('x-new'), response.headers.get('age')]).toEqual(['yes', '0'])
    expect(response.timings.total).toBeGreaterThan(0)
    expect(run.requests[1]).toContain('If-None-Match: "1"')
    expect(await run.ask()).toBe('200 one hit')
    expect(run.requests.length).toBe(2)
    expect(run.stage.client.stats().cache).toMatchObject({ hits: 2, misses: 2, revalidated: 1, stale: 0 })
    await run.stage.finish()
  })

  it('is replaced by a 200', async () => {
    const run = new Run([ONE, TWO])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 two miss')
    expect(await run.ask()).toBe('200 two hit')
    await run.stage.finish()
  })

  it('is asked for once more, without conditions, when a 304 is about something else', async () => {
    const other = 'HTTP/1.1 304 Not Modified\r\nETag: "other"\r\n\r\n'
    const run = new Run([ONE, other, TWO])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 two miss')
    expect(run.requests.map((each) => each.includes('If-None-Match'))).toEqual([false, true, false])
    expect(await run.ask()).toBe('200 two hit')
    await run.stage.finish()
  })

  it('is no answer to a server that says 304 whatever it is asked', async () => {
    const run = new Run([ONE, 'HTTP/1.1 304 Not Modified\r\nETag: "other"\r\n\r\n'])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('304  miss')
    expect(run.requests.length).toBe(3)
    await run.stage.finish()
  })

  const failures: [what: string, failure: Answer, without: string][] = [
    ['a 503', BUSY, '503 busy miss'],
    ['a closed connection', CLOSE, 'ERR_CONNECTION_CLOSED'],
    ['no answer', () => undefined, 'ERR_TIMEOUT_HEAD'],
    [
      'half a body',
      (peer) => (peer.socket.write(TWO.slice(0, -1)), peer.socket.close()),
      'ERR_CONNECTION_CLOSED',
    ],
  ]
  it.each(failures)(
    'is given for %s if stale-if-error allows, and only then',
    async (_what, failure, without) => {
      const lenient = new Run([IF_ERROR, failure])
      await lenient.ask()
      await lenient.wait()
      expect(await lenient.ask({ replyTimeout: 1_000 })).toBe('200 one stale')
      // It is no fresher for having been given.
      expect(await lenient.ask({ replyTimeout: 1_000 })).toBe('200 one stale')
      await lenient.wait(700_000)
      expect(await lenient.ask({ replyTimeout: 1_000 })).toBe(without)
      await lenient.stage.finish()
      const strict = new Run([ONE, failure])
      await strict.ask()
      await strict.wait()
      expect(await strict.ask({ replyTimeout: 1_000 })).toBe(without)
      await strict.stage.finish()
    },
  )

  it('is revalidated by a retry, too', async () => {
    const run = new Run([ONE, BUSY, CLOSE, NOT_MODIFIED], { maxRetries: 3 })
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one revalidated')
    expect(run.requests.map((each) => each.includes('If-None-Match: "1"'))).toEqual([false, true, true, true])
    await run.stage.finish()
  })

  it('is no answer once the client is destroyed', async () => {
    const run = new Run([IF_ERROR, () => undefined])
    await run.ask()
    await run.wait()
    const asked = run.stage.client.request(URL_).catch((error: { code: string }) => error.code)
    await run.stage.pass(10)
    run.stage.client.destroy()
    expect(await run.stage.settle(asked)).toBe('ERR_CLOSED')
    await run.stage.finish()
  })

  it('is shared by all that ask at once', async () => {
    const run = new Run([ONE, NOT_MODIFIED])
    await run.ask()
    await run.wait()
    const all = await run.stage.settle(
      Promise.all(Array.from({ length: 5 }, () => run.stage.client.request(URL_))),
    )
    expect(all.map((each) => each.cache)).toEqual(['revalidated', 'hit', 'hit', 'hit', 'hit'])
    expect(run.requests.length).toBe(2)
    await run.stage.finish()
  })
})

describe('stale-while-revalidate', () => {
  it('gives at once, and asks once behind, however many want it', async () => {
    const run = new Run([BEHIND, TWO])
    await run.ask()
    await run.wait()
    const start = run.stage.clock.now()
    const all = await run.stage.settle(
      Promise.all(Array.from({ length: 5 }, () => run.stage.client.request(URL_))),
    )
    expect(run.stage.clock.now()).toBe(start)
    expect(all.map((each) => [each.text(), each.cache])).toEqual(
      Array.from({ length: 5 }, () => ['one', 'stale']),
    )
    await run.stage.pass(50)
    expect(run.requests.length).toBe(2)
    expect(await run.ask()).toBe('200 two hit')
    await run.stage.finish()
  })

  it('updates the head by a 304', async () => {
    const run = new Run([BEHIND, NOT_MODIFIED])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one stale')
    await run.stage.pass(50)
    expect(await run.ask()).toBe('200 one hit')
    expect(run.requests.length).toBe(2)
    await run.stage.finish()
  })

  it('is streamed once a 304 has come for it', async () => {
    const run = new Run([ONE, NOT_MODIFIED])
    await run.ask()
    await run.wait()
    const response = await run.stage.settle(run.stage.client.stream(URL_))
    expect(await run.stage.settle(response.text())).toBe('one')
    expect(response.cache).toBe('revalidated')
    await run.stage.finish()
  })

  it('stores what comes behind a stream', async () => {
    const run = new Run([BEHIND, TWO])
    await run.ask()
    await run.wait()
    const response = await run.stage.settle(run.stage.client.stream(URL_))
    expect([response.cache, await run.stage.settle(response.text())]).toEqual(['stale', 'one'])
    await run.stage.pass(50)
    expect(await run.ask()).toBe('200 two hit')
    await run.stage.finish()
  })

  const failures: [what: string, failure: Answer][] = [
    ['a 503', BUSY],
    ['a closed connection', CLOSE],
    ['half a body', (peer) => (peer.socket.write(TWO.slice(0, -1)), peer.socket.close())],
  ]
  it.each(failures)(
    'hurts nobody when it ends with %s, and tries again with the next call',
    async (_what, failure) => {
      let fails = true
      const next: Answer = (peer) => {
        if (!fails) peer.socket.write(TWO)
        else if (typeof failure === 'string') peer.socket.write(failure)
        else failure(peer)
      }
      const run = new Run([BEHIND, next])
      await run.ask()
      await run.wait()
      for (let i = 0; i < 3; i++) {
        const before = run.requests.length
        expect(await run.ask()).toBe('200 one stale')
        // A 503 has its host paused for a while.
        await run.stage.pass(20_000)
        expect(run.requests.length).toBeGreaterThan(before)
      }
      fails = false
      expect(await run.ask()).toBe('200 one stale')
      await run.stage.pass(20_000)
      expect(await run.ask()).toBe('200 two hit')
      await run.stage.finish()
    },
  )

  it('asks once more, without conditions, when a 304 is about something else', async () => {
    const run = new Run([BEHIND, 'HTTP/1.1 304 Not Modified\r\nETag: "other"\r\n\r\n', TWO])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one stale')
    await run.stage.pass(50)
    expect(await run.ask()).toBe('200 two hit')
    expect(run.requests.map((each) => each.includes('If-None-Match'))).toEqual([false, true, false])
    await run.stage.finish()
  })

  it('calls nobody back, and gives up a body without end', async () => {
    const judged: string[] = []
    const run = new Run([BEHIND, ENDLESS], {
      validate: (response: { cache: string | null }) => void judged.push(String(response.cache)),
    })
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one stale')
    await run.stage.pass(200)
    expect(judged).toEqual(['miss', 'stale'])
    expect(run.stage.client.stats().cache!.bytes).toBeLessThan(10_000)
    await run.stage.finish()
  })

  it('is waited for by close', async () => {
    const run = new Run([BEHIND, (peer) => void run.stage.clock.after(500, () => peer.socket.write(TWO))])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one stale')
    await run.stage.pass(10)
    const start = run.stage.clock.now()
    await run.stage.settle(run.stage.client.close())
    expect(run.stage.clock.now() - start).toBeGreaterThan(480)
    expect(run.requests.length).toBe(2)
  })

  it('ends with destroy', async () => {
    const run = new Run([BEHIND, () => undefined])
    await run.ask()
    await run.wait()
    expect(await run.ask()).toBe('200 one stale')
    await run.stage.pass(10)
    run.stage.client.destroy()
    await run.stage.finish()
  })
})

describe('modes', () => {
  const modes: [mode: CacheMode, fresh: string, stale: string, requests: number][] = [
    ['default', '200 one hit', '200 two miss', 2],
    ['no-store', '200 two null', '200 two null', 3],
    ['reload', '200 two miss', '200 two miss', 3],
    ['no-cache', '200 two miss', '200 two miss', 3],
    ['force-cache', '200 one hit', '200 one stale', 1],
    ['only-if-cached', '200 one hit', '200 one stale', 1],
    ['replay', '200 one hit', '200 one hit', 1],
  ]
  it.each(modes)('%s', async (mode, fresh, stale, requests) => {
    const run = new Run([ONE, TWO])
    await run.ask()
    expect(await run.ask({ cache: mode })).toBe(fresh)
    await run.wait()
    expect(await run.ask({ cache: mode })).toBe(stale)
    expect(run.requests.length).toBe(requests)
    await run.stage.finish()
  })

  it('tell caches on the way what is wanted', async () => {
    const run = new Run([ONE])
    await run.ask()
    await run.ask({ cache: 'no-cache' })
    await run.ask({ cache: 'reload' })
    expect(run.requests[1]).toContain('Cache-Control: max-age=0\r\nIf-None-Match: "1"')
    expect(run.requests[2]).toContain('Pragma: no-cache\r\nCache-Control: no-cache')
    expect(run.requests[2]).not.toContain('If-None-Match')
    await run.stage.finish()
  })

  it('only-if-cached is a 504 where nothing is stored, and no traffic', async () => {
    const run = new Run([ONE])
    const response = await run.stage.settle(run.stage.client.request(URL_, { cache: 'only-if-cached' }))
    expect([response.status, response.statusText, response.text()]).toEqual([504, 'Gateway Timeout', ''])
    expect([response.cache, response.clientIp, response.timings.total]).toEqual([null, '', 0])
    expect(await run.ask({ headers: { 'Cache-Control': 'only-if-cached' } })).toBe('504  null')
    expect(await run.ask({ cache: 'only-if-cached', expectSuccess: true })).toBe('ERR_STATUS')
    expect(await run.ask({ cache: 'only-if-cached', maxRetries: 3 })).toBe('504  null')
    expect([run.requests.length, run.stage.peers.length]).toEqual([0, 0])
    await run.stage.finish()
  })
})

describe('what a request itself asks', () => {
  it('a condition of its own is answered by what is fresh, and goes to the server else', async () => {
    const run = new Run([ONE, 'HTTP/1.1 304 Not Modified\r\nETag: "9"\r\n\r\n'])
    await run.ask()
    expect(await run.ask({ headers: { 'If-None-Match': '"1"' } })).toBe('304  hit')
    await run.wait()
    expect(await run.ask({ headers: { 'If-None-Match': '"9"' } })).toBe('304  miss')
    expect(run.requests[1]!.match(/If-None-Match/g)).toHaveLength(1)
    await run.stage.finish()
  })

  it('a range is cut out of what is fresh, and goes to the server else', async () => {
    const part =
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/3\r\nContent-Length: 2\r\nCache-Control: max-age=60\r\n\r\non'
    const run = new Run([ONE, part])
    await run.ask()
    expect(await run.ask({ headers: { Range: 'bytes=1-' } })).toBe('206 ne hit')
    await run.wait()
    expect(await run.ask({ headers: { Range: 'bytes=0-1' } })).toBe('206 on null')
    expect(run.requests.length).toBe(2)
    await run.stage.finish()
  })

  it('HEAD is answered by a stored GET, and updates it', async () => {
    const head = 'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 3\r\nCache-Control: max-age=60\r\n\r\n'
    const run = new Run([ONE, head])
    await run.ask()
    expect(await run.ask({ method: 'HEAD' })).toBe('200  hit')
    await run.wait()
    expect(await run.ask({ method: 'HEAD' })).toBe('200  miss')
    expect(await run.ask()).toBe('200 one hit')
    expect(run.requests.length).toBe(2)
    await run.stage.finish()
  })
})

describe('unsafe methods', () => {
  const cases: [what: string, options: RequestOptions, answer: string, after: string][] = [
    ['POST ends what is stored', { method: 'POST' }, answer('done', ''), '200 two miss'],
    ['PUT with no-store, too', { method: 'PUT', cache: 'no-store' }, answer('done', ''), '200 two miss'],
    ['one that fails does not', { method: 'DELETE' }, answer('no', '', '404 Not Found'), '200 one hit'],
  ]
  it.each(cases)('%s', async (_what, options, done, after) => {
    const run = new Run([ONE, done, TWO])
    await run.ask()
    await run.ask(options)
    expect(await run.ask()).toBe(after)
    await run.stage.finish()
  })

  it('POST answered by 303, and followed to the page itself, brings it anew', async () => {
    const run = new Run([ONE, answer('', 'Location: /page\r\n', '303 See Other'), TWO])
    await run.ask()
    const response = await run.stage.settle(run.stage.client.post(URL_, { body: 'x' }))
    expect([response.method, response.text(), response.cache]).toEqual(['GET', 'two', 'miss'])
    expect(await run.ask()).toBe('200 two hit')
    await run.stage.finish()
  })
})
