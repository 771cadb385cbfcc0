import type { parser as Json } from 'stream-json/core/parser.js'
import { LIMITS } from '../../core/limits.ts'
import { JsonBuilder, type JsonTree } from './json-builder.ts'
import { braceEnd, closingQuote, isEscaped, structureEnd } from './json-pieces.ts'

/** Takes the `request` of an entry, or what is wrong with it. */
export type TakeRequest = (request: { readonly [key: string]: JsonTree | undefined }, problem: string) => void

/** The way from the root of a HAR to a request. Its third container is an array, and so its fourth has no key. */
const KEYS: readonly (string | null)[] = [null, 'log', 'entries', null, 'request']
const ENTRIES = 3
const ENTRY = 4
/** Of a key, so much is kept: the names that matter are shorter. */
const LONGEST_KEY = 64

/**
 * Finds the requests in a HAR, in any split. All else in it is let go as it comes, in parts: a body of a response
 * may be larger than the memory.
 */
export class HarReader {
  readonly #parse: Json.TokenSource
  readonly #take: TakeRequest
  /** Builds the request that is being read. */
  #builder: JsonBuilder | null = null
  #key = ''
  #inKey = false
  #inString = false
  /** The next character of the string that is read stands behind a backslash. */
  #isEscaped = false
  /** Containers that are open. */
  #depth = 0
  /** How many of them are on the way to a request. */
  #matched = 0
  #hasEntries = false
  /** Whether the entry that is open has had its request. */
  #hasRequest = false
  /** Why it cannot be read on; '' when it can. */
  problem = ''

  private constructor(parse: Json.TokenSource, take: TakeRequest) {
    this.#parse = parse
    this.#take = take
  }

  static async load(take: TakeRequest): Promise<HarReader> {
    const { jsonParser } = await import('stream-json/core/parser.js')
    return new HarReader(jsonParser({ packValues: false }), take)
  }

  /**
   * A parser that throws gives nothing of what it was fed in that call, so no piece goes on behind the end of an
   * object: what stands before a fault is got in every split. Where nothing is built, a piece ends where a string
   * begins, too: if it is no key it is skipped, five times faster than the parser would.
   */
  write(text: string): void {
    let from = 0
    while (from < text.length && this.problem === '') {
      let start = from
      if (this.#builder !== null) from = braceEnd(text, start)
      else if (!this.#inString) from = structureEnd(text, start)
      else {
        const quote = this.#stringEnd(text, from)
        from = quote === -1 ? text.length : structureEnd(text, quote + 1)
        if (!this.#inKey) start = quote === -1 ? from : quote
      }
      if (start < from) this.#feed(text.slice(start, from))
    }
  }

  end(): void {
    if (this.problem !== '') return
    if (this.#depth > 0) this.problem = 'it ends in the middle'
    else if (!this.#hasEntries) this.problem = 'it has no log.entries'
  }

  /** The quote that ends the string at whose beginning, or in which, the text goes on; -1: not yet. */
  #stringEnd(text: string, from: number): number {
    const start = this.#isEscaped ? from + 1 : from
    const quote = closingQuote(text, start)
    this.#isEscaped = quote === -1 && isEscaped(text, start, text.length)
    return quote
  }

  #feed(text: string): void {
    try {
      const tokens = this.#parse(text)
      if (typeof tokens === 'symbol') return
      for (const token of tokens.values) this.#on(token)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.problem ||= `it is not JSON (${reason})`
    }
  }

  #on(token: Json.Token): void {
    switch (token.name) {
      case 'startObject':
        return this.#open(false)
      case 'startArray':
        return this.#open(true)
      case 'endObject':
      case 'endArray':
        return this.#close()
      case 'startKey':
        this.#inKey = true
        this.#inString = true
        this.#key = ''
        return
      case 'endKey':
        this.#inKey = false
        this.#inString = false
        return
      case 'startString':
        this.#inString = true
        return
      case 'stringChunk':
        if (!this.#inKey) this.#builder?.addText(token.value)
        else if (this.#key.length < LONGEST_KEY) this.#key = (this.#key + token.value).slice(0, LONGEST_KEY)
        return
      case 'endString':
        this.#inString = false
        this.#builder?.endText(this.#key)
        return
      // No other value of a request matters.
      case 'startNumber':
      case 'numberChunk':
      case 'endNumber':
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
      // Not given by the parser as it is set up.
      case 'keyValue':
      case 'stringValue':
      case 'numberValue':
      case 'whitespace':
        return
    }
  }

  #open(isArray: boolean): void {
    const isWanted = this.#matched === this.#depth && this.#isNext(isArray)
    this.#depth++
    if (this.#depth > LIMITS.maxInputDepth) {
      this.problem ||= `it has more than ${LIMITS.maxInputDepth} levels`
      return
    }
    if (this.#builder !== null) this.#builder.open(isArray, this.#key)
    if (!isWanted) return
    this.#matched++
    if (this.#matched === ENTRIES) this.#hasEntries = true
    else if (this.#matched === ENTRY) this.#hasRequest = false
    else if (this.#matched === KEYS.length) this.#builder = new JsonBuilder()
  }

  #isNext(isArray: boolean): boolean {
    if (this.#matched >= KEYS.length) return false
    const key = KEYS[this.#matched]!
    return isArray === (this.#matched === ENTRIES - 1) && (key === null || key === this.#key)
  }

  #close(): void {
    if (this.#builder !== null) {
      this.#builder.close()
      if (this.#builder.isClosed) this.#takeBuilt(this.#builder)
    }
    if (this.#matched === this.#depth) {
      if (this.#matched === ENTRY && !this.#hasRequest) this.#take({}, 'an entry of the HAR has no request')
      this.#matched--
    }
    this.#depth--
  }

  #takeBuilt(builder: JsonBuilder): void {
    this.#builder = null
    this.#hasRequest = true
    const tooLarge = `a request of the HAR is larger than ${LIMITS.maxInputItem} characters; take it out`
    this.#take(builder.root, builder.isTooLarge ? tooLarge : '')
  }
}
