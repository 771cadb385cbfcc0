/** Places remembered where no domain tells them; the rest of the origin is tried all the same. */
const MAX_PLACES = 16

/** The URIs that one challenge is for (RFC 7616 section 3.3, `domain`). */
export class ProtectionSpace {
  readonly #origin: string
  /** Prefixes of paths: those of the domain, and the folders where the challenge came. */
  readonly #places: string[] = []
  #wholeOrigin = true

  constructor(origin: string) {
    this.#origin = origin
  }

  /** The challenge came for `path`, and told this domain. */
  extend(path: string, domain: readonly string[]): void {
    this.#wholeOrigin = domain.length === 0
    for (const uri of domain) {
      // On other origins a server may ask for itself.
      const url = URL.parse(uri, this.#origin)
      if (url !== null && url.origin === this.#origin) this.#add(url.pathname)
    }
    this.#add(folderOf(path))
  }

  /** How well it fits: the length of the longest prefix; 0: on the whole origin; -1: not at all. */
  fit(origin: string, path: string): number {
    if (origin !== this.#origin) return -1
    let most = this.#wholeOrigin ? 0 : -1
    for (const place of this.#places) {
      if (place.length > most && path.startsWith(place)) most = place.length
    }
    return most
  }

  #add(place: string): void {
    if (this.#places.includes(place)) return
    if (this.#places.length === MAX_PLACES) this.#places.shift()
    this.#places.push(place)
  }
}

function folderOf(path: string): string {
  const query = path.indexOf('?')
  const end = query === -1 ? path.length : query
  return path.slice(0, path.lastIndexOf('/', end) + 1)
}
