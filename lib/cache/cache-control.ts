/**
 * Cache-Control, of a request or a response (RFC 9111 section 5.2). Times are seconds; -1: not there.
 * A time that is no number counts as 0: "consider responses that have invalid freshness
 * information to be stale" (section 4.2.1). Of a repeated directive the first counts.
 */
export interface CacheControl {
  /** false: the text breaks the grammar, so that nothing it says can be trusted. */
  readonly valid: boolean
  readonly maxAge: number
  readonly minFresh: number
  /** Infinity: any staleness will do. */
  readonly maxStale: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly noStore: boolean
  readonly noCache: boolean
  /** The fields of `no-cache="..."`, lower case: these alone must not be used unvalidated. */
  readonly noCacheFields: readonly string[]
  readonly onlyIfCached: boolean
  readonly mustRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly isPublic: boolean
  readonly isPrivate: boolean
}

/** 2^31 s, which RFC 9111 section 1.2.2 lets stand for anything larger. */
const MOST_SECONDS = 2_147_483_648

const NO_FIELDS: readonly string[] = []

class Parsed implements CacheControl {
  valid = true
  maxAge = -1
  minFresh = -1
  maxStale = -1
  staleWhileRevalidate = -1
  staleIfError = -1
  noStore = false
  noCache = false
  noCacheFields: readonly string[] = NO_FIELDS
  onlyIfCached = false
  mustRevalidate = false
  mustUnderstand = false
  isPublic = false
  isPrivate = false
}

export const NO_DIRECTIVES: CacheControl = new Parsed()

/**
 * One directive and the comma after it, or the end: name, token value, quoted value. The blanks behind it belong
 * to it: with none there, two runs of blanks side by side would be shared out in every way (60 KB took 10 s).
 */
const DIRECTIVE =
  /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)(?:=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*)?(?:,|$)/y

/** Never throws. `text` is all Cache-Control fields joined by commas; null: there is none. */
export function parseCacheControl(text: string | null): CacheControl {
  if (text === null) return NO_DIRECTIVES
  const parsed = new Parsed()
  DIRECTIVE.lastIndex = 0
  while (DIRECTIVE.lastIndex < text.length) {
    const match = DIRECTIVE.exec(text)
    if (match === null) {
      salvage(parsed, text)
      return parsed
    }
    if (match[1] !== undefined) apply(parsed, match[1].toLowerCase(), match[2] ?? unquote(match[3]))
  }
  return parsed
}

/** The text is broken: what forbids is believed all the same. */
function salvage(parsed: Parsed, text: string): void {
  parsed.valid = false
  if (/no-store/i.test(text)) parsed.noStore = true
  if (/no-cache/i.test(text)) parsed.noCache = true
}

function apply(parsed: Parsed, name: string, value: string | undefined): void {
  switch (name) {
    case 'max-age':
      if (parsed.maxAge === -1) parsed.maxAge = seconds(value)
      break
    case 'min-fresh':
      if (parsed.minFresh === -1) parsed.minFresh = seconds(value)
      break
    case 'max-stale':
      if (parsed.maxStale === -1) parsed.maxStale = value === undefined ? Infinity : seconds(value)
      break
    case 'stale-while-revalidate':
      if (parsed.staleWhileRevalidate === -1) parsed.staleWhileRevalidate = seconds(value)
      break
    case 'stale-if-error':
      if (parsed.staleIfError === -1) parsed.staleIfError = seconds(value)
      break
    case 'no-cache':
      applyNoCache(parsed, value)
      break
    default:
      applyFlag(parsed, name)
  }
}

function applyFlag(parsed: Parsed, name: string): void {
  switch (name) {
    case 'no-store':
      parsed.noStore = true
      break
    case 'only-if-cached':
      parsed.onlyIfCached = true
      break
    case 'must-revalidate':
      parsed.mustRevalidate = true
      break
    case 'must-understand':
      parsed.mustUnderstand = true
      break
    case 'public':
      parsed.isPublic = true
      break
    case 'private':
      // With or without field names: they forbid shared caches, and this one is private.
      parsed.isPrivate = true
      break
    default:
    // s-maxage and proxy-revalidate are for shared caches; `immutable` spares a reload that
    // we only do when asked; what we do not know must be ignored (section 5.2.3).
  }
}

function applyNoCache(parsed: Parsed, value: string | undefined): void {
  const fields = (value ?? '').split(',').map((name) => name.trim().toLowerCase())
  // An empty or odd list says less than it meant: then the whole response is not to be used.
  if (fields.every((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name))) {
    parsed.noCacheFields = [...parsed.noCacheFields, ...fields]
  } else {
    parsed.noCache = true
  }
}

function seconds(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), MOST_SECONDS) : 0
}

function unquote(value: string | undefined): string | undefined {
  return value?.replaceAll(/\\(.)/g, '$1')
}
