import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createAuthority, createSelfSigned } from '../../net/certificates.ts'
import { httpProxy, socksProxy } from '../../net/proxy-servers.ts'
import type { Places } from './workload.ts'

/** What the workload asks: servers, proxies and a folder. `seen`: what the servers were asked, in order. */
export interface Servers extends AsyncDisposable {
  readonly places: Places
  readonly seen: string[]
}

export async function openServers(): Promise<Servers> {
  const authority = await createAuthority()
  const identity = await authority.issue({ hosts: ['a.test', '127.0.0.1', 'localhost'] })
  const seen: string[] = []
  const answer = (message: IncomingMessage, response: ServerResponse): void => {
    const [path, query = ''] = decodeURIComponent(message.url!).split('?')
    const fields = message.rawHeaders.flatMap((name, i, all) =>
      i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
    )
    let body = ''
    message.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    message.on('end', () => {
      const from = message.socket.remoteAddress!
      seen.push([`${message.method} ${message.url} from ${from}`, ...fields, body].join(' | '))
      reply(path!, query, message, response)
    })
  }
  const servers = [
    http.createServer(answer),
    https.createServer({ ...identity }, answer),
    https.createServer({ ...(await createSelfSigned()) }, answer),
  ]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  const [plain, secure, untrusted] = servers.map((server) => (server.address() as AddressInfo).port)
  const proxies = [await httpProxy(), await httpProxy({ identity }), await socksProxy({ credentials: 'u:p' })]
  const [proxy, secureProxy, socks] = proxies.map(({ port }) => port)
  const folder = await mkdtemp(join(tmpdir(), 'trawl-prototype-'))
  return {
    places: {
      plain: plain!,
      secure: secure!,
      untrusted: untrusted!,
      proxy: proxy!,
      secureProxy: secureProxy!,
      socks: socks!,
      ca: authority.cert,
      folder,
    },
    seen,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      for (const each of proxies) await each[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function reply(path: string, query: string, message: IncomingMessage, response: ServerResponse): void {
  const has = (name: string): boolean => message.headers[name] !== undefined
  if (path === '/to') response.writeHead(302, { Location: query }).end('moved')
  else if (path === '/503' || path === '/404') response.writeHead(Number(path.slice(1))).end('no')
  else if (path === '/gzip') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('zipped'))
  else if (path === '/large') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(LARGE)
  else if (path === '/auth' && !has('authorization'))
    response.writeHead(401, { 'WWW-Authenticate': query }).end()
  else if (path === '/cookie') response.writeHead(200, { 'Set-Cookie': 'a=b; Path=/' }).end('set')
  else if (path === '/cached') response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('kept')
  else if (path === '/etag' && has('if-none-match')) response.writeHead(304, { ETag: '"1"' }).end()
  else if (path === '/etag')
    response.writeHead(200, { ETag: '"1"', 'Cache-Control': 'no-cache' }).end('tagged')
  else if (path === '/vary')
    response.writeHead(200, { Vary: 'X-A', 'Cache-Control': 'max-age=60' }).end('varied')
  else if (path === '/cut') {
    response.writeHead(200, { 'Content-Length': 10 })
    response.write('half', () => response.destroy())
  } else response.end(`${message.method} ${path}`)
}

/** Above what is decoded at once. */
const LARGE = gzipSync(Buffer.from(Array.from({ length: 300_000 }, (_, i) => ((i * 7919) % 251) ^ (i >> 8))))
