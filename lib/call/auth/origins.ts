import { ArgumentError } from '../../core/errors.ts'
import { shownUrl } from '../../core/shown-url.ts'

/** The origins that credentials were given for, as `scheme://host[:port]`. */
export type Origins = ReadonlySet<string>

/** Origins that one set of credentials may be for; a list of a crawl's sites is a mistake. */
const MAX_ORIGINS = 1_000

/**
 * Reads `origins`. `defaultOrigin`: where the credentials go when none are given; null: there is
 * nothing that would say. Throws ArgumentError.
 */
export function readOrigins(given: unknown, defaultOrigin: string | null): Origins {
  if (given === undefined) {
    if (defaultOrigin !== null) return new Set([defaultOrigin])
    throw new ArgumentError(
      "option auth has no origins, and the client no baseUrl, so they would go to every server; give origins: ['https://example.com']",
    )
  }
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_ORIGINS) {
    throw new ArgumentError(
      `option auth.origins must be a list of 1 to ${MAX_ORIGINS} origins, as in ['https://example.com']`,
    )
  }
  return new Set(given.map((one: unknown) => readOrigin(one)))
}

function readOrigin(given: unknown): string {
  const url = typeof given === 'string' ? URL.parse(given) : null
  const plain =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    // A pattern is a host to the URL parser, and matches nothing.
    !url.hostname.includes('*') &&
    url.pathname + url.search + url.hash + url.username + url.password === '/'
  if (plain) return url.origin
  const shown = typeof given === 'string' ? JSON.stringify(shownUrl(given)) : `a ${typeof given}`
  throw new ArgumentError(
    `option auth.origins has ${shown}; an origin is scheme, host and port alone, as in https://example.com:8443`,
  )
}
