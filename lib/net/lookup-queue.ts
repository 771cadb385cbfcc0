import type PQueue from 'p-queue'
import { LIMITS } from '../core/limits.ts'

/**
 * The queue of lookups. p-queue is loaded when the first name is looked up: many processes look none up before
 * they have sent something, or at all.
 */
export async function makeLookupQueue(): Promise<PQueue> {
  const { default: Queue } = await import('p-queue')
  return new Queue({ concurrency: LIMITS.maxDnsLookups })
}
