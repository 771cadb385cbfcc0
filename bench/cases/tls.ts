import type { BenchCase } from '../measure.ts'
import { LOAD_METRICS, type LoadRecipe } from '../run-load.ts'
import { clientsOf, ON_NODE } from './clients-of.ts'

const SLOW = ['node:https', ...ON_NODE] as const

const SHARED = {
  unit: 'request',
  quick: true,
  onceOnly: SLOW,
  quickClients: ['trawl', 'undici request', 'raw socket'],
  metrics: LOAD_METRICS,
} as const

function everyone(recipe: LoadRecipe): BenchCase['clients'] {
  return clientsOf(recipe, ['trawl', 'undici request', 'undici dispatch', ...SLOW, 'raw socket'])
}

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    name: 'tls',
    title: 'Small body over TLS, connections kept',
    text: '128 bytes of nginx as text over TLS 1.3, over 10 connections that stay open, depth 1.',
    clients: everyone({ path: '/small', at: 'tlsOrigin' }),
  },
  {
    ...SHARED,
    name: 'tls-fresh',
    title: 'Small body over TLS, a new connection for each request',
    text:
      'The server closes after each answer and lets sessions be resumed. Each client does what it does by default: all of them ' +
      "resume, Node's own fetch only on a part of its connections; the raw socket resumes the last session. 10 at a time, " +
      'TLS 1.3, a P-256 certificate.',
    clients: everyone({ path: '/closed', at: 'tlsOrigin', fresh: true }),
  },
  {
    ...SHARED,
    quick: false,
    maxRounds: 2,
    name: 'tls-full',
    title: 'Small body over TLS, a new connection for each request, no session to resume',
    text: 'The same against a server that gives out no sessions: each handshake is a full one.',
    clients: everyone({ path: '/closed', at: 'fullTlsOrigin', fresh: true }),
  },
]
