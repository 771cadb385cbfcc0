import type { RequestOptions, Response } from '../index.ts'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import { onRejection } from '../core/rejection.ts'
import type { MapEngine } from './engine.ts'
import { MapRun } from './map-run.ts'

/** What a request is made of: a URL, or options with one. */
export type MapRequest = string | URL | (RequestOptions & { url: string | URL })

/**
 * What became of one item. A failure is a result like any other, so that one bad URL costs none of the
 * others; `error` is whatever the request rejected with, or the function threw.
 */
export type MapResult<T, R> =
  | { readonly ok: true; readonly item: T; readonly value: R; readonly error: undefined }
  | { readonly ok: false; readonly item: T; readonly value: undefined; readonly error: Error }

/**
 * Turns a response into what the caller wants of it. `signal` aborts when the map is left; it serves other
 * items after this one, so that a listener must be taken off again.
 */
export type MapFunction<T, R> = (response: Response, item: T, signal: AbortSignal) => R | Promise<R>

/** Where the items come from. */
export type MapSource<T> = Iterable<T> | AsyncIterable<T>

export interface MapOptions {
  /** Items under way at once, 1 to 10,000; default 64. Connections are bounded by the client, not by this. */
  concurrency?: number | undefined
  /**
   * Yield results in the order of the items instead of as they finish; default false. A slow item then
   * holds back finished ones, four times `concurrency` at most.
   */
  ordered?: boolean | undefined
  /** Ends the map: what is under way is aborted and reported, then the loop throws an AbortError. */
  signal?: AbortSignal | undefined
}

export interface MapItemOptions<T> extends MapOptions {
  /** What to ask for an item that is no request itself. What it throws is that item's error. */
  toRequest: (item: T) => MapRequest
}

/**
 * Fetches each of `items` and yields what `fn` makes of the response, as they finish. Items are pulled only
 * while there is room: a caller that stops taking results stops the pulling, after at most `concurrency`
 * items. Nothing starts before the first result is asked for.
 *
 * Leaving the loop aborts what is under way and closes the source. An error of the source is thrown after all
 * results of what it gave before. Throws ArgumentError at once when an argument is wrong.
 */
export function map<T, R>(
  engine: MapEngine,
  items: MapSource<T> & MapSource<MapRequest>,
  fn: MapFunction<T, R>,
  options?: MapOptions,
): AsyncIterableIterator<MapResult<T, R>, undefined>
export function map<T, R>(
  engine: MapEngine,
  items: MapSource<T>,
  fn: MapFunction<T, R>,
  options: MapItemOptions<T>,
): AsyncIterableIterator<MapResult<T, R>, undefined>
export function map<T, R>(
  engine: MapEngine,
  items: MapSource<T>,
  fn: MapFunction<T, R>,
  given: MapOptions & Partial<MapItemOptions<T>> = {},
): AsyncIterableIterator<MapResult<T, R>, undefined> {
  const options = typeof given === 'object' && given !== null ? ownOptions(given) : given
  checkArguments(items, fn, options)
  const { concurrency = LIMITS.mapConcurrency, ordered = false, signal } = options
  const toRequest = options.toRequest ?? ((item: T) => item as MapRequest)
  return new MapRun({
    items,
    concurrency,
    ordered,
    signal: signal ?? null,
    work: async (item, own) => {
      const response = await ask(engine, toRequest(item), own)
      return fn(response, item, own)
    },
  })
}

function ask(engine: MapEngine, request: MapRequest, signal: AbortSignal): Promise<Response> {
  onRejection(request, () => undefined)
  if (typeof request === 'string' || request instanceof URL) return engine.request(request, { signal })
  if (typeof request !== 'object' || request === null) {
    throw new ArgumentError(
      `an item of map is ${JSON.stringify(request) ?? typeof request}; give URLs, request options with url, or toRequest`,
    )
  }
  const { url, signal: own, ...options } = ownOptions(request)
  const both = own === undefined ? signal : AbortSignal.any([signal, own])
  return engine.request(url, { ...options, signal: both })
}

const OPTIONS = new Set(['concurrency', 'ordered', 'signal', 'toRequest'])

function checkArguments(items: unknown, fn: unknown, options: MapOptions & { toRequest?: unknown }): void {
  if (typeof items === 'string') {
    // A string is an iterable of its letters.
    throw new ArgumentError('items of map is a string; give an array or another iterable of URLs')
  }
  if (!isIterable(items))
    throw new ArgumentError('items of map is no iterable; give an array, or an (async) iterable')
  if (typeof fn !== 'function') {
    throw new ArgumentError(`fn of map is a ${typeof fn}; give a function (response, item, signal) => value`)
  }
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError('the options of map are no object; give one, or leave them out')
  }
  for (const name of Object.keys(options)) {
    if (OPTIONS.has(name)) continue
    throw new ArgumentError(
      `unknown option ${JSON.stringify(name.slice(0, 64))} of map; known are ${[...OPTIONS].join(', ')}`,
    )
  }
  const { concurrency, ordered, signal, toRequest } = options
  if (concurrency !== undefined && !isWhole(concurrency, 1, LIMITS.maxMapConcurrency)) {
    throw new ArgumentError(
      `option concurrency is ${String(concurrency)}; it must be a whole number from 1 to ${LIMITS.maxMapConcurrency}`,
    )
  }
  if (ordered !== undefined && typeof ordered !== 'boolean') {
    throw new ArgumentError(`option ordered is ${String(ordered)}; it must be true or false`)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ArgumentError('option signal is no AbortSignal; take it from an AbortController')
  }
  if (toRequest !== undefined && typeof toRequest !== 'function') {
    throw new ArgumentError(`option toRequest is a ${typeof toRequest}; it must be a function`)
  }
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  const given = value as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null
  return typeof given?.[Symbol.asyncIterator] === 'function' || typeof given?.[Symbol.iterator] === 'function'
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}
