import type { ExchangeRequest } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { LIMITS } from '../core/limits.ts'
import { HIDDEN, SECRET_FIELDS } from '../core/secret-fields.ts'

/** The fields of one message, as JSON: the items of its arrays, without their brackets. */
export interface HarFields {
  readonly headers: string
  readonly cookies: string
  /** The value of Content-Type; '' for none. */
  readonly type: string
  /** The value of Location; '' for none. */
  readonly location: string
  /** Bytes of their lines, with one blank behind each colon and CR LF at each end. */
  readonly size: number
}

/** What is known of a field by its name. */
interface FieldName {
  readonly lower: string
  /** The beginning of its item, up to the value. */
  readonly json: string
  readonly isSecret: boolean
}

/** A cookie's name and value. */
type Pair = readonly [name: string, value: string]

/** Turns fields into JSON, without their secrets. Most requests and many names come again: they are remembered. */
export class HarFieldTexts {
  readonly #shows: boolean
  readonly #secrets: ReadonlySet<string>
  readonly #names = new Map<string, FieldName>()
  readonly #requests = new Map<string, { fields: HarFields; secrets: ReadonlySet<string> | undefined }>()

  /** `secrets`: names of fields to be blanked besides the usual ones; false: nothing is blanked. */
  constructor(secrets: readonly string[] | false) {
    this.#shows = secrets === false
    const names = secrets === false ? [] : [...SECRET_FIELDS, ...secrets.map((name) => name.toLowerCase())]
    this.#secrets = new Set(names)
  }

  /** `own`: the lines of this sending alone. */
  ofRequest({ fields, secretFields }: ExchangeRequest, own: string): HarFields {
    if (own !== '') return this.#parse(pairsOf(fields + own), secretFields)
    const known = this.#requests.get(fields)
    if (known !== undefined && known.secrets === secretFields) return known.fields
    const made = this.#parse(pairsOf(fields), secretFields)
    if (this.#requests.size >= LIMITS.maxHarTexts) this.#requests.clear()
    this.#requests.set(fields, { fields: made, secrets: secretFields })
    return made
  }

  ofResponse({ raw }: Headers, { secretFields }: ExchangeRequest): HarFields {
    return this.#parse(raw, secretFields)
  }

  /** `raw`: names and values in turn. */
  #parse(raw: readonly string[], secretFields: ReadonlySet<string> | undefined): HarFields {
    let headers = ''
    let cookies = ''
    let type = ''
    let location = ''
    let size = 0
    for (let i = 0; i < raw.length; i += 2) {
      const name = this.#name(raw[i]!)
      const value = raw[i + 1]!
      size += raw[i]!.length + value.length + 4
      const isHidden = !this.#shows && (name.isSecret || secretFields?.has(name.lower) === true)
      const isLocation = name.lower === 'location'
      const shown = isHidden ? HIDDEN : isLocation && !this.#shows ? withoutUser(value) : value
      headers += `${headers === '' ? '' : ','}${name.json}${JSON.stringify(shown)}}`
      if (name.lower === 'content-type') type = shown
      else if (isLocation) location = shown
      else if (name.lower === 'cookie') cookies += this.#cookies(value)
      else if (name.lower === 'set-cookie') cookies += this.#setCookie(value)
    }
    return { headers, cookies: cookies.slice(1), type, location, size }
  }

  #name(name: string): FieldName {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const lower = name.toLowerCase()
    const json = `{"name":${JSON.stringify(name)},"value":`
    const made = { lower, json, isSecret: this.#secrets.has(lower) }
    if (this.#names.size >= LIMITS.maxHarTexts) this.#names.clear()
    this.#names.set(name, made)
    return made
  }

  #cookies(value: string): string {
    const items = value.split(';').map((part) => `,${JSON.stringify(this.#cookie(pairOf(part)))}`)
    return items.join('')
  }

  #setCookie(value: string): string {
    const [first, ...attributes] = value.split(';').map(pairOf) as [Pair, ...Pair[]]
    const cookie: Record<string, unknown> = this.#cookie(first)
    for (const [name, text] of attributes) {
      const lower = name.toLowerCase()
      if (lower === 'path' || lower === 'domain') cookie[lower] = text
      else if (lower === 'secure') cookie['secure'] = true
      else if (lower === 'httponly') cookie['httpOnly'] = true
      else if (lower === 'expires') {
        const time = Date.parse(text)
        if (!Number.isNaN(time)) cookie['expires'] = new Date(time).toISOString()
      }
    }
    return `,${JSON.stringify(cookie)}`
  }

  #cookie([name, value]: Pair): { name: string; value: string } {
    return { name, value: this.#shows ? value : HIDDEN }
  }
}

/** A URL, or the end of one, without its user and password: browsers end both at the last @ of the authority. */
function withoutUser(value: string): string {
  const [, start, rest] = /^([^/\\?#]*[/\\]{2})([^/\\?#]*)/u.exec(value) ?? []
  if (start === undefined || !rest!.includes('@')) return value
  return start + rest!.slice(rest!.lastIndexOf('@') + 1) + value.slice(start.length + rest!.length)
}

/** Lines as the serializer made them: `Name: value`, each with its CR LF. */
function pairsOf(fields: string): string[] {
  const raw: string[] = []
  for (let at = 0; at < fields.length;) {
    const end = fields.indexOf('\r\n', at)
    const colon = fields.indexOf(':', at)
    raw.push(fields.slice(at, colon), fields.slice(colon + 1, end).trim())
    at = end + 2
  }
  return raw
}

function pairOf(part: string): Pair {
  const at = part.indexOf('=')
  return at === -1 ? [part.trim(), ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
}
