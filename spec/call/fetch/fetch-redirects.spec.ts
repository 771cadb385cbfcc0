import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client, RedirectError } from '../../../lib/index.ts'
import { makeFetch } from '../../../lib/call/fetch/fetch.ts'

let server: http.Server
let site = ''
let client: Client
const fetches: Record<string, typeof fetch> = {
  Node: globalThis.fetch,
  trawl: (input, init) => makeFetch(client)(input, init),
  'a client': (input, init) => client.fetch(input, init),
}

/** `/to/302/x` leads to `/x` with 302; all else says what was asked. */
beforeAll(async () => {
  server = http.createServer((request, response) => {
    const [, status, location] = /^\/to\/(\d+)(.*)$/.exec(request.url!) ?? []
    if (location === undefined) return void echo(request, response)
    request.resume()
    response.writeHead(Number(status), location === '' ? {} : { location }).end('moved')
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

const chain = (count: number): string => `${site}${'/to/302'.repeat(count)}/x`

async function echo(request: IncomingMessage, response: http.ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray()).toString()
  response.end([request.method, request.url, request.headers['content-type'] ?? 'none', body].join(' '))
}

describe.each(Object.entries(fetches))('fetch of %s: redirects', (_name, fetch) => {
  const followed: readonly [method: string, status: number, seen: string][] = [
    ['GET', 301, 'GET /x none '],
    ['GET', 307, 'GET /x none '],
    ['POST', 301, 'GET /x none '],
    ['POST', 302, 'GET /x none '],
    ['POST', 303, 'GET /x none '],
    ['POST', 307, 'POST /x text/plain;charset=UTF-8 body'],
    ['POST', 308, 'POST /x text/plain;charset=UTF-8 body'],
    ['PUT', 302, 'PUT /x text/plain;charset=UTF-8 body'],
    ['PUT', 303, 'GET /x none '],
  ]
  it.each(followed)('follows a %s after %i', async (method, status, seen) => {
    const init = method === 'GET' ? {} : { method, body: 'body' }
    for (const given of [[`${site}/to/${status}/x`, init], [new Request(`${site}/to/${status}/x`, init)]]) {
      const response = await fetch(...(given as [string]))
      expect([response.status, response.url, response.redirected]).toEqual([200, `${site}/x`, true])
      expect(await response.text()).toBe(seen)
    }
  })

  it('leaves the fragment out of the URL', async () => {
    const response = await fetch(`${site}/to/302/x#frag`)
    expect(response.url).toBe(`${site}/x`)
    await response.text()
  })

  it('gives the redirect itself when asked to', async () => {
    const response = await fetch(`${site}/to/302/x`, { redirect: 'manual' })
    const { status, url, type, redirected, headers } = response
    expect([status, url, type, redirected, headers.get('location')]).toEqual([
      302,
      `${site}/to/302/x`,
      'basic',
      false,
      '/x',
    ])
    expect(await response.text()).toBe('moved')
  })

  it('gives a redirect that leads nowhere', async () => {
    const response = await fetch(`${site}/to/302`)
    expect([response.status, response.redirected, await response.text()]).toEqual([302, false, 'moved'])
  })

  const refused: readonly [what: string, path: string, init: () => object][] = [
    ["with redirect: 'error'", '/to/302/x', () => ({ redirect: 'error' })],
    ['to another scheme', '/to/302ftp://127.0.0.1/', () => ({})],
    ['to what is no URL', '/to/302http://', () => ({})],
    ['of a body that is gone', '/to/307/x', () => ({ method: 'POST', body: slowStream(), duplex: 'half' })],
  ]
  it.each(refused)('refuses one %s', async (_what, path, init) => {
    await expect(fetch(site + path, init())).rejects.toThrow(TypeError)
    await expect(fetch(site + path, init())).rejects.toThrow('fetch failed')
  })

  it('goes no further than 20', async () => {
    expect((await fetch(chain(20))).status).toBe(200)
    await expect(fetch(chain(21))).rejects.toThrow('fetch failed')
  })
})

describe('fetch of trawl', () => {
  it('names the redirect as cause', async () => {
    const error = await fetches['trawl']!(`${site}/to/302/x`, { redirect: 'error' }).catch(
      (thrown: unknown) => thrown,
    )
    expect((error as Error).cause).toBeInstanceOf(RedirectError)
  })

  it('follows whatever the client does by default, and rejects for no status', async () => {
    const own = new Client({ redirect: 'manual', expectSuccess: true })
    for (const fetch of [own.fetch, makeFetch(own)]) {
      const response = await fetch(`${site}/to/302/x`)
      expect([response.status, response.redirected]).toEqual([200, true])
      expect(await response.text()).toBe('GET /x none ')
      expect((await fetch(`${site}/to/404`)).status).toBe(404)
    }
    await own.close()
  })
})

function slowStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      await new Promise((resolve) => void setImmediate(resolve))
      controller.enqueue(Buffer.from('x'))
      await new Promise((resolve) => void setImmediate(resolve))
      controller.close()
    },
  })
}
