import { createHash, randomUUID } from 'node:crypto'
import type { CacheMode, CacheRequest } from '../cache/cache-request.ts'
import type { Credentials } from './auth/authenticator.ts'
import { fieldOf } from './hop-fields.ts'
import type { PreparedRequest } from './request.ts'

/** A request, as the cache sees it: its fields as they would be sent now. */
export class CallCacheRequest implements CacheRequest {
  readonly method: string
  readonly url: string
  readonly partition: string
  readonly mode: CacheMode
  readonly #request: PreparedRequest
  readonly #path: string

  constructor(request: PreparedRequest, path: string) {
    this.method = request.method
    this.url = request.target.origin + path
    this.mode = request.rules.cacheMode
    this.#request = request
    this.#path = path
    this.partition = partitionOf(request)
  }

  field(name: string): string | null {
    const { jar, sendsCookies, credentials, target, fields } = this.#request
    if (name === 'cookie' && jar !== null && sendsCookies) return jar.header(target, this.#path) || null
    // Which it is matters, not what it says: a digest differs each time.
    if (name === 'authorization' && credentials !== null) return this.partition
    return fieldOf(fields, name)
  }
}

/** Another in each process: numbers that are counted anew must not meet in a store that outlives it. */
const PROCESS = randomUUID()
const identities = new WeakMap<Credentials, string>()
let identityCount = 0

function identityOf(credentials: Credentials): string {
  const known = identities.get(credentials) ?? `${PROCESS} ${++identityCount}`
  identities.set(credentials, known)
  return known
}

/** Partitions of requests that many calls share. */
const partitions = new WeakMap<PreparedRequest, string>()

/**
 * Whose answers may be shared. A jar is somebody's, and so is a credential: what one of them got is not
 * for another, whatever the server says of its caching. A private cache serves one user at a time.
 */
function partitionOf(request: PreparedRequest): string {
  const known = partitions.get(request)
  if (known !== undefined) return known
  const { jar, jarName, fields, credentials, target, rules } = request
  const parts: string[] = []
  if (jar !== null) parts.push(`jar ${jarName}`)
  if (target.tlsIdentity !== '') parts.push(`tls ${target.tlsIdentity}`)
  for (const name of rules.secretFields) {
    const value = fieldOf(fields, name)
    if (value !== null) parts.push(`${name} ${value}`)
  }
  if (credentials !== null) parts.push(`credentials ${identityOf(credentials)}`)
  const text = parts.join('\n')
  // Hashed: it is written to disk, and cookies are nobody's business there.
  const partition = text === '' ? '' : createHash('sha256').update(text).digest('base64url').slice(0, 22)
  partitions.set(request, partition)
  return partition
}
