import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, loadOf } from '../run-load.ts'

const recipe = { path: '/small' } as const

export const cases: readonly BenchCase[] = [
  {
    name: 'fetch',
    title: 'fetch',
    text: '128 bytes of nginx as text, by the fetch of each, over 10 connections, depth 1.',
    unit: 'request',
    quick: true,
    quickClients: ['trawl', 'undici fetch', 'raw socket'],
    onceOnly: ['built-in fetch', 'node-fetch', 'ky'],
    metrics: LOAD_METRICS,
    clients: {
      trawl: loadOf('trawl/fetch', recipe),
      'undici fetch': loadOf('undici/fetch', recipe),
      'built-in fetch': loadOf('built-in/fetch', recipe),
      'node-fetch': loadOf('node-fetch/fetch', recipe),
      ky: loadOf('ky/request', recipe),
      'raw socket': loadOf('raw-socket/request', recipe),
    },
  },
]
