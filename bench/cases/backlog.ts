import type { BacklogJob } from '../scale/backlog-child.ts'
import type { BenchCase, Effort, Sample } from '../measure.ts'
import { loadOf } from '../run-load.ts'
import { runJob } from '../scale/run-job.ts'
import { waitingIn } from '../scale/waiting-in.ts'

/** MB: no collection falls into the measured time. */
const BIG_YOUNG_GENERATION = ['--min-semi-space-size=1024', '--max-semi-space-size=1024']

const SIZES = [1_000, 10_000, 100_000, 1_000_000]
/** undici's requests are larger, and slower to get in line. */
const UNDICI_SIZES = [1_000, 100_000]

const ONE = { hosts: 1, perHost: 10 } as const
const MANY = { hosts: 1_000, perHost: 1 } as const

type Client = (effort: Effort) => Promise<Sample>
type Place = Pick<BacklogJob, 'hosts' | 'perHost'>

function behind(client: string, waiting: number, place: Place, flags: readonly string[] = []): Client {
  return ({ site, warmUp, measure }) => {
    const port = Number(new URL(site.origin).port)
    const job: BacklogJob = { ...place, client, port, path: '/small', waiting, warmUp, measure }
    return runJob('backlog-child.ts', job, ['--expose-gc', ...flags])
  }
}

function series(client: string, sizes: readonly number[], place: Place, flags?: readonly string[]) {
  return sizes.map((size): [string, Client] => [
    `${client}, ${size.toLocaleString('en')}`,
    behind(client, size, place, flags),
  ])
}

const METRICS = ['cpu', 'perSecond', 'peakRss'] as const
const TEXT =
  'So many requests wait, and each that is answered is replaced by another one. 128 bytes of nginx, as text.'

export const cases: readonly BenchCase[] = [
  {
    name: 'backlog-enqueue',
    title: 'Getting in line',
    text:
      'Requests that begin in one tick and wait for the only connection, behind one that is never answered: the CPU that each ' +
      'takes, garbage collection included, the bytes that are held for it while it waits, its promise among them, and the most memory. Paths, and the array of promises, are made before.',
    unit: 'request',
    quick: false,
    maxRounds: 2,
    onceOnly: ['trawl, 100,000', 'node:http, 20,000'],
    peer: 'undici, 100,000',
    metrics: ['cpu', 'bytes', 'peakRss'],
    clients: {
      'trawl, 1,000,000': waitingIn('trawl', 1_000_000),
      'trawl, 100,000': waitingIn('trawl', 100_000),
      'undici, 100,000': waitingIn('undici', 100_000),
      'node:http, 20,000': waitingIn('node:http', 20_000),
    },
  },
  {
    name: 'backlog',
    title: 'A request while many wait for one target',
    text: `${TEXT} They wait for 10 connections of one target. *to undici*: while 1,000 wait for it. The raw socket has no line: it sends the next request on the same 10 connections.`,
    unit: 'request',
    quick: true,
    quickClients: ['trawl, 1,000', 'trawl, 100,000', 'undici, 1,000', 'raw socket'],
    onceOnly: ['trawl, 10,000', 'undici, 100,000'],
    maxRounds: 2,
    metrics: METRICS,
    clients: {
      ...Object.fromEntries([...series('trawl', SIZES, ONE), ...series('undici', UNDICI_SIZES, ONE)]),
      'raw socket': loadOf('raw-socket/request', { path: '/small' }),
    },
  },
  {
    name: 'backlog-dispatch',
    title: 'The same without garbage collection',
    text:
      'What waits long is copied twice before it is old, and that is no cost of finding the next one: here Node has a young generation ' +
      'of 1 GB (`--max-semi-space-size`), and nothing is collected while it is measured.',
    unit: 'request',
    quick: false,
    onceOnly: ['trawl, 10,000', 'trawl, 100,000'],
    maxRounds: 2,
    metrics: METRICS,
    clients: Object.fromEntries(series('trawl', SIZES, ONE, BIG_YOUNG_GENERATION)),
  },
  {
    name: 'backlog-targets',
    title: 'A request while many wait for 1,000 targets',
    text: `${TEXT} They wait for 1,000 targets with one connection each.`,
    unit: 'request',
    quick: false,
    maxRounds: 1,
    metrics: METRICS,
    clients: Object.fromEntries(series('trawl', SIZES, MANY)),
  },
]
