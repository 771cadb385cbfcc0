import type { BenchCase, Effort, Sample } from '../measure.ts'
import type { CookiesJob, JarContents } from '../scale/cookies-child.ts'
import { loadOf } from '../run-load.ts'
import { runJob } from '../scale/run-job.ts'

const REQUESTS = 100_000
const FIELDS = 200_000
/** tough-cookie takes longer. */
const FEWER = 10_000

/** Of 1,000 sites, of which one is asked. */
const CROWD: JarContents = { others: 999, own: 1 }
const MANY_OWN: JarContents = { others: 950, own: 50 }

function withJar(
  measure: CookiesJob['measure'],
  jar: JarContents | null,
  most: number,
): (effort: Effort) => Promise<Sample> {
  return ({ site, quick }) => {
    const job: CookiesJob = { measure, jar, origin: site.origin, count: quick ? most / 4 : most }
    return runJob('cookies-child.ts', job)
  }
}

export const cases: readonly BenchCase[] = [
  {
    name: 'jar',
    title: 'Requests with a jar of 1,000 cookies',
    text:
      '128 bytes of nginx over 10 connections of depth 10. The jar has one cookie of each of 1,000 sites, or 50 of the site that is ' +
      'asked and one of 950 others; those of the site are sent with each request, 50 of them in 1,388 bytes. undici has a Pool at the same depth, and its Cookie field from tough-cookie; the raw socket sends none.',
    unit: 'request',
    quick: true,
    onceOnly: ['undici request, 50 of 1,000'],
    quickClients: ['trawl, 1 of 1,000', 'trawl, 50 of 1,000', 'undici request, no jar', 'raw socket'],
    maxRounds: 2,
    metrics: ['cpu'],
    clients: {
      'trawl, no jar': withJar('requests', null, REQUESTS),
      'trawl, empty jar': withJar('requests', { others: 0, own: 0 }, REQUESTS),
      'trawl, 1 of 1,000': withJar('requests', CROWD, REQUESTS),
      'trawl, 50 of 1,000': withJar('requests', MANY_OWN, REQUESTS),
      'undici request, no jar': withJar('undici requests', null, REQUESTS / 2),
      'undici request, 1 of 1,000': withJar('undici requests', CROWD, REQUESTS / 2),
      'undici request, 50 of 1,000': withJar('undici requests', MANY_OWN, FEWER),
      'raw socket': loadOf('raw-socket/request', { path: '/small', depth: 10 }),
    },
  },
  {
    name: 'jar-field',
    title: 'The Cookie field out of a jar of 1,000 cookies',
    text: 'The same jars alone: the field for one of 1,000 URLs of the site. trawl has the URL taken apart already; tough-cookie parses it.',
    unit: 'field',
    quick: false,
    maxRounds: 2,
    metrics: ['cpu'],
    clients: {
      'trawl, 1 of 1,000': withJar('field', CROWD, FIELDS),
      'trawl, 50 of 1,000': withJar('field', MANY_OWN, FIELDS),
      'tough-cookie, 1 of 1,000': withJar('tough-cookie', CROWD, FEWER),
      'tough-cookie, 50 of 1,000': withJar('tough-cookie', MANY_OWN, FEWER),
    },
  },
]
