import type { ResponseHead } from '../core/exchange.ts'
import { Headers } from '../core/headers.ts'
import { parseCacheControl } from './cache-control.ts'
import type { CacheRequest } from './cache-request.ts'
import type { StoredResponse } from './store.ts'
import { linesOf, storedFields, updatedFields } from './stored-fields.ts'
import { headOf } from './stored-head.ts'
import { isUseful, mayStore, termsOf } from './terms.ts'
import { variantOf, varyNames } from './vary.ts'

/** Whether an answer to GET is kept by the rules. `evenUseless`: the user asks for stale ones. */
export function keeps(head: ResponseHead, now: number, evenUseless: boolean): boolean {
  const { headers } = head
  const control = parseCacheControl(headers.get('cache-control'))
  if (!mayStore(head, control) || varyNames(headers.get('vary')) === null) return false
  return evenUseless || isUseful(head, control, now)
}

export function makeStored(
  request: CacheRequest,
  head: ResponseHead,
  body: Uint8Array,
  trailers: Headers | null,
  requestTime: number,
  responseTime: number,
): StoredResponse {
  const { headers } = head
  const control = parseCacheControl(headers.get('cache-control'))
  const replayOnly = request.mode === 'replay' && !keeps(head, responseTime, false)
  const vary = varyNames(headers.get('vary')) ?? ''
  return {
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    status: head.status,
    statusText: head.statusText,
    minorVersion: head.minorVersion,
    fields: storedFields(head, responseTime),
    contentEncoding: head.contentEncoding,
    body,
    trailers: trailers === null ? '' : linesOf(trailers.raw),
    requestTime,
    responseTime,
    vary,
    variant: variantOf(vary, (name) => request.field(name)),
    terms: termsOf(head, control, requestTime, responseTime, replayOnly),
  }
}

/** `stored` under a newer head; null when that says that it must not be kept. */
export function update(
  request: CacheRequest,
  stored: StoredResponse,
  newer: ResponseHead,
  requestTime: number,
  responseTime: number,
): StoredResponse | null {
  const told = newer.headers.get('etag')
  const fields = updatedFields(
    new Headers(stored.fields).raw,
    newer,
    responseTime,
    told !== null && stored.terms.etag !== '' && told !== stored.terms.etag,
  )
  // Age is not stored, yet the newer head's counts.
  const age = newer.headers.get('age')
  const changed = { ...stored, fields: age === null ? fields : `${fields}Age: ${age}\r\n` }
  const head = { ...headOf(changed, 0), headers: new Headers(changed.fields) }
  const control = parseCacheControl(head.headers.get('cache-control'))
  const vary = varyNames(head.headers.get('vary'))
  if (vary === null || !mayStore(head, control)) return null
  return {
    ...stored,
    fields,
    requestTime,
    responseTime,
    vary,
    variant: variantOf(vary, (name) => request.field(name)),
    terms: termsOf(head, control, requestTime, responseTime, false),
  }
}

/** Whether what `head` says of the body is true of the stored one. */
export function agrees(stored: StoredResponse, head: ResponseHead): boolean {
  const fields = new Headers(stored.fields)
  return ['etag', 'last-modified', 'content-length'].every((name) => {
    const told = head.headers.get(name)
    if (told === null || told === fields.get(name)) return true
    // A validator of its own is not for a body that came without: a 304 to it would vouch for that body.
    return name === 'content-length' && !fields.has(name)
  })
}
