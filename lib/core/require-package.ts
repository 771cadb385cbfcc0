import { createRequire } from 'node:module'
import { ArgumentError } from './errors.ts'

// Here and now: later, with a polluted prototype, Node takes no URL for a module. Null where a bundler has left none.
const requireNow = makeRequire()

/**
 * One of our dependencies, loaded when it is first needed, by those who cannot wait for `import()`. Throws
 * ArgumentError where it is not to be found: bundlers do not follow this.
 */
export function requirePackage(name: 'pako' | 'tough-cookie'): unknown {
  try {
    if (requireNow !== null) return requireNow(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
  }
  throw new ArgumentError(
    `the package ${name} is not where trawl is: install it there, or keep trawl out of the bundle (as an external)`,
  )
}

function makeRequire(): NodeJS.Require | null {
  try {
    return createRequire(import.meta.url)
  } catch {
    return null
  }
}
