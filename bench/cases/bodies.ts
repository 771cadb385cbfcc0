import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS } from '../run-load.ts'
import { clientsOf, ON_NODE } from './clients-of.ts'

const SLOW = ['node:http', ...ON_NODE] as const

const SHARED = { unit: 'request', quick: true, metrics: LOAD_METRICS } as const

function gzipCase(path: '/gzip-2k' | '/gzip-20k' | '/gzip-200k', decoded: string): BenchCase {
  return {
    ...SHARED,
    quick: path === '/gzip-20k',
    onceOnly: ['undici fetch', ...SLOW],
    ...(path === '/gzip-20k' ? {} : { maxRounds: 2 }),
    quickClients: ['trawl', 'undici request', 'raw socket'],
    name: path.slice(1),
    title: `Page of ${decoded}, coded with gzip`,
    text:
      `A page of HTML, ${decoded} when decoded and a fourth to a fifth of that on the wire, as text, over 10 connections, depth 1. ` +
      'undici decodes with its `decompress` interceptor, node:http through node:zlib, the others themselves; the raw socket leaves the body as it is.',
    clients: clientsOf({ path }, ['trawl', 'undici request', 'undici fetch', ...SLOW, 'raw socket']),
  }
}

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    quickClients: ['trawl', 'undici request', 'raw socket'],
    name: '64k',
    onceOnly: SLOW,
    title: '64 KB body',
    text:
      'A file of 65,536 bytes as bytes in one piece, over 10 connections, depth 1. ' +
      'The raw socket leaves the body in the buffer that it was read into.',
    clients: clientsOf({ path: '/64k', as: 'bytes' }, [
      'trawl',
      'undici request',
      'undici dispatch',
      ...SLOW,
      'raw socket',
    ]),
  },
  gzipCase('/gzip-2k', '2 KB'),
  gzipCase('/gzip-20k', '20 KB'),
  gzipCase('/gzip-200k', '200 KB'),
]
