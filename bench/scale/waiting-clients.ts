/** Many requests that wait for few connections. */
export interface WaitingClient {
  /** Resolves when the answer is there, its body read. */
  get(n: number): Promise<unknown>
}

export interface WaitingOptions {
  readonly port: number
  readonly path: string
  readonly hosts: number
  readonly perHost: number
}

/** URLs to choose from: made before, as they are the caller's. */
const PATHS = 1_000

/** A client is imported by the case that uses it, so that none pays for the others. */
export const WAITING_CLIENTS: Readonly<Record<string, (options: WaitingOptions) => Promise<WaitingClient>>> =
  {
    trawl,
    undici,
  }

/** `n` goes round the hosts, and then round the paths. */
function* places({ port, path, hosts }: WaitingOptions): Generator<{ origin: string; path: string }> {
  const each = Math.max(1, PATHS / hosts)
  for (let n = 0; n < each * hosts; n++) {
    const host = hosts === 1 ? '127.0.0.1' : `host-${n % hosts}.localhost`
    yield { origin: `http://${host}:${port}`, path: `${path}?page=${n}` }
  }
}

async function trawl(options: WaitingOptions): Promise<WaitingClient> {
  const { Client } = await import('../../lib/index.ts')
  const { hosts, perHost } = options
  const client = new Client({
    maxConn: hosts * perHost,
    maxConnPerTarget: perHost,
    // The default is 1,000,000; what replaces an answered one comes on top.
    maxQueued: 2_000_000,
    resolve: () => '127.0.0.1',
  })
  const urls = [...places(options)].map(({ origin, path }) => origin + path)
  return { get: (n) => client.request(urls[n % urls.length]!).then((response) => response.text()) }
}

async function undici(options: WaitingOptions): Promise<WaitingClient> {
  const { Agent } = await import('undici')
  const { lookup } = await import('./host-clients.ts')
  const agent = new Agent({ connections: options.perHost, connect: { lookup } })
  const requests = [...places(options)].map(({ origin, path }) => ({ origin, path, method: 'GET' }) as const)
  return { get: (n) => agent.request(requests[n % requests.length]!).then(({ body }) => body.text()) }
}
