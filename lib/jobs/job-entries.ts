import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { InputItem, JobItem } from './job-item.ts'

/** What a job can be given: URLs, items, or groups of entries as `readInput` gives them. */
export type JobEntry = string | URL | JobItem | readonly InputItem[]
export type JobInput = Iterable<JobEntry> | AsyncIterable<JobEntry>

/** The entries of an input in groups, as they come. What is no entry is one with a problem. */
export async function* jobEntries(input: JobInput): AsyncGenerator<readonly InputItem[], void, void> {
  let count = 0
  let group: InputItem[] = []
  const isAsync = Symbol.asyncIterator in input
  for await (const entry of input) {
    if (Array.isArray(entry)) {
      yield entry as readonly InputItem[]
      continue
    }
    group.push(entryOf(entry as Exclude<JobEntry, readonly InputItem[]>, ++count))
    // Nobody knows when an asynchronous one gives its next.
    if (!isAsync && group.length < LIMITS.jobReadAhead) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

function entryOf(entry: string | URL | JobItem, line: number): InputItem {
  if (typeof entry === 'string') return { url: entry, line, item: null, problem: '' }
  if (entry instanceof URL) return { url: entry.href, line, item: null, problem: '' }
  const url: unknown = (entry as Partial<JobItem> | null)?.url
  if (typeof url === 'string') return { url, line, item: entry, problem: '' }
  const problem = `item ${line} has no url; give URLs, or objects with a url`
  return { url: '', line, item: null, problem }
}

/** Throws ArgumentError. */
export function checkInput(input: unknown): asserts input is JobInput {
  const given = input as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined
  const isIterable =
    typeof given?.[Symbol.asyncIterator] === 'function' || typeof given?.[Symbol.iterator] === 'function'
  // A string is an iterable of its letters.
  if (typeof input !== 'string' && isIterable) return
  throw new ArgumentError(
    'option input is no iterable; give an array, or an (async) iterable, of URLs or items',
  )
}
