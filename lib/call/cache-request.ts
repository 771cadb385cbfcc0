import { createHash } from '../core/crypto.ts'
import { isSafe, type CacheMode, type CacheRequest } from '../cache/cache-request.ts'
import { indexFields } from './request/hop-fields.ts'
import type { PreparedRequest } from './request/request.ts'

/** Who asks, as far as that is the same for all requests of a client. */
export interface CacheClient {
  /** Whose key it shows by default; '' for none. */
  readonly identity: string
  /** Which jars it has: see `CookieJars.id`. */
  readonly jars: string
}

/** A request, as the cache sees it: its fields as they would be sent now. */
export class CallCacheRequest implements CacheRequest {
  readonly method: string
  readonly url: string
  readonly partition: string
  readonly mode: CacheMode
  readonly #request: PreparedRequest
  readonly #path: string

  constructor(request: PreparedRequest, path: string, client: CacheClient) {
    this.method = request.method
    this.url = request.target.origin + path
    this.mode = request.rules.cacheMode
    this.#request = request
    this.#path = path
    this.partition = partitionOf(request, client)
  }

  field(name: string): string | null {
    const { jar, sendsCookies, credentials, target } = this.#request
    if (name === 'cookie' && jar !== null && sendsCookies) return jar.header(target, this.#path) || null
    // Which it is matters, not what it says: a digest differs each time.
    if (name === 'authorization' && credentials !== null) return this.partition
    return fieldsOf(this.#request).get(name) ?? null
  }
}

/** Whether the cache has a part in it: `no-store` keeps out of it, but what changes a page ends what is stored. */
export function concernsCache({ method, rules }: PreparedRequest): boolean {
  return rules.cacheMode !== 'no-store' || !isSafe(method)
}

/** Fields by name: many calls share a request, and the cache asks for seven or so that are mostly not there. */
const indexes = new WeakMap<PreparedRequest, ReadonlyMap<string, string>>()

function fieldsOf(request: PreparedRequest): ReadonlyMap<string, string> {
  const known = indexes.get(request)
  if (known !== undefined) return known
  const index = indexFields(request.fields)
  indexes.set(request, index)
  return index
}

/** Partitions of requests that many calls share. */
const partitions = new WeakMap<PreparedRequest, string>()

/**
 * Whose answers may be shared. A jar is somebody's, and so is a credential: what one of them got is not
 * for another, whatever the server says of its caching. A private cache serves one user at a time.
 */
function partitionOf(request: PreparedRequest, { identity, jars }: CacheClient): string {
  const known = partitions.get(request)
  if (known !== undefined) return known
  const { jar, jarName, credentials, target, rules } = request
  const index = fieldsOf(request)
  const parts: string[] = []
  if (jar !== null) parts.push(`jar ${jars} ${jarName}`)
  if (identity !== '' && target.scheme === 'https') parts.push(`client ${identity}`)
  if (target.tlsIdentity !== '') parts.push(`tls ${target.tlsIdentity}`)
  for (const name of rules.secretFields) {
    const value = index.get(name)
    if (value !== undefined) parts.push(`${name} ${value}`)
  }
  if (credentials !== null) parts.push(`credentials ${credentials.identity}`)
  const text = parts.join('\n')
  // Hashed: it is written to disk, and cookies are nobody's business there.
  const partition = text === '' ? '' : createHash('sha256').update(text).digest('base64url').slice(0, 22)
  partitions.set(request, partition)
  return partition
}
