import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, loadOf, type LoadRecipe } from '../run-load.ts'

type Clients = BenchCase['clients']

/** Those that can have more than one request in flight on a connection. */
function pipelining(recipe: LoadRecipe): Clients {
  return {
    trawl: loadOf('trawl/request', recipe),
    'trawl, with a jar': loadOf('trawl/withJar', recipe),
    'undici request': loadOf('undici/request', recipe),
    'undici dispatch': loadOf('undici/dispatch', recipe),
    'raw socket': loadOf('raw-socket/request', recipe),
  }
}

function everyone(recipe: LoadRecipe): Clients {
  return {
    ...pipelining(recipe),
    'undici fetch': loadOf('undici/fetch', recipe),
    'node:http': loadOf('node-http/request', recipe),
    'built-in fetch': loadOf('built-in/fetch', recipe),
    got: loadOf('got/request', recipe),
    axios: loadOf('axios/request', recipe),
    ky: loadOf('ky/request', recipe),
    'node-fetch': loadOf('node-fetch/fetch', recipe),
  }
}

/** They take long, and no goal is about them. */
const SLOW = ['undici fetch', 'node:http', 'built-in fetch', 'got', 'axios', 'ky', 'node-fetch']

const SHARED = {
  unit: 'request',
  quick: true,
  quickClients: ['trawl', 'undici request', 'raw socket'],
  metrics: LOAD_METRICS,
} as const

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    name: 'small',
    title: 'Small body, depth 1',
    onceOnly: SLOW,
    text: '128 bytes of nginx as text, over 10 connections, one request in flight on each.',
    clients: everyone({ path: '/small' }),
  },
  {
    ...SHARED,
    quickClients: ['trawl', 'undici request', 'undici dispatch', 'raw socket'],
    name: 'small-10',
    title: 'Small body, depth 10',
    text: '128 bytes of nginx as text, over 10 connections, ten requests in flight on each: those that pipeline.',
    clients: pipelining({ path: '/small', depth: 10 }),
  },
  {
    ...SHARED,
    name: 'small-64',
    title: 'Small body, one connection, depth 64',
    text: '128 bytes of nginx as text, over one connection with 64 requests in flight: those that pipeline.',
    clients: pipelining({ path: '/small', connections: 1, depth: 64 }),
  },
  {
    ...SHARED,
    quick: false,
    name: 'small-one',
    title: 'Small body, one connection, depth 1',
    onceOnly: SLOW,
    maxRounds: 2,
    text: '128 bytes of nginx as text, one request after the other: the client sleeps between two answers, and so does the server.',
    clients: everyone({ path: '/small', connections: 1 }),
  },
]
