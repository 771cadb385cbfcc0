import { LIMITS } from '../../core/limits.ts'
import type { InputItem } from '../job-item.ts'
import { isBlank } from './input-format.ts'
import { LineCutter, piecesOf } from './line-cutter.ts'

const SPACE = 32
const HASH = 35
/** Of a line that is too long to be a URL, what is shown. */
const SHOWN = 100

/**
 * The URLs of a list: one a line, LF or CR LF; empty lines and lines that begin with `#` are skipped, blanks
 * around a URL too. Gives what each chunk brings at once: a step of an asynchronous generator for each URL
 * would cost more than to parse it.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly InputItem[], void, void> {
  const cutter = new LineCutter(LIMITS.maxInputLine)
  let line = 0
  for await (const chunk of chunks) {
    const items: InputItem[] = []
    for (const piece of piecesOf(chunk)) {
      for (const raw of cutter.push(piece)) {
        line++
        const item = lineItem(raw, line)
        if (item !== null) items.push(item)
      }
    }
    if (items.length > 0) yield items
  }
  const last = lineItem(cutter.end(), line + 1)
  if (last !== null) yield [last]
}

/** The item of one line, null for one that is empty or a comment. */
export function lineItem(raw: string, line: number): InputItem | null {
  const first = raw.charCodeAt(0)
  // Most lines are a URL and nothing else.
  if (first > SPACE && first !== HASH && raw.length <= LIMITS.maxInputLine) {
    if (raw.charCodeAt(raw.length - 1) > SPACE) return { url: raw, line, item: null, problem: '' }
  }
  // What is read of an overlong line depends on how it was split, but for its beginning.
  const isTooLong = raw.length > LIMITS.maxInputLine
  const text = trimBlanks(isTooLong ? raw.slice(0, LIMITS.maxInputLine) : raw)
  if (text === '' || text.charCodeAt(0) === HASH) return null
  if (!isTooLong) return { url: text, line, item: null, problem: '' }
  const problem = `the line is longer than ${LIMITS.maxInputLine} characters; put one URL on a line`
  return { url: text.slice(0, SHOWN), line, item: null, problem }
}

/** Without the blanks around it, as bytes know them: not all that Unicode calls white space. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}
