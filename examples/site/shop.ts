import { serve, type Site } from './serve.ts'

/** What the shop saw of one address. */
export interface Visitor {
  requests: number
  /** Its cookies, as they came: one and the same, when all is well. */
  readonly cookies: Set<string>
  connections: number
  mostConnections: number
}

export interface Shop extends Site {
  readonly items: number
  readonly visitors: ReadonlyMap<string, Visitor>
}

/** A site that counts by address: it gives each visitor a cookie and notes who asks, and how. */
export async function startShop(): Promise<Shop> {
  const visitors = new Map<string, Visitor>()
  const seen = new WeakSet<object>()
  let cookies = 0
  const site = await serve('shop.localhost', ({ url = '/', headers, socket }, response) => {
    const address = socket.remoteAddress!
    const visitor = visitors.get(address) ?? {
      requests: 0,
      cookies: new Set<string>(),
      connections: 0,
      mostConnections: 0,
    }
    visitors.set(address, visitor)
    visitor.requests++
    if (!seen.has(socket)) {
      seen.add(socket)
      visitor.mostConnections = Math.max(visitor.mostConnections, ++visitor.connections)
      socket.once('close', () => visitor.connections--)
    }
    if (headers.cookie === undefined) response.setHeader('Set-Cookie', `visitor=${++cookies}; Path=/`)
    else visitor.cookies.add(headers.cookie)
    const item = /^\/items\/(\d+)$/.exec(url)?.[1]
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(item === undefined ? {} : { id: Number(item), price: priceOf(Number(item)) }))
  })
  return { ...site, items: 90, visitors }
}

/** In cents. */
export function priceOf(item: number): number {
  return 100 + ((item * 37) % 400)
}
