import { createHash } from 'node:crypto'
import type { AuthOption } from '../../lib/index.ts'
import type { Random } from '../../lib/testing/random.ts'
import type { ParsedRequest } from './request-parser.ts'

export type AuthKind = 'basic' | 'bearer' | 'digest'

/** The tokens of one world: all but the newest are refused. */
export class Tokens {
  readonly #origin: string
  /** Nonces given out so far, by whichever gate. */
  nonces = 0
  /** The newest one's number. */
  #newest = 0
  /** Times that the source fails before it gives one again. */
  failures = 0

  constructor(origin: string) {
    this.#origin = origin
  }

  get newest(): string {
    return `auth~${this.#origin}~${this.#newest}`
  }

  /** From now on none of those that are out is good for anything. */
  revoke(): void {
    this.#newest++
  }

  /** What the client asks. */
  give(): string {
    if (this.failures > 0) {
      this.failures--
      throw new Error('the token service is down')
    }
    return this.newest
  }
}

/** The client's part. The password names the origin that it is for. */
export function authOption(kind: AuthKind, origin: string, tokens: Tokens): AuthOption {
  const login = { username: 'user', password: origin }
  const origins = [origin]
  if (kind === 'basic') return { basic: login, origins }
  if (kind === 'digest') return { digest: login, origins }
  const give = (): Promise<string> => Promise.resolve().then(() => tokens.give())
  return { bearer: () => tokens.give(), refresh: give, origins }
}

const ALGORITHMS = { MD5: 'md5', 'SHA-256': 'sha256' } as const
const REALM = 'a "realm", of sorts'

/** The server's part: who may come in, and what those are told who may not. */
export class Gate {
  readonly #kind: AuthKind
  readonly #origin: string
  readonly #random: Random
  readonly #tokens: Tokens
  /** How often what was good until now is so no longer. */
  readonly #rate: number
  /** By nonce: the counts that have come with it; none of another is any good. */
  readonly #nonces = new Map<string, Set<string>>()
  readonly #algorithm: keyof typeof ALGORITHMS

  constructor(kind: AuthKind, origin: string, random: Random, tokens: Tokens, calm: boolean) {
    this.#kind = kind
    this.#origin = origin
    this.#random = random
    this.#tokens = tokens
    this.#algorithm = random.pick(['MD5', 'SHA-256'])
    this.#rate = calm || random.chance(0.5) ? 0 : random.between(0.02, 0.4)
    if (calm) tokens.failures = 0
  }

  /** null: welcome. Otherwise the fields of a 401. Throws where a proof is wrong that nobody made stale. */
  refusal(request: ParsedRequest): string[] | null {
    if (this.#random.chance(this.#rate)) this.#expire()
    const given = request.headers.get('authorization') ?? ''
    // What calls bring themselves is good.
    if (given.startsWith('Bearer http') || given.startsWith('Basic ')) return null
    if (this.#kind === 'bearer') {
      return given === `Bearer ${this.#tokens.newest}`
        ? null
        : ['WWW-Authenticate: Bearer error="invalid_token"']
    }
    if (this.#kind === 'basic') return ['WWW-Authenticate: Basic realm="x"']
    if (!given.startsWith('Digest ')) return [this.#challenge(false)]
    return this.#isProof(request, given) ? null : [this.#challenge(true)]
  }

  #expire(): void {
    this.#nonces.clear()
    this.#tokens.revoke()
    if (this.#random.chance(0.2)) this.#tokens.failures++
  }

  #challenge(stale: boolean): string {
    const nonce = `${this.#origin}~${++this.#tokens.nonces}`
    this.#nonces.set(nonce, new Set())
    const realm = REALM.replaceAll('"', '\\"')
    const flag = stale ? ', stale=true' : ''
    return `WWW-Authenticate: Digest realm="${realm}", qop="auth,auth-int", algorithm=${this.#algorithm}, nonce="${nonce}"${flag}`
  }

  #isProof({ method, path }: ParsedRequest, given: string): boolean {
    const param = (name: string): string =>
      new RegExp(`[ ,]${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^,]*))`).exec(given)?.slice(1).join('') ?? ''
    const [nonce, count, cnonce] = [param('nonce'), param('nc'), param('cnonce')]
    const counts = this.#nonces.get(nonce)
    if (counts === undefined) return false
    const hash = (text: string): string =>
      createHash(ALGORITHMS[this.#algorithm]).update(text, 'latin1').digest('hex')
    const key = hash(`user:${REALM}:${this.#origin}`)
    const proof = hash(`${key}:${nonce}:${count}:${cnonce}:auth:${hash(`${method}:${path}`)}`)
    if (param('response') !== proof) throw new Error(`a wrong proof for ${method} ${path}: ${given}`)
    if (counts.has(count)) throw new Error(`the count ${count} comes twice with one nonce`)
    counts.add(count)
    return true
  }
}
