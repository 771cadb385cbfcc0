import { LimitError, ProtocolError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { isBlank, isControl, type ParserMode, TOKEN } from './grammar.ts'

const LF = 10
const CR = 13
const QUOTE = 34
const SEMICOLON = 59
const EQUALS = 61
const BACKSLASH = 92

/** More digits than this only pad: 2^53 - 1 has 14. curl's bound. */
const MAX_SIZE_DIGITS = 16

/** Where in the framing around the data of a chunked body the decoder is. */
type ChunkPhase = 'size' | 'extension' | 'line-feed' | 'data' | 'data-end' | 'data-line-feed' | 'trailers'

/** Where in a chunk's extensions (RFC 9112 section 7.1.1). */
type ExtensionPart =
  | 'before-semicolon'
  | 'before-name'
  | 'name'
  | 'after-name'
  | 'before-value'
  | 'value'
  | 'quoted'
  | 'escaped'
  | 'after-value'

/**
 * Takes the framing off a chunked body, in any pieces. It stops at each run of data, so that whoever
 * reads can hand the run on, and at the trailer section, which is not its to read.
 *
 * Extensions are checked, bounded and dropped: a reader that skips to the line's end, quoted or
 * not, can be made to see other chunks than its neighbour.
 */
export class ChunkedDecoder {
  readonly #strict: boolean
  #phase: ChunkPhase = 'size'
  #part: ExtensionPart = 'before-semicolon'
  #digits = 0
  /** The size while it is read, then the bytes of data still to come. */
  #left = 0
  /** Bytes of this chunk's extensions, and of all. */
  #extension = 0
  #extensions = 0
  /** Whether the last byte of an extension was a blank. */
  #afterBlank = false

  /** The run of data that `read` found: from here to the index it returned. */
  dataStart = 0

  constructor(mode: ParserMode) {
    this.#strict = mode === 'strict'
  }

  start(): void {
    this.#extensions = 0
    this.#nextChunk()
  }

  /** The last chunk's line has been read; the trailer section follows. */
  get atTrailers(): boolean {
    return this.#phase === 'trailers'
  }

  /** Reads up to the end of the next run of data, to the trailers or to the end of `bytes`. */
  read(bytes: Uint8Array, at: number): number {
    const length = bytes.length
    while (at < length) {
      switch (this.#phase) {
        case 'data': {
          const end = Math.min(length, at + this.#left)
          this.dataStart = at
          this.#left -= end - at
          if (this.#left === 0) this.#phase = 'data-end'
          return end
        }
        case 'trailers':
          this.dataStart = at
          return at
        case 'size':
          at = this.#readSize(bytes, at)
          break
        case 'extension':
          this.#readExtension(bytes[at++]!)
          break
        case 'line-feed':
          if (bytes[at++] !== LF) throw extensionError('a CR that ends no line')
          this.#startData()
          break
        case 'data-end':
        case 'data-line-feed':
          this.#endData(bytes[at++]!)
          break
      }
    }
    this.dataStart = at
    return at
  }

  #nextChunk(): void {
    this.#phase = 'size'
    this.#digits = 0
    this.#left = 0
    this.#extension = 0
    this.#afterBlank = false
  }

  #readSize(bytes: Uint8Array, at: number): number {
    const length = bytes.length
    while (at < length) {
      const byte = bytes[at]!
      const digit = hexDigit(byte)
      if (digit === -1) {
        if (this.#digits === 0) throw sizeError('is no hexadecimal number')
        this.#part = 'before-semicolon'
        this.#phase = 'extension'
        return at
      }
      this.#left = this.#left * 16 + digit
      if (++this.#digits > MAX_SIZE_DIGITS || this.#left > Number.MAX_SAFE_INTEGER) {
        throw sizeError('is too large')
      }
      at++
    }
    return at
  }

  /** Everything after the size, up to the line's end. */
  #readExtension(byte: number): void {
    if (byte === CR || byte === LF) return this.#endLine(byte)
    this.#afterBlank = isBlank(byte)
    this.#extensions++
    if (++this.#extension > LIMITS.maxChunkExtension) throw tooLong('maxChunkExtension')
    // Many small ones are the attack: CVE-2023-39326.
    if (this.#extensions > LIMITS.maxChunkExtensions) throw tooLong('maxChunkExtensions')
    this.#part = nextPart(this.#part, byte)
  }

  #endLine(byte: number): void {
    const part = this.#part
    if (part === 'before-name' || part === 'before-value' || part === 'quoted' || part === 'escaped') {
      throw extensionError('an extension that is not whole')
    }
    if (this.#strict) {
      // Section 2.2 lets a recipient take a bare LF; section 7.1.1 has blanks only before ';' and '='.
      if (byte === LF) throw new ProtocolError('bare-lf', 'a chunk line ends with LF instead of CR LF')
      if (this.#afterBlank) throw extensionError('a blank at the end of the line')
    }
    if (byte === CR) this.#phase = 'line-feed'
    else this.#startData()
  }

  #startData(): void {
    this.#phase = this.#left === 0 ? 'trailers' : 'data'
  }

  /** The line end after a chunk's data. */
  #endData(byte: number): void {
    if (byte === CR && this.#phase === 'data-end') {
      this.#phase = 'data-line-feed'
      return
    }
    const bare = this.#phase === 'data-end'
    if (byte !== LF || (bare && this.#strict)) {
      throw new ProtocolError('chunk-end', 'a chunk is not followed by CR LF')
    }
    this.#nextChunk()
  }
}

/** `byte` is neither CR nor LF. */
function nextPart(part: ExtensionPart, byte: number): ExtensionPart {
  const token = TOKEN[byte] === 1
  switch (part) {
    case 'before-semicolon':
      if (isBlank(byte)) return part
      if (byte === SEMICOLON) return 'before-name'
      throw sizeError('is no hexadecimal number')
    case 'before-name':
      if (isBlank(byte)) return part
      if (token) return 'name'
      throw extensionError('an extension without a name')
    case 'name':
    case 'after-name':
      if (token && part === 'name') return part
      if (isBlank(byte)) return 'after-name'
      if (byte === SEMICOLON) return 'before-name'
      if (byte === EQUALS) return 'before-value'
      throw extensionError('an extension name that is no token')
    case 'before-value':
      if (isBlank(byte)) return part
      if (token) return 'value'
      if (byte === QUOTE) return 'quoted'
      throw extensionError('an extension without a value')
    case 'value':
    case 'after-value':
      if (token && part === 'value') return part
      if (isBlank(byte)) return 'after-value'
      if (byte === SEMICOLON) return 'before-name'
      throw extensionError('an extension value that is no token')
    case 'quoted':
      if (byte === QUOTE) return 'after-value'
      if (byte === BACKSLASH) return 'escaped'
      if (!isControl(byte)) return part
      throw extensionError('a control character in a quoted value')
    case 'escaped':
      if (!isControl(byte)) return 'quoted'
      throw extensionError('a control character in a quoted value')
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

function sizeError(what: string): ProtocolError {
  return new ProtocolError('chunk-size', `a chunk size ${what}`)
}

function extensionError(what: string): ProtocolError {
  return new ProtocolError('chunk-extension', `a chunk's line has ${what}`)
}

function tooLong(limit: 'maxChunkExtension' | 'maxChunkExtensions'): LimitError {
  return new LimitError(limit, LIMITS[limit], 'chunk extensions are too long')
}
