import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AbortError, Client, RedirectError, TimeoutError, type ClientOptions } from '../../lib/index.ts'
import { Sites, to } from './sites.ts'
import { OK, WireStage } from './wire-stage.ts'

let sites: Sites
let client: Client
let A = ''
let B = ''

beforeAll(async () => {
  sites = await Sites.open(2)
  A = sites.origin(0, 'a.test')
  B = sites.origin(1, 'b.test')
})
afterAll(() => sites.close())

function open(options: ClientOptions = {}): Client {
  client = new Client({ resolve: sites.resolve, maxRetries: 0, ...options })
  return client
}

beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
  open()
})
afterEach(() => client.destroy())

async function refusal(promise: Promise<unknown>): Promise<RedirectError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(RedirectError)
  return error as RedirectError
}

function stream(): Readable {
  return Readable.from([Buffer.from('x')])
}

/** `/3` leads to `/2`, and so on. */
function countdown(from: number): void {
  for (let n = from; n > 0; n--) {
    sites.on(`/${n}`, (_seen, response) => void response.writeHead(302, { location: `/${n - 1}` }).end())
  }
}

async function* endless(): AsyncGenerator<Buffer> {
  for (let i = 0; i < 10_000; i++) {
    await new Promise((resolve) => void setImmediate(resolve))
    yield Buffer.alloc(10_000)
  }
}

