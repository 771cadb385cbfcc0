import { Client } from '../../lib/index.ts'
import type { ClientOptions } from '../../lib/index.ts'
import type { Meter } from '../meter.ts'
import { type Job, type Load, loops } from './job.ts'

/** All of it is on, as by default: redirects, retries, time limits, decoding, checks. */
function clientFor({ connections, depth }: Job, options: ClientOptions = {}): Client {
  return new Client({
    ...options,
    maxConn: Math.max(50, connections),
    maxConnPerTarget: connections,
    maxPipelinedRequests: depth,
  })
}

async function requests(job: Job, meter: Meter, client: Client): Promise<void> {
  const url = job.origin + job.path
  const text = async (): Promise<number> => (await client.request(url)).text().length
  const bytes = async (): Promise<number> => (await client.request(url)).bytes().length
  await loops(job, meter, job.as === 'text' ? text : bytes)
  await client.close()
}

export const request: Load = (job, meter) => requests(job, meter, clientFor(job))

/** Each request sends three cookies. */
export const withJar: Load = (job, meter) => {
  const client = clientFor(job, { cookies: true })
  for (const cookie of ['session=0123456789abcdef', 'theme=dark', 'seen=1']) {
    client.cookies!.jar('').set(cookie, job.origin)
  }
  return requests(job, meter, client)
}

export const fetch: Load = async (job, meter) => {
  const client = clientFor(job)
  const url = job.origin + job.path
  await loops(job, meter, async () => (await (await client.fetch(url)).text()).length)
  await client.close()
}
