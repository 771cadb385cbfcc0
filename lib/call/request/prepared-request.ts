import type { Jar } from '../../cookies/jar.ts'
import type { ExchangeRequest } from '../../core/exchange.ts'
import type { Credentials } from '../auth/authenticator.ts'
import type { CallRules } from '../rules.ts'
import type { RequestOptions } from './request-options.ts'

/** A request, ready for the scheduler, with what its call must know. */
export interface PreparedRequest extends ExchangeRequest {
  readonly rules: CallRules
  /** What stores the cookies of its answers; null: they are left alone. */
  readonly jar: Jar | null
  /** The jar's name; ''. */
  readonly jarName: string
  /** Whether the jar's cookies are sent: not where the user gave a Cookie field. */
  readonly sendsCookies: boolean
  readonly credentials: Credentials | null
  /** What the user gave, to make the requests after it from. */
  readonly options: RequestOptions
}
