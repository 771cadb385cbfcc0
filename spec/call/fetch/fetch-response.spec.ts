import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from '../../../lib/index.ts'

/** What the server answers, by path; all else with the path itself, as text. */
const answers: Record<string, (response: ServerResponse) => void> = {
  '/marked': (response) => void response.end('\ufeff{"a":"h\u00e4"}'),
  '/broken-utf8': (response) => void response.end(Buffer.from([0xff, 65, 0xe2, 0x82])),
  '/form': (response) => {
    response.setHeader('content-type', 'application/x-www-form-urlencoded')
    response.end('a=b')
  },
  '/pieces': (response) => {
    response.write('one ')
    setImmediate(() => void response.end('two'))
  },
  '/nothing': (response) => void response.end(),
  '/empty': (response) => void response.writeHead(204).end(),
  '/drip': (response) => void response.write('first'),
}

let server: http.Server
let site = ''
let client: Client
const fetches: Record<string, typeof fetch> = {
  Node: globalThis.fetch,
  trawl: (input, init) => client.fetch(input, init),
}

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const answer = answers[request.url!]
    response.setHeader('content-type', 'text/plain')
    if (answer === undefined) response.end(request.url)
    else answer(response)
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

const readers = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData'] as const
type Readable = Response &
  Record<(typeof readers)[number], () => Promise<unknown>> & { bytes(): Promise<Uint8Array> }

describe.each(Object.entries(fetches))('a Response of %s', (_name, fetch) => {
  it('has the members of one, and its own name', async () => {
    const response = await fetch(`${site}/a`)
    const names: string[] = []
    for (const name in response) names.push(name)
    expect(names.toSorted()).toEqual(Object.keys(Response.prototype).toSorted())
    expect([Object.keys(response), Object.prototype.toString.call(response)]).toEqual([
      [],
      '[object Response]',
    ])
    expect(inspect(response)).toMatch(/^Response \{\s+status: 200,\s+statusText: 'OK',\s+headers: Headers/)
    expect(() => Object.assign(response, { status: 500 })).toThrow(TypeError)
    await response.text()
  })

  it.each(readers)('is read once, by %s', async (name) => {
    const response = (await fetch(`${site}/form`)) as Readable
    const read = response[name]().catch((error: unknown) => error)
    expect([response.bodyUsed, response.body!.locked]).toEqual([true, true])
    await read
    expect([response.bodyUsed, response.body!.locked]).toEqual([true, true])
    expect(response.body).toBe(response.body)
    expect(() => response.clone()).toThrow(TypeError)
    expect(() => response.body!.getReader()).toThrow(TypeError)
    for (const again of readers) await expect(response[again]()).rejects.toThrow(TypeError)
  })

  it.each(readers)('is not read by %s while somebody else reads its stream', async (name) => {
    const response = (await fetch(`${site}/form`)) as Readable
    const reader = response.body!.getReader()
    expect(response.bodyUsed).toBe(false)
    await expect(response[name]()).rejects.toThrow(TypeError)
    expect(() => response.clone()).toThrow(TypeError)
    expect(Buffer.from((await reader.read()).value).toString()).toBe('a=b')
    expect(response.bodyUsed).toBe(true)
  })

  it.each(['body', 'headers', 'nothing'] as const)(
    'gives all views, with %s looked at before',
    async (what) => {
      const seen: unknown[] = []
      const get = async (path: string): Promise<Readable> => {
        const response = (await fetch(site + path)) as Readable
        if (what !== 'nothing') seen.push(response[what], response[what])
        return response
      }
      expect(await (await get('/marked')).text()).toBe('{"a":"h\u00e4"}')
      expect(await (await get('/broken-utf8')).text()).toBe('\ufffdA\ufffd')
      expect(await (await get('/marked')).json()).toEqual({ a: 'h\u00e4' })
      expect(Buffer.from(await (await get('/form')).arrayBuffer()).toString()).toBe('a=b')
      const bytes = (await (await get('/pieces')).bytes()) as Uint8Array<ArrayBuffer>
      expect([Buffer.from(bytes).toString(), bytes.constructor, bytes.buffer.byteLength]).toEqual([
        'one two',
        Uint8Array,
        7,
      ])
      expect((await (await get('/form')).formData()).get('a')).toBe('b')
      expect((await (await get('/nothing')).arrayBuffer()).byteLength).toBe(0)
      await expect((await get('/form')).json()).rejects.toThrow(SyntaxError)
      for (let i = 0; i < seen.length; i += 2) expect(seen[i]).toBe(seen[i + 1])
    },
  )

  it('reads by the type that its fields say now', async () => {
    const response = (await fetch(`${site}/form`)) as Readable
    expect((await response.clone().blob()).type).toBe('application/x-www-form-urlencoded')
    const other = new Response(response.body, { headers: { 'content-type': 'x/y' } })
    expect((await other.blob()).type).toBe('x/y')
    await expect(((await fetch(`${site}/a`)) as Readable).formData()).rejects.toThrow(TypeError)
  })

  it('without a body is never used up', async () => {
    const response = (await fetch(`${site}/empty`)) as Readable
    for (let time = 0; time < 2; time++) {
      expect([await response.text(), response.body, response.bodyUsed]).toEqual(['', null, false])
    }
    expect((await response.blob()).size).toBe(0)
    expect(await response.clone().text()).toBe('')
    expect(((await response.bytes()) as Uint8Array).length).toBe(0)
  })

  it('has an empty body that is used up', async () => {
    const response = await fetch(`${site}/nothing`)
    expect([await response.text(), response.bodyUsed]).toEqual(['', true])
  })

  it('can be the beginning of another', async () => {
    const response = await fetch(`${site}/form`)
    const other = new Response(response.body, response)
    expect([other.status, other.statusText, other.headers.get('content-type'), await other.text()]).toEqual([
      200,
      'OK',
      'application/x-www-form-urlencoded',
      'a=b',
    ])
    expect(response.bodyUsed).toBe(true)
  })

  it('has fields of its own, apart from its clone', async () => {
    const response = await fetch(`${site}/a`)
    const copy = response.clone()
    expect(copy.headers).not.toBe(response.headers)
    expect([...copy.headers]).toEqual([...response.headers])
    expect([await copy.text(), await response.text()]).toEqual(['/a', '/a'])
  })

  it('aborted while it is gathered, rejects with the reason', async () => {
    const controller = new AbortController()
    const response = await fetch(`${site}/drip`, { signal: controller.signal })
    const text = response.text()
    controller.abort('why')
    await expect(text).rejects.toBe('why')
  })

  it('aborted before its stream is asked for, gives an errored one', async () => {
    const controller = new AbortController()
    const response = await fetch(`${site}/drip`, { signal: controller.signal })
    controller.abort('why')
    await expect(response.body!.getReader().read()).rejects.toBe('why')
  })
})
