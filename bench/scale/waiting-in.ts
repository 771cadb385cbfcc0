import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import type { Effort, Sample } from '../measure.ts'
import type { MemoryJob } from './memory-child.ts'
import { runJob } from './run-job.ts'

const WAITING = { trawl: 'waiting', undici: 'waitingInUndici', 'node:http': 'waitingInHttp' } as const

/** So many requests in line, half of them with `--quick`, for a server that reads and never answers. */
export function waitingIn(
  client: keyof typeof WAITING,
  most: number,
): (effort: Pick<Effort, 'quick'>) => Promise<Sample> {
  return async ({ quick }) => {
    const count = quick ? most / 2 : most
    const server = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const job: MemoryJob = { measure: WAITING[client], port, count }
    try {
      return await runJob('memory-child.ts', job, ['--expose-gc', '--max-old-space-size=8192'])
    } finally {
      server.close()
    }
  }
}
