/** Which cookies are meant: those that fit every part given. */
export interface CookieFilter {
  name?: string | undefined
  /** With or without leading dot: cookies for the host and those for the domain. */
  domain?: string | undefined
  path?: string | undefined
}

export function fitsFilter(filter: CookieFilter, name: string, domain: string, path: string): boolean {
  if (filter.name !== undefined && filter.name !== name) return false
  if (filter.path !== undefined && filter.path !== path) return false
  return filter.domain === undefined || filter.domain.replace(/^\./, '').toLowerCase() === domain
}
