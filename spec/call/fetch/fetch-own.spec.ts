import { getEventListeners, once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFetch, type FetchAnswer } from '../../../lib/call/fetch/fetch.ts'
import { Client, ConnectError, ConnectionClosedError } from '../../../lib/index.ts'

/** What the server answers, by path; all else by the path itself. */
const answers: Record<string, (response: ServerResponse) => void> = {
  '/latin1': (response) => void response.writeHead(200, 'Gr\u00fc\u00df').end(),
  '/drip': (response) => void response.write('first'),
  '/broken': (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('first', () => response.destroy())
  },
  '/close': (response) => void response.destroy(),
  '/empty': (response) => void response.writeHead(204).end(),
  '/odd': (response) => void response.socket!.end('HTTP/1.1 799 Odd\r\nContent-Length: 3\r\n\r\nodd'),
}

let server: http.Server
let site = ''
let client: Client
let own: typeof fetch

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const answer = answers[request.url!]
    if (answer === undefined) response.end(request.url)
    else answer(response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = new Client({ maxRetries: 0 })
  own = makeFetch(client)
})

afterAll(async () => {
  client.destroy()
  server.closeAllConnections()
  await once(server.close(), 'close')
})

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not rejected')
}

/** A response without an end, and how often it was asked for more. */
function countedAnswer(): FetchAnswer & { pulls: number; discards: number } {
  const answer = {
    status: 200,
    statusText: '',
    url: 'http://a.test/',
    redirects: [],
    headers: [],
    pulls: 0,
    discards: 0,
    body: {
      next: () => {
        answer.pulls++
        return Promise.resolve({ done: false as const, value: new Uint8Array(10) })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    },
    discard: () => {
      answer.discards++
      return Promise.resolve()
    },
  }
  return answer
}

describe('fetch of trawl alone', () => {
  it('names the error of the client as cause', async () => {
    expect((await rejection(own(`${site}/close`))).cause).toBeInstanceOf(ConnectionClosedError)
    expect((await rejection((await own(`${site}/broken`)).text())).cause).toBeInstanceOf(
      ConnectionClosedError,
    )
    const refused = await rejection(own('http://127.0.0.1:1/'))
    expect(refused.cause).toBeInstanceOf(ConnectError)
  })

  // Node's own takes the reason phrase for UTF-8.
  it('has a reason phrase in Latin-1', async () => {
    const response = await own(`${site}/latin1`)
    expect([response.statusText, response.clone().statusText]).toEqual(['Gr\u00fc\u00df', 'Gr\u00fc\u00df'])
  })

  it('has any status a server sends', async () => {
    const response = await own(`${site}/odd`)
    const copy = response.clone()
    expect([response.status, response.ok, copy.status, copy.ok]).toEqual([799, false, 799, false])
    expect([await response.text(), await copy.text()]).toEqual(['odd', 'odd'])
  })

  it('says what it does not fetch', async () => {
    expect((await rejection(own('data:text/plain,x'))).message).toMatch(/a data: URL is not fetched here/)
    expect((await rejection(own('blob:nodedata:x'))).message).toMatch(/a blob: URL is not fetched here/)
    expect((await rejection(own(site, { integrity: 'sha256-x' }))).message).toMatch(
      /integrity is not checked/,
    )
  })

  it('resolves a relative URL where it is told against what', async () => {
    const based = makeFetch(client, `${site}/api/`)
    expect(await (await based('items?a=b')).text()).toBe('/api/items?a=b')
    expect(await (await based(`${site}/x`)).text()).toBe('/x')
  })

  it('lets the body of a request go that is aborted already', async () => {
    const cancelled: unknown[] = []
    const body = new ReadableStream({ cancel: (reason) => void cancelled.push(reason) })
    await rejection(own(site, { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort('why') }))
    expect(cancelled).toEqual(['why'])
  })

  it('pulls the body when it is read, chunk by chunk, and not before', async () => {
    const answer = countedAnswer()
    const response = await makeFetch({ stream: () => Promise.resolve(answer) })(site)
    expect(answer.pulls).toBe(0)
    const reader = response.body!.getReader()
    await reader.read()
    expect(answer.pulls).toBe(1)
    await reader.read()
    expect(answer.pulls).toBe(2)
    await reader.cancel()
    expect(answer.discards).toBe(1)
  })

  it('gives a body up that nobody can read any more', async () => {
    const answer = countedAnswer()
    await makeFetch({ stream: () => Promise.resolve(answer) })(site)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let turn = 0; turn < 100 && answer.discards === 0; turn++) {
      collect()
      await new Promise((resolve) => void setImmediate(resolve))
    }
    expect(answer.discards).toBe(1)
  })

  it('leaves no listener on a signal once the body is over, read or cancelled', async () => {
    const { signal } = new AbortController()
    await (await own(`${site}/text`, { signal })).text()
    await (await own(`${site}/drip`, { signal })).body!.cancel()
    await (await own(`${site}/empty`, { signal })).text()
    await rejection((await own(`${site}/broken`, { signal })).text())
    await rejection(own(`${site}/close`, { signal }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
