import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/**
 * A small site on loopback with several hosts, each with habits that real servers have. Every page
 * names its own URL, so that a page in the wrong file shows.
 */
export const HOSTS = ['shop', 'news', 'wiki', 'old', 'media'].map((name) => `${name}.localhost`)

/** What a page is like. The path says it: `/gzip/17` is page 17, and comes gzip-coded. */
type Kind = 'plain' | 'gzip' | 'chunked' | 'slow' | 'large' | 'moved' | 'busy' | 'missing'

/** In every 100 pages of a host: many plain ones, some of each other kind. */
const KINDS: readonly (readonly [Kind, pages: number])[] = [
  ['plain', 37],
  ['gzip', 30],
  ['chunked', 18],
  ['slow', 6],
  ['large', 2],
  ['moved', 3],
  ['busy', 1],
  ['missing', 3],
]

/** Connections to the shop end after so many requests, as nginx's keepalive_requests has it. */
const REQUESTS_A_CONNECTION = 25

/** The kind of page `number`; kinds are spread over the numbers. */
export function kindOf(number: number): Kind {
  let left = (number * 37) % 100
  for (const [kind, pages] of KINDS) {
    if (left < pages) return kind
    left -= pages
  }
  return 'plain'
}

/** What the page is answered with in the end. */
export function statusOf(path: string): number {
  return path.startsWith('/missing/') ? 404 : 200
}

/** Where the page is in the end. */
export function placeOf(path: string): string {
  return path.replace('/moved/', '/moved-here/')
}

/** The whole page, always the same for the same URL. */
export function pageOf(host: string, path: string): string {
  const url = `http://${host}${path}`
  const lines = path.startsWith('/large/') ? 20_000 : 40 + (path.length % 7) * 60
  return `<title>${url}</title>\n${Array.from({ length: lines }, (_, i) => `<p>${i} of ${url}</p>`).join('\n')}\n`
}

/** What the site itself saw. */
export interface SiteCounts {
  requests: number
  /** Redirects, and refusals of a page that is well the next time. */
  moved: number
  busy: number
  connections: number
  /** The most connections that had a request to answer, at once. */
  mostBusy: number
  /** The same for one host. */
  mostBusyOfOneHost: number
}

export interface Site {
  readonly port: number
  readonly counts: SiteCounts
  close(): Promise<void>
}

/** One connection, as the site sees it. */
interface Visitor {
  host: string
  served: number
  unanswered: number
  /** It has had its last answer; what is still unanswered on it was sent in vain. */
  over: boolean
}

/** Listens on a free port of 127.0.0.1. */
export async function startSite(): Promise<Site> {
  const counts: SiteCounts = {
    requests: 0,
    moved: 0,
    busy: 0,
    connections: 0,
    mostBusy: 0,
    mostBusyOfOneHost: 0,
  }
  /** Busy pages that have been asked for before, with their host. */
  const asked = new Set<string>()
  const visitors = new Map<Socket, Visitor>()
  const server = createServer((request, response) => {
    const { socket } = request
    const visitor = visitors.get(socket)!
    visitor.host = (request.headers.host ?? '').replace(/:\d+$/, '')
    visitor.served++
    visitor.unanswered++
    const closes = closesAfter(visitor)
    if (closes) response.setHeader('Connection', 'close')
    response.once('finish', () => {
      visitor.unanswered--
      visitor.over ||= closes
    })
    counts.requests++
    countBusy(visitors.values(), visitor.host, counts)
    const path = request.url ?? '/'
    const page = visitor.host + path
    if (path.startsWith('/moved/')) {
      counts.moved++
      response.writeHead(301, { Location: placeOf(path), 'Content-Length': 0 }).end()
    } else if (path.startsWith('/busy/') && !asked.has(page)) {
      asked.add(page)
      counts.busy++
      response.writeHead(500, { 'Content-Length': 0 }).end()
    } else {
      void answer(request, response, visitor.host)
    }
  })
  server.on('connection', (socket) => {
    counts.connections++
    visitors.set(socket, { host: '', served: 0, unanswered: 0, over: false })
    socket.once('close', () => visitors.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function closesAfter({ host, served }: Visitor): boolean {
  return host === 'old.localhost' || (host === 'shop.localhost' && served >= REQUESTS_A_CONNECTION)
}

function countBusy(visitors: Iterable<Visitor>, host: string, counts: SiteCounts): void {
  const busy = [...visitors].filter((visitor) => visitor.unanswered > 0 && !visitor.over)
  const ofHost = busy.filter((visitor) => visitor.host === host)
  counts.mostBusy = Math.max(counts.mostBusy, busy.length)
  counts.mostBusyOfOneHost = Math.max(counts.mostBusyOfOneHost, ofHost.length)
}

async function answer(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
  const path = request.url ?? '/'
  const port = (request.socket.address() as AddressInfo).port
  const page = pageOf(`${host}:${port}`, path)
  response.statusCode = statusOf(path)
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  await sleep(path.startsWith('/slow/') ? 600 : 20 + (path.length % 5) * 15)
  if (host === 'old.localhost') {
    // No length and no chunks: the body ends where the connection does, as with HTTP/1.0.
    response.useChunkedEncodingByDefault = false
    response.write(page)
    response.end()
  } else if (path.startsWith('/gzip/')) {
    response.setHeader('Content-Encoding', 'gzip')
    response.end(gzipSync(page))
  } else if (path.startsWith('/chunked/')) {
    for (let at = 0; at < page.length; at += 3_000) {
      response.write(page.slice(at, at + 3_000))
      await sleep(2)
    }
    response.end()
  } else {
    response.setHeader('Content-Length', Buffer.byteLength(page))
    response.end(page)
  }
}
