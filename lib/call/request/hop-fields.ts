/** Fields that are about a body (RFC 9110 section 15.4), and what frames it; with all of `Content-*`. */
const BODY_FIELDS = new Set([
  'digest',
  'expect',
  'last-modified',
  'repr-digest',
  'trailer',
  'transfer-encoding',
])

function isAboutBody(name: string): boolean {
  return name.startsWith('content-') || BODY_FIELDS.has(name)
}

/** Fields that nobody but the origin they were meant for may see. */
export const SECRET_FIELDS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization']

/** How the fields of a request change on their way to the next. */
export interface FieldChanges {
  /** The next Host; the user's own is no longer right when the target is another. */
  readonly host: string | null
  readonly keepsBody: boolean
  /** Names, in lower case, that stay behind. */
  readonly without: ReadonlySet<string>
}

/**
 * The fields of the request after a redirect, out of those of the one before: serialised lines in,
 * serialised lines out, so that nothing gets past the serializer that has not passed it before.
 */
export function fieldsOfHop(fields: string, changes: FieldChanges): string {
  const kept: string[] = []
  for (const line of fields.split('\r\n')) {
    if (line === '') continue
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    if (changes.without.has(name) || (!changes.keepsBody && isAboutBody(name))) continue
    kept.push(name === 'host' && changes.host !== null ? `Host: ${changes.host}` : line)
  }
  return kept.length === 0 ? '' : `${kept.join('\r\n')}\r\n`
}

/** The value of a field out of serialised lines, several joined by a comma; `name` in lower case. */
export function fieldOf(fields: string, name: string): string | null {
  return indexFields(fields).get(name) ?? null
}

/** All of them, by name in lower case. */
export function indexFields(fields: string): ReadonlyMap<string, string> {
  const index = new Map<string, string>()
  for (const line of fields.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon === -1) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = index.get(name)
    index.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return index
}
