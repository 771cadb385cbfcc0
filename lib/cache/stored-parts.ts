import { Headers } from '../core/headers.ts'
import type { StoredResponse } from './store.ts'
import { linesOf } from './stored-fields.ts'

/** Fields that a 304 carries (RFC 9110 section 15.4.5); what describes a body would mislead. */
const OF_A_BODY = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'content-md5',
])
const OF_THE_WHOLE = new Set(['content-length', 'content-md5'])

const NO_BODY = new Uint8Array(0)

/** `stored` without the fields that must not be used unvalidated. */
export function withoutFields(stored: StoredResponse, names: readonly string[]): StoredResponse {
  const { raw } = new Headers(stored.fields)
  return { ...stored, fields: linesOf(raw, (name) => !names.includes(name)) }
}

/** What HEAD gets: the head alone. */
export function withoutBody(stored: StoredResponse): StoredResponse {
  return { ...stored, body: NO_BODY, trailers: '' }
}

/** What a condition that holds gets. */
export function notModified(stored: StoredResponse): StoredResponse {
  const { raw } = new Headers(stored.fields)
  return {
    ...withoutBody(stored),
    status: 304,
    statusText: 'Not Modified',
    fields: linesOf(raw, (name) => !OF_A_BODY.has(name)),
    contentEncoding: '',
  }
}

/**
 * The part of a whole 200 that `range` asks for, as a 206; null when it is not one satisfiable range of
 * bytes. Coded bodies are left to the server: nobody can decode the middle of one.
 */
export function partOf(stored: StoredResponse, range: string): StoredResponse | null {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range)
  if (match === null || stored.status !== 200 || stored.contentEncoding !== '') return null
  const { length } = stored.body
  const [first, last] = bounds(match[1]!, match[2]!, length)
  if (!(first <= last && first < length)) return null
  const { raw } = new Headers(stored.fields)
  const told = `Content-Range: bytes ${first}-${last}/${length}\r\nContent-Length: ${last - first + 1}\r\n`
  return {
    ...stored,
    status: 206,
    statusText: 'Partial Content',
    fields: linesOf(raw, (name) => !OF_THE_WHOLE.has(name)) + told,
    body: stored.body.subarray(first, last + 1),
    trailers: '',
  }
}

/** First and last byte, NaN where the range is none. */
function bounds(from: string, to: string, length: number): [first: number, last: number] {
  if (from === '')
    return to === '' || Number(to) === 0 ? [NaN, NaN] : [Math.max(0, length - Number(to)), length - 1]
  if (to === '') return [Number(from), length - 1]
  // "bytes=5-2" is invalid, not empty, and clamping would hide it.
  return Number(to) < Number(from) ? [NaN, NaN] : [Number(from), Math.min(Number(to), length - 1)]
}
