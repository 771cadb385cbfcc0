import { expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { requirePackage } from '../../lib/core/require-package.ts'

it('loads a dependency', () => {
  expect(requirePackage('tough-cookie')).toHaveProperty('CookieJar')
})

it('says what to do about one that is not there', () => {
  const error = new ArgumentError(
    'the package tough-cookies is not where trawl is: install it there, or keep trawl out of the bundle (as an external)',
  )
  expect(() => requirePackage('tough-cookies' as 'tough-cookie')).toThrow(error)
})
