import type { AuthOption } from '../index.ts'
import { checkByClient } from './check-by-client.ts'
import { usageError } from './cli-error.ts'

/** What -u and its like were given. */
export interface CredentialFlags {
  readonly user?: string
  readonly digest?: boolean
  readonly oauth2Bearer?: string
}

/** A name and a password at the first colon, as curl and RFC 7617 have it. */
export interface Login {
  readonly username: string
  readonly password: string
}

/**
 * The credentials for the origins of the list; undefined for none. Without `origins`: a request that
 * brings them sends them to its own origin, and to no other that it is redirected to.
 */
export function readCredentials(
  { user, digest, oauth2Bearer }: CredentialFlags,
  hasAuthorization: boolean,
): AuthOption | undefined {
  if (digest === true && user === undefined) throw usageError('--digest needs a name and a password; add -u')
  if (user === undefined && oauth2Bearer === undefined) return undefined
  if (user !== undefined && oauth2Bearer !== undefined) {
    throw usageError('there are two kinds of credentials, by -u and --oauth2-bearer; give one')
  }
  const flag = user === undefined ? '--oauth2-bearer' : '-u'
  if (hasAuthorization) throw usageError(`Authorization is given twice, by ${flag} and -H; give one`)
  const auth = user === undefined ? { bearer: oauth2Bearer! } : loginAuth(readLogin('-u', user), digest)
  checkByClient(flag, { auth: { ...auth, origins: ['http://localhost'] } })
  return auth
}

function loginAuth(login: Login, digest = false): AuthOption {
  return digest ? { digest: login } : { basic: login }
}

/** Throws a CliError that does not show what was given. */
export function readLogin(flag: string, text: string): Login {
  const colon = text.indexOf(':')
  if (colon !== -1) return { username: text.slice(0, colon), password: text.slice(colon + 1) }
  throw usageError(
    `${flag} has no password, and none is asked for; write name:password, or name: for an empty one`,
  )
}
