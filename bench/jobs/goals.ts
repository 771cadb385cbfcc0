import type { Goal } from '../judge.ts'

/** What is asked of bulk jobs. */
export const GOALS: readonly Goal[] = [
  {
    what: '1,000,000 URLs with --job, peak memory',
    of: ['million', 'trawl get --job', 'peakRss'],
    atMost: 250,
    unit: ' MB',
  },
  {
    what: "1,000,000 URLs with --job, CPU to client.map's",
    of: ['million', 'trawl get --job', 'cpu'],
    to: ['million', 'client.map', 'cpu'],
    atMost: 1.5,
  },
]
