/**
 * What waiting costs: bytes per waiting request, and per target that has nothing to do.
 *
 *   npm run bench:memory
 */
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { Nginx, whyNoNginx } from '../spec/servers/nginx.ts'
import { runScript } from './child.ts'
import type { MemoryCase } from './memory-case.ts'
import { table } from './tables.ts'

const WAITING = 200_000
const TARGETS = 10_000
/** Fewer, as each takes more. */
const UNDICI_ORIGINS = 2_000

/** Bytes per request that waits, and per target that is idle. */
const MOST_WAITING = 600
const MOST_IDLE = 3_072

async function measure(options: MemoryCase): Promise<number> {
  return Number(await runScript('memory-case.ts', [JSON.stringify(options)], ['--expose-gc']))
}

async function measureWaiting(): Promise<string[][]> {
  // It accepts, reads and never answers.
  const server = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ours = await measure({ measure: 'waiting', port, count: WAITING })
  const theirs = await measure({ measure: 'waitingInUndici', port, count: WAITING })
  server.close()
  return [
    row('trawl, a request that waits', ours, MOST_WAITING),
    row('undici request, one that waits', theirs),
  ]
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
  const { port } = nginx
  try {
    const closed = await measure({ measure: 'closed', port, count: TARGETS })
    const kept = await measure({ measure: 'kept', port, count: TARGETS })
    const socket = await measure({ measure: 'socket', port, count: TARGETS })
    const undici = await measure({ measure: 'undiciOrigin', port, count: UNDICI_ORIGINS })
    return [
      row('trawl, a target whose connection is closed', closed, MOST_IDLE),
      row('trawl, a target with an idle connection', kept),
      row('- without what a socket of node:net takes', kept - socket, MOST_IDLE),
      row('undici, an origin with an idle connection', undici),
    ]
  } finally {
    await nginx.stop()
  }
}

function row(what: string, bytes: number, most?: number): string[] {
  return [what, Math.round(bytes).toLocaleString('en'), most?.toLocaleString('en') ?? '']
}

const rows = [...(await measureWaiting()), ...(await measureTargets())]
const counts = [WAITING, TARGETS].map((count) => count.toLocaleString('en'))
const note = `With ${counts[0]} requests waiting, and after one request to each of ${counts[1]} hosts, garbage collected:`
console.log(`${note}\n\n${table(['what', 'bytes', 'at most'], rows)}`)
