/**
 * What the first bytes of a document say of its charset: labels, not yet known to be any. By the
 * algorithms of the HTML standard ("prescan a byte stream", "get an XML encoding").
 */

/** How far is looked: the HTML standard has the declaration within it. */
const PRESCAN = 1024
/** What the standard has at the end of a name or a value. */
const BLANKS = '\t\n\f\r '

/** The first bytes as text to scan, one character each. */
export function startOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, PRESCAN)
}

/**
 * The label of an XML declaration, `<?xml encoding="…"?>`; '' for none. In UTF-16 without a byte order
 * mark only its first characters are looked at.
 */
export function xmlLabel(start: string): string {
  if (start.startsWith('<\0?\0x\0')) return 'utf-16le'
  if (start.startsWith('\0<\0?\0x')) return 'utf-16be'
  if (!start.startsWith('<?xml')) return ''
  const end = start.indexOf('>')
  if (end === -1) return ''
  const found = /encoding[\0-\x20]*=[\0-\x20]*(?:"([^"]*)"|'([^']*)')/.exec(start.slice(0, end))
  const label = found?.[1] ?? found?.[2] ?? ''
  if (/[\0-\x20]/.test(label)) return ''
  return asciiCompatible(label)
}

/**
 * The label of the first `<meta charset>` or `<meta http-equiv="content-type">` that `isKnown`; '' for
 * none. Comments and the attributes of other elements are passed over.
 */
export function metaLabel(start: string, isKnown: (label: string) => boolean): string {
  // Most documents are told apart here, at the speed of a search.
  if (!/<meta/i.test(start)) return ''
  return new MetaScanner(start, isKnown).scan()
}

/** What is read byte by byte to find it can be no UTF-16; and x-user-defined is for XMLHttpRequest. */
function asciiCompatible(label: string): string {
  const name = label.trim().toLowerCase()
  if (/^(?:utf-?16(?:le|be)?|ucs-2|unicode(?:feff|fffe)?|csunicode|iso-10646-ucs-2)$/.test(name)) return UTF8
  return name === 'x-user-defined' ? 'windows-1252' : name
}

const UTF8 = 'utf-8'

class MetaScanner {
  readonly #text: string
  readonly #isKnown: (label: string) => boolean
  #at = 0

  constructor(text: string, isKnown: (label: string) => boolean) {
    this.#text = text
    this.#isKnown = isKnown
  }

  scan(): string {
    const text = this.#text
    for (let next = text.indexOf('<'); next !== -1; next = text.indexOf('<', this.#at)) {
      this.#at = next
      if (text.startsWith('<!--', next)) {
        // From the second dash on: `<!-->` is a whole comment.
        this.#goBehind('-->', next + 2)
      } else if (/^<meta[\t\n\f\r /]/i.test(text.slice(next, next + 6))) {
        this.#at += 5
        const label = this.#meta()
        if (label !== '') return label
      } else if (/^<\/?[a-z]/i.test(text.slice(next, next + 3))) {
        this.#skipTag()
      } else if (/^<[!/?]/.test(text.slice(next, next + 2))) {
        this.#goBehind('>', next)
      } else {
        this.#at++
      }
    }
    return ''
  }

  #meta(): string {
    const seen = new Set<string>()
    let label: string | null = null
    let isPragma = false
    let needsPragma = false
    for (let found = this.#attribute(); found !== null; found = this.#attribute()) {
      const [name, value] = found
      if (seen.has(name)) continue
      seen.add(name)
      if (name === 'http-equiv') isPragma ||= value === 'content-type'
      if (name === 'charset') {
        label = value
        needsPragma = false
      } else if (name === 'content' && label === null) {
        const inside = this.#known(labelInContent(value))
        if (inside === '') continue
        label = inside
        needsPragma = true
      }
    }
    // In a start that is cut off in this very element, it does not count.
    if (this.#at >= this.#text.length || label === null || (needsPragma && !isPragma)) return ''
    return this.#known(label)
  }

  #known(label: string): string {
    const name = asciiCompatible(label)
    return name !== '' && this.#isKnown(name) ? name : ''
  }

  #skipTag(): void {
    while (this.#at < this.#text.length && !BLANKS.includes(this.#text[this.#at]!) && !this.#is('>'))
      this.#at++
    while (this.#attribute() !== null);
  }

  /** Name and value, in lower case; null: the tag or the text ends. */
  #attribute(): [name: string, value: string] | null {
    const text = this.#text
    while (this.#at < text.length && (this.#isBlank() || this.#is('/'))) this.#at++
    if (this.#at >= text.length || this.#is('>')) return null
    const start = this.#at
    while (this.#at < text.length && !this.#isBlank() && !this.#is('/') && !this.#is('>')) {
      if (this.#is('=') && this.#at > start) break
      this.#at++
    }
    const name = text.slice(start, this.#at).toLowerCase()
    this.#skipBlanks()
    if (!this.#is('=')) return [name, '']
    this.#at++
    this.#skipBlanks()
    return [name, this.#value().toLowerCase()]
  }

  #value(): string {
    const text = this.#text
    const quote = text[this.#at]
    if (quote === '"' || quote === "'") {
      const start = this.#at + 1
      this.#goBehind(quote, start)
      return text.slice(start, this.#at - 1)
    }
    const start = this.#at
    while (this.#at < text.length && !this.#isBlank() && !this.#is('>')) this.#at++
    return text.slice(start, this.#at)
  }

  #is(c: string): boolean {
    return this.#text[this.#at] === c
  }

  #isBlank(): boolean {
    return this.#at < this.#text.length && BLANKS.includes(this.#text[this.#at]!)
  }

  #skipBlanks(): void {
    while (this.#isBlank()) this.#at++
  }

  #goBehind(what: string, from: number): void {
    const found = this.#text.indexOf(what, from)
    this.#at = found === -1 ? this.#text.length : found + what.length
  }
}

/** `text/html; charset=x`, read as the HTML standard does: loosely, and unlike a Content-Type field. */
function labelInContent(content: string): string {
  const found =
    /charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^"'\t\n\f\r ;][^\t\n\f\r ;]*))/i.exec(content)
  return found?.[1] ?? found?.[2] ?? found?.[3] ?? ''
}
