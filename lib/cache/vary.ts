import { hash } from '../core/crypto.ts'

/** Fields whose values may be kept as they are: nobody's secrets. All others are hashed. */
const PLAIN = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'origin',
])
/** Values of these mean the same in any case (RFC 9110 section 12.5). */
const CASELESS = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])
const LONGEST_PLAIN = 256

/**
 * The names that Vary lists: lower case, sorted, joined by commas; '' for none, null when no request
 * can be known to match: `*`, or what is no list of names (RFC 9111 section 4.1).
 */
export function varyNames(text: string | null): string | null {
  if (text === null) return ''
  const names = new Set<string>()
  for (const part of text.split(',')) {
    const name = part.trim().toLowerCase()
    if (name === '*' || !/^[!#$%&'*+.^_`|~\w-]*$/.test(name)) return null
    if (name !== '') names.add(name)
  }
  return [...names].toSorted().join(',')
}

/** A request's values of the fields in `vary`, in a form that is equal where they mean the same. */
export function variantOf(vary: string, field: (name: string) => string | null): string {
  if (vary === '') return ''
  if (!vary.includes(',')) return valueOf(vary, field(vary))
  return vary
    .split(',')
    .map((name) => valueOf(name, field(name)))
    .join('\n')
}

function valueOf(name: string, value: string | null): string {
  if (value === null) return '-'
  if (!PLAIN.has(name)) return hashed(name, normalise(value))
  // A client sends the same Accept-Encoding with every request.
  const last = lastValues.get(name)
  if (last?.value === value) return last.result
  const normal = CASELESS.has(name) ? normalise(value).toLowerCase() : normalise(value)
  const result = normal.length <= LONGEST_PLAIN ? `=${normal}` : hashed(name, normal)
  lastValues.set(name, { value, result })
  return result
}

/** Of each name in `PLAIN`, the last value and what became of it. */
const lastValues = new Map<string, { readonly value: string; readonly result: string }>()

function hashed(name: string, normal: string): string {
  return `#${hash('sha256', `${name}:${normal}`, 'base64url')}`
}

/** Blanks around commas and at the ends mean nothing in a list. Inside quotes they do. */
function normalise(value: string): string {
  if (value.includes('"')) return value.trim()
  return value
    .split(',')
    .map((part) => part.trim())
    .join(',')
}
