import { ArgumentError } from '../../core/errors.ts'
import type { Authenticator, Credentials } from './authenticator.ts'
import { identityOf } from './identity.ts'
import type { Origins } from './origins.ts'

/** The value of an Authorization field by RFC 7617: UTF-8. Throws ArgumentError for what it cannot say. */
export function basicField(username: string, password: string): string {
  if (username.includes(':')) {
    throw new ArgumentError(
      'auth.basic: the username has a colon, where the password would begin (RFC 7617 section 2); use another name',
    )
  }
  checkText('auth.basic: the username', username)
  checkText('auth.basic: the password', password)
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** RFC 7617 section 2 and RFC 7616 section 3.4 have no control characters. The value is never told. */
export function checkText(what: string, text: unknown): void {
  if (typeof text !== 'string') throw new ArgumentError(`${what} is a ${typeof text}; give a string`)
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (!/[\u0000-\u001f\u007f]/.test(text)) return
  throw new ArgumentError(`${what} has a control character, such as the line end of a file; trim it`)
}

/** Name and password, sent with every request. A 401 says that they are wrong. */
export class BasicAuth implements Credentials, Authenticator {
  readonly identity: string
  readonly #origins: Origins
  readonly #field: string

  constructor(username: string, password: string, origins: Origins) {
    this.#field = basicField(username, password)
    this.identity = identityOf('basic', username, password)
    this.#origins = origins
  }

  forCall(): Authenticator {
    return this
  }

  authorization(origin: string): string {
    return this.#origins.has(origin) ? this.#field : ''
  }

  prepare(): null {
    return null
  }

  challenged(): boolean {
    return false
  }
}
