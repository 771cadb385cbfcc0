import type { Guarded } from './compare-guard.ts'

/** To undici where the work is the same, and to the floor where that is steadier. */
export const GUARDED: readonly Guarded[] = [
  { case: 'small', client: 'trawl', to: 'undici request', metric: 'cpu' },
  { case: 'small', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'small-10', client: 'trawl', to: 'undici request', metric: 'cpu' },
  { case: 'small-10', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'small-64', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: '64k', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'gzip-20k', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'fetch', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'tls', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'delay', client: 'trawl', to: 'raw socket', metric: 'cpu' },
  { case: 'targets-once', client: 'trawl', to: 'undici request', metric: 'cpu' },
  { case: 'waiting', client: 'trawl', to: 'undici request', metric: 'bytes' },
  { case: 'cache-hit', client: 'trawl, memory', to: 'undici request, memory', metric: 'cpu' },
  { case: 'download', client: 'trawl, readInto', to: 'raw socket', metric: 'cpu' },
  { case: 'download-file', client: 'trawl', to: 'undici request', metric: 'cpu' },
]
