import http from 'node:http'
import net from 'node:net'
import { Agent, Pool } from 'undici'
import { Client } from '../../lib/index.ts'
import type { Sample } from '../measure.ts'
import { peakRss } from '../peak-rss.ts'
import { lookup } from './host-clients.ts'

/** Requests under way at once while hosts are visited. */
const ABREAST = 64

/** One measurement, in a process of its own: writes a sample with the bytes held for each of `count` things, and ends. */
export interface MemoryJob {
  readonly measure: keyof typeof MEASURES
  readonly port: number
  readonly count: number
}

const MEASURES = {
  waiting,
  waitingInUndici,
  waitingInHttp,
  closed,
  kept,
  socket,
  undiciClosed,
  undiciKept,
  httpKept,
}

/** Bytes held by live objects and their buffers, after everything that can be freed was freed. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 6; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc!()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Bytes per request of `start`, held by the client while all of them wait, and the CPU that getting in line took. What
 * `nameOf` makes, and the array that holds the promises, are made before, as they are the caller's; the promises count.
 */
async function perWaiting(
  count: number,
  nameOf: (path: string) => string,
  start: (name: string) => Promise<unknown>,
): Promise<Sample> {
  // Those that wait are never answered: the process ends.
  const names = Array.from({ length: count }, (_, n) => flat(nameOf(`/products/item-${n}.html`)))
  const promises: (Promise<unknown> | null)[] = Array.from({ length: count }, () => null)
  await Promise.race([start(nameOf('/first')), new Promise((resolve) => setImmediate(resolve))])
  const before = await heldBytes()
  const begun = process.cpuUsage()
  for (let n = 0; n < count; n++) promises[n] = start(names[n]!)
  const { user, system } = process.cpuUsage(begun)
  const peak = peakRss()
  const after = await heldBytes()
  return { bytes: (after - before) / promises.length, cpu: (user + system) / count, peakRss: peak }
}

function same(path: string): string {
  return path
}

/** As it would be when read from a file: a string made by adding is put together when it is first looked into. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** Calls `visit` once for each of `count` hosts, and returns the bytes held per host afterwards. */
async function perHost(count: number, visit: (n: number) => Promise<unknown>): Promise<Sample> {
  // The first visits make what is made but once.
  for (let n = 0; n < ABREAST; n++) await visit(n)
  const before = await heldBytes()
  const visitEach = async (first: number): Promise<void> => {
    for (let n = first; n < count + ABREAST; n += ABREAST) await visit(n)
  }
  await Promise.all(Array.from({ length: ABREAST }, (_, n) => visitEach(n + ABREAST)))
  return { bytes: ((await heldBytes()) - before) / count }
}

/** trawl: a request that waits for the only connection. */
function waiting({ port, count }: MemoryJob): Promise<Sample> {
  const client = new Client({ maxConn: 1 })
  const nameOf = (path: string): string => `http://127.0.0.1:${port}${path}`
  return perWaiting(count, nameOf, (url) => client.request(url))
}

/** undici: the same; its pool knows the origin. */
function waitingInUndici({ port, count }: MemoryJob): Promise<Sample> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 })
  return perWaiting(count, same, (path) => pool.request({ path, method: 'GET' }))
}

/** node:http: the same. */
function waitingInHttp({ port, count }: MemoryJob): Promise<Sample> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const start = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port, path, agent }, resolve).on('error', reject)
    })
  return perWaiting(count, same, start)
}

/** trawl: a target that had one request; `connections` must be left open. */
async function perTarget({ port, count }: MemoryJob, path: string, connections: number): Promise<Sample> {
  const options = { maxConnPerTarget: 1, keepAliveTimeout: 600_000, resolve: () => '127.0.0.1' }
  const client = new Client({ ...options, maxConn: count + ABREAST })
  const sample = await perHost(count, async (n) => {
    const response = await client.request(`http://host-${n}.localhost:${port}${path}`)
    if (response.status !== 200) throw new Error(`status ${response.status}`)
  })
  const open = client.stats().connections
  if (open !== connections) throw new Error(`${open} connections instead of ${connections}`)
  return sample
}

function closed(options: MemoryJob): Promise<Sample> {
  return perTarget(options, '/closed', 0)
}

function kept(options: MemoryJob): Promise<Sample> {
  return perTarget(options, '/kept', options.count + ABREAST)
}

/** node:net: what an idle socket takes by itself, with one request answered on it. */
async function socket({ port, count }: MemoryJob): Promise<Sample> {
  const sockets: net.Socket[] = []
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const sample = await perHost(count, async (n) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const callback = (): boolean => {
      resolve()
      return true
    }
    const one = net.connect({ host: '127.0.0.1', port, onread: { buffer, callback } })
    one.once('error', reject)
    one.write(`GET /kept HTTP/1.1\r\nHost: host-${n}.localhost\r\n\r\n`)
    sockets.push(one)
    await promise
  })
  if (sockets.some((one) => one.destroyed)) throw new Error('sockets were lost')
  return sample
}

/** undici: an origin that had one request. */
async function perOrigin({ port, count }: MemoryJob, path: string, isKept: boolean): Promise<Sample> {
  const agent = new Agent({ connections: 1, keepAliveTimeout: 600_000, connect: { lookup } })
  let open = 0
  agent.on('connect', () => open++)
  agent.on('disconnect', () => open--)
  const sample = await perHost(count, async (n) => {
    const origin = `http://host-${n}.localhost:${port}`
    const { body } = await agent.request({ origin, path, method: 'GET' })
    await body.text()
  })
  const expected = isKept ? count + ABREAST : 0
  if (open !== expected) throw new Error(`${open} connections instead of ${expected}`)
  return sample
}

function undiciClosed(options: MemoryJob): Promise<Sample> {
  return perOrigin(options, '/closed', false)
}

function undiciKept(options: MemoryJob): Promise<Sample> {
  return perOrigin(options, '/kept', true)
}

/** node:http: a host that had one request; its connection is idle. */
async function httpKept({ port, count }: MemoryJob): Promise<Sample> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1, lookup })
  const sample = await perHost(
    count,
    (n) =>
      new Promise((resolve, reject) => {
        const request = http.get({ host: `host-${n}.localhost`, port, path: '/kept', agent }, (response) => {
          response.resume().on('end', resolve).on('error', reject)
        })
        request.on('error', reject)
      }),
  )
  const open = Object.values(agent.freeSockets).flat().length
  if (open !== count + ABREAST) throw new Error(`${open} connections instead of ${count + ABREAST}`)
  return sample
}

const options = JSON.parse(process.argv[2]!) as MemoryJob
process.stdout.write(JSON.stringify(await MEASURES[options.measure](options)))
process.exit(0)
