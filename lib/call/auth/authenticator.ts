/** Why a token is asked for anew. */
export interface RefreshReason {
  /** The status that refused the token: 401. */
  readonly status: number
  /** What was asked for. */
  readonly url: string
}

/**
 * Credentials, and the origins they are sent to: by default the one of `baseUrl`, or of the request
 * that brings them. No other origin ever sees them, redirects included.
 */
export type AuthOption =
  | {
      /** RFC 7617: name and password with every request, as UTF-8. */
      readonly basic: { readonly username: string; readonly password: string }
      readonly origins?: readonly string[] | undefined
    }
  | {
      /** RFC 6750: a token, or what gives one; asked when first needed, and kept. */
      readonly bearer: string | (() => string | Promise<string>)
      /**
       * Gives a new token once the server has answered 401 to the old: once for all calls that wait. A
       * function as `bearer` does the same where this is not given.
       */
      readonly refresh?: ((why: RefreshReason) => string | Promise<string>) | undefined
      readonly origins?: readonly string[] | undefined
    }
  | {
      /** RFC 7616: answers the server's challenge; the password itself is never sent. */
      readonly digest: { readonly username: string; readonly password: string }
      readonly origins?: readonly string[] | undefined
    }

/** What one call asks of the credentials it has. One for each call; it counts what the call has tried. */
export interface Authenticator {
  /**
   * The Authorization field's value for this exchange, or '' when none is known yet or the origin is
   * not one it was given for. Asked each time an exchange is sent: a digest counts.
   */
  authorization(origin: string, method: string, path: string): string
  /** What must be waited for before the first sending; null: nothing. Rejects with a RequestError. */
  prepare(origin: string): Promise<void> | null
  /**
   * A 401 came to what was sent with `used`. Whether to send once more, with what is known now; false:
   * the 401 is the answer. Says true a bounded number of times. Rejects with a RequestError.
   */
  challenged(
    origin: string,
    method: string,
    path: string,
    wwwAuthenticate: readonly string[],
    used: string,
  ): boolean | Promise<boolean>
}

/** Credentials with all that has been learned about them, shared by calls. */
export interface Credentials {
  /** Equal for equal ones, and no secret in itself: answers to the one are not for the other. */
  readonly identity: string
  forCall(): Authenticator
}
