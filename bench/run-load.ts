import http from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { runScript } from './child.ts'
import type { Job } from './clients/job.ts'
import type { LoadOptions } from './load.ts'
import type { Effort, Metric, Sample } from './measure.ts'
import { BODY_SIZES, type Site } from './site.ts'

/** ms between two looks at the number of connections. */
const LOOK_EVERY = 250

export interface LoadRecipe extends Partial<Omit<Job, 'origin' | 'path' | 'bodySize'>> {
  readonly path: '/' | keyof typeof BODY_SIZES
  /** Which of the site's servers; default 'origin'. */
  readonly at?: 'origin' | 'tlsOrigin' | 'fullTlsOrigin' | 'delayOrigin'
}

/** All that `loadOf` measures. */
export const LOAD_METRICS: readonly Metric[] = ['cpu', 'perSecond', 'p50', 'p99', 'peakRss', 'connections']

/** A run of a load of bench/clients/ ('undici/request'), as a case takes it. */
export function loadOf(load: string, recipe: LoadRecipe): (effort: Effort) => Promise<Sample> {
  const { path, at = 'origin', ...rest } = recipe
  return async ({ site, warmUp, measure }) => {
    const bodySize = path === '/' ? BODY_SIZES['/small'] : BODY_SIZES[path]
    const job: Job = {
      as: 'text',
      connections: 10,
      depth: 1,
      fresh: false,
      gzip: path.startsWith('/gzip'),
      ...rest,
      origin: site[at],
      path,
      bodySize,
    }
    const options: LoadOptions = { load, job, warmUp, measure }
    // Trusted like all that Node trusts, by each client in the same way.
    const running = runScript('load.ts', [JSON.stringify(options)], [], {
      env: { NODE_EXTRA_CA_CERTS: site.caFile },
    })
    const connections = await countConnections(site, at, running)
    return { ...(JSON.parse(await running) as Sample), connections }
  }
}

/** The most connections that the server has had: looked at now and then, until the load is over. */
async function countConnections(site: Site, at: string, running: Promise<string>): Promise<number> {
  const delayed = at === 'delayOrigin'
  if (delayed) await mostDelayed(site)
  let most = 0
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([running.then(() => true), wait(LOOK_EVERY, false)])
    if (!isOver && !delayed) most = Math.max(most, await site.nginx.activeConnections())
  }
  return delayed ? await mostDelayed(site) : most
}

/** The most that the server that answers late has had since it was last asked; it leaves out the one that asks. */
async function mostDelayed(site: Site): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    const request = http.get(`${site.delayOrigin}/connections`, { agent: false }, (response) => {
      response.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject)
    })
    request.on('error', reject)
  })
  return Number(text)
}
