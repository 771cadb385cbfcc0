import { createRequire } from 'node:module'
import type PQueue from 'p-queue'
import { LIMITS } from '../core/limits.ts'

const require = createRequire(import.meta.url)

/**
 * The queue of lookups. p-queue is loaded when the first name is looked up: many processes look none up before
 * they have sent something, or at all. By `require`, so that a lookup begins at once, as it does later.
 */
export function makeLookupQueue(): PQueue {
  const { default: Queue } = require('p-queue') as { default: typeof PQueue }
  return new Queue({ concurrency: LIMITS.maxDnsLookups })
}
