import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, loadOf } from '../run-load.ts'

/** They take long, and no goal is about them. */
const SLOW = ['node:http', 'built-in fetch', 'got', 'axios', 'ky', 'node-fetch']

const SHARED = { unit: 'request', quick: true, metrics: LOAD_METRICS } as const

const large = { path: '/64k', as: 'bytes' } as const

function gzipCase(path: '/gzip-2k' | '/gzip-20k' | '/gzip-200k', decoded: string): BenchCase {
  const recipe = { path } as const
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
    clients: {
      trawl: loadOf('trawl/request', recipe),
      'undici request': loadOf('undici/request', recipe),
      'undici fetch': loadOf('undici/fetch', recipe),
      'node:http': loadOf('node-http/request', recipe),
      'built-in fetch': loadOf('built-in/fetch', recipe),
      got: loadOf('got/request', recipe),
      axios: loadOf('axios/request', recipe),
      ky: loadOf('ky/request', recipe),
      'node-fetch': loadOf('node-fetch/fetch', recipe),
      'raw socket': loadOf('raw-socket/request', recipe),
    },
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
    clients: {
      trawl: loadOf('trawl/request', large),
      'undici request': loadOf('undici/request', large),
      'undici dispatch': loadOf('undici/dispatch', large),
      'node:http': loadOf('node-http/request', large),
      'built-in fetch': loadOf('built-in/fetch', large),
      got: loadOf('got/request', large),
      axios: loadOf('axios/request', large),
      ky: loadOf('ky/request', large),
      'node-fetch': loadOf('node-fetch/fetch', large),
      'raw socket': loadOf('raw-socket/request', large),
    },
  },
  gzipCase('/gzip-2k', '2 KB'),
  gzipCase('/gzip-20k', '20 KB'),
  gzipCase('/gzip-200k', '200 KB'),
]
