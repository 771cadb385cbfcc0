import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, type LoadRecipe } from '../run-load.ts'
import { clientsOf, ON_NODE } from './clients-of.ts'

/** Those that can have more than one request in flight on a connection. */
const PIPELINING = ['trawl', 'trawl, with a jar', 'undici request', 'undici dispatch', 'raw socket'] as const

function pipelining(recipe: LoadRecipe): BenchCase['clients'] {
  return clientsOf(recipe, PIPELINING)
}

function everyone(recipe: LoadRecipe): BenchCase['clients'] {
  return clientsOf(recipe, [...PIPELINING, ...SLOW])
}

/** They take long, and no goal is about them. */
const SLOW = ['undici fetch', 'node:http', ...ON_NODE] as const

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
