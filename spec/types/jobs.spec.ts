import { Readable } from 'node:stream'
import { describe, expectTypeOf, it } from 'vitest'
import {
  Job,
  readInput,
  type Client,
  type InputItem,
  type JobItem,
  type JobOptions,
  type JobProgress,
  type JobResult,
  type JournalStatus,
  type Response,
} from '../../lib/index.ts'

const client = { request: () => undefined, limits: { of: () => undefined } } as unknown as Client
const base = { dir: 'job', client, input: ['http://a/'] }

function valueOf(result: JobResult<string>): string {
  if (!result.ok) {
    expectTypeOf(result.error).toEqualTypeOf<Error>()
    expectTypeOf(result.value).toEqualTypeOf<undefined>()
    return ''
  }
  expectTypeOf(result.error).toEqualTypeOf<undefined>()
  return result.value
}

describe('the types of a job', () => {
  it('know what handle makes', () => {
    const sync = new Job({
      ...base,
      handle: (response, item, signal) => {
        expectTypeOf(response).toEqualTypeOf<Response>()
        expectTypeOf(item).toEqualTypeOf<JobItem>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return response.status
      },
    })
    expectTypeOf(sync).toEqualTypeOf<Job<number>>()
    const later = new Job({ ...base, handle: async (response) => response.text() })
    expectTypeOf(later).toEqualTypeOf<Job<string>>()
    const none = new Job({ ...base, handle: () => undefined })
    expectTypeOf(none).toEqualTypeOf<Job<undefined>>()
  })

  it('know what work makes', () => {
    const job = new Job({ ...base, work: async ({ url }) => new URL(url) })
    expectTypeOf(job).toEqualTypeOf<Job<URL>>()
    expectTypeOf<ReturnType<(typeof job)['run']>>().resolves.toEqualTypeOf<JobProgress>()
    type Given = ReturnType<(typeof job)[typeof Symbol.asyncIterator]>
    expectTypeOf<Given>().toEqualTypeOf<AsyncIterableIterator<JobResult<URL>, undefined>>()
  })

  it('tell results apart', () => {
    expectTypeOf(valueOf).returns.toBeString()
  })

  it('take URLs, items and what readInput gives', () => {
    expectTypeOf<string[]>().toExtend<JobOptions<string>['input']>()
    expectTypeOf<Set<URL>>().toExtend<JobOptions<string>['input']>()
    expectTypeOf<Generator<JobItem>>().toExtend<JobOptions<string>['input']>()
    const input = readInput(Readable.from([Buffer.from('http://a/\n')]))
    expectTypeOf(input).toExtend<AsyncIterable<readonly InputItem[]>>()
    expectTypeOf(new Job({ ...base, input, handle: () => 1 })).toEqualTypeOf<Job<number>>()
    // @ts-expect-error: there is no such field
    const item: JobItem = { url: 'http://a/', methd: 'GET' }
    expectTypeOf(item).toEqualTypeOf<JobItem>()
    // @ts-expect-error: numbers are no URLs
    expectTypeOf<number[]>().toExtend<JobOptions<string>['input']>()
  })

  it('know the events, and what a folder tells', () => {
    const job = new Job({ ...base, handle: () => 1 })
    job.on('progress', (progress) => expectTypeOf(progress).toEqualTypeOf<JobProgress>())
    expectTypeOf<ReturnType<(typeof Job)['status']>>().resolves.toEqualTypeOf<JournalStatus>()
    expectTypeOf<ReturnType<(typeof Job)['retryFailed']>>().resolves.toBeNumber()
    // @ts-expect-error: it has no such event
    job.on('end', () => undefined)
  })
})
