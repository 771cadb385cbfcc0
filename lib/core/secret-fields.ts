/** Fields whose values are not for a log, lower case. */
export const SECRET_FIELDS: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
]

/** What stands in a log in place of a secret. */
export const HIDDEN = '[hidden]'
