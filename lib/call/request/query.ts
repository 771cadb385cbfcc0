import { ArgumentError } from '../../core/errors.ts'
import { shownUrl } from '../../core/shown-url.ts'
import { typeName } from './body-source.ts'

/** What a query parameter may be. null: the bare key; undefined: left out. */
export type QueryValue = string | number | bigint | boolean | null | undefined

/** Query parameters. A list of values repeats the key. */
export type QueryInit =
  | URLSearchParams
  | Iterable<readonly [name: string, value: QueryValue | readonly QueryValue[]]>
  | { readonly [name: string]: QueryValue | readonly QueryValue[] }

/**
 * `url` with `query` behind the query it has, before its fragment. The URL may be relative.
 *
 * Everything outside letters, digits and `-_.!~*()` is percent-encoded as UTF-8, so a space is %20:
 * servers read that in a query and in a form, while + is a space only where they take it for a form.
 * Throws ArgumentError for a value that has no one obvious text, such as an object or a Date.
 */
export function addQuery(url: string, query: QueryInit): string {
  const text = queryText(query)
  if (text === '') return url
  const hash = url.indexOf('#')
  const before = hash === -1 ? url : url.slice(0, hash)
  const fragment = hash === -1 ? '' : url.slice(hash)
  return before + separatorAfter(before) + text + fragment
}

function separatorAfter(url: string): string {
  if (!url.includes('?')) return '?'
  return url.endsWith('?') || url.endsWith('&') ? '' : '&'
}

function queryText(query: QueryInit): string {
  const parts: string[] = []
  for (const [name, value] of entriesOf(query)) {
    if (Array.isArray(value)) for (const one of value) addPart(parts, name, one)
    else addPart(parts, name, value)
  }
  return parts.join('&')
}

function entriesOf(query: unknown): Iterable<readonly [string, unknown]> {
  if (typeof query !== 'object' || query === null) {
    const remedy =
      typeof query === 'string'
        ? 'put the text behind the ? of the URL, or give new URLSearchParams(text)'
        : 'give an object, a list of [name, value], or a URLSearchParams'
    throw new ArgumentError(`query: ${typeName(query)} is no set of parameters; ${remedy}`)
  }
  if (!(Symbol.iterator in query)) return Object.entries(query)
  return pairsOf(query as Iterable<unknown>)
}

function* pairsOf(query: Iterable<unknown>): Generator<readonly [string, unknown]> {
  for (const pair of query) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') {
      throw new ArgumentError(`query: ${typeName(pair)} in a list is no parameter; give [name, value]`)
    }
    yield [pair[0], pair[1]]
  }
}

function addPart(parts: string[], name: string, value: unknown): void {
  if (value === undefined) return
  const key = encode(name)
  parts.push(value === null ? key : `${key}=${encode(textOf(name, value))}`)
}

/** Values may be secrets, such as a key of an API: a message names the parameter and the type only. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  const what = typeof value === 'number' ? String(value) : typeName(value)
  throw new ArgumentError(`query: ${JSON.stringify(name)} is ${what}; ${remedyFor(value)}`)
}

function remedyFor(value: unknown): string {
  if (Array.isArray(value)) return 'a list repeats its key and holds no lists; give one flat list'
  if (value instanceof Date) return 'give toISOString() or getTime() of it, as the server wants'
  if (typeof value === 'number') return 'give a finite number or a string'
  return 'give a string, such as JSON.stringify of it'
}

/**
 * A lone surrogate is U+FFFD, as in URLs. An apostrophe is encoded, as the URL parser would in a query,
 * so that what is logged is what is sent.
 */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("'", '%27')
}

/**
 * `url` against `baseUrl`, by the URL standard, as in fetch and `new URL(url, baseUrl)`:
 * an absolute URL wins; a leading slash begins at the host, so the base's path is dropped; anything
 * else begins at the base's last slash: a base that shall keep its whole path ends in a slash.
 *
 * Throws ArgumentError when the result is no URL.
 */
export function resolveUrl(baseUrl: string, url: string | URL): string {
  if (typeof url !== 'string') return url.href
  // The usual one, already absolute; a URL is parsed once, by whoever sends it.
  if (/^https?:\/\//i.test(url)) return url
  const resolved = URL.parse(url, baseUrl)
  if (resolved !== null) return resolved.href
  throw new ArgumentError(
    `${JSON.stringify(shownUrl(url))} is no URL, nor one relative to baseUrl; give a path as in /items`,
  )
}

/** Checks the option `baseUrl`; returns it as the URL parser writes it. Throws ArgumentError. */
export function checkBaseUrl(baseUrl: unknown): string {
  const text = baseUrl instanceof URL ? baseUrl.href : baseUrl
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const shown = typeof text === 'string' ? JSON.stringify(shownUrl(text)) : typeName(baseUrl)
    throw new ArgumentError(
      `option baseUrl is ${shown}; it must be an absolute http or https URL, as in https://example.com/api/`,
    )
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ArgumentError(
      `option baseUrl has a query or a fragment, which resolving a URL drops; take it off, and give query with a request`,
    )
  }
  return url.href
}
