import type * as Pako from 'pako'
import { requirePackage } from '../../core/require-package.ts'

let loaded: typeof Pako | null = null

/** pako, loaded when first asked for: only a simulated world decodes with it. A decoder is made, and fed, synchronously. */
export function pako(): typeof Pako {
  loaded ??= requirePackage('pako') as typeof Pako
  return loaded
}
