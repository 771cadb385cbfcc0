import { randomBytes } from '../../core/crypto.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Authenticator, Credentials } from './authenticator.ts'
import { digestField, digestKey, pickDigest, type DigestChallenge, type Login } from './digest.ts'
import { identityOf } from './identity.ts'
import { ProtectionSpace } from './protection-space.ts'
import type { Origins } from './origins.ts'

/** The count goes in eight hex digits (RFC 7616 section 3.4). */
const MAX_COUNT = 0xffffffff

/** A name and a password, and what servers have said about how to prove them. */
export class DigestAuth implements Credentials {
  readonly identity: string
  readonly #login: Login
  readonly #origins: Origins
  /** Oldest first, by origin and realm. */
  readonly #spaces = new Map<string, Proof>()

  constructor(login: Login, origins: Origins) {
    this.#login = login
    this.identity = identityOf('digest', login.username, login.password)
    this.#origins = origins
  }

  forCall(): Authenticator {
    return new DigestCall(this)
  }

  isFor(origin: string): boolean {
    return this.#origins.has(origin)
  }

  /** '' while the server has not asked. With what it has told before, no request need be sent twice. */
  field(origin: string, method: string, path: string): string {
    const proof = this.#proofFor(origin, path)
    if (proof === null || proof.count >= MAX_COUNT) return ''
    const { challenge, key, cnonce } = proof
    return digestField(challenge, this.#login.username, key, { method, path, count: ++proof.count, cnonce })
  }

  /** The newest nonce wins: some servers know but one. */
  learn(origin: string, path: string, challenge: DigestChallenge): void {
    const name = `${origin} ${challenge.realm}`
    const space = this.#spaces.get(name)?.space ?? new ProtectionSpace(origin)
    space.extend(path, challenge.domain)
    // One cnonce for a nonce: servers disagree on whose session key counts, the first request's or each one's.
    const cnonce = randomBytes(18).toString('base64')
    const key = digestKey(challenge, this.#login, cnonce)
    this.#spaces.delete(name)
    this.#spaces.set(name, { space, challenge, key, cnonce, count: 0 })
    if (this.#spaces.size <= LIMITS.maxProtectionSpaces) return
    const [oldest] = this.#spaces.keys()
    this.#spaces.delete(oldest!)
  }

  /** The server refused the proof: the next call asks first, and fails once, not twice. */
  forget(origin: string, realm: string): void {
    this.#spaces.delete(`${origin} ${realm}`)
  }

  #proofFor(origin: string, path: string): Proof | null {
    if (!this.#origins.has(origin)) return null
    let best: Proof | null = null
    let most = -1
    for (const proof of this.#spaces.values()) {
      const fit = proof.space.fit(origin, path)
      if (fit < 0 || fit < most) continue
      best = proof
      most = fit
    }
    return best
  }
}

interface Proof {
  readonly space: ProtectionSpace
  readonly challenge: DigestChallenge
  readonly key: string
  readonly cnonce: string
  /** Requests that have carried this nonce: the server wants each number once. */
  count: number
}

/**
 * One call's part. Each place it comes to may ask once; and once more, when the nonce was too old.
 * A nonce from before the call may be refused without a word of that, as some servers do.
 */
class DigestCall implements Authenticator {
  readonly #auth: DigestAuth
  #place = ''
  #tries = 0

  constructor(auth: DigestAuth) {
    this.#auth = auth
  }

  authorization(origin: string, method: string, path: string): string {
    return this.#auth.field(origin, method, path)
  }

  prepare(): null {
    return null
  }

  challenged(origin: string, _method: string, path: string, wwwAuthenticate: readonly string[]): boolean {
    if (!this.#auth.isFor(origin)) return false
    const challenge = pickDigest(wwwAuthenticate)
    if (challenge === null) return false
    // A redirect leads to another place; how many there may be, maxRedirects says.
    if (this.#place !== origin + path) this.#tries = 0
    this.#place = origin + path
    const again = this.#tries === 0 || (this.#tries === 1 && challenge.stale)
    this.#tries++
    if (again) this.#auth.learn(origin, path, challenge)
    else this.#auth.forget(origin, challenge.realm)
    return again
  }
}
