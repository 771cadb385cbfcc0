import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { itemOf } from './input/item-fields.ts'
import type { InputItem, JobItem } from './job-item.ts'

/** What a job can be given: URLs, items, or groups of entries as `readInput` gives them. */
export type JobEntry = string | URL | JobItem | readonly InputItem[]
export type JobInput = Iterable<JobEntry> | AsyncIterable<JobEntry>

type Group = readonly InputItem[]

/**
 * The entries of an input in groups, as they come. What is no entry is one with a problem. Not an async generator: where
 * the input hangs, that would not tell it that nobody waits any more.
 */
export class JobEntries implements AsyncIterableIterator<Group, void, void> {
  readonly #input: JobInput
  #source: Iterator<unknown> | AsyncIterator<unknown> | null = null
  #count = 0
  /** Of the input, thrown when what came before it is given. */
  #failure: { readonly error: unknown } | null = null
  #isOver = false

  constructor(input: JobInput) {
    this.#input = input
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Group, void>> {
    const isAsync = Symbol.asyncIterator in this.#input
    this.#source ??=
      Symbol.asyncIterator in this.#input
        ? this.#input[Symbol.asyncIterator]()
        : this.#input[Symbol.iterator]()
    // Nobody knows when an asynchronous one gives its next.
    return isAsync
      ? this.#groupOf(await this.#source.next())
      : this.#gather(this.#source as Iterator<unknown>)
  }

  async return(): Promise<IteratorResult<Group, void>> {
    this.#isOver = true
    await this.#source?.return?.()
    return END
  }

  #groupOf({ done, value }: IteratorResult<unknown>): IteratorResult<Group, void> {
    return done === true ? END : { done: false, value: this.#entries(value) }
  }

  #gather(source: Iterator<unknown>): IteratorResult<Group, void> {
    const group: InputItem[] = []
    while (!this.#isOver && group.length < LIMITS.jobReadAhead) {
      try {
        const { done, value } = source.next()
        if (done === true) this.#isOver = true
        else for (const entry of this.#entries(value)) group.push(entry)
      } catch (error) {
        this.#isOver = true
        this.#failure = { error }
      }
    }
    if (group.length > 0) return { done: false, value: group }
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure.error
    return END
  }

  #entries(given: unknown): Group {
    if (!Array.isArray(given)) return [entryOf(given, ++this.#count)]
    if (given.every(isInputItem)) return given
    return given.map((each: unknown) => (isInputItem(each) ? each : entryOf(each, ++this.#count)))
  }
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

function isInputItem(value: unknown): value is InputItem {
  if (typeof value !== 'object' || value === null) return false
  const { url, line, item, problem } = value as Partial<InputItem>
  return (
    typeof problem === 'string' &&
    typeof url === 'string' &&
    typeof line === 'number' &&
    typeof item === 'object'
  )
}

function entryOf(entry: unknown, line: number): InputItem {
  if (typeof entry === 'string') return { url: entry, line, item: null, problem: '' }
  if (entry instanceof URL) return { url: entry.href, line, item: null, problem: '' }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { url: '', line, item: null, problem: `item ${line} is ${shown(entry)}; ${REMEDY}` }
  }
  try {
    const read = itemOf(withoutUndefined(entry), line, '')
    return read.problem === '' ? read : { ...read, problem: `item ${line}: ${read.problem}` }
  } catch (error) {
    // A getter of its own, or something that JSON has no form for, in meta.
    const why = error instanceof Error ? error.message : String(error)
    return { url: '', line, item: null, problem: `item ${line} cannot be read (${why}); ${REMEDY}` }
  }
}

const REMEDY = 'give URLs, or objects with a url and other fields of an item, as JSON could hold them'

/** Where nothing is undefined, the object itself: the one that the caller knows. */
function withoutUndefined(entry: object): object {
  const fields = Object.entries(entry)
  const isWhole = fields.every(([, value]) => value !== undefined)
  return isWhole ? entry : Object.fromEntries(fields.filter(([, value]) => value !== undefined))
}

function shown(entry: unknown): string {
  if (Array.isArray(entry)) return 'an array'
  return entry === null || typeof entry !== 'object' ? String(entry).slice(0, 64) : 'an object'
}

/** Throws ArgumentError. */
export function checkInput(input: unknown): asserts input is JobInput {
  const given = input as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined
  const isIterable =
    typeof given?.[Symbol.asyncIterator] === 'function' || typeof given?.[Symbol.iterator] === 'function'
  // A string is an iterable of its letters.
  if (typeof input !== 'string' && isIterable) return
  const what = typeof input === 'string' ? 'a string' : shown(input)
  throw new ArgumentError(
    `option input is ${what}; it must be an array, or an (async) iterable, of URLs or items`,
  )
}
