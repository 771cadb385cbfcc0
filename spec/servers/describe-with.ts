import { describe } from 'vitest'
import { type Program, whyNot } from './program.ts'

/** A `describe` for specs that need these: without them they fail in CI, and are left out with a word elsewhere. */
export function describeWith(programs: readonly Program[], name: string, body: () => void): void {
  const missing = programs.map(whyNot).filter((why) => why !== null)
  if (missing.length > 0) {
    if (process.env['CI'] !== undefined) throw new Error(missing.join('\n'))
    console.warn(`"${name}" is left out: ${missing.join('; ')}.`)
  }
  // oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- handed on, checked by the types
  describe.skipIf(missing.length > 0)(name, body)
}
