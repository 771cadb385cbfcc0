import { createRequire } from 'node:module'
import type * as Pako from 'pako'

const require = createRequire(import.meta.url)
let loaded: typeof Pako | null = null

/**
 * pako, loaded when first asked for: only a simulated world decodes with it. By `require`, because a
 * decoder is made, and fed, synchronously.
 */
export function pako(): typeof Pako {
  loaded ??= require('pako') as typeof Pako
  return loaded
}
