import type { StoredResponse } from '../../lib/cache/store.ts'
import type { Terms } from '../../lib/cache/terms.ts'
import { NOW } from './stand.ts'

const TERMS: Terms = {
  birth: NOW,
  lifetime: 60_000,
  staleWhileRevalidate: -1,
  staleIfError: -1,
  mustRevalidate: false,
  noCache: false,
  noCacheFields: [],
  etag: '',
  lastModified: '',
  replayOnly: false,
}

type Given = Partial<Omit<StoredResponse, 'body' | 'terms'>> & { body?: string; terms?: Partial<Terms> }

/** A stored response as a store sees it: fresh for a minute, unless told otherwise. */
export function storedResponse({ body = 'body', terms, ...rest }: Given = {}): StoredResponse {
  return {
    method: 'GET',
    status: 200,
    statusText: 'OK',
    minorVersion: 1,
    fields: 'Content-Type: text/plain\r\n',
    contentEncoding: '',
    body: new Uint8Array(Buffer.from(body)),
    trailers: '',
    requestTime: NOW,
    responseTime: NOW,
    vary: '',
    variant: '',
    ...rest,
    terms: { ...TERMS, ...terms },
  }
}
