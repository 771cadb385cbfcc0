import { describe } from 'vitest'
import { whyNoSquid } from './squid.ts'

const missing = whyNoSquid()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  console.warn(`Specs against a real proxy are left out: ${missing}.`)
}

/** A `describe` for specs that need squid: without it they fail in CI, and are left out with a word elsewhere. */
export function describeWithSquid(name: string, body: () => void): void {
  // oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- handed on, checked by the types
  describe.skipIf(missing !== null)(name, body)
}
