import { once } from 'node:events'
import net from 'node:net'
import { Agent, Pool } from 'undici'
import { Client } from '../lib/index.ts'

/** Requests under way at once while hosts are visited. */
const ABREAST = 64

/** One measurement, in a process of its own: writes the bytes held for each of `count` things, and ends. */
export interface MemoryCase {
  readonly measure: keyof typeof MEASURES
  readonly port: number
  readonly count: number
}

const MEASURES = { waiting, waitingInUndici, closed, kept, socket, undiciOrigin }

/** Bytes held by live objects and their buffers, after everything that can be freed was freed. */
async function heldBytes(): Promise<number> {
  if (globalThis.gc === undefined)
    throw new Error('run this with node --expose-gc, as npm run bench:memory does')
  for (let turn = 0; turn < 6; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Bytes per request of `start`, held by the client while all of them wait. The paths and the array that holds
 * the promises are made before, as they are the caller's; the promises count.
 */
async function perWaiting(count: number, start: (path: string) => Promise<unknown>): Promise<number> {
  // Those that wait are never answered: the process ends.
  const paths = Array.from({ length: count }, (_, n) => `/products/item-${n}.html`)
  const promises: (Promise<unknown> | null)[] = Array.from({ length: count }, () => null)
  await Promise.race([start('/first'), new Promise((resolve) => setImmediate(resolve))])
  const before = await heldBytes()
  for (let n = 0; n < count; n++) promises[n] = start(paths[n]!)
  const after = await heldBytes()
  return (after - before) / promises.length
}

/** Calls `visit` once for each of `count` hosts, and returns the bytes held per host afterwards. */
async function perHost(count: number, visit: (n: number) => Promise<void>): Promise<number> {
  // The first visits make what is made but once.
  for (let n = 0; n < ABREAST; n++) await visit(n)
  const before = await heldBytes()
  const visitEach = async (first: number): Promise<void> => {
    for (let n = first; n < count + ABREAST; n += ABREAST) await visit(n)
  }
  await Promise.all(Array.from({ length: ABREAST }, (_, n) => visitEach(n + ABREAST)))
  return ((await heldBytes()) - before) / count
}

/** trawl: a request that waits for the only connection. */
function waiting({ port, count }: MemoryCase): Promise<number> {
  const client = new Client({ maxConn: 1 })
  return perWaiting(count, (path) => client.request(`http://127.0.0.1:${port}${path}`))
}

/** undici: the same. */
function waitingInUndici({ port, count }: MemoryCase): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 })
  return perWaiting(count, (path) => pool.request({ path, method: 'GET' }))
}

/** trawl: a target that had one request; `connections` must be left open. */
async function perTarget({ port, count }: MemoryCase, path: string, connections: number): Promise<number> {
  const options = { maxConnPerTarget: 1, keepAliveTimeout: 600_000, resolve: () => '127.0.0.1' }
  const client = new Client({ ...options, maxConn: count + ABREAST })
  const bytes = await perHost(count, async (n) => {
    const response = await client.request(`http://host-${n}.localhost:${port}${path}`)
    if (response.status !== 200) throw new Error(`status ${response.status}`)
  })
  const open = client.stats().connections
  if (open !== connections) throw new Error(`${open} connections instead of ${connections}`)
  return bytes
}

function closed(options: MemoryCase): Promise<number> {
  return perTarget(options, '/closed', 0)
}

function kept(options: MemoryCase): Promise<number> {
  return perTarget(options, '/kept', options.count + ABREAST)
}

/** node:net: what an idle socket takes by itself, with one request answered on it. */
async function socket({ port, count }: MemoryCase): Promise<number> {
  const sockets: net.Socket[] = []
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const bytes = await perHost(count, async (n) => {
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
  return bytes
}

const lookup: net.LookupFunction = (_host, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** undici: an origin that had one request; its connection is idle. */
async function undiciOrigin({ port, count }: MemoryCase): Promise<number> {
  const agent = new Agent({ connections: 1, keepAliveTimeout: 600_000, connect: { lookup } })
  const closing = once(agent, 'disconnect').then(() => true)
  const bytes = await perHost(count, async (n) => {
    const origin = `http://host-${n}.localhost:${port}`
    const { body } = await agent.request({ origin, path: '/kept', method: 'GET' })
    await body.text()
  })
  if (await Promise.race([closing, Promise.resolve(false)])) throw new Error('connections were lost')
  return bytes
}

const options = JSON.parse(process.argv[2]!) as MemoryCase
process.stdout.write(String(await MEASURES[options.measure](options)))
process.exit(0)