describe('a redirect that is followed', () => {
  it('gives the answer at its end, and what led there', async () => {
    const end = `${B}/end`
    const middle = `${A}${to(`${end}#new`, 301)}`
    const response = await client.get(`${A}${to(middle)}#old`)
    expect([response.status, response.text(), response.url, response.fragment]).toEqual([
      200,
      'ok',
      end,
      '#new',
    ])
    expect(response.redirects).toEqual([
      { status: 302, url: `${A}${to(middle)}`, location: middle },
      { status: 301, url: middle, location: end },
    ])
    expect(sites.asked.at(-1)).toBe(`GET ${end}`)
    expect(sites.asked.join(' ')).not.toContain('#')
  })

  it('inherits the fragment, and gives none where the last one is empty', async () => {
    expect((await client.get(`${A}${to('/x')}#old`)).fragment).toBe('#old')
    expect((await client.get(`${A}${to('/x#')}#old`)).fragment).toBe('')
    expect((await client.get(`${A}/x#own`)).fragment).toBe('#own')
    expect((await client.get(`${A}/x`)).fragment).toBe('')
  })

  const BODIES: readonly [method: string, status: number, seen: string][] = [
    ['POST', 301, 'GET  none none'],
    ['POST', 302, 'GET  none none'],
    ['POST', 303, 'GET  none none'],
    ['POST', 307, 'POST body text/plain 4'],
    ['POST', 308, 'POST body text/plain 4'],
    ['PUT', 302, 'PUT body text/plain 4'],
    ['PUT', 303, 'GET  none none'],
    ['DELETE', 301, 'DELETE body text/plain 4'],
  ]
  it.each(BODIES)('a %s after %i', async (method, status, seen) => {
    const headers = { 'content-type': 'text/plain' }
    for (const body of ['body', Buffer.from('body'), new Blob(['body'])]) {
      sites.seen.length = 0
      const response = await client.request(`${A}${to(`${B}/x`, status)}`, { method, body, headers })
      expect(response.method).toBe(seen.split(' ')[0])
      const { method: got, body: sent, fields } = sites.seen[1]!
      const type = fields['content-type'] ?? 'none'
      expect([got, sent, type, fields['content-length'] ?? 'none'].join(' ')).toBe(seen)
    }
  })

  it('HEAD stays HEAD', async () => {
    const response = await client.head(`${A}${to('/x', 303)}`)
    expect([response.status, response.method, response.text()]).toEqual([200, 'HEAD', ''])
    expect(sites.seen.map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
  })

  it('a stream cannot be sent twice, and the error says so; after 303 it need not be', async () => {
    const error = await refusal(client.post(`${A}${to(`${B}/x`, 307)}`, { body: stream() }))
    expect(error).toMatchObject({ status: 307, location: `${B}/x`, method: 'POST', progress: 'answered' })
    expect(error.message).toContain('is a stream')
    expect(sites.seen.length).toBe(1)
    const response = await client.post(`${A}${to(`${B}/x`, 303)}`, { body: stream() })
    expect([response.status, response.method]).toEqual([200, 'GET'])
  })

  it('keeps its own fields, gets the next Host, and a Host of the user only stays on its host', async () => {
    const headers = { host: 'vhost.test', 'X-Mine': 'yes', 'user-agent': 'me' }
    await client.get(`${A}${to(to(`${B}/x`))}`, { headers })
    const [first, second, third] = sites.seen.map(({ fields }) => fields)
    expect([first!['host'], second!['host'], third!['host']]).toEqual([
      'vhost.test',
      'vhost.test',
      new URL(B).host,
    ])
    expect([third!['x-mine'], third!['user-agent']]).toEqual(['yes', 'me'])
  })

  it('sends bytes of a Location as they came', async () => {
    sites.on('/bytes', (_seen, response) => {
      response
        .writeHead(302, { location: Buffer.from('/caf\u00E9?\u00E9=\u00FF', 'utf8').toString('latin1') })
        .end()
    })
    sites.on('/latin', (_seen, response) => void response.writeHead(302, { location: '/caf\u00E9' }).end())
    await client.get(`${A}/bytes`)
    await client.get(`${A}/latin`)
    expect([sites.seen[1]!.path, sites.seen[3]!.path]).toEqual(['/caf%C3%A9?%C3%A9=%C3%BF', '/caf%E9'])
  })

  it('sends a cookie that a redirect has set, and one that it has removed no more', async () => {
    open({ cookies: true })
    sites.on('/login', (_seen, response) => {
      response.writeHead(302, { location: '/in', 'set-cookie': ['id=1; Path=/', 'old=; Max-Age=0'] }).end()
    })
    client.cookies!.jar('').set('old=1', A)
    await client.get(`${A}/login`)
    expect(sites.seen.map(({ fields }) => fields['cookie'])).toEqual(['old=1', 'id=1'])
  })
})

describe('how many', () => {
  it('maxRedirects is exact, by default 20', async () => {
    countdown(21)
    expect((await client.get(`${A}/20`)).redirects.length).toBe(20)
    const error = await refusal(client.get(`${A}/21`))
    expect(error).toMatchObject({ status: 302, location: '/0', url: `${A}/1` })
    expect(error.message).toContain('maxRedirects = 20')
    expect(sites.seen.length).toBe(21 + 21)
    expect((await client.get(`${A}/2`, { maxRedirects: 2 })).status).toBe(200)
    expect((await refusal(client.get(`${A}/3`, { maxRedirects: 2 }))).message).toContain('maxRedirects = 2')
    expect((await refusal(client.get(`${A}/1`, { maxRedirects: 0 }))).message).toContain('maxRedirects = 0')
  })

  it('manual: the redirect is the answer', async () => {
    const response = await client.get(`${A}${to(`${B}/x`)}`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location'), response.text()]).toEqual([
      302,
      `${B}/x`,
      'moved',
    ])
    expect(response.redirects).toEqual([])
    expect(sites.seen.length).toBe(1)
  })

  it('error: a redirect is an error', async () => {
    const error = await refusal(client.get(`${A}${to('/x')}`, { redirect: 'error' }))
    expect(error).toMatchObject({ code: 'ERR_REDIRECT', status: 302, location: '/x', attempt: 1 })
    expect(sites.seen.length).toBe(1)
  })

  it('nowhere to go, and 300 and 304, are answers', async () => {
    for (const status of [300, 301, 304, 305, 306, 308]) {
      sites.on(`/none/${status}`, (_seen, response) => void response.writeHead(status).end())
      expect((await client.get(`${A}/none/${status}`)).status).toBe(status)
    }
    sites.on('/300', (_seen, response) => void response.writeHead(300, { location: '/x' }).end('choose'))
    expect((await client.get(`${A}/300`)).text()).toBe('choose')
  })
})

