import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { ViewLine } from './progress-view.ts'

/** What is written to: process.stderr. */
export type ProgressStream = Writable & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Some terminals do not know theirs, and say 0. */
export function sizeOf({ columns, rows }: ProgressStream): {
  readonly columns: number
  readonly rows: number
} {
  return { columns: columns || 80, rows: rows || 24 }
}

/** Between these a terminal that knows them shows nothing (mode 2026); the others ignore them. */
const HOLD = '\x1b[?2026h'
const SHOW = '\x1b[?2026l'
const ERASE_TO_LINE_END = '\x1b[K'
const ERASE_BELOW = '\x1b[J'

/**
 * A few lines at the bottom of a terminal that are written anew in place. Each state is one write, and no
 * line is blank in between, so that nothing flickers where the terminal does not hold its picture either. The
 * cursor stays visible, on the line below: a process that is killed leaves a terminal in order.
 */
export class LiveView {
  readonly #stream: ProgressStream
  #shown: readonly ViewLine[] = []

  constructor(stream: ProgressStream) {
    this.#stream = stream
  }

  /** Shows `lines` instead of what is shown; none may be as wide as the terminal. */
  draw(lines: readonly ViewLine[]): void {
    this.#write(this.#toStart(), lines)
  }

  /** Writes a text that stays, above the lines. It may be wider than the terminal. */
  print(text: string): void {
    this.#write(`${this.#toStart()}${ERASE_BELOW}${text}\n`, this.#shown)
  }

  clear(): void {
    if (this.#shown.length > 0) this.#stream.write(this.#toStart() + ERASE_BELOW)
    this.#shown = []
  }

  /** A terminal that became narrower has wrapped the lines, most of today's do: then they take more rows. */
  #toStart(): string {
    const { columns } = sizeOf(this.#stream)
    let rows = 0
    for (const { text } of this.#shown) rows += Math.max(1, Math.ceil(text.length / columns))
    return rows === 0 ? '\r' : `\x1b[${rows}A\r`
  }

  #write(before: string, lines: readonly ViewLine[]): void {
    const body = lines.map((line) => `${this.#painted(line)}${ERASE_TO_LINE_END}\n`).join('')
    this.#stream.write(`${HOLD}${before}${body}${ERASE_BELOW}${SHOW}`)
    this.#shown = lines
  }

  /** Coloured where the terminal can and NO_COLOR does not forbid it. */
  #painted({ text, style }: ViewLine): string {
    return style === 'plain' ? text : styleText(style, text, { stream: this.#stream })
  }
}
