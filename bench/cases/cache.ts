import type { BenchCase, Effort, Sample } from '../measure.ts'
import type { CacheJob } from '../scale/cache-child.ts'
import { runJob } from '../scale/run-job.ts'

const HITS = 50_000
/** Of what takes longer. */
const FEWER = 10_000

function hits(client: CacheJob['client'], most: number): (effort: Effort) => Promise<Sample> {
  return ({ quick }) => {
    const job: CacheJob = { client, count: quick ? most / 2 : most }
    return runJob('cache-child.ts', job)
  }
}

export const cases: readonly BenchCase[] = [
  {
    name: 'cache-hit',
    title: 'A hit in the cache',
    text:
      '100 pages of 2,000 bytes with `Cache-Control: max-age` and `Vary: Accept-Encoding` are in the cache and are asked for one ' +
      'after the other, each awaited, as text. undici has its cache interceptor, `type: private`. SQLite: on a file.',
    unit: 'hit',
    quick: true,
    quickClients: ['trawl, memory', 'undici request, memory'],
    onceOnly: [
      'trawl fetch, SQLite',
      'undici request, SQLite',
      'undici fetch, memory',
      'undici fetch, SQLite',
    ],
    metrics: ['cpu', 'perSecond'],
    clients: {
      'trawl, memory': hits('trawl, memory', HITS),
      'trawl, SQLite': hits('trawl, SQLite', FEWER),
      'trawl fetch, memory': hits('trawl fetch, memory', HITS),
      'trawl fetch, SQLite': hits('trawl fetch, SQLite', FEWER),
      'undici request, memory': hits('undici request, memory', FEWER),
      'undici request, SQLite': hits('undici request, SQLite', FEWER),
      'undici fetch, memory': hits('undici fetch, memory', FEWER),
      'undici fetch, SQLite': hits('undici fetch, SQLite', FEWER),
    },
  },
]
