import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, loadOf } from '../run-load.ts'

const wide = { path: '/', at: 'delayOrigin', connections: 1_000 } as const
const deep = { path: '/', at: 'delayOrigin', connections: 100, depth: 10 } as const

export const cases: readonly BenchCase[] = [
  {
    name: 'delay',
    title: 'A server that takes 50 ms, 1,000 requests in flight',
    text:
      '128 bytes of a server of Node that answers after 50 ms, as text: over 1,000 connections, one request on each, or, ' +
      'where it says so, over 100 with ten on each. The server is the slower of the two, so look at the CPU.',
    unit: 'request',
    quick: true,
    quickClients: ['trawl', 'undici request', 'raw socket'],
    onceOnly: ['node:http', 'built-in fetch', 'got', 'axios', 'ky', 'node-fetch'],
    metrics: LOAD_METRICS,
    clients: {
      trawl: loadOf('trawl/request', wide),
      'trawl, 100 x 10': loadOf('trawl/request', deep),
      'undici request': loadOf('undici/request', wide),
      'undici request, 100 x 10': loadOf('undici/request', deep),
      'undici dispatch': loadOf('undici/dispatch', wide),
      'undici dispatch, 100 x 10': loadOf('undici/dispatch', deep),
      'node:http': loadOf('node-http/request', wide),
      'built-in fetch': loadOf('built-in/fetch', wide),
      got: loadOf('got/request', wide),
      axios: loadOf('axios/request', wide),
      ky: loadOf('ky/request', wide),
      'node-fetch': loadOf('node-fetch/fetch', wide),
      'raw socket': loadOf('raw-socket/request', wide),
    },
  },
]
