import { createHash, randomUUID } from '../../core/crypto.ts'

/**
 * A name for credentials, equal for equal ones. It is written to disk with what they were answered with,
 * so it is a hash; and where a function gives the token, nobody can say whose it will be: then it is one
 * that no other process has.
 */
export function identityOf(kind: string, ...secrets: readonly (string | null)[]): string {
  if (secrets.includes(null)) return `${kind} ${randomUUID()}`
  return createHash('sha256')
    .update(JSON.stringify([kind, ...secrets]))
    .digest('base64url')
}
