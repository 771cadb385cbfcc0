const NONE: string[] = []
/**
 * Bytes that are decoded at once. A line is a slice of the text it came in, and holds all of that as long as it is
 * kept itself: decoded by chunks, each URL that waited for a retry held 62 KB. Smaller pieces cost more: 8 KB
 * a twelfth of a line, 4 KB a seventh.
 */
const PIECE = 8_192

/** A chunk as the pieces that a `LineCutter` is to be given. */
export function piecesOf(chunk: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < chunk.length; at += PIECE) pieces.push(chunk.subarray(at, at + PIECE))
  return pieces
}

/**
 * Cuts UTF-8 bytes, in any split, into lines at LF. A line longer than the limit comes as its first
 * `maxLength` + 1 characters or more, at once; its rest is dropped as it comes, so that no input can
 * fill the memory.
 */
export class LineCutter {
  readonly #maxLength: number
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #rest = ''
  #isDropping = false
  #isFirst = true
  /** Whether a TAB has come: far cheaper to ask of a chunk than of each line. */
  hasTab = false

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** The lines that this piece of the input completes. */
  push(piece: Uint8Array): string[] {
    const text = this.#decoder.decode(piece, { stream: true })
    this.hasTab ||= text.includes('\t')
    // Joined only when needed: a long line may come in many pieces.
    const lines = text.includes('\n') ? this.#cut(text) : NONE
    if (lines === NONE && !this.#isDropping) this.#rest += text
    const overlong = this.#rest.length > this.#maxLength ? [this.#drop()] : NONE
    const all = overlong === NONE ? lines : [...lines, ...overlong]
    return this.#isFirst ? this.#withoutBom(all) : all
  }

  /** The last line, where it has no LF at its end; '' where there is none. */
  end(): string {
    if (this.#isDropping) return ''
    const last = this.#rest + this.#decoder.decode()
    return this.#isFirst ? (this.#withoutBom([last])[0] ?? '') : last
  }

  #cut(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    if (!this.#isDropping) return lines
    this.#isDropping = false
    return lines.slice(1)
  }

  #drop(): string {
    const beginning = this.#rest.slice(0, this.#maxLength + 1)
    this.#rest = ''
    this.#isDropping = true
    return beginning
  }

  /** A BOM is what Windows' editors put before UTF-8 text. */
  #withoutBom(lines: string[]): string[] {
    if (lines.length === 0) return lines
    this.#isFirst = false
    const [first, ...others] = lines
    // An overlong line stays one, whether its BOM is counted or not.
    return first!.startsWith('\uFEFF') && first!.length <= this.#maxLength
      ? [first!.slice(1), ...others]
      : lines
  }
}
