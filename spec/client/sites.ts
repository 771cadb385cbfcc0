import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAuthority } from '../net/certificates.ts'

/** One request, as its server saw it. */
export interface Seen {
  /** `scheme://host[:port]`, by the port it came to and by what Host says. */
  readonly origin: string
  readonly method: string
  readonly path: string
  /** By lower-case name, several joined by ", ". */
  readonly fields: Record<string, string>
  readonly body: string
  /** The client IP, and the port that tells connections apart. */
  readonly from: string
  readonly port: number
}

export type Route = (request: Seen, response: ServerResponse, incoming: IncomingMessage) => void

/** Names that the certificate of the TLS sites is for. */
const NAMES = ['a.test', '*.a.test', 'b.test', 'localhost', '127.0.0.1']

/**
 * Sites on loopback ports, for any host name: the client's `resolve` leads all names there. What each
 * request looked like when it arrived is in `seen`.
 *
 * `/to/302/<escaped location>` redirects; what has no route of its own is answered with `ok`.
 */
export class Sites {
  readonly seen: Seen[] = []
  readonly routes = new Map<string, Route>()
  ca = ''
  readonly #servers: http.Server[] = []

  /** So many sites of each kind. */
  static async open(plain: number, tls = 0): Promise<Sites> {
    const sites = new Sites()
    const answer = (scheme: string) => (incoming: IncomingMessage, response: ServerResponse) =>
      void sites.#answer(scheme, incoming, response)
    for (let i = 0; i < plain; i++) await sites.#listen(http.createServer(answer('http')))
    if (tls === 0) return sites
    const authority = await createAuthority()
    sites.ca = authority.cert
    const identity = await authority.issue({ hosts: NAMES })
    for (let i = 0; i < tls; i++) await sites.#listen(https.createServer({ ...identity }, answer('https')))
    return sites
  }

  /** The origin of the nth site, those with TLS last, by that host name. */
  origin(n: number, host = '127.0.0.1'): string {
    const server = this.#servers[n]!
    const scheme = server instanceof https.Server ? 'https' : 'http'
    return `${scheme}://${host}:${(server.address() as AddressInfo).port}`
  }

  /** Leads every name to these sites. */
  get resolve(): () => string {
    return () => '127.0.0.1'
  }

  on(path: string, route: Route): void {
    this.routes.set(path, route)
  }

  /** Method, origin and path of what was asked for, in order. */
  get asked(): string[] {
    return this.seen.map(({ method, origin, path }) => `${method} ${origin}${path}`)
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await once(server.close(), 'close')
    }
  }

  async #listen(server: http.Server): Promise<void> {
    this.#servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
  }

  async #answer(scheme: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields: Record<string, string> = {}
    const { rawHeaders } = incoming
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!.toLowerCase()
      fields[name] = name in fields ? `${fields[name]}, ${rawHeaders[i + 1]}` : rawHeaders[i + 1]!
    }
    const chunks: Buffer[] = []
    // A client that leaves within its body is no failure of the server's.
    incoming.on('error', () => undefined)
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer)
    const [method, path] = [incoming.method!, incoming.url!]
    const origin = `${scheme}://${fields['host']}`
    const body = Buffer.concat(chunks).toString()
    const { remoteAddress: from = '', remotePort: port = 0 } = incoming.socket
    const seen = { origin, method, path, fields, body, from, port }
    this.seen.push(seen)
    const route = this.routes.get(path)
    const [, status, location] = /^\/to\/(\d+)\/(.*)$/.exec(path) ?? []
    if (route !== undefined) route(seen, response, incoming)
    else if (location === undefined) response.end('ok')
    else response.writeHead(Number(status), { location: decodeURIComponent(location) }).end('moved')
  }
}

/** A path that redirects to `location`. */
export function to(location: string, status = 302): string {
  return `/to/${status}/${encodeURIComponent(location)}`
}
