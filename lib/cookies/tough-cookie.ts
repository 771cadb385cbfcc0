import type * as ToughCookie from 'tough-cookie'
import { requirePackage } from '../core/require-package.ts'

let loaded: typeof ToughCookie | null = null

/**
 * tough-cookie, loaded when first asked for: with its list of public suffixes it takes about as long as an
 * empty Node takes to start, and most clients keep no cookies. Jars are made and asked synchronously.
 */
export function toughCookie(): typeof ToughCookie {
  loaded ??= requirePackage('tough-cookie') as typeof ToughCookie
  return loaded
}

/**
 * Loads it, as whoever makes jars wants them soon: later, others may have changed what loading a module relies on,
 * such as Object.prototype. What fails here fails again, and is told, where it is needed.
 */
export function loadToughCookie(): void {
  try {
    toughCookie()
  } catch {
    // Told later.
  }
}
