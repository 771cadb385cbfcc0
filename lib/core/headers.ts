const COLON = 58

/**
 * A response's fields. The codec hands over the text it has checked; it is split, lower-cased and
 * indexed only when somebody asks, because most answers of a crawl are never asked.
 */
export class Headers implements Iterable<[name: string, value: string]> {
  /** `Name: value` lines, each ended by LF or CR LF; checked by the codec, never by this class. */
  #text: string
  #raw: string[] | null = null
  #index: Map<string, string[]> | null = null

  constructor(text: string) {
    this.#text = text
  }

  /** Names and values in turn, in the server's order and case, as node:http gives them. */
  get raw(): string[] {
    if (this.#raw === null) {
      this.#raw = split(this.#text)
      this.#text = ''
    }
    return this.#raw
  }

  /**
   * As `get`, for whoever asks for one field of many heads: nothing is split and indexed for it. `name` in
   * lower case.
   */
  peek(name: string): string | null {
    return this.#raw === null ? find(this.#text, name) : this.get(name)
  }

  /** Whether `word` stands anywhere in the fields, just so. */
  mentions(word: string): boolean {
    return this.#raw === null ? this.#text.includes(word) : this.#raw.some((part) => part.includes(word))
  }

  /** The value of a field, in any case; several are joined by a comma, as fetch does. null: absent. */
  get(name: string): string | null {
    const values = this.#values(name)
    if (values === undefined) return null
    return values.length === 1 ? values[0]! : values.join(', ')
  }

  /** Each value of a field on its own: what Set-Cookie needs. */
  getAll(name: string): string[] {
    return [...(this.#values(name) ?? [])]
  }

  has(name: string): boolean {
    return this.#values(name) !== undefined
  }

  /** Fields in order, names in lower case, repeated ones each on their own. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const raw = this.raw
    for (let i = 0; i < raw.length; i += 2) yield [raw[i]!.toLowerCase(), raw[i + 1]!]
  }

  #values(name: string): string[] | undefined {
    if (this.#index === null) {
      // A Map, so that a field called __proto__ is a field.
      this.#index = new Map()
      const raw = this.raw
      for (let i = 0; i < raw.length; i += 2) {
        const key = raw[i]!.toLowerCase()
        const values = this.#index.get(key)
        if (values === undefined) this.#index.set(key, [raw[i + 1]!])
        else values.push(raw[i + 1]!)
      }
    }
    return this.#index.get(name) ?? this.#index.get(name.toLowerCase())
  }
}

function split(text: string): string[] {
  // Copied once, whole: slices of it keep this copy alive, not the read buffer's text it came from.
  const own = Buffer.from(text, 'latin1').toString('latin1')
  const raw: string[] = []
  let at = 0
  while (at < own.length) {
    let end = own.indexOf('\n', at)
    if (end === -1) end = own.length
    const colon = own.indexOf(':', at)
    raw.push(own.slice(at, colon), trimBlanks(own, colon + 1, end))
    at = end + 1
  }
  return raw
}

/** The value of one field out of the text, several joined; `name` in lower case. */
function find(text: string, name: string): string | null {
  let value: string | null = null
  for (let at = 0; at < text.length;) {
    let end = text.indexOf('\n', at)
    if (end === -1) end = text.length
    const colon = at + name.length
    if (text.charCodeAt(colon) === COLON && text.slice(at, colon).toLowerCase() === name) {
      // A copy: a slice would keep the text of a whole read alive.
      const own = Buffer.from(trimBlanks(text, colon + 1, end), 'latin1').toString('latin1')
      value = value === null ? own : `${value}, ${own}`
    }
    at = end + 1
  }
  return value
}

/** Blanks around a value are not part of it (RFC 9112 section 5.1); only SP, HTAB and the CR. */
function trimBlanks(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13
}
