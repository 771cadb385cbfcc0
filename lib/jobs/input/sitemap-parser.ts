import type { Parser } from 'htmlparser2'
import { LIMITS } from '../../core/limits.ts'
import { trimBlanks } from './line-items.ts'

/** What a `<loc>` is the address of. */
export type Listed = 'url' | 'sitemap'

/** Takes what each `<loc>` holds, or what is wrong with it. */
export type TakeLoc = (kind: Listed, loc: string, problem: string) => void

/** The two kinds of sitemaps, by their root, and what each lists. */
const ROOTS: ReadonlyMap<string, Listed> = new Map<string, Listed>([
  ['urlset', 'url'],
  ['sitemapindex', 'sitemap'],
])

/**
 * Reads one sitemap in XML, in any split: `urlset/url/loc` and `sitemapindex/sitemap/loc`, with any prefix of the
 * namespace, and not the `loc` of an image or a video in it. As forgiving as browsers with HTML. The parser knows no entities but
 * XML's own five and numbers, and no DTD, so nothing can expand.
 */
export class SitemapParser {
  readonly #parser: Parser
  readonly #take: TakeLoc
  readonly #path: string[] = []
  /** What the root lists; null before the root. */
  #kind: Listed | null = null
  #prefix = ''
  /** The text of the `<loc>` that is being read; null outside of one. */
  #loc: string | null = null
  #isClosed = false
  #isEnding = false
  #length = 0
  /** Why it cannot be read on; '' when it can. */
  problem = ''

  private constructor(Xml: typeof Parser, take: TakeLoc) {
    this.#take = take
    this.#parser = new Xml(
      {
        onopentagname: (name) => this.#open(name),
        ontext: (text) => this.#text(text),
        onclosetag: () => this.#close(),
      },
      { xmlMode: true },
    )
  }

  static async load(take: TakeLoc): Promise<SitemapParser> {
    const { Parser: Xml } = await import('htmlparser2')
    return new SitemapParser(Xml, take)
  }

  write(text: string): void {
    if (this.#isDone()) return
    this.#length += text.length
    this.#parser.write(text)
    // What has begun and not ended is held by the parser.
    if (this.#length - this.#parser.endIndex > LIMITS.maxXmlPiece) {
      this.#fail(`a piece of its XML is longer than ${LIMITS.maxXmlPiece} characters`)
    }
  }

  end(): void {
    if (this.#isDone()) return
    this.#isEnding = true
    this.#parser.end()
    if (this.problem !== '' || this.#isClosed) return
    this.#fail(this.#kind === null ? 'there is no XML element in it' : 'it ends in the middle')
  }

  #isDone(): boolean {
    return this.problem !== '' || this.#isClosed
  }

  #open(name: string): void {
    if (this.#isDone()) return
    this.#loc = null
    if (this.#path.length >= LIMITS.maxXmlDepth) {
      this.#fail(`its XML has more than ${LIMITS.maxXmlDepth} elements in one another`)
      return
    }
    if (this.#path.length === 0) this.#openRoot(name)
    else if (name === `${this.#prefix}loc` && this.#path.at(-1) === this.#prefix + this.#kind!) this.#loc = ''
    this.#path.push(name)
  }

  #openRoot(name: string): void {
    const colon = name.indexOf(':')
    this.#prefix = name.slice(0, colon + 1)
    this.#kind = ROOTS.get(name.slice(colon + 1)) ?? null
    if (this.#kind === null) this.#fail(`its XML is <${name.slice(0, 100)}>, not <urlset> or <sitemapindex>`)
  }

  #text(text: string): void {
    if (this.#loc === null || this.#isDone()) return
    // Kept to one more than may be, so that it shows.
    if (this.#loc.length <= LIMITS.maxInputLine) this.#loc += text
  }

  #close(): void {
    if (this.#isDone()) return
    this.#path.pop()
    // What the end of the input closes was cut off.
    if (this.#isEnding) return
    if (this.#loc !== null) this.#takeLoc(this.#loc)
    this.#loc = null
    this.#isClosed = this.#path.length === 0
  }

  #takeLoc(loc: string): void {
    // So much is the same in every split.
    const text = trimBlanks(loc.slice(0, LIMITS.maxInputLine + 1))
    const isTooLong = loc.length > LIMITS.maxInputLine
    if (isTooLong) {
      this.#take(this.#kind!, text.slice(0, 100), `a <loc> is longer than ${LIMITS.maxInputLine} characters`)
    } else if (text === '') this.#take(this.#kind!, '', 'a <loc> is empty; give it a URL, or take it away')
    else this.#take(this.#kind!, text, '')
  }

  #fail(problem: string): void {
    this.problem = problem
  }
}
