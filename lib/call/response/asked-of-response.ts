import { StatusError } from '../../core/errors.ts'
import type { Response } from './response.ts'
import type { CallRules } from '../rules.ts'
import type { StreamResponse } from './stream-response.ts'
import { isThenable } from '../thenable.ts'

/**
 * Whether a response is what its caller asked for: null: it is; else the error that it is not; a promise
 * where the caller's `validate` takes its time.
 */
export function judgeResponse(
  response: Response | StreamResponse,
  { expectSuccess, validate }: CallRules,
): Error | null | Promise<Error | null> {
  if (expectSuccess && !response.ok) {
    return new StatusError(response.status, response.statusText, response)
  }
  if (validate === null) return null
  try {
    const verdict = validate(response)
    return isThenable(verdict) ? Promise.resolve(verdict).then(() => null, toError) : null
  } catch (error) {
    return toError(error)
  }
}

/** Whatever was thrown: a call rejects with an Error. */
function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`validate threw ${String(thrown)}`, { cause: thrown })
}
