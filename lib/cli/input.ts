import { CLI_LIMITS } from './limits.ts'

/** One URL to fetch, as it was given. */
export interface InputItem {
  readonly text: string
  /** Its line in the input, from 1; 0 for an argument. */
  readonly line: number
  /** The line was longer than the limit; `text` is its beginning. */
  readonly tooLong: boolean
}

const LF = 10
const HASH = 35

/** A BOM is what Windows' editors put before UTF-8 text. */
const BOM = '\uFEFF'

/**
 * The URLs of a list: one a line, LF or CR LF; empty lines and lines that begin with `#` are
 * skipped, blanks around a URL too. Reads as it is asked: a list may be longer than the memory. Gives what each
 * chunk brings at once: a step of an asynchronous generator for each URL would cost more than to parse it.
 */
export async function* readItems(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<InputItem[], void, void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  let dropping = false
  let line = 0
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    const items: InputItem[] = []
    rest = parts.pop()!
    for (const part of parts) {
      line++
      const item = dropping ? null : itemOf(part, line)
      dropping = false
      if (item !== null) items.push(item)
    }
    // The rest of an overlong line is dropped as it comes, so that no input can fill the memory.
    if (rest.length > CLI_LIMITS.maxLineLength) {
      const item = dropping ? null : itemOf(rest, line + 1)
      dropping = true
      rest = ''
      if (item !== null) items.push(item)
    }
    if (items.length > 0) yield items
  }
  const item = dropping ? null : itemOf(rest + decoder.decode(), line + 1)
  if (item !== null) yield [item]
}

/** How many items `readItems` gives for the same bytes, much faster: for the total in the progress. */
export async function countItems(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0
  let atStart = true
  let seen = 0
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (seen < 3 && byte === BOM_BYTES[seen++]) continue
      seen = 3
      if (byte === LF) atStart = true
      else if (atStart && !isBlank(byte)) {
        atStart = false
        if (byte !== HASH) count++
      }
    }
  }
  return count
}

const BOM_BYTES: readonly number[] = [0xef, 0xbb, 0xbf]

function itemOf(raw: string, line: number): InputItem | null {
  const text = trim(line === 1 && raw.startsWith(BOM) ? raw.slice(1) : raw)
  if (text === '' || text.charCodeAt(0) === HASH) return null
  const tooLong = text.length > CLI_LIMITS.maxLineLength
  return { text: tooLong ? text.slice(0, 100) : text, line, tooLong }
}

/** Blanks as `countItems` knows them: bytes, not all that Unicode calls white space. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 11 || code === 12
}
