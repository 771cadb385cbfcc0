/**
 * What waiting costs: bytes per waiting request, and per target that has nothing to do.
 *
 *   npm run bench:memory
 */
import net, { type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { Agent, Pool } from 'undici'
import { Client } from '../lib/index.ts'
import { Nginx, whyNoNginx } from '../spec/servers/nginx.ts'
import { table } from './tables.ts'

const WAITING = 200_000
const TARGETS = 10_000
/** Fewer, as each takes more. */
const UNDICI_ORIGINS = 2_000
/** Requests under way at once while the targets are visited. */
const ABREAST = 64

/** Bytes held by live objects and their buffers, after everything that can be freed was freed. */
async function heldBytes(): Promise<number> {
  if (globalThis.gc === undefined)
    throw new Error('run this with node --expose-gc, as npm run bench:memory does')
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Bytes per request of `start`, held by the client while all but one wait. The URLs and the array that holds
 * the promises are made before, as they are the caller's; the promises count.
 */
async function perWaiting(start: (url: string) => Promise<unknown>): Promise<number> {
  const urls = Array.from({ length: WAITING }, (_, n) => `/products/item-${n}.html`)
  const promises: (Promise<unknown> | null)[] = Array.from({ length: WAITING }, () => null)
  await Promise.race([start('/first'), new Promise((resolve) => setImmediate(resolve))])
  const before = await heldBytes()
  for (let n = 0; n < WAITING; n++) promises[n] = start(urls[n]!)
  const after = await heldBytes()
  return (after - before) / promises.length
}

async function measureWaiting(): Promise<string[][]> {
  // It accepts, reads and never answers.
  const server = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // Those that wait are rejected in the end, and nobody is there to hear it.
  process.on('unhandledRejection', () => {})

  const client = new Client({ maxConn: 1 })
  const ours = await perWaiting((path) => client.request(origin + path))
  client.destroy()
  const pool = new Pool(origin, { connections: 1 })
  const theirs = await perWaiting((path) => pool.request({ path, method: 'GET' }))
  await pool.destroy()
  server.close()
  return [
    ['trawl, a request that waits', ours.toFixed(0), '600'],
    ['undici request, one that waits', theirs.toFixed(0), ''],
  ]
}

/** Calls `visit` once for each of `count` hosts, and returns the bytes held per host afterwards. */
async function perHost(count: number, visit: (n: number) => Promise<void>): Promise<number> {
  const before = await heldBytes()
  const visitEach = async (first: number): Promise<void> => {
    for (let n = first; n < count; n += ABREAST) await visit(n)
  }
  await Promise.all(Array.from({ length: ABREAST }, (_, first) => visitEach(first)))
  return ((await heldBytes()) - before) / count
}

/** trawl, after each of `TARGETS` hosts had one request to `path`; `connections` must be left open. */
async function perTarget(nginx: Nginx, path: string, connections: number): Promise<number> {
  const client = new Client({
    maxConn: TARGETS,
    maxConnPerTarget: 1,
    keepAliveTimeout: 600_000,
    resolve: () => '127.0.0.1',
  })
  const bytes = await perHost(TARGETS, async (n) => {
    const response = await client.request(`http://host-${n}.localhost:${nginx.port}${path}`)
    if (response.status !== 200) throw new Error(`status ${response.status}`)
  })
  const open = client.stats().connections
  await client.close()
  if (open !== connections) throw new Error(`${open} connections instead of ${connections}`)
  return bytes
}

/** What an idle socket of node:net takes by itself. */
async function perSocket(nginx: Nginx): Promise<number> {
  const sockets: net.Socket[] = []
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const bytes = await perHost(TARGETS, async () => {
    const onread = { buffer, callback: () => true }
    const socket = net.connect({ host: '127.0.0.1', port: nginx.port, onread })
    sockets.push(socket)
    await once(socket, 'connect')
  })
  await Promise.all(sockets.map((socket) => once(socket.destroy(), 'close')))
  return bytes
}

const lookup: net.LookupFunction = (_host, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** undici, an origin that had one request; its connection is idle. */
async function perUndiciOrigin(nginx: Nginx): Promise<number> {
  const agent = new Agent({ connections: 1, keepAliveTimeout: 600_000, connect: { lookup } })
  const bytes = await perHost(UNDICI_ORIGINS, async (n) => {
    const origin = `http://host-${n}.localhost:${nginx.port}`
    const { body } = await agent.request({ origin, path: '/kept', method: 'GET' })
    await body.text()
  })
  await agent.close()
  return bytes
}

async function measureTargets(): Promise<string[][]> {
  const missing = whyNoNginx()
  if (missing !== null) throw new Error(missing)
  const nginx = await Nginx.start({
    accessLog: false,
    // It closes idle connections of its own accord when less than a sixteenth is free.
    maxConnections: TARGETS * 1.2,
    servers: ({ plain }) => `
      server {
        listen 127.0.0.1:${plain} backlog=4096;
        keepalive_timeout 600s;
        location /kept { return 200 "kept"; }
        location /closed { keepalive_timeout 0; return 200 "closed"; }
      }`,
  })
  try {
    // Once over everything, so that what is made but once is not counted.
    await perTarget(nginx, '/closed', 0)
    const closed = await perTarget(nginx, '/closed', 0)
    const kept = await perTarget(nginx, '/kept', TARGETS)
    const socket = await perSocket(nginx)
    const undici = await perUndiciOrigin(nginx)
    return [
      ['trawl, a target whose connection is closed', closed.toFixed(0), '3,072'],
      ['trawl, a target with an idle connection', kept.toFixed(0), ''],
      ['- without what its socket takes by itself', (kept - socket).toFixed(0), '3,072'],
      ['undici, an origin with an idle connection', undici.toFixed(0), ''],
    ]
  } finally {
    await nginx.stop()
  }
}

const rows = [...(await measureWaiting()), ...(await measureTargets())]
const note = `With ${WAITING.toLocaleString('en')} requests waiting, and after one request to each of ${TARGETS.toLocaleString('en')} hosts:`
console.log(`${note}\n\n${table(['what', 'bytes', 'at most'], rows)}`)
