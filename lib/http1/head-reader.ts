import { Buffer } from 'node:buffer'
import { LimitError, ProtocolError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { indexOfControl, isBlank, type ParserMode, TOKEN, trimmed, violation } from './grammar.ts'
import { type HeadFields, readPlainHead } from './plain-head.ts'
import { checkPrefix, notAStatusLine, parseStatusLine } from './status-line.ts'

const TAB = 9
const LF = 10
const CR = 13
const SP = 32
const COLON = 58

const STATUS_LINE_OK = 'HTTP/1.1 200 OK\r'

// As codes, so that comparing in any case needs no copy.
const CONNECTION = codes('connection')
const CONTENT_ENCODING = codes('content-encoding')
const CONTENT_LENGTH = codes('content-length')
const KEEP_ALIVE = codes('keep-alive')
const SET_COOKIE = codes('set-cookie')
const TRANSFER_ENCODING = codes('transfer-encoding')

function codes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** A kept line is made of one piece again each time that so many have been added. */
const MOST_PIECES = 128

/**
 * Reads a head, or a trailer section, from Latin-1 text that comes in any pieces, in one pass.
 *
 * A field line is complete when the character after its LF is known, because a blank there means
 * that it goes on (obs-fold). So every line is looked at once and whole, wherever the pieces end;
 * only a line that a piece cuts is copied.
 */
export class HeadReader implements HeadFields {
  readonly #strict: boolean
  #section: 'head' | 'trailers' = 'head'
  #limit = 0
  /** Bytes of complete lines so far. */
  #size = 0
  #count = 0
  #part: 'status' | 'fields' = 'status'
  /** The beginning of a line, or of a folded one, whose end has not come. */
  #kept = ''
  /** Pieces that have been added to such lines. */
  #pieces = 0
  /** Whether it ends with LF, so that only a fold could go on with it. */
  #keptEnded = false

  /** The section is complete; what follows holds. */
  done = false
  status = 0
  statusText = ''
  /** 9, 10 or 11. */
  version = 0
  /** The field lines, clean: `Name: value`, no folds, nothing that was ignored. */
  text = ''
  /** Values of the fields that steer the connection, joined by commas; null: absent. */
  connection: string | null = null
  contentEncoding: string | null = null
  contentLength: string | null = null
  keepAlive: string | null = null
  /** A Set-Cookie field is there. */
  setsCookie = false
  transferEncoding: string | null = null

  constructor(mode: ParserMode) {
    this.#strict = mode === 'strict'
  }

  /** Begins a section of at most `limit` bytes. */
  start(section: 'head' | 'trailers', limit: number): void {
    this.#section = section
    this.#part = section === 'head' ? 'status' : 'fields'
    this.#limit = limit
    this.#size = 0
    this.#count = 0
    this.#kept = ''
    this.done = false
    this.release()
  }

  /** Lets go of what it has read: slices of it would keep the text of a whole read alive. */
  release(): void {
    this.statusText = ''
    this.text = ''
    this.connection = null
    this.contentEncoding = null
    this.contentLength = null
    this.keepAlive = null
    this.setsCookie = false
    this.transferEncoding = null
  }

  /** Whether nothing of the section has come. */
  get untouched(): boolean {
    return this.#size === 0 && this.#kept === ''
  }

  /** Reads a head at once that is whole and needs no thought. Returns the index behind it; -1: nothing was read. */
  readPlain(bytes: Buffer, at: number): number {
    const end = readPlainHead(bytes, at, this.#limit, this)
    this.done = end !== -1
    return end
  }

  /** Reads on. Returns the index after the section when it is done, else text.length. */
  read(text: string, at: number): number {
    if (this.#kept !== '') {
      at = this.#finishKept(text, at)
      if (this.done || this.#kept !== '') return at
    }
    if (this.#part === 'status') {
      const lf = text.indexOf('\n', at)
      if (lf === -1) return this.#keep(text, at)
      this.#statusLine(text, at, lf)
      at = lf + 1
    }
    return this.#fields(text, at)
  }

  /** The pass over whole lines. `text` up to `start` has been read. */
  #fields(text: string, start: number): number {
    const length = text.length
    const strict = this.#strict
    const room = start + this.#limit - this.#size
    let nul = text.indexOf('\0', start)
    if (nul === -1) nul = length
    /** Where the regular lines that are not yet in `this.text` begin. */
    let from = start
    let at = start
    for (;;) {
      let lf = text.indexOf('\n', at)
      if (lf === -1) break
      if (lf - at < 2 && (lf === at || text.charCodeAt(at) === CR)) {
        this.#take(text, from, at)
        this.#end(lf === at, lf + 1 - start)
        return lf + 1
      }
      if (lf + 1 === length) break
      const next = text.charCodeAt(lf + 1)
      const folded = next === SP || next === TAB
      if (folded) {
        lf = endOfFold(text, lf)
        if (lf === -1) break
      }
      if (lf >= room) this.#checkSize(this.#size + lf + 1 - start)
      this.#countField()
      let colon = at
      while (TOKEN[text.charCodeAt(colon)] === 1) colon++
      if (folded || strict || colon === at || text.charCodeAt(colon) !== COLON) {
        this.#take(text, from, at)
        this.#irregular(text, at, lf)
        from = lf + 1
      } else {
        if (nul < lf) throw nulByte(text, at, lf)
        const cr = text.indexOf('\r', colon)
        if (cr !== lf - 1 && cr !== -1 && cr < lf) throw bareCr(text, at, lf)
        const size = colon - at
        if (size > 9 && size < 18) this.capture(text, at, colon, cr === lf - 1 ? cr : lf)
      }
      at = lf + 1
    }
    this.#take(text, from, at)
    this.#size += at - start
    return this.#keep(text, at)
  }

  #take(text: string, from: number, to: number): void {
    if (from < to) this.text += text.slice(from, to)
  }

  /** The empty line. */
  #end(bareLf: boolean, size: number): void {
    if (bareLf && this.#strict) throw bareLfLine()
    this.#size += size
    this.#checkSize(this.#size)
    this.done = true
  }

  #countField(): void {
    if (++this.#count > LIMITS.maxHeaderFields) {
      throw new LimitError('maxHeaderFields', LIMITS.maxHeaderFields, `too many fields in the ${this.#name}`)
    }
  }

  #checkSize(size: number): void {
    if (size <= this.#limit) return
    const limit = this.#section === 'head' ? 'maxHeadSize' : 'maxTrailerSize'
    throw new LimitError(limit, this.#limit, `the ${this.#name} is too large`)
  }

  get #name(): string {
    return this.#section === 'head' ? 'response head' : 'trailer section'
  }

  /** Keeps the rest of `text`, a line that is not yet whole. */
  #keep(text: string, at: number): number {
    if (at < text.length) {
      const before = this.#kept.length
      this.#kept += text.slice(at)
      // A string made by adding holds on to 32 bytes for each part: bytes that drip in one by one
      // would take 30 times the limit.
      if (++this.#pieces % MOST_PIECES === 0) this.#kept = inOne(this.#kept)
      this.#keptEnded = text.charCodeAt(text.length - 1) === LF
      // What is no HTTP at all should not be read up to the limit first.
      if (this.#part === 'status' && before < 5) checkPrefix(this.#kept)
      this.#checkSize(this.#size + this.#kept.length)
    }
    return text.length
  }

  /** Completes the kept line with the beginning of `text`. */
  #finishKept(text: string, at: number): number {
    let end = at
    let ended = this.#keptEnded
    for (;;) {
      if (end >= text.length) return this.#keep(text, at)
      if (ended && !isBlank(text.charCodeAt(end))) break
      end = text.indexOf('\n', end) + 1
      if (end === 0) return this.#keep(text, at)
      ended = true
      // The status line and the empty line end with their LF.
      if (this.#part === 'status' || (end === at + 1 && this.#kept === '\r')) break
    }
    const line = this.#kept + text.slice(at, end)
    this.#kept = ''
    const lf = line.length - 1
    if (this.#part === 'status') {
      this.#statusLine(line, 0, lf)
    } else if (line === '\r\n') {
      this.#end(false, 2)
    } else {
      this.#size += line.length
      this.#checkSize(this.#size)
      this.#countField()
      this.#irregular(line, 0, lf)
    }
    return end
  }

  /** Any field line, complete, with its folds; adds it to `this.text` if it is to be kept. */
  #irregular(text: string, start: number, lf: number): void {
    let line = this.#content(text, start, lf)
    if (line.includes('\n')) line = this.#unfold(line)
    if (isBlank(line.charCodeAt(0))) {
      // RFC 9112 section 2.2: reject, or skip such lines. llhttp, httparse and most clients reject.
      throw violation('blank-before-first-field', line, 'a blank before the first field')
    }
    let end = 0
    while (end < line.length && TOKEN[line.charCodeAt(end)] === 1) end++
    const colon = line.indexOf(':')
    if (end === 0 || end !== colon) return this.#nameless(line, end, colon)
    if (this.#strict && indexOfControl(line, colon, line.length) !== -1) {
      // RFC 9110 section 5.5: such values are invalid; a recipient may retain them.
      throw violation('control-character', line, 'a control character in a field value')
    }
    this.capture(line, 0, colon, line.length)
    this.text += `${line}\r\n`
  }

  /**
   * A line without colon, or with blanks before it, is ignored as browsers do, but not where
   * someone else on the way may have taken it for a framing field (RFC 9112 section 5.1).
   */
  #nameless(line: string, end: number, colon: number): void {
    let i = end
    while (isBlank(line.charCodeAt(i))) i++
    if (colon !== -1 && (i !== colon || end === 0)) {
      throw violation('field-name', line, 'a field name that is no token')
    }
    const rule = colon === -1 ? 'line-without-colon' : 'blank-before-colon'
    const name = line.slice(0, end).toLowerCase()
    if (this.#strict || name === 'content-length' || name === 'transfer-encoding') {
      throw violation(rule, line, colon === -1 ? 'a field line without colon' : 'a blank before the colon')
    }
  }

  /** A line without its line end. Throws where NUL, CR or, in strict mode, a bare LF stands in it. */
  #content(text: string, start: number, lf: number): string {
    const line = text.slice(start, lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf)
    if (line.includes('\0')) throw nulByte(text, start, lf)
    if (this.#strict && line.length === lf - start) throw bareLfLine()
    const cr = line.indexOf('\r')
    if (cr !== -1 && !line.includes('\n')) throw bareCr(text, start, lf)
    return line
  }

  /** Joins a folded line by single spaces (RFC 9112 section 5.2). */
  #unfold(line: string): string {
    // Nobody may send folds any more. The RFC wants a user agent to read them; 'strict' is for
    // those who would rather not, as llhttp and httparse.
    if (this.#strict) throw violation('obs-fold', line, 'a folded field line')
    const parts = line.split('\n')
    let whole = ''
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      const hasCr = i < parts.length - 1 && part.endsWith('\r')
      const piece = trimmed(part, 0, hasCr ? part.length - 1 : part.length)
      if (piece.includes('\r')) throw bareCr(line, 0, line.length)
      // A blank first line must stay one: it is not a field.
      if (i === 0) whole = isBlank(part.charCodeAt(0)) ? ` ${piece}` : piece
      else if (piece !== '') whole += ` ${piece}`
    }
    return whole
  }

  /** Remembers the value of the field line from `start` to `end`, where it steers the connection. */
  capture(text: string, start: number, colon: number, end: number): void {
    switch (colon - start) {
      case 10:
        if (nameIs(text, start, CONNECTION)) {
          this.connection = append(this.connection, trimmed(text, colon + 1, end))
        } else if (nameIs(text, start, KEEP_ALIVE)) {
          this.keepAlive = append(this.keepAlive, trimmed(text, colon + 1, end))
        } else if (nameIs(text, start, SET_COOKIE)) {
          this.setsCookie = true
        }
        break
      case 14:
        if (nameIs(text, start, CONTENT_LENGTH)) {
          this.contentLength = append(this.contentLength, trimmed(text, colon + 1, end))
        }
        break
      case 16:
        if (nameIs(text, start, CONTENT_ENCODING)) {
          this.contentEncoding = append(this.contentEncoding, trimmed(text, colon + 1, end))
        }
        break
      case 17:
        if (nameIs(text, start, TRANSFER_ENCODING)) {
          this.transferEncoding = append(this.transferEncoding, trimmed(text, colon + 1, end))
        }
        break
      default:
    }
  }

  #statusLine(text: string, start: number, lf: number): void {
    const ok = lf - start === STATUS_LINE_OK.length && text.startsWith(STATUS_LINE_OK, start)
    if (!ok && !text.startsWith('HTTP/', start)) throw notAStatusLine(text.slice(start, lf))
    this.#size += lf + 1 - start
    this.#checkSize(this.#size)
    this.#part = 'fields'
    if (ok) {
      this.version = 11
      this.status = 200
      this.statusText = 'OK'
    } else {
      const line = parseStatusLine(this.#content(text, start, lf), this.#strict)
      this.version = line.version
      this.status = line.status
      this.statusText = line.reason
    }
  }
}

/** The same text, made anew of no parts. */
function inOne(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** The LF that ends a folded line whose first LF is at `lf`; -1: not in `text`. */
function endOfFold(text: string, lf: number): number {
  while (lf !== -1) {
    if (lf + 1 >= text.length) return -1
    if (!isBlank(text.charCodeAt(lf + 1))) return lf
    lf = text.indexOf('\n', lf + 1)
  }
  return -1
}

/** Whether the name at `start`, known to be as long as `name`, is `name` in any case. */
function nameIs(text: string, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    // In a token this folds the case of letters, and makes nothing else a letter or a hyphen.
    if ((text.charCodeAt(start + i) | 32) !== name[i]) return false
  }
  return true
}

function append(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`
}

function nulByte(text: string, start: number, lf: number): ProtocolError {
  return violation('nul', text.slice(start, lf), 'a NUL in a head')
}

function bareCr(text: string, start: number, lf: number): ProtocolError {
  return violation('bare-cr', text.slice(start, lf), 'a CR that ends no line')
}

/** RFC 9112 section 2.2: a recipient may take a single LF for a line end; strict does not. */
function bareLfLine(): ProtocolError {
  return new ProtocolError('bare-lf', 'a line ends with LF instead of CR LF')
}
