import type { Goal } from './judge.ts'

/** The table "To reach" of the issue on speed, whole body delivered as text unless it says otherwise. */
export const GOALS: readonly Goal[] = [
  {
    what: 'small body, depth 1, to undici request',
    of: ['small', 'trawl', 'cpu'],
    to: ['small', 'undici request', 'cpu'],
    atMost: 0.45,
  },
  {
    what: 'small body, depth 1, to the floor',
    of: ['small', 'trawl', 'cpu'],
    to: ['small', 'raw socket', 'cpu'],
    atMost: 2,
  },
  {
    what: 'small body, depth 10, to undici dispatch',
    of: ['small-10', 'trawl', 'cpu'],
    to: ['small-10', 'undici dispatch', 'cpu'],
    atMost: 0.45,
  },
  {
    what: 'small body, depth 10, to undici request',
    of: ['small-10', 'trawl', 'cpu'],
    to: ['small-10', 'undici request', 'cpu'],
    atMost: 0.28,
  },
  {
    what: 'small body, depth 10, to the floor',
    of: ['small-10', 'trawl', 'cpu'],
    to: ['small-10', 'raw socket', 'cpu'],
    atMost: 2,
  },
  {
    what: "one connection, depth 64, requests a second to undici request's",
    of: ['small-64', 'trawl', 'perSecond'],
    to: ['small-64', 'undici request', 'perSecond'],
    atLeast: 3,
  },
  {
    what: "one connection, depth 64, requests a second to undici dispatch's",
    of: ['small-64', 'trawl', 'perSecond'],
    to: ['small-64', 'undici dispatch', 'perSecond'],
    atLeast: 3,
  },
  {
    what: '64 KB body as bytes, to undici request',
    of: ['64k', 'trawl', 'cpu'],
    to: ['64k', 'undici request', 'cpu'],
    atMost: 0.4,
  },
  {
    what: 'gzip page of 20 KB, to undici request with decompress',
    of: ['gzip-20k', 'trawl', 'cpu'],
    to: ['gzip-20k', 'undici request', 'cpu'],
    atMost: 0.5,
  },
  {
    what: 'fetch, to undici fetch',
    of: ['fetch', 'trawl', 'cpu'],
    to: ['fetch', 'undici fetch', 'cpu'],
    atMost: 0.25,
  },
]
