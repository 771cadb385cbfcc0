/** One challenge of a WWW-Authenticate field (RFC 9110 section 11.3). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** What some schemes have instead of parameters; '' for none. */
  readonly token68: string
  /** By name in lower case, unquoted; of a name given twice the first. */
  readonly params: ReadonlyMap<string, string>
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const TOKEN68 = /([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y
const BLANKS = /[ \t]*/y
const EQUALS = /[ \t]*=[ \t]*/y
const SEPARATORS = /[ \t,]*/y
/** Not only a token: servers send base64 without quotes. */
const BARE_VALUE = /[^\s,]*/y

/**
 * The challenges of one or more WWW-Authenticate fields, in order. A comma stands between challenges
 * and between the parameters of one: a name with `=` and a value behind it is a parameter, any
 * other a scheme. What is neither is passed over. Never throws; takes time in proportion to the text.
 */
export function parseChallenges(fields: readonly string[]): Challenge[] {
  const challenges: Challenge[] = []
  for (const field of fields) new FieldParser(field).parse(challenges)
  return challenges
}

class FieldParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(challenges: Challenge[]): void {
    let params: Map<string, string> | null = null
    for (;;) {
      this.#take(SEPARATORS)
      if (this.#at >= this.#text.length) return
      const name = this.#take(TOKEN).toLowerCase()
      if (name === '') {
        this.#skipRubbish()
      } else if (this.#take(EQUALS) !== '') {
        const value = this.#value()
        if (params !== null && !params.has(name)) params.set(name, value)
      } else {
        params = new Map()
        challenges.push({ scheme: name, token68: this.#token68(), params })
      }
    }
  }

  #token68(): string {
    if (this.#take(BLANKS) === '') return ''
    TOKEN68.lastIndex = this.#at
    const found = TOKEN68.exec(this.#text)
    if (found === null) return ''
    this.#at = TOKEN68.lastIndex
    return found[1]!
  }

  #value(): string {
    return this.#text[this.#at] === '"' ? this.#quoted() : this.#take(BARE_VALUE)
  }

  /** A quoted string that is not ended goes to the end of the field. */
  #quoted(): string {
    const text = this.#text
    const parts: string[] = []
    let start = ++this.#at
    for (; this.#at < text.length; this.#at++) {
      const c = text[this.#at]
      if (c === '"') {
        parts.push(text.slice(start, this.#at++))
        return parts.join('')
      }
      if (c !== '\\') continue
      parts.push(text.slice(start, this.#at))
      start = ++this.#at
    }
    parts.push(text.slice(start))
    return parts.join('')
  }

  /** No name here: on to the next comma that is in no quotes. */
  #skipRubbish(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== ',') {
      if (this.#text[this.#at] === '"') this.#quoted()
      else this.#at++
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return ''
    this.#at = pattern.lastIndex
    return found[0]
  }
}
