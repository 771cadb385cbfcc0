import type { Clock } from '../../core/clock.ts'
import { ArgumentError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { ownOptions } from '../../core/own-options.ts'
import { anything, func, object, readOptions, type Check } from '../request/options.ts'
import type { AuthOption, Credentials, RefreshReason } from './authenticator.ts'
import { BasicAuth, checkText } from './basic.ts'
import { BearerAuth } from './bearer.ts'
import { DigestAuth } from './digest-auth.ts'
import type { Login } from './digest.ts'
import { readOrigins } from './origins.ts'

/** All kinds at once, as they come out of `readOptions`. */
interface AuthOptions {
  readonly basic?: Login | undefined
  readonly bearer?: string | (() => string | Promise<string>) | undefined
  readonly digest?: Login | undefined
  readonly refresh?: ((why: RefreshReason) => string | Promise<string>) | undefined
  readonly origins?: unknown
}

const checks: ReadonlyMap<string, Check> = new Map([
  ['basic', object],
  ['bearer', bearerCheck],
  ['digest', object],
  ['refresh', func],
  ['origins', anything],
])
const loginChecks: ReadonlyMap<string, Check> = new Map([
  ['username', anything],
  ['password', anything],
])

/**
 * Makes credentials of the option `auth`. `defaultOrigin`: the one of `baseUrl`, or of the request;
 * null: neither. Throws ArgumentError, which never tells a secret.
 */
export function readAuth(given: AuthOption, defaultOrigin: string | null, clock: Clock): Credentials {
  const options = readOptions<AuthOptions>('auth', given, checks)
  const { basic, bearer, digest, refresh } = options
  if ([basic, bearer, digest].filter((one) => one !== undefined).length !== 1) {
    throw new ArgumentError(
      'option auth must have one of basic, bearer and digest; give one client or request each',
    )
  }
  if (refresh !== undefined && bearer === undefined) {
    throw new ArgumentError('option auth.refresh gives bearer tokens; give it with bearer, or leave it out')
  }
  const origins = readOrigins(options.origins, defaultOrigin)
  if (bearer !== undefined) return new BearerAuth(bearer, refresh ?? null, origins, clock)
  if (basic !== undefined) {
    const { username, password } = readLogin('auth.basic', basic)
    return new BasicAuth(username, password, origins)
  }
  return new DigestAuth(readLogin('auth.digest', digest!), origins)
}

function readLogin(where: string, given: Login): Login {
  const { username, password } = readOptions(where, given, loginChecks)
  checkText(`${where}: the username`, username)
  checkText(`${where}: the password`, password)
  return { username, password }
}

function bearerCheck(_name: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'function') return
  throw new ArgumentError(
    `option auth.bearer is a ${typeof value}; give a token, or a function that gives one`,
  )
}

/**
 * Credentials that requests bring. One object given with many requests is one set of credentials: a
 * nonce or a token that one of them got is known to the next.
 */
export class RequestCredentials {
  readonly #clock: Clock
  readonly #known = new WeakMap<AuthOption, Map<string, Known>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `origin`: the request's. Throws ArgumentError. */
  get(given: AuthOption, origin: string): Credentials {
    if (typeof given !== 'object' || given === null) return readAuth(given, origin, this.#clock)
    const content = contentOf(given)
    const byOrigin = this.#known.get(given) ?? new Map<string, Known>()
    const known = byOrigin.get(origin)
    if (known !== undefined && known.content.every((part, i) => part === content[i])) return known.credentials
    const credentials = readAuth(given, origin, this.#clock)
    if (byOrigin.size >= LIMITS.maxProtectionSpaces) byOrigin.clear()
    byOrigin.set(origin, { content, credentials })
    this.#known.set(given, byOrigin)
    return credentials
  }
}

interface Known {
  readonly content: readonly unknown[]
  readonly credentials: Credentials
}

/** What makes it other credentials when it changes in the same object. */
function contentOf(given: AuthOptions): unknown[] {
  const { basic, bearer, digest, refresh, origins } = ownOptions(given)
  const login = basic ?? digest
  const list = Array.isArray(origins) ? origins.join(' ') : origins
  return [basic === undefined, login?.username, login?.password, bearer, refresh, list]
}
