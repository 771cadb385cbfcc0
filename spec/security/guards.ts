import type { Guard } from './guard.ts'
import { ANSWER_GUARDS } from './guards-answers.ts'
import { CONNECTION_GUARDS, PLACE_GUARDS, REQUEST_GUARDS } from './guards-requests.ts'
import { FILE_GUARDS, SECRET_GUARDS } from './guards-secrets.ts'

/** Each is taken away in turn by `without-guards.ts`: its spec must fail then. */
export const GUARDS: readonly Guard[] = [
  ...REQUEST_GUARDS,
  ...PLACE_GUARDS,
  ...CONNECTION_GUARDS,
  ...ANSWER_GUARDS,
  ...SECRET_GUARDS,
  ...FILE_GUARDS,
]
