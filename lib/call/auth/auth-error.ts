import { RequestError } from '../../core/errors.ts'

/** The user's own function gave no token. Each call that waited gets an error of its own. */
export function credentialsError(message: string, cause?: unknown): RequestError {
  return new RequestError('ERR_STATUS', message, cause)
}
