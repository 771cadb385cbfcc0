import { createRequire } from 'node:module'
import type * as ToughCookie from 'tough-cookie'

const require = createRequire(import.meta.url)
let loaded: typeof ToughCookie | null = null

/**
 * tough-cookie, loaded when first asked for: with its list of public suffixes it takes about as long as an
 * empty Node takes to start, and most clients keep no cookies. By `require`, because jars are made and
 * asked synchronously.
 */
export function toughCookie(): typeof ToughCookie {
  loaded ??= require('tough-cookie') as typeof ToughCookie
  return loaded
}
