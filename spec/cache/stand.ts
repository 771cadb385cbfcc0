import type { CacheMode, CacheRequest } from '../../lib/cache/cache-request.ts'
import { HttpCache, type CacheOptions, type Lookup } from '../../lib/cache/http-cache.ts'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import type { CacheStore, StoredResponse } from '../../lib/cache/store.ts'
import type { ResponseHead } from '../../lib/core/exchange.ts'
import { Headers } from '../../lib/core/headers.ts'

/** Sat, 21 Nov 2026 12:00:00 GMT. */
export const NOW = 1_795_262_400_000
export const URL_A = 'http://a.example/page'

/** A Date field `seconds` from the stand's start. */
export function httpDate(seconds: number): string {
  return new Date(NOW + seconds * 1_000).toUTCString()
}

export interface Asked {
  readonly method?: string
  readonly url?: string
  readonly partition?: string
  readonly mode?: CacheMode
}

/** A request with these fields, names in lower case. */
export function request(fields: Record<string, string> = {}, asked: Asked = {}): CacheRequest {
  return {
    method: 'GET',
    url: URL_A,
    partition: '',
    mode: 'default',
    ...asked,
    field: (name) => fields[name] ?? null,
  }
}

/** A head with these lines as fields, `Name: value`. */
export function head(lines: readonly string[] = [], status = 200): ResponseHead {
  const headers = new Headers(lines.map((line) => `${line}\r\n`).join(''))
  return {
    status,
    statusText: status === 200 ? 'OK' : '',
    minorVersion: 1,
    headers,
    framing: 'length',
    contentLength: -1,
    setsCookie: headers.has('set-cookie'),
    contentEncoding: headers.get('content-encoding') ?? '',
    keepAlive: true,
    keepAliveTimeout: -1,
    keepAliveMax: -1,
  }
}

/** A cache with a clock that is set by hand. */
export class Stand {
  now: number = NOW
  readonly cache: HttpCache

  constructor(store: CacheStore = new MemoryStore(), options: CacheOptions = {}) {
    this.cache = new HttpCache(store, { date: () => this.now }, options)
  }

  /** Seconds pass. */
  wait(seconds: number): void {
    this.now += seconds * 1_000
  }

  /** As a call does with a whole answer. Says whether it was kept. */
  keep(asked: CacheRequest, answer: ResponseHead, body = 'body'): boolean {
    if (!this.cache.storable(asked, answer)) return false
    void this.cache.store(asked, answer, Buffer.from(body), null, this.now, this.now)
    return true
  }

  ask(asked: CacheRequest = request()): Lookup {
    const result = this.cache.lookup(asked)
    if (result instanceof Promise) throw new Error('this store answers by promises')
    return result
  }
}

/** The stored response of a lookup that has one. */
export function storedOf(result: Lookup): StoredResponse {
  if (!('stored' in result)) throw new Error(`nothing is stored: ${result.kind}`)
  return result.stored
}

export function bodyOf(result: Lookup): string {
  return Buffer.from(storedOf(result).body).toString()
}
