import type { BenchCase, Effort, Sample } from '../measure.ts'
import { runJob } from '../scale/run-job.ts'
import type { TargetsJob } from '../scale/targets-child.ts'
import { BODY_SIZES } from '../site.ts'

type Shape = Pick<TargetsJob, 'hosts' | 'mode' | 'perHost' | 'abreast'>

const STEADY: Shape = { mode: 'steady', hosts: 1_000, perHost: 2, abreast: 2_000 }
const ONCE: Shape = { mode: 'once', hosts: 10_000, perHost: 1, abreast: 500 }

/** Of `ONCE`, with `--quick`. */
const QUICK_HOSTS = 4_000

const SETTINGS =
  '`host-N.localhost` stands at 127.0.0.1 for all clients, by `resolve` or `lookup`, without DNS. trawl has its ' +
  'defaults but for `maxConn` and `maxConnPerTarget`; undici an `Agent` with `connections`; node:http an `Agent` with ' +
  '`keepAlive` and `maxSockets`. '

function visiting(client: string, shape: Shape): (effort: Effort) => Promise<Sample> {
  return ({ site, quick, warmUp, measure }) => {
    const port = Number(new URL(site.origin).port)
    const job: TargetsJob = {
      ...shape,
      hosts: quick && shape.mode === 'once' ? QUICK_HOSTS : shape.hosts,
      client,
      port,
      path: '/small',
      bodySize: BODY_SIZES['/small'],
      warmUp,
      measure,
    }
    return runJob('targets-child.ts', job)
  }
}

function clientsFor(shape: Shape): BenchCase['clients'] {
  const names = ['trawl', 'undici request', 'undici dispatch', 'node:http']
  return Object.fromEntries(names.map((name) => [name, visiting(name, shape)]))
}

export const cases: readonly BenchCase[] = [
  {
    name: 'targets-steady',
    title: '1,000 targets with 2 connections each',
    text: `${SETTINGS}2,000 requests are under way at any moment, one on each connection, for 128 bytes as text.`,
    unit: 'request',
    quick: true,
    onceOnly: ['undici dispatch', 'node:http'],
    quickClients: ['trawl', 'undici request'],
    maxRounds: 2,
    metrics: ['cpu', 'perSecond', 'p50', 'p99', 'peakRss'],
    clients: clientsFor(STEADY),
  },
  {
    name: 'targets-once',
    title: '10,000 targets, one request each',
    text:
      `${SETTINGS}500 requests are under way at any moment, each on a connection of its own that is dialled for it: ` +
      '`maxConn` is 500 and the connection limit of a target is 1. The CPU counts until the last connection is closed; ' +
      '1,000 other targets were asked before. With `--quick`, 4,000 targets.',
    unit: 'target',
    quick: true,
    onceOnly: ['undici dispatch', 'node:http'],
    quickClients: ['trawl', 'undici request'],
    metrics: ['cpu', 'perSecond', 'peakRss'],
    clients: clientsFor(ONCE),
  },
]
