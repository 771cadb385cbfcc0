import { interceptors, Pool, fetch as undiciFetch } from 'undici'
import type { Meter } from '../meter.ts'
import { type Job, type Load, loops } from './job.ts'

/**
 * Its documented best for many requests to one origin: a Pool with as many connections. HTTP/2 is off, as nothing here
 * speaks it and the first TLS connection would be waited for to find that out.
 */
function poolFor({ origin, connections, depth }: Job): Pool {
  return new Pool(origin, { connections, pipelining: depth, allowH2: false })
}

/** `blocking: false`: otherwise it sends one of ten and waits for its head. */
function optionsFor(job: Job) {
  const headers = job.gzip ? { 'accept-encoding': 'gzip, deflate, br, zstd' } : {}
  return { path: job.path, method: 'GET', blocking: false, headers } as const
}

async function requests(job: Job, meter: Meter, dispatcher: Pick<Pool, 'request' | 'close'>): Promise<void> {
  const options = optionsFor(job)
  const text = async (): Promise<number> => (await (await dispatcher.request(options)).body.text()).length
  const bytes = async (): Promise<number> => (await (await dispatcher.request(options)).body.bytes()).length
  await loops(job, meter, job.as === 'text' ? text : bytes)
  await dispatcher.close()
}

/** What is coded is decoded by its interceptor. */
export const request: Load = (job, meter) => {
  const pool = poolFor(job)
  return requests(job, meter, job.gzip ? pool.compose(interceptors.decompress()) : pool)
}

export const fetch: Load = async (job, meter) => {
  const pool = poolFor(job)
  const url = job.origin + job.path
  await loops(job, meter, async () => (await (await undiciFetch(url, { dispatcher: pool })).text()).length)
  await pool.close()
}

export const dispatch: Load = async (job, meter) => {
  const pool = poolFor(job)
  const options = optionsFor(job)
  const loop = (resolve: () => void, reject: (error: Error) => void): void => {
    const again = (): void => {
      const place = meter.begin()
      let text = ''
      const chunks: Buffer[] = []
      pool.dispatch(options, {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          if (job.as === 'text') text += chunk.toString('latin1')
          else chunks.push(chunk)
        },
        onResponseEnd() {
          const size = job.as === 'text' ? text.length : Buffer.concat(chunks).length
          if (size !== job.bodySize) reject(new Error(`a body of ${size}`))
          else if (meter.done(place)) again()
          else resolve()
        },
        onResponseError(_controller, error) {
          reject(error)
        },
      })
    }
    again()
  }
  await Promise.all(Array.from({ length: job.connections * job.depth }, () => new Promise<void>(loop)))
  await pool.close()
}