describe('loops end early', () => {
  it('of one: after the second request, as servers mean it now and then', async () => {
    sites.on('/self', (_seen, response) => void response.writeHead(302, { location: '/self' }).end())
    const error = await refusal(client.get(`${A}/self`))
    expect(error.message).toContain('in a loop')
    expect(sites.seen.length).toBe(2)
  })

  it('of two, over two origins', async () => {
    const [one, two] = [`${A}/one`, `${B}/two`]
    sites.on('/one', (_seen, response) => void response.writeHead(302, { location: two }).end())
    sites.on('/two', (_seen, response) => void response.writeHead(302, { location: one }).end())
    await refusal(client.get(one))
    expect(sites.asked).toEqual([`GET ${one}`, `GET ${two}`, `GET ${one}`, `GET ${two}`])
  })

  it('but a fragment is no other place, and a cookie makes another request', async () => {
    sites.on('/f', (_seen, response) => void response.writeHead(302, { location: '/f#x' }).end())
    await refusal(client.get(`${A}/f`))
    expect(sites.seen.length).toBe(2)
    open({ cookies: true })
    sites.seen.length = 0
    sites.on('/count', ({ fields }, response) => {
      const n = Number(/n=(\d+)/.exec(fields['cookie'] ?? '')?.[1] ?? 0)
      if (n === 10) response.end('done')
      else response.writeHead(302, { location: '/count', 'set-cookie': `n=${n + 1}` }).end()
    })
    expect((await client.get(`${A}/count`)).text()).toBe('done')
    expect(sites.seen.length).toBe(11)
  })

  it('and a POST that becomes a GET is another request', async () => {
    sites.on('/form', ({ method }, response) => {
      if (method === 'POST') response.writeHead(302, { location: '/form' }).end()
      else response.end('thanks')
    })
    expect((await client.post(`${A}/form`, { body: 'x' })).text()).toBe('thanks')
  })
})

describe('the body of a redirect', () => {
  it.each([
    ['endless', (): Readable => Readable.from(endless())],
    ['of 20 MB', (): Readable => Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(1_000_000)))],
  ])('that is %s does not hold the call', async (_what, body) => {
    open({ maxConn: 1 })
    sites.on('/big', (_seen, response) => {
      response.writeHead(302, { location: '/end' })
      body()
        .on('error', () => undefined)
        .pipe(response)
    })
    expect((await client.get(`${A}/big`)).text()).toBe('ok')
    expect((await client.get(`${A}/after`)).text()).toBe('ok')
  })

  it('that never comes does not hold it either, with one connection', async () => {
    const stage = new WireStage({ maxConn: 1 }, (peer) => {
      if (!peer.text.startsWith('GET /from ')) return void peer.socket.write(OK)
      peer.socket.write('HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 100\r\n\r\n')
    })
    const response = await stage.settle(stage.client.get('http://a.test/from'))
    expect([response.text(), response.redirects.length]).toEqual(['ok', 1])
    await stage.finish()
  })

  it('in a pipeline leaves the neighbours right', async () => {
    open({ maxConn: 1, maxPipelinedRequests: 10 })
    for (let i = 0; i < 40; i++) {
      sites.on(
        `/r${i}`,
        (_seen, response) => void response.writeHead(302, { location: `/t${i}` }).end('x'.repeat(i)),
      )
      sites.on(`/t${i}`, (_seen, response) => void response.end(`t${i}`))
      sites.on(`/p${i}`, (_seen, response) => void response.end(`p${i}`))
    }
    const paths = Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? `/r${i / 2}` : `/p${(i - 1) / 2}`))
    const responses = await Promise.all(paths.map((path) => client.get(A + path)))
    const texts = responses.map((response) => response.text())
    expect(texts).toEqual(paths.map((path) => path.slice(1).replace('r', 't')))
  })
})

describe('a call ends within a hop', () => {
  it('when it is aborted, or its total time is over', async () => {
    const sockets: Socket[] = []
    const silent = net.createServer(
      (socket) => void sockets.push(socket.on('error', () => undefined).resume()),
    )
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const hole = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
    const abort = new AbortController()
    silent.once('connection', () => abort.abort(new Error('enough')))
    const error = await client
      .get(`${A}${to(hole)}`, { signal: abort.signal })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ url: hole, cause: new Error('enough') })
    const late = await client.get(`${A}${to(hole)}`, { totalTimeout: 200 }).catch((thrown: unknown) => thrown)
    expect(late).toBeInstanceOf(TimeoutError)
    expect(late).toMatchObject({ phase: 'total', limit: 200, url: hole })
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})
