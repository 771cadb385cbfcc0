import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import { siteLocations, writeSite } from './site.ts'

const HOST = 'a.localhost'
const LARGE = randomBytes(50 * 1024 * 1024)
const RANGED = 'abcdefghijklmnopqrstuvwxyz'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describeWith([nginxProgram], 'messages', () => {
  let nginx: Nginx
  let site = ''
  let client: Client
  // Answers what it was sent. nginx stands in front of it, and does the talking.
  const echo = http.createServer((request, response) => {
    response.setHeader('X-Method', request.method ?? '')
    response.setHeader('X-Type', request.headers['content-type'] ?? '')
    request.pipe(response)
  })

  beforeAll(async () => {
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    nginx = await Nginx.start({
      trace: true,
      servers: ({ plain }, folder) => {
        writeSite(folder, [HOST], 8)
        writeFileSync(join(folder, HOST, 'files/large'), LARGE)
        writeFileSync(join(folder, HOST, 'files/ranged'), RANGED)
        return `
          server {
            listen 127.0.0.1:${plain};
            client_max_body_size 64m;
            ${siteLocations(folder)}
            location /store/ { root ${folder}; dav_methods PUT DELETE; create_full_put_path on; }
            location /refused { return 403 "no\\n"; }
            location /echo {
              proxy_pass http://127.0.0.1:${(echo.address() as AddressInfo).port};
              proxy_http_version 1.1;
              proxy_request_buffering off;
            }
          }
        `
      },
    })
    site = `http://${HOST}:${nginx.port}`
    client = new Client({ maxConnPerTarget: 2, resolve: () => '127.0.0.1' })
  })

  afterAll(async () => {
    await client?.close()
    await nginx?.stop()
    echo.closeAllConnections()
    echo.close()
  })

  it('HEAD has no body, whatever its length field says, and the connection goes on', async () => {
    for (let n = 0; n < 3; n++) {
      const head = await client.request(`${site}/files/ranged?head=${n}`, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length'), head.text()]).toEqual([200, '26', ''])
      const get = await client.request(`${site}/files/ranged?head=${n}`)
      expect(get.text()).toBe(RANGED)
    }
    const entries = await nginx.logged(6, (entry) => entry.uri.includes('?head='))
    expect(entries.map((entry) => entry.method)).toEqual(['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET'])
    expect(new Set(entries.map((entry) => entry.connection)).size).toBe(1)
  })

  it.each([
    ['a string', { body: 'käse' }, 'käse'],
    ['bytes', { body: new Uint8Array([104, 105]) }, 'hi'],
    ['a form', { body: new URLSearchParams({ a: '1 2', b: 'ü' }) }, 'a=1+2&b=%C3%BC'],
    ['JSON', { json: { a: [1, null] } }, '{"a":[1,null]}'],
    ['nothing', {}, ''],
  ])('POST with %s arrives as it is', async (_, options, expected) => {
    const response = await client.request(`${site}/echo`, { method: 'POST', ...options })
    expect([response.status, response.headers.get('x-method'), response.text()]).toEqual([
      200,
      'POST',
      expected,
    ])
  })

  it('POST with a stream of unknown length is sent chunked and arrives whole', async () => {
    const body = LARGE.subarray(0, 3_000_000)
    const response = await client.request(`${site}/echo`, { method: 'POST', body: inPieces(body, 10_007) })
    expect(digest(response.bytes())).toBe(digest(body))
  })

  it.each([false, true])(
    'PUT stores a large body, with 100-continue asked for: %s',
    async (expectContinue) => {
      const body = LARGE.subarray(0, 5_000_000)
      const path = `/store/put-${expectContinue}`
      const put = await client.request(`${site}${path}`, { method: 'PUT', body, expectContinue })
      expect(put.status).toBe(201)
      expect(digest(readFileSync(join(nginx.folder, path)))).toBe(digest(body))
      const trace = readFileSync(join(nginx.folder, 'trace.log'), 'latin1')
      expect(trace.includes('send 100 Continue')).toBe(expectContinue)
      const again = await client.request(`${site}${path}`, { method: 'DELETE' })
      expect(again.status).toBe(204)
    },
  )

  it('a body that the server refuses at 100-continue is not sent', async () => {
    const body = LARGE.subarray(0, 2_000_000)
    const response = await client.request(`${site}/refused`, { method: 'PUT', body, expectContinue: true })
    expect([response.status, response.text()]).toEqual([403, 'no\n'])
    expect((await client.request(`${site}/page/0`)).text()).toBe(`${HOST}/page/0\n`)
    const [entry] = await nginx.logged(1, (each) => each.uri === '/refused')
    expect(entry!.method).toBe('PUT')
    expect(entry!.length).toBeLessThan(2_000)
  })

  it('ranges and validators', async () => {
    const url = `${site}/files/ranged`
    const part = await client.request(url, { headers: { Range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-range'), part.text()]).toEqual([
      206,
      'bytes 2-4/26',
      'cde',
    ])
    const parts = await client.request(url, { headers: { Range: 'bytes=0-0,25-25' } })
    expect(parts.headers.get('content-type')).toMatch(/^multipart\/byteranges/)
    const etag = part.headers.get('etag')!
    const same = await client.request(url, { headers: { 'If-None-Match': etag } })
    expect([same.status, same.text()]).toEqual([304, ''])
    const beyond = await client.request(url, { headers: { Range: 'bytes=99-' } })
    expect(beyond.status).toBe(416)
    expect((await client.request(url)).text()).toBe(RANGED)
  })

  it('a stream of 50 MB is held back while nobody reads, and is right in the end', async () => {
    const hash = createHash('sha256')
    const before = client.stats().bytes
    const response = await client.stream(`${site}/files/large`)
    expect(response.headers.get('content-length')).toBe(String(LARGE.length))
    let length = 0
    let heldBytes = Infinity
    for await (const chunk of response.body) {
      if (length === 0) {
        // Others are served meanwhile; what has come in for this one stays small.
        for (let n = 0; n < 50; n++) await client.request(`${site}/page/${n * 4}`)
        heldBytes = client.stats().bytes - before
      }
      hash.update(chunk)
      length += chunk.length
    }
    expect(heldBytes).toBeLessThan(2_000_000)
    expect(length).toBe(LARGE.length)
    expect(hash.digest('hex')).toBe(digest(LARGE))
  })
})
