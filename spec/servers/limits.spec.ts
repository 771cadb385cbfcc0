import { afterEach, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import { type ServerView, viewOf } from './server-view.ts'
import { pageOf, siteLocations, writeSite } from './site.ts'

const HOSTS = ['a', 'b', 'c', 'd'].map((name) => `${name}.localhost`)

interface Run {
  readonly view: ServerView
  /** Bodies that were not what their URL says; empty when all is right. */
  readonly wrong: readonly string[]
  readonly stats: ReturnType<Client['stats']>
}

let nginx: Nginx | undefined

afterEach(async () => {
  await nginx?.stop()
  nginx = undefined
})

async function start(hosts: readonly string[], count: number, keepAliveRequests = 1_000_000): Promise<Nginx> {
  nginx = await Nginx.start({
    trace: true,
    servers: ({ plain }, folder) => {
      writeSite(folder, hosts, count)
      return `server { listen 127.0.0.1:${plain}; keepalive_requests ${keepAliveRequests}; ${siteLocations(folder)} }`
    },
  })
  return nginx
}

/** Fetches `count` pages of each host, all at once, closes the client, and asks the server how it went. */
async function fetchAll(
  server: Nginx,
  hosts: readonly string[],
  count: number,
  limits: { maxConn: number; maxConnPerTarget: number; maxPipelinedRequests: number },
): Promise<Run> {
  const client = new Client({ ...limits, resolve: () => '127.0.0.1' })
  const wrong: string[] = []
  const fetchPage = async (host: string, n: number): Promise<void> => {
    const { path, body } = pageOf(host, n)
    const response = await client.request(`http://${host}:${server.port}${path}`)
    const text = response.text()
    if (response.status !== 200 || text !== body) wrong.push(`${host}${path}: ${response.status} ${text}`)
  }
  await Promise.all(Array.from({ length: count }, (_, n) => hosts.map((host) => fetchPage(host, n))).flat())
  const stats = client.stats()
  await client.close()
  await expect.poll(() => server.activeConnections(), { timeout: 5_000 }).toBe(0)
  return { view: await viewOf(server), wrong, stats }
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)/.test(name)).length
}

describeWith([nginxProgram], 'limits, as the server counts them', () => {
  it('10,000 URLs over 4 virtual hosts: every body right, no limit exceeded, nothing left', async () => {
    const socketsBefore = openSockets()
    const server = await start(HOSTS, 2_500)
    const limits = { maxConn: 32, maxConnPerTarget: 4, maxPipelinedRequests: 8 }
    const { view, wrong, stats } = await fetchAll(server, HOSTS, 2_500, limits)

    expect(wrong).toEqual([])
    expect(view).toMatchObject({ requests: 10_000, mixed: 0, unused: 0, stillOpen: 0 })
    // Each limit is used up, and none is exceeded.
    expect(view.maxOpen).toBe(16)
    expect(Object.fromEntries(view.maxOpenByHost)).toEqual(Object.fromEntries(HOSTS.map((host) => [host, 4])))
    expect(view.maxInFlight).toBe(8)
    expect(view.connections).toBe(16)
    expect(stats).toMatchObject({ waiting: 0, inFlight: 0, dialled: 16, requests: 10_000, errors: 0 })
    expect(openSockets()).toBe(socketsBefore)
  })

  it('12 virtual hosts that contend for 6 connections: all are served, within the limits', async () => {
    const hosts = Array.from({ length: 12 }, (_, n) => `host-${n}.localhost`)
    const server = await start(hosts, 50)
    const limits = { maxConn: 6, maxConnPerTarget: 2, maxPipelinedRequests: 4 }
    const { view, wrong } = await fetchAll(server, hosts, 50, limits)

    expect(wrong).toEqual([])
    expect(view).toMatchObject({ requests: 600, mixed: 0, stillOpen: 0 })
    expect(view.maxOpen).toBe(6)
    expect(Math.max(...view.maxOpenByHost.values())).toBeLessThanOrEqual(2)
    expect(view.maxOpenByHost.size).toBe(12)
    expect(view.maxInFlight).toBeLessThanOrEqual(4)
  })

  it('depth 1 sends nothing before the answer is whole', async () => {
    const server = await start(HOSTS, 250)
    const limits = { maxConn: 32, maxConnPerTarget: 4, maxPipelinedRequests: 1 }
    const { view, wrong } = await fetchAll(server, HOSTS, 250, limits)

    expect(wrong).toEqual([])
    expect(view).toMatchObject({ requests: 1_000, maxOpen: 16, maxInFlight: 1, stillOpen: 0 })
    expect(server.accessLog().filter((entry) => entry.pipelined)).toEqual([])
  })

  it.each([1, 8])(
    'a server that ends a connection after 100 requests costs none, at depth %i',
    async (depth) => {
      const server = await start(HOSTS, 500, 100)
      const limits = { maxConn: 32, maxConnPerTarget: 4, maxPipelinedRequests: depth }
      const { view, wrong, stats } = await fetchAll(server, HOSTS, 500, limits)

      expect(wrong).toEqual([])
      expect(view.requests).toBe(2_000)
      expect(view.maxRequestsOnConnection).toBe(100)
      expect(view.maxOpen).toBeLessThanOrEqual(16)
      expect(view.maxInFlight).toBe(depth)
      expect(view.stillOpen).toBe(0)
      expect(stats.errors).toBe(0)
    },
  )
})
