import type { Clock } from '../../core/clock.ts'
import { ArgumentError, CredentialsError, type RequestError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Authenticator, Credentials, RefreshReason } from './authenticator.ts'
import { identityOf } from './identity.ts'
import type { Origins } from './origins.ts'

type TokenSource = () => string | Promise<string>
type Refresh = (why: RefreshReason) => string | Promise<string>

/** Where a client's calls get their token from, and the one they use now. */
export class BearerAuth implements Credentials {
  readonly identity: string
  readonly #origins: Origins
  readonly #clock: Clock
  readonly #source: TokenSource | null
  readonly #refresh: Refresh | null
  #token = ''
  /** A token is on its way, and whoever needs one waits for it. */
  #pending: Promise<void> | null = null

  /** Throws ArgumentError when a token given as text cannot be sent. */
  constructor(bearer: string | TokenSource, refresh: Refresh | null, origins: Origins, clock: Clock) {
    this.identity = identityOf('bearer', typeof bearer === 'string' ? bearer : null)
    this.#origins = origins
    this.#clock = clock
    this.#source = typeof bearer === 'function' ? bearer : null
    this.#refresh = refresh ?? this.#source
    if (typeof bearer !== 'string') return
    const wrong = whatIsWrong(bearer)
    if (wrong !== '') throw new ArgumentError(`auth.bearer: the token ${wrong}`)
    this.#token = bearer
  }

  forCall(): Authenticator {
    return new BearerCall(this)
  }

  isFor(origin: string): boolean {
    return this.#origins.has(origin)
  }

  /** '' while there is no token. */
  get field(): string {
    return this.#token === '' ? '' : `Bearer ${this.#token}`
  }

  get renewing(): boolean {
    return this.#pending !== null
  }

  get renewable(): boolean {
    return this.#refresh !== null
  }

  /** The token that is on its way; else the first. null: there is one, and nothing to wait for. */
  first(): Promise<void> | null {
    if (this.#pending !== null) return ownError(this.#pending)
    if (this.#token !== '' || this.#source === null) return null
    return ownError(this.#ask('bearer()', this.#source))
  }

  /** A new token: the one that is on its way, or else asked for now. */
  renew(why: RefreshReason): Promise<void> {
    const refresh = this.#refresh!
    return ownError(this.#pending ?? this.#ask('refresh()', () => refresh(why)))
  }

  #ask(what: string, source: TokenSource): Promise<void> {
    this.#pending = this.#obtain(what, source)
    return this.#pending
  }

  async #obtain(what: string, source: TokenSource): Promise<void> {
    try {
      this.#token = await this.#limited(what, source)
    } finally {
      this.#pending = null
    }
  }

  /** The user's function may hang: every call to these origins would wait for it. */
  async #limited(what: string, source: TokenSource): Promise<string> {
    const limit = LIMITS.tokenTimeout
    let cancel: () => void
    const late = new Promise<never>((_resolve, reject) => {
      const refuse = (): void =>
        reject(new CredentialsError(`no token: ${what} gave none within ${limit} ms`))
      cancel = this.#clock.after(limit, refuse)
    })
    try {
      const token = await Promise.race([called(what, source), late])
      const wrong = whatIsWrong(token)
      if (wrong !== '') throw new CredentialsError(`no token: what ${what} gave ${wrong}`)
      return token
    } finally {
      cancel!()
    }
  }
}

async function called(what: string, source: TokenSource): Promise<string> {
  try {
    return await source()
  } catch (error) {
    throw new CredentialsError(`no token: ${what} failed`, error)
  }
}

/** One call's part: at most one refresh, and at most one more go with what others have got meanwhile. */
class BearerCall implements Authenticator {
  readonly #auth: BearerAuth
  #renewed = false
  #caughtUp = false

  constructor(auth: BearerAuth) {
    this.#auth = auth
  }

  authorization(origin: string): string {
    return this.#auth.isFor(origin) ? this.#auth.field : ''
  }

  prepare(origin: string): Promise<void> | null {
    return this.#auth.isFor(origin) ? this.#auth.first() : null
  }

  /** Any 401: many servers send no WWW-Authenticate, or not one of Bearer. */
  challenged(
    origin: string,
    _method: string,
    path: string,
    _fields: readonly string[],
    used: string,
  ): boolean | Promise<boolean> {
    const auth = this.#auth
    if (used === '' || !auth.isFor(origin)) return false
    if (used !== auth.field && !auth.renewing) {
      // Late: the token that was refused is not in use any more.
      const again = !this.#caughtUp
      this.#caughtUp = true
      return again
    }
    if (this.#renewed || !auth.renewable) return false
    this.#renewed = true
    return auth.renew({ status: 401, url: origin + path }).then(() => auth.field !== used)
  }
}

/** An error for each that waits: it will say which request it is about. */
async function ownError(pending: Promise<void>): Promise<void> {
  try {
    await pending
  } catch (error) {
    const { message, cause } = error as RequestError
    throw new CredentialsError(message, cause)
  }
}

/** '' when the token can be sent; else how it cannot, without the token. */
function whatIsWrong(token: unknown): string {
  if (typeof token !== 'string') return `is a ${typeof token}; a token is a string`
  if (token === '') return 'is empty'
  if (token.length > LIMITS.maxTokenSize) return `has more than ${LIMITS.maxTokenSize} characters`
  if (/^[\u0021-\u007e]+$/.test(token)) return ''
  return 'has a blank, a line end or a character outside ASCII; trim it, or encode it'
}
