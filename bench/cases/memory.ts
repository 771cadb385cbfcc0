import type { BenchCase, Effort, Sample } from '../measure.ts'
import type { MemoryJob } from '../scale/memory-child.ts'
import { runJob } from '../scale/run-job.ts'
import { waitingIn } from '../scale/waiting-in.ts'

const WAITING = 200_000
const TARGETS = 10_000
/** Fewer, as each takes more, or more time. */
const FEWER = 2_000

const TEXT = 'Heap and buffers outside of it, for each, after all that can be freed was freed. '

function after(measure: MemoryJob['measure'], count: number): (effort: Effort) => Promise<Sample> {
  return async ({ site }) => {
    const port = Number(new URL(site.origin).port)
    return runJob('memory-child.ts', { measure, port, count } satisfies MemoryJob, ['--expose-gc'])
  }
}

export const cases: readonly BenchCase[] = [
  {
    name: 'waiting',
    title: 'A waiting request',
    text: `${TEXT}${WAITING.toLocaleString('en')} of them wait for one connection (20,000 with node:http). The promise counts; the URL does not, as it is the caller's.`,
    unit: 'request',
    quick: true,
    quickClients: ['trawl', 'undici request'],
    maxRounds: 2,
    metrics: ['bytes'],
    clients: {
      trawl: waitingIn('trawl', WAITING),
      'undici request': waitingIn('undici', WAITING),
      'node:http': waitingIn('node:http', 20_000),
    },
  },
  {
    name: 'idle-target',
    title: 'A target whose connection is closed',
    text: `${TEXT}After one request to each of ${TARGETS.toLocaleString('en')} hosts, which closed their connections (2,000 with undici).`,
    unit: 'target',
    quick: true,
    maxRounds: 2,
    metrics: ['bytes'],
    clients: { trawl: after('closed', TARGETS), 'undici request': after('undiciClosed', FEWER) },
  },
  {
    name: 'idle-connection',
    title: 'A target with an idle connection',
    text:
      `${TEXT}After one request to each of ${TARGETS.toLocaleString('en')} hosts, whose connections are kept (2,000 with undici and node:http). ` +
      '*node:net socket*: what a bare socket takes by itself, after the same request.',
    unit: 'connection',
    floor: 'node:net socket',
    quick: false,
    maxRounds: 2,
    metrics: ['bytes'],
    clients: {
      trawl: after('kept', TARGETS),
      'node:net socket': after('socket', TARGETS),
      'undici request': after('undiciKept', FEWER),
      'node:http': after('httpKept', FEWER),
    },
  },
]
